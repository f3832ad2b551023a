/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that V8 moves between two readings. */
#include "runtime/v8/codes.h"

#include "abi/sample.h"
#include "base/test.h"
#include "runtime/v8/functions.h"
#include "runtime/v8/image_test.h"

#define MAPS 0x10000u
#define LEFT_OUT 0u	/* in place of an object's address: it cannot be read */

static struct v8_objects objects;

enum { SHARED_MAP, STRING_MAP, SCOPE_MAP, SCRIPT_MAP, BYTECODE_MAP };

static uint64_t map_at(unsigned i)
{
	return MAPS + i * 0x100u;
}

static void add(struct buf *image, uint64_t at, unsigned map, const uint64_t *fields, unsigned n)
{
	uint64_t words[20] = { map_at(map) + 1 };

	memcpy(&words[1], fields, n * sizeof(*fields));
	image_add(image, at, words, (n + 1) * sizeof(*words));
}

static void add_string(struct buf *image, uint64_t at, const char *text)
{
	uint64_t words[16] = { (uint64_t)strlen(text) << 32 };

	if (!at)
		return;
	memcpy(&words[1], text, strlen(text));
	add(image, at, STRING_MAP, words, 16);
}

struct function {
	uint64_t base;		/* where all of it is */
	uint64_t name;		/* or LEFT_OUT */
	const char *called, *file;
	uint32_t literal;
	int32_t start;
	const char *text;	/* NULL: a usual one */
	uint32_t flags;
	bool no_table, no_text;	/* the table of positions, the text cannot be read */
};

/* At base: SharedFunctionInfo, + 0x200 its scope, + 0x400 the script, + 0x600 its name, + 0x800 its text, + 0xa00
 * bytecode, + 0xc00 the table. */
static struct v8_seen image_of(struct buf *image, const struct function *f)
{
	uint64_t shared[10] = { 0 }, scope[10] = { 0 }, script[12] = { 0 }, bytecode[4] = { 0 };
	uint8_t table[32] = { 0 };
	struct v8_memory memory = { image_read, NULL, &objects, NULL };
	struct v8_seen seen = { .kind = V8_INTERPRETED, .address = f->base };
	struct str bytes;
	int64_t length = (int64_t)4 << 32;

	buf_clear(image);
	CHECK(v8_objects_of(&objects, 13, 6, image_lookup, NULL));
	image_add_map(image, map_at(SHARED_MAP), objects.type_shared);
	image_add_map(image, map_at(STRING_MAP), 40);
	image_add_map(image, map_at(SCOPE_MAP), objects.type_scope);
	image_add_map(image, map_at(SCRIPT_MAP), objects.type_script);
	image_add_map(image, map_at(BYTECODE_MAP), objects.type_bytecode);
	shared[objects.shared_data / 8 - 1] = f->base + 0xa01;
	shared[objects.shared_name / 8 - 1] = f->base + 0x201;
	shared[objects.shared_script / 8 - 1] = f->base + 0x401;
	memcpy((char *)shared + objects.shared_literal - 8, &f->literal, sizeof(f->literal));
	memcpy((char *)shared + objects.shared_flags - 8, &f->flags, sizeof(f->flags));
	memset((char *)shared + objects.shared_token - 8, 0xff, 2);
	scope[0] = 1 << 12;	/* it has a name */
	scope[objects.scope_start / 8 - 1] = (uint64_t)(uint32_t)f->start << 32;
	scope[objects.scope_start / 8] = (uint64_t)(uint32_t)(f->start + 5) << 32;
	scope[objects.scope_first / 8 - 1] = f->name ? f->name + 1 : 0x900001;
	script[objects.script_source / 8 - 1] = f->base + 0x801;
	script[objects.script_name / 8 - 1] = f->base + 0x601;
	script[objects.script_id / 8 - 1] = (uint64_t)7 << 32;
	bytecode[objects.bytecode_length / 8 - 1] = (uint64_t)2 << 32;
	bytecode[objects.bytecode_positions / 8 - 1] = f->no_table ? 0x900001 : f->base + 0xc01;
	add(image, f->base, SHARED_MAP, shared, 10);
	add(image, f->base + 0x200, SCOPE_MAP, scope, 10);
	add(image, f->base + 0x400, SCRIPT_MAP, script, 12);
	add_string(image, f->base + 0x600, f->file);
	add_string(image, f->no_text ? LEFT_OUT : f->base + 0x800, f->text ? f->text : "let a;\nlet b() {};\n");
	add_string(image, f->name, f->called);
	add(image, f->base + 0xa00, BYTECODE_MAP, bytecode, 4);
	memcpy(table + objects.array_length, &length, sizeof(length));
	memcpy(table + objects.array_data, "\x01\x30\x04\x08", 4);	/* at once: character 11; from 1 on: 13 */
	image_add(image, f->base + 0xc00, table, sizeof(table));
	bytes = buf_str(image);
	memory.context = &bytes;
	CHECK(v8_function_check_now(&memory, f->base, &seen.check));
	return seen;
}

