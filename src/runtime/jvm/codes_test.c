/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/jvm/codes.h"

#include "abi/sample.h"
#include "base/test.h"
#include "runtime/jvm/image_test.h"
#include "runtime/jvm/methods.h"

#define OUTER 0x10000ull	/* Methods */
#define INNER 0x20000ull
#define BLOB 0x30000ull
#define TABLES 0x40000ull
#define NAME 0x50000ull
#define CODE 0x300ull	/* from BLOB */

/* (0, 10), (4, 11) */
static struct str lines_of(int jdk)
{
	return jdk >= IMAGE_21 ? str_over("\xff\x01\x15\x21\0", 5) : str_over("\xff\x00\x14\x21\0", 5);
}

struct world {
	const struct jvm_offsets *o;
	struct buf image;
	struct str view;
	struct jvm_memory memory;
	struct jvm_codes *codes;
};

static void begin(struct world *world, int jdk)
{
	*world = (struct world){ .o = &image_offsets[jdk] };
	image_add_method(&world->image, world->o, OUTER, &(struct image_method){
		"work/Outer$Inner", "run", "Outer.java", 8, lines_of(jdk) });
	image_add_method(&world->image, world->o, INNER, &(struct image_method){
		"work/Deep$$Lambda$3+0x0000000800c01208", "<init>", NULL, 8, { 0 } });
	world->codes = jvm_codes_new();
}

static void end(struct world *world)
{
	jvm_codes_free(world->codes);
	buf_fini(&world->image);
}

static uint32_t read_seen(struct world *world, const struct jvm_seen *seen, enum jvm_fault *ret_fault)
{
	world->view = str_over(world->image.p, world->image.n);
	world->memory = (struct jvm_memory){ image_read, &world->view };
	return jvm_codes_read(world->codes, &world->memory, world->o, 1, seen, ret_fault);
}

static struct jvm_seen interpreted(struct world *world, uint64_t method, uint32_t place)
{
	struct jvm_seen seen = { JVM_INTERPRETED, method, 0, place, false };

	world->view = str_over(world->image.p, world->image.n);
	world->memory = (struct jvm_memory){ image_read, &world->view };
	CHECK(jvm_method_check(&world->memory, world->o, method, &seen.check));
	return seen;
}

/* Compiled: OUTER at bytecode 4, INNER inlined at the place 16. */
static struct jvm_seen add_nmethod(struct world *world, int jdk, uint8_t used)
{
	const struct jvm_offsets *o = world->o;
	static const char data_17[] = "\xee" "\x00\x02\x05" "\x01\x01\x00";
	static const char data_21[] = "\xee" "\x01\x03\x06" "\x02\x02\x01";
	int32_t pcs[3][4] = { { -1, 0 }, { 16, 4 }, { INT32_MAX, 0 } };
	uint64_t metadata[2] = { INNER, OUTER };
	uint8_t head[JVM_NMETHOD_BYTES_MAX] = { 0 };
	bool beside = jdk == IMAGE_25 || jdk == IMAGE_24;
	uint64_t tables = beside ? TABLES : BLOB + 0x1000;
	uint64_t metadata_at = jdk == IMAGE_25 ? TABLES + 0x1000 : jdk == IMAGE_24 ? BLOB + CODE + 64 + 8 : tables;

	image_set(head, o->nmethod_method, OUTER, 8);
	image_set(head, o->nmethod_id, 77, 4);
	image_set(head, o->nmethod_level, 4, 1);
	image_set(head, o->blob_size, CODE + 64, 4);
	if (beside) {
		/* places, then scopes */
		image_set(head, o->nmethod_immutable, tables, 8);
		image_set(head, o->nmethod_pcs, 64, 4);
		image_set(head, o->nmethod_scopes, 64 + sizeof(pcs), 4);
		image_set(head, o->nmethod_immutable_size, 64 + sizeof(pcs) + 7, 4);
		/* what is relocated, then metadata */
		image_set(head, o->nmethod_mutable, metadata_at - 24, 8);
		image_set(head, o->nmethod_relocation_size, 24, 4);
		image_set(head, o->nmethod_mutable_size, 24 + sizeof(metadata), 4);
		if (jdk == IMAGE_24) {
			/* code, an oop, metadata, the end */
			image_set(head, o->blob_data_off, CODE + 64, 4);
			image_set(head, o->nmethod_metadata, 8, 2);
			image_set(head, o->blob_size, CODE + 64 + 8 + sizeof(metadata), 4);
			image_add_u64(&world->image, BLOB + CODE + 64, 0);
		}
		image_add(&world->image, tables + 64, pcs, sizeof(pcs));
		image_add(&world->image, tables + 64 + sizeof(pcs), data_21, 7);
	} else {
		image_set(head, o->nmethod_metadata, 0x1000, 4);
		image_set(head, o->nmethod_scopes, tables + sizeof(metadata), 8);
		image_set(head, o->nmethod_pcs, 0x1000 + sizeof(metadata) + 8, 4);
		image_set(head, o->nmethod_after_pcs, 0x1000 + sizeof(metadata) + 8 + sizeof(pcs), 4);
		image_add(&world->image, tables + sizeof(metadata), jdk == IMAGE_21 ? data_21 : data_17, 8);
		image_add(&world->image, tables + sizeof(metadata) + 8, pcs, sizeof(pcs));
	}
	image_set(head, o->blob_code, BLOB + CODE, 8);
	image_set(head, o->blob_code_off, CODE, 4);
	image_add(&world->image, metadata_at, metadata, sizeof(metadata));
	image_add(&world->image, BLOB, head, o->nmethod_bytes);
	image_add(&world->image, BLOB - o->block_bytes + o->block_used, &used, 1);
	return (struct jvm_seen){ JVM_COMPILED, BLOB, jvm_check(OUTER, 77), 8, false };
}

