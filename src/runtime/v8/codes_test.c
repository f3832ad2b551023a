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
	bool no_table;		/* the table of positions cannot be read */
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
	add_string(image, f->base + 0x800, "let a;\nlet b() {};\n");
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

/* Reads it as it is; 0 when it has no name then. */
static uint32_t read_as(struct v8_codes *codes, const struct function *f)
{
	struct buf image = { 0 };
	struct v8_seen seen = image_of(&image, f);
	struct str bytes = buf_str(&image);
	struct v8_memory memory = { image_read, &bytes, &objects, NULL };
	enum v8_fault fault;
	uint32_t id = v8_codes_read(codes, &memory, 1, &seen, &fault);

	buf_fini(&image);
	return id;
}

static const struct function first = { .base = 0x20000, .name = 0x21000, .called = "leaf", .file = "/srv/a.js",
				       .literal = 3, .start = 11 };

static void check_place(struct v8_codes *codes, uint32_t id, uint32_t line, uint32_t column)
{
	struct v8_place places[V8_INLINED_MAX];

	CHECK(id);
	CHECK_EQ(v8_codes_place(codes, id, 1, false, places), 1);
	CHECK_STR(places[0].name, "leaf");
	CHECK_STR(places[0].file, "/srv/a.js");
	CHECK_EQ(places[0].line, line);
	CHECK_EQ(places[0].column, column);
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

TEST(what_eval_made_is_not_known_again)
{
	struct v8_codes *codes = v8_codes_new();
	struct function made = first;

	made.file = "made by a program";
	CHECK(read_as(codes, &made));
	v8_codes_believe(codes);
	made.name = LEFT_OUT;
	CHECK(!read_as(codes, &made));
	v8_codes_free(codes);
}

TEST_MAIN(CASE(a_function_that_was_moved_is_known_again_without_its_name_and_table),
	  CASE(what_was_not_believed_is_not_known_again), CASE(another_function_of_the_file_is_another),
	  CASE(what_eval_made_is_not_known_again))