/* Reads it as it is, run by a thread; where it has no name then, 0, or what waits for one. */
static uint32_t read_by(struct v8_codes *codes, const struct function *f, uint32_t thread, bool await)
{
	struct buf image = { 0 };
	struct v8_seen seen = image_of(&image, f);
	struct str bytes = buf_str(&image);
	struct v8_memory memory = { image_read, &bytes, &objects, NULL };
	struct v8_owner owner = { .process = 1, .thread = thread };
	enum v8_fault fault;
	uint32_t id = v8_codes_read(codes, &memory, owner, &seen, &fault);

	if (!id && await)
		id = v8_codes_await(codes, &memory, owner, &seen, fault);
	buf_fini(&image);
	return id;
}

static uint32_t read_as(struct v8_codes *codes, const struct function *f)
{
	return read_by(codes, f, 0, false);
}

static const struct function first = { .base = 0x20000, .name = 0x21000, .called = "leaf", .file = "/srv/a.js",
				       .literal = 3, .start = 11 };

static void check_place_in(struct v8_codes *codes, uint32_t id, const char *file, uint32_t line, uint32_t column)
{
	struct v8_place places[V8_INLINED_MAX];

	CHECK(id);
	CHECK_EQ(v8_codes_place(codes, id, 1, false, places), 1);
	CHECK_STR(places[0].name, "leaf");
	CHECK_STR(places[0].file, file);
	CHECK_EQ(places[0].line, line);
	CHECK_EQ(places[0].column, column);
}

static void check_place(struct v8_codes *codes, uint32_t id, uint32_t line, uint32_t column)
{
	check_place_in(codes, id, "/srv/a.js", line, column);
}

TEST(a_function_that_was_moved_is_known_again_without_its_name_and_table)
{
	struct v8_codes *codes = v8_codes_new();
	struct function moved = first;
	uint32_t id = read_as(codes, &first);

	check_place(codes, id, 2, 7);
	CHECK(!v8_codes_incomplete(codes, id));
	v8_codes_believe(codes);
	moved.base = 0x40000;
	moved.name = LEFT_OUT;
	moved.no_table = true;
	id = read_as(codes, &moved);
	check_place(codes, id, 2, 7);
	CHECK(!v8_codes_incomplete(codes, id));
	v8_codes_free(codes);
}

TEST(what_was_not_believed_is_not_known_again)
{
	struct v8_codes *codes = v8_codes_new();
	struct function moved = first;

	CHECK(read_as(codes, &first));
	moved.base = 0x40000;
	moved.no_table = true;
	CHECK(v8_codes_incomplete(codes, read_as(codes, &moved)));
	moved.name = LEFT_OUT;
	CHECK(!read_as(codes, &moved));
	v8_codes_believe(codes);
	CHECK(!read_as(codes, &moved));
	v8_codes_free(codes);
}

TEST(another_function_of_the_file_is_another)
{
	struct v8_codes *codes = v8_codes_new();
	struct function other = first;

	CHECK(read_as(codes, &first));
	v8_codes_believe(codes);
	other.name = LEFT_OUT;
	CHECK(read_as(codes, &other));
	other.literal = 4;
	CHECK(!read_as(codes, &other));
	other.literal = 3;
	other.start = 12;	/* the file was changed, and a worker has read it anew */
	CHECK(!read_as(codes, &other));
	other.start = 11;
	other.file = "/srv/b.js";
	CHECK(!read_as(codes, &other));
	v8_codes_free(codes);
}

TEST(what_eval_made_is_known_again_to_its_thread_alone)
{
	struct v8_codes *codes = v8_codes_new();
	struct function made = first;

	made.file = "made by a program";
	CHECK(read_by(codes, &made, 5, false));
	v8_codes_believe(codes);
	made.name = LEFT_OUT;
	check_place_in(codes, read_by(codes, &made, 5, false), "made by a program", 2, 7);
	CHECK(!read_by(codes, &made, 6, false));
	CHECK(!read_by(codes, &made, 0, false));
	made.text = "let a;\nlet b() {};\nlet longer;\n";	/* another isolate's, which this thread runs, too */
	CHECK(!read_by(codes, &made, 5, false));
	v8_codes_free(codes);
}