TEST(an_interpreted_method_has_a_name_a_file_and_a_line)
{
	for (int jdk = 0; jdk < IMAGE_JDKS; jdk++) {
		struct world world;
		enum jvm_fault fault;
		struct jvm_seen seen;
		struct jvm_place place;
		uint32_t id;

		begin(&world, jdk);
		seen = interpreted(&world, OUTER, 5);
		id = read_seen(&world, &seen, &fault);
		CHECK_EQ(jvm_codes_frames(world.codes, id), 1);
		place = jvm_codes_place(world.codes, id, 0);
		CHECK_STR(place.name, "work.Outer$Inner.run");
		CHECK_STR(place.file, "Outer.java");
		CHECK_EQ(place.line, 11);
		CHECK_EQ(place.first_line, 10);
		CHECK_EQ(place.tier, JVM_TIER_INTERPRETER);
		end(&world);
	}
}

TEST(a_hidden_class_without_a_source_file_has_a_plain_name)
{
	struct world world;
	enum jvm_fault fault;
	struct jvm_seen seen;
	struct jvm_place place;

	begin(&world, IMAGE_17);
	seen = interpreted(&world, INNER, SAMPLE_JVM_NO_PLACE);
	place = jvm_codes_place(world.codes, read_seen(&world, &seen, &fault), 0);
	CHECK_STR(place.name, "work.Deep$$Lambda.<init>");
	CHECK_EQ(place.file.n, 0);
	CHECK_EQ(place.line, 0);
	end(&world);
}

TEST(what_is_inlined_in_compiled_code_has_frames_of_its_own)
{
	for (int jdk = 0; jdk < IMAGE_JDKS; jdk++) {
		struct world world;
		enum jvm_fault fault;
		struct jvm_seen seen;
		struct jvm_place place;
		uint32_t id;

		begin(&world, jdk);
		seen = add_nmethod(&world, jdk, 1);
		id = read_seen(&world, &seen, &fault);
		CHECK_EQ(jvm_codes_frames(world.codes, id), 2);
		place = jvm_codes_place(world.codes, id, 0);
		CHECK_STR(place.name, "work.Deep$$Lambda.<init>");
		CHECK_EQ(place.tier, JVM_TIER_C2);
		place = jvm_codes_place(world.codes, id, 1);
		CHECK_STR(place.name, "work.Outer$Inner.run");
		CHECK_EQ(place.line, 11);
		end(&world);
	}
}

TEST(an_instruction_behind_a_loops_poll_belongs_to_the_loop)
{
	/* test [r10], eax at 16; dec esi; jg 0 */
	static const uint8_t loop[128] = { 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
					0x90, 0x90, 0x90, 0x41, 0x85, 0x02, 0xff, 0xce, 0x7f, 0xe9, 0xc3 };

	for (int jdk = 0; jdk < IMAGE_JDKS; jdk++) {
		struct world world;
		enum jvm_fault fault;
		struct jvm_seen seen;

		begin(&world, jdk);
		seen = add_nmethod(&world, jdk, 1);
		seen.place = 21;
		CHECK_EQ(jvm_codes_frames(world.codes, read_seen(&world, &seen, &fault)), 1);
		image_add(&world.image, BLOB + CODE, loop, sizeof(loop));
		CHECK_EQ(jvm_codes_frames(world.codes, read_seen(&world, &seen, &fault)), 2);
		seen.is_return = true;
		CHECK_EQ(jvm_codes_frames(world.codes, read_seen(&world, &seen, &fault)), 1);
		end(&world);
	}
}

