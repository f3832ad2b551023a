/* SPDX-License-Identifier: Apache-2.0 */
/* Images of real processes: tests/corpus/runtime/python/codes, written by
 * `python_reader stacks PID IMAGE` while tests/workloads/python_image.py waits. */
#include "runtime/python/codes.h"

#include "base/err.h"
#include "base/file.h"
#include "base/test.h"
#include "runtime/python/image_test.h"

#define IMAGES "tests/corpus/runtime/python/codes/"

static struct buf text;		/* what a walk showed */

static void show_thread(void *context, uint64_t thread, bool by_key)
{
	(void)context;
	(void)thread;
	buf_addf(&text, by_key ? "thread\n" : "thread without its key\n");
}

static void show_frame(void *context, const struct python_place *place, enum python_fault fault)
{
	(void)context;
	if (place)
		buf_addf(&text, "%.*s:%u\n", STR_ARG(place->name), place->line);
	else
		buf_addf(&text, "fault %u\n", fault);
}

static void walk_image(struct str image)
{
	struct stacks stacks = { .read = image_read, .thread = show_thread, .frame = show_frame };
	struct python_file file;
	struct str reads;

	CHECK(image_open(image, &file, &reads));
	stacks.context = &reads;
	stacks.codes = python_codes_new();
	CHECK(stacks.codes != NULL);
	buf_clear(&text);
	CHECK(stacks_walk(&stacks, &file, 0));
	python_codes_free(stacks.codes);
}

static void check_image(const char *name, const char *wanted)
{
	struct mapped_file file;
	struct err err = { 0 };
	char path[128];

	snprintf(path, sizeof(path), IMAGES "%s", name);
	CHECK_EQ(mapped_file_open(&file, path, &err), 0);
	walk_image(mapped_file_view(&file));
	CHECK_STR(buf_str(&text), wanted);
	buf_fini(&text);
	mapped_file_close(&file);
}

#define STACK                                   \
	"thread\n"                              \
	"image.py:Größe.größe:7\n"              \
	"image.py:Größe.数量:9\n"               \
	"image.py:generator.<locals>.<lambda>:11\n" \
	"image.py:generator:13\n"               \
	"image.py:<module>:14\n"                \
	"<string>:<module>:24\n"

TEST(stacks_of_3_6_are_named) { check_image("3.6", STACK); }
TEST(stacks_of_3_7_are_named) { check_image("3.7", STACK); }
TEST(stacks_of_3_8_are_named) { check_image("3.8", STACK); }
TEST(stacks_of_3_9_are_named) { check_image("3.9", STACK); }
TEST(stacks_of_3_10_are_named) { check_image("3.10", STACK); }
TEST(stacks_of_3_11_are_named) { check_image("3.11", STACK); }
TEST(stacks_of_3_12_are_named) { check_image("3.12", STACK); }
TEST(stacks_of_3_13_are_named) { check_image("3.13", STACK); }
TEST(stacks_of_3_14_are_named) { check_image("3.14", STACK); }

/* ---- one code object made by hand: what may go wrong */

#define CODE 0x1000
#define TYPE 0x2000
#define TYPE_NAME 0x3000
#define VERSION 77
#define FILE_AT 0x4000
#define NAME_AT 0x5000
#define TABLE_AT 0x6000
#define RAW_AT 0x7000

struct made {
	struct buf reads;
	struct walk_python walk;
	struct python_codes *codes;
};

static void put(struct made *m, uint64_t address, uint64_t value)
{
	image_add(&m->reads, address, &value, 8);
}

static void put_string(struct made *m, uint64_t address, uint32_t state, uint64_t length,
		       const void *bytes, size_t n, unsigned at)
{
	put(m, address + 16, length);
	put(m, address + 32, state);
	image_add(&m->reads, address + at, bytes, n);
}

static void put_ascii(struct made *m, uint64_t address, const char *s)
{
	put_string(m, address, 1 | 1 << 2 | 1 << 5 | 1 << 6, strlen(s), s, strlen(s), 40);
}

static void make_with_references(struct made *m, uint64_t references)
{
	struct python_file file = { .minor = 13, .runtime = 1 };
	uint8_t table[] = { 0x80 | 10 << 3, 0, 0 };

	*m = (struct made){ .codes = python_codes_new() };
	CHECK(python_offsets_of(&file.offsets, 13, false));
	CHECK(python_layout(&file, 0, NULL, NULL, &m->walk));
	put(m, CODE, references);
	put(m, TABLE_AT, 1);
	put(m, CODE + 8, TYPE);
	put(m, TYPE + 24, TYPE_NAME);
	image_add(&m->reads, TYPE_NAME, "code", 5);
	put(m, CODE + 68, 5);
	put(m, CODE + 92, VERSION);
	put(m, CODE + 112, FILE_AT);
	put(m, CODE + 120, NAME_AT);
	put(m, CODE + 128, NAME_AT);
	put(m, CODE + 136, TABLE_AT);
	put(m, TABLE_AT + 16, sizeof(table));
	image_add(&m->reads, TABLE_AT + 32, table, sizeof(table));
}

static void make(struct made *m)
{
	make_with_references(m, 1);
}

static uint32_t read_made(struct made *m, enum python_fault *ret_fault)
{
	struct str reads = buf_str(&m->reads);

	return python_codes_read(m->codes, &m->walk, image_read, &reads, CODE,
				 python_check(5, VERSION, FILE_AT, NAME_AT), ret_fault);
}

static void unmake(struct made *m)
{
	buf_fini(&m->reads);
	python_codes_free(m->codes);
}