TEST(what_could_not_be_read_has_its_name_and_place_once_it_was)
{
	struct v8_codes *codes = v8_codes_new();
	struct function made = first;
	struct v8_place places[V8_INLINED_MAX];
	uint32_t early, tableless;

	made.file = "made by a program";
	made.name = LEFT_OUT;
	CHECK(!read_by(codes, &made, 5, false));
	early = read_by(codes, &made, 5, true);
	CHECK(early);
	CHECK(v8_codes_incomplete(codes, early));
	CHECK_EQ(v8_codes_place(codes, early, 1, false, places), 0);
	CHECK_EQ(v8_codes_fault(codes, early), V8_FAULT_FUNCTION_FAULT);
	made.name = first.name;
	made.no_table = true;
	tableless = read_by(codes, &made, 5, false);
	check_place_in(codes, tableless, "made by a program", 0, 0);
	v8_codes_believe(codes);
	check_place_in(codes, early, "made by a program", 0, 0);
	made.no_table = false;
	CHECK(read_by(codes, &made, 5, false));
	v8_codes_believe(codes);
	check_place_in(codes, early, "made by a program", 2, 7);
	check_place_in(codes, tableless, "made by a program", 2, 7);
	v8_codes_free(codes);
}

TEST(a_script_whose_text_could_not_be_read_has_the_lines_that_were_read_before_or_later)
{
	struct v8_codes *codes = v8_codes_new();
	struct function moved = first, other = first;
	uint32_t early, later;

	moved.no_text = true;
	early = read_by(codes, &moved, 5, false);
	check_place(codes, early, 0, 0);
	other.base = 0x40000;
	other.literal = 4;
	CHECK(read_by(codes, &other, 5, false));
	check_place(codes, early, 2, 7);
	moved.base = 0x60000;
	later = read_by(codes, &moved, 5, false);
	check_place(codes, later, 2, 7);
	check_place(codes, read_by(codes, &moved, 6, false), 0, 0);
	v8_codes_free(codes);
}

/* The text can be read so many times, and then no more. */
struct leaving {
	struct str image;
	uint64_t text;
	unsigned left;
};

static bool leaving_read(void *context, void *out, size_t n, uint64_t at)
{
	struct leaving *leaving = context;

	if (at >= leaving->text && at < leaving->text + 0x200 && !leaving->left--) {
		leaving->left = 0;
		return false;
	}
	return image_read(&leaving->image, out, n, at);
}

TEST(a_method_whose_text_is_moved_while_it_is_read_has_the_class_that_is_read_later)
{
	static const struct function method = { .base = 0x20000, .name = 0x21000, .called = "leaf", .file = "/srv/a.js", .literal = 3,
						.start = 15, .text = "class Box {leaf() {}}", .flags = 23 };
	unsigned classless = 0;

	for (unsigned reads = 0; reads < 40; reads++) {
		struct v8_codes *codes = v8_codes_new();
		struct buf image = { 0 };
		struct v8_seen seen = image_of(&image, &method);
		struct leaving leaving = { buf_str(&image), method.base + 0x800, reads };
		struct v8_memory memory = { leaving_read, &leaving, &objects, NULL };
		struct v8_place places[V8_INLINED_MAX];
		enum v8_fault fault;
		uint32_t early = v8_codes_read(codes, &memory, (struct v8_owner){ 1, 5 }, &seen, &fault);

		v8_codes_believe(codes);
		CHECK(early);
		CHECK_EQ(v8_codes_place(codes, early, 1, false, places), 1);
		if (str_eq(places[0].name, STR("leaf"))) {
			CHECK(v8_codes_incomplete(codes, early));
			classless++;
		}
		CHECK(read_by(codes, &method, 5, false));
		v8_codes_believe(codes);
		CHECK_EQ(v8_codes_place(codes, early, 1, false, places), 1);
		CHECK_STR(places[0].name, "Box.leaf");
		buf_fini(&image);
		v8_codes_free(codes);
	}
	CHECK(classless > 2 && classless < 40);
}

TEST_MAIN(CASE(a_function_that_was_moved_is_known_again_without_its_name_and_table),
	  CASE(what_was_not_believed_is_not_known_again), CASE(another_function_of_the_file_is_another),
	  CASE(what_eval_made_is_known_again_to_its_thread_alone),
	  CASE(what_could_not_be_read_has_its_name_and_place_once_it_was),
	  CASE(a_script_whose_text_could_not_be_read_has_the_lines_that_were_read_before_or_later),
	  CASE(a_method_whose_text_is_moved_while_it_is_read_has_the_class_that_is_read_later))
