/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/v8/strings.h"

#include "base/test.h"
#include "runtime/v8/image_test.h"

#define MAPS 0x10000u	/* a Map for each instance type */

static struct buf image;
static struct str bytes;
static struct v8_objects objects;
static struct v8_memory memory = { image_read, &bytes, &objects, NULL };

/* A string with its head: map, hash, length; then what follows. */
static void add_string(uint64_t at, unsigned type, uint32_t length, const void *rest, size_t n)
{
	uint64_t map = MAPS + type * 32 + 1;
	uint8_t object[128] = { 0 };
	uint8_t map_bytes[16] = { 0 };

	memcpy(object, &map, 8);
	memcpy(object + 12, &length, 4);
	memcpy(object + 16, rest, n);
	image_add(&image, at, object, 16 + n);
	map_bytes[12] = (uint8_t)type;
	image_add(&image, map - 1, map_bytes, sizeof(map_bytes));
	bytes = buf_str(&image);
}

static void check_string(uint64_t at, const char *wanted)
{
	struct arena arena = { 0 };
	struct str s = { 0 };

	CHECK(v8_string(&memory, at, 64, &arena, &s));
	CHECK_STR(s, wanted);
	arena_fini(&arena);
}

static void begin(void)
{
	buf_clear(&image);
	bytes = (struct str){ 0 };
	CHECK(v8_objects_of(&objects, 13, 6, image_lookup, NULL));
	add_string(0x100, 40, 5, "hello", 5);
	add_string(0x200, 32, 3, u"w\u00f6\u2192", 6);
}

TEST(characters_of_one_and_two_bytes_become_utf8)
{
	begin();
	check_string(0x100, "hello");
	check_string(0x200, "w\xc3\xb6\xe2\x86\x92");
	add_string(0x300, 32, 3, u"\U0001f600\xd800", 6);
	check_string(0x300, "\xf0\x9f\x98\x80\xef\xbf\xbd");
}

TEST(a_string_may_be_made_of_others)
{
	uint64_t cons[2] = { 0x101, 0x201 }, thin = 0x301, external[2] = { 0x9999, 0x5000 };
	uint64_t sliced[2] = { 0x301, (uint64_t)3 << 32 };

	begin();
	add_string(0x300, 33, 8, cons, sizeof(cons));
	check_string(0x300, "hellow\xc3\xb6\xe2\x86\x92");
	add_string(0x400, 35, 4, sliced, sizeof(sliced));
	check_string(0x400, "low\xc3\xb6");
	add_string(0x500, 37, 8, &thin, sizeof(thin));
	check_string(0x500, "hellow\xc3\xb6\xe2\x86\x92");
	add_string(0x600, 42, 3, external, sizeof(external));
	image_add(&image, 0x5000, "abc", 3);
	bytes = buf_str(&image);
	check_string(0x600, "abc");
}

TEST(what_refers_to_itself_or_lies_about_its_length_is_none)
{
	uint64_t cons[2] = { 0x301, 0x301 }, sliced[2] = { 0x101, (uint64_t)4 << 32 };
	struct arena arena = { 0 };
	struct str s;

	begin();
	add_string(0x300, 33, 8, cons, sizeof(cons));
	CHECK(!v8_string(&memory, 0x300, 64, &arena, &s));
	add_string(0x400, 35, 4, sliced, sizeof(sliced));
	CHECK(!v8_string(&memory, 0x400, 64, &arena, &s));
	add_string(0x500, 40, 0x7fffffff, "x", 1);
	CHECK(!v8_string(&memory, 0x500, 64, &arena, &s));
	add_string(0x600, 130, 1, "x", 1);	/* a number, not a string */
	CHECK(!v8_string(&memory, 0x600, 64, &arena, &s));
	arena_fini(&arena);
	buf_fini(&image);
}

TEST_MAIN(CASE(characters_of_one_and_two_bytes_become_utf8), CASE(a_string_may_be_made_of_others),
	  CASE(what_refers_to_itself_or_lies_about_its_length_is_none))
