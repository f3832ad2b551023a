/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/v8/streams.h"

#include "base/test.h"
#include "runtime/v8/codes.h"
#include "runtime/v8/image_test.h"

#define CODE_MAP 0x10000u
#define STREAM_MAP 0x10100u
#define SHARED_MAP 0x10200u
#define CODES 0x20000u	/* Code objects */
#define SHARED 0x30000u
#define DEOPT 0x31000u
#define PAGE 0x40000u	/* of code */
#define PAGE_BYTES 0x8000u
#define TURBOFAN 13u

static struct buf image;
static struct str bytes;
static struct v8_objects objects;
static struct v8_memory memory = { image_read, &bytes, &objects, NULL };
static uint8_t page[PAGE_BYTES];
static uint8_t code_objects[0x400];

static void put(void *object, uint64_t off, uint64_t word)
{
	memcpy((uint8_t *)object + off, &word, sizeof(word));
}

static void add_map(uint64_t at, uint8_t type)
{
	uint8_t map[16] = { [12] = type };

	image_add(&image, at, map, sizeof(map));
}

/* Code of the size given whose instructions begin at PAGE + off; the n-th one. */
static void add_code(uint32_t n, uint32_t off, uint32_t size)
{
	uint8_t *code = code_objects + n * 0x80;
	uint64_t head = objects.code_inside ? off - objects.code_start : off - objects.stream_start;

	if (objects.code_inside) {
		code = page + head;
		put(code, 0, CODE_MAP + 1);
	} else {
		put(page, head, STREAM_MAP + 1);
		put(page, head + 8, CODES + n * 0x80 + 1);
		put(code, 0, CODE_MAP + 1);
		put(code, objects.code_start, PAGE + off);
	}
	put(code, objects.code_deopt, DEOPT + 1);
	memcpy(code + objects.code_size, &size, sizeof(size));
	memcpy(code + objects.code_flags, &(uint32_t){ TURBOFAN }, 4);
}

/* A function, and the deoptimisation data of its code. */
static void add_function(void)
{
	uint8_t shared[96] = { 0 }, deopt[160] = { 0 };

	put(shared, 0, SHARED_MAP + 1);
	put(deopt, objects.array_length, 12ull << 32);
	put(deopt, objects.array_data + objects.deopt_shared * 8u, SHARED + 1);
	image_add(&image, SHARED, shared, sizeof(shared));
	image_add(&image, DEOPT, deopt, sizeof(deopt));
}

static void begin(unsigned major, unsigned minor)
{
	buf_clear(&image);
	CHECK(v8_objects_of(&objects, major, minor, image_lookup, NULL));
	memset(page, 0x90, sizeof(page));
	memset(code_objects, 0, sizeof(code_objects));
	add_code(0, 0x100, 0x200);
	add_code(1, 0x400, 0x3000);
	add_map(CODE_MAP, 187);
	add_map(STREAM_MAP, 192);
	image_add(&image, SHARED_MAP, (uint8_t[16]){ [12] = 282 & 255, 282 >> 8 }, 16);
	add_function();
}

static void ready(void)
{
	image_add(&image, PAGE, page, sizeof(page));
	image_add(&image, CODES, code_objects, sizeof(code_objects));
	bytes = buf_str(&image);
}

static void check_found(uint64_t pc, uint64_t start, uint32_t size)
{
	struct v8_stream stream = { 0 };

	CHECK_EQ(v8_stream_find(&memory, pc, &stream), size != 0);
	CHECK_EQ(stream.start, start);
	CHECK_EQ(stream.size, size);
}

static void check_both(void)
{
	ready();
	check_found(PAGE + 0x100, PAGE + 0x100, 0x200);
	check_found(PAGE + 0x2ff, PAGE + 0x100, 0x200);
	check_found(PAGE + 0x300, 0, 0);	/* behind it */
	check_found(PAGE + 0x400, PAGE + 0x400, 0x3000);
	check_found(PAGE + 0x33ff, PAGE + 0x400, 0x3000);	/* pages away */
	check_found(PAGE + 0x3400, 0, 0);
	check_found(PAGE + 0x20, 0, 0);		/* before all */
	check_found(0x1234567, 0, 0);
	check_found(UINT64_MAX, 0, 0);
}

TEST(an_instruction_leads_to_the_code_that_holds_it)
{
	begin(13, 6);
	check_both();
}

TEST(older_code_holds_its_instructions_itself)
{
	begin(10, 2);
	CHECK(objects.code_inside);
	check_both();
}

TEST(what_only_looks_like_a_head_is_none)
{
	begin(13, 6);
	put(page, 0x600 - 32, CODE_MAP + 1);		/* a constant in code */
	put(page, 0x680 - 32, 0x99990001);		/* no memory is there */
	ready();
	check_found(PAGE + 0x700, PAGE + 0x400, 0x3000);

	begin(13, 6);
	put(page, 0x600 - 32, STREAM_MAP + 1);		/* of code that says it begins elsewhere */
	put(page, 0x600 - 24, CODES + 1);
	ready();
	check_found(PAGE + 0x700, 0, 0);
	check_found(PAGE + 0x500, PAGE + 0x400, 0x3000);
}

TEST(code_counts_only_for_its_function_and_while_its_bytes_are_there)
{
	struct v8_where where = { .pc = PAGE + 0x500 };
	uint64_t words[V8_BYTES_WORDS];
	struct v8_seen seen;
	uint32_t place;

	begin(13, 6);
	ready();
	memcpy(words, page + 0x500 - V8_BYTES_BEFORE, sizeof(words));
	where.bytes_check = v8_bytes_check(words);
	where.function_check = v8_check(0, 0, 0, 0);
	CHECK(v8_codes_at(&memory, &where, &seen, &place));
	CHECK_EQ(seen.kind, 4);
	CHECK_EQ(seen.address, CODES + 0x80);
	CHECK_EQ(place, 0x100);
	CHECK(v8_codes_still(&memory, &seen));
	where.function_check++;
	CHECK(!v8_codes_at(&memory, &where, &seen, &place));
	where.function_check--;
	where.bytes_check ^= 2;
	CHECK(!v8_codes_at(&memory, &where, &seen, &place));
}

TEST(behind_the_last_call_of_code_it_is_still_that_code)
{
	struct v8_where where = { .pc = PAGE + 0x300, .is_return = true };
	uint64_t words[V8_BYTES_WORDS];
	struct v8_seen seen;
	uint32_t place;

	begin(13, 6);
	ready();
	memcpy(words, page + 0x300 - V8_BYTES_BEFORE, sizeof(words));
	where.bytes_check = v8_bytes_check(words);
	where.function_check = v8_check(0, 0, 0, 0);
	CHECK(v8_codes_at(&memory, &where, &seen, &place));
	CHECK_EQ(seen.address, CODES);
	CHECK_EQ(place, 0x200);
	buf_fini(&image);
}

TEST_MAIN(CASE(an_instruction_leads_to_the_code_that_holds_it),
	  CASE(older_code_holds_its_instructions_itself),
	  CASE(what_only_looks_like_a_head_is_none),
	  CASE(code_counts_only_for_its_function_and_while_its_bytes_are_there),
	  CASE(behind_the_last_call_of_code_it_is_still_that_code))