TEST(compiled_code_without_places_has_the_line_that_it_begins_with)
{
	static const int32_t none[3][4] = { { -1, 0 }, { 16, 0 }, { INT32_MAX, 0 } };

	for (int jdk = 0; jdk < IMAGE_JDKS; jdk++) {
		struct world world;
		enum jvm_fault fault;
		struct jvm_seen seen;
		uint32_t id;

		begin(&world, jdk);
		image_add(&world.image, jdk == IMAGE_25 || jdk == IMAGE_24 ? TABLES + 64 : BLOB + 0x1000 + 24, none, sizeof(none));
		seen = add_nmethod(&world, jdk, 1);
		id = read_seen(&world, &seen, &fault);
		CHECK_EQ(jvm_codes_frames(world.codes, id), 1);
		CHECK_STR(jvm_codes_place(world.codes, id, 0).name, "work.Outer$Inner.run");
		CHECK_EQ(jvm_codes_place(world.codes, id, 0).line, 10);
		end(&world);
	}
}

static uint32_t fault_of(struct world *world, struct jvm_seen seen)
{
	enum jvm_fault fault;

	CHECK_EQ(read_seen(world, &seen, &fault), 0);
	return fault;
}

TEST(another_object_at_the_same_address_is_not_taken)
{
	struct world world;
	struct jvm_seen seen;

	begin(&world, IMAGE_21);
	seen = interpreted(&world, OUTER, 0);
	seen.check++;
	CHECK_EQ(fault_of(&world, seen), JVM_FAULT_CHANGED);
	seen = add_nmethod(&world, IMAGE_21, 1);
	seen.check++;
	CHECK_EQ(fault_of(&world, seen), JVM_FAULT_CHANGED);
	seen.kind = JVM_STUB;
	CHECK_EQ(fault_of(&world, seen), JVM_FAULT_BLOB_FAULT);
	seen.kind = 9;
	CHECK_EQ(fault_of(&world, seen), JVM_FAULT_NOT_METHOD);
	end(&world);
}

TEST(code_that_was_thrown_away_is_not_taken)
{
	struct world world;

	begin(&world, IMAGE_25);
	CHECK_EQ(fault_of(&world, add_nmethod(&world, IMAGE_25, 0)), JVM_FAULT_CHANGED);
	end(&world);
}

TEST(tables_of_another_method_leave_the_method_alone)
{
	struct world world;
	enum jvm_fault fault;
	struct jvm_seen seen;
	uint64_t swapped[2] = { OUTER, INNER };
	uint32_t id;

	begin(&world, IMAGE_17);
	image_add(&world.image, BLOB + 0x1000, swapped, sizeof(swapped));
	seen = add_nmethod(&world, IMAGE_17, 1);
	id = read_seen(&world, &seen, &fault);
	CHECK_EQ(jvm_codes_frames(world.codes, id), 1);
	CHECK_STR(jvm_codes_place(world.codes, id, 0).name, "work.Outer$Inner.run");
	CHECK_EQ(jvm_codes_place(world.codes, id, 0).line, 0);
	end(&world);
}

TEST(a_stub_has_its_blobs_name)
{
	struct world world;
	enum jvm_fault fault;
	struct jvm_seen seen = { JVM_STUB, BLOB, jvm_check(NAME, 0), 8, false };
	uint32_t id;

	begin(&world, IMAGE_25);
	image_add_u64(&world.image, BLOB + world.o->blob_name, NAME);
	image_add(&world.image, NAME, "vtable chunks", 14);
	id = read_seen(&world, &seen, &fault);
	CHECK_EQ(jvm_codes_frames(world.codes, id), 1);
	CHECK_STR(jvm_codes_place(world.codes, id, 0).name, "vtable chunks");
	CHECK_EQ(jvm_codes_place(world.codes, id, 0).tier, JVM_TIER_STUB);
	CHECK_EQ(jvm_codes_frames(world.codes, id + 1), 0);
	end(&world);
}

TEST_MAIN(CASE(an_interpreted_method_has_a_name_a_file_and_a_line),
	  CASE(a_hidden_class_without_a_source_file_has_a_plain_name),
	  CASE(what_is_inlined_in_compiled_code_has_frames_of_its_own),
	  CASE(an_instruction_behind_a_loops_poll_belongs_to_the_loop),
	  CASE(compiled_code_without_places_has_the_line_that_it_begins_with),
	  CASE(another_object_at_the_same_address_is_not_taken), CASE(code_that_was_thrown_away_is_not_taken),
	  CASE(tables_of_another_method_leave_the_method_alone), CASE(a_stub_has_its_blobs_name))