/* The rest of it is still there, and says what it said. */
TEST(an_object_that_was_freed_is_not_named)
{
	static const uint64_t references[] = { 0, 0x7f3e00001010 };
	enum python_fault fault;

	for (size_t i = 0; i < 2; i++) {
		struct made m;

		make_with_references(&m, references[i]);
		put_ascii(&m, FILE_AT, "app.py");
		put_ascii(&m, NAME_AT, "run");
		CHECK_EQ(read_made(&m, &fault), 0);
		CHECK_EQ(fault, PYTHON_FAULT_CHANGED);
		unmake(&m);
	}
}

TEST(equal_code_objects_are_one)
{
	enum python_fault fault;
	struct made m;
	uint32_t id;

	make(&m);
	put_ascii(&m, FILE_AT, "/srv/app.py");
	put_ascii(&m, NAME_AT, "A.b");
	id = read_made(&m, &fault);
	CHECK_EQ(fault, PYTHON_FAULT_NONE);
	CHECK(id != 0);
	CHECK_EQ(read_made(&m, &fault), id);
	unmake(&m);
}

TEST(strings_of_every_width_become_utf8)
{
	uint16_t wide[] = { 'n', 0x6570, 0xd800 };
	uint32_t wider[] = { 0x1f40d, 'x', 0x110000 };
	enum python_fault fault;
	struct python_place place;
	struct made m;

	make(&m);
	put_string(&m, FILE_AT, 2 << 2 | 1 << 5, 3, wide, sizeof(wide), 56);
	put_string(&m, NAME_AT, 4 << 2, 3, &(uint64_t){ RAW_AT }, 8, 56);
	image_add(&m.reads, RAW_AT, wider, sizeof(wider));
	CHECK(python_codes_place(m.codes, read_made(&m, &fault), 0, &place));
	CHECK_STR(place.name, "n数\xef\xbf\xbd:\xf0\x9f\x90\x8dx\xef\xbf\xbd");
	CHECK_EQ(place.line, 5);
	CHECK(!python_codes_place(m.codes, 99, 0, &place));
	CHECK(!python_codes_place(m.codes, 0, 0, &place));
	unmake(&m);
}

/* All of it is as it was, but for the number that a code object has from 3.12 on. */
TEST(another_object_with_the_same_strings_is_no_name)
{
	enum python_fault fault;
	struct made m;
	struct str reads;

	make(&m);
	put_ascii(&m, FILE_AT, "app.py");
	put_ascii(&m, NAME_AT, "run");
	reads = buf_str(&m.reads);
	CHECK_EQ(python_codes_read(m.codes, &m.walk, image_read, &reads, CODE,
				   python_check(5, VERSION + 1, FILE_AT, NAME_AT), &fault), 0);
	CHECK_EQ(fault, PYTHON_FAULT_CHANGED);
	unmake(&m);
}

TEST(another_object_at_the_address_is_no_name)
{
	enum python_fault fault;
	struct str reads;
	struct made m;

	make(&m);
	put_ascii(&m, FILE_AT, "a.py");
	put_ascii(&m, NAME_AT, "f");
	reads = buf_str(&m.reads);
	CHECK_EQ(python_codes_read(m.codes, &m.walk, image_read, &reads, CODE, 1, &fault), 0);
	CHECK_EQ(fault, PYTHON_FAULT_CHANGED);
	CHECK_EQ(python_codes_read(m.codes, &m.walk, image_read, &reads, 0x9000, 1, &fault), 0);
	CHECK_EQ(fault, PYTHON_FAULT_CODE_FAULT);
	unmake(&m);
}

TEST(an_object_of_another_type_is_no_code)
{
	enum python_fault fault;
	struct made m;

	make(&m);
	put_ascii(&m, FILE_AT, "a.py");
	put_ascii(&m, NAME_AT, "f");
	memcpy(memmem(m.reads.p, m.reads.n, "code", 5), "cell", 4);
	CHECK_EQ(read_made(&m, &fault), 0);
	CHECK_EQ(fault, PYTHON_FAULT_NOT_CODE);
	unmake(&m);
}

TEST(a_name_longer_than_any_is_cut_and_says_so)
{
	char name[5000];
	enum python_fault fault;
	struct python_place place;
	struct made m;

	make(&m);
	memset(name, 'x', sizeof(name));
	put_ascii(&m, FILE_AT, "a.py");
	put_string(&m, NAME_AT, 1 | 1 << 2 | 1 << 5 | 1 << 6, sizeof(name), name, sizeof(name), 40);
	CHECK(python_codes_place(m.codes, read_made(&m, &fault), 0, &place));
	CHECK_EQ(place.name.n, 5 + 4096 + 3);
	CHECK(str_ends(place.name, STR("x\xe2\x80\xa6")));
	unmake(&m);
}

TEST_MAIN(CASE(stacks_of_3_6_are_named), CASE(stacks_of_3_7_are_named),
	  CASE(stacks_of_3_8_are_named), CASE(stacks_of_3_9_are_named),
	  CASE(stacks_of_3_10_are_named), CASE(stacks_of_3_11_are_named),
	  CASE(stacks_of_3_12_are_named), CASE(stacks_of_3_13_are_named),
	  CASE(stacks_of_3_14_are_named), CASE(an_object_that_was_freed_is_not_named), CASE(equal_code_objects_are_one),
	  CASE(strings_of_every_width_become_utf8), CASE(another_object_at_the_address_is_no_name),
	  CASE(another_object_with_the_same_strings_is_no_name),
	  CASE(an_object_of_another_type_is_no_code),
	  CASE(a_name_longer_than_any_is_cut_and_says_so))
