/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/v8/exits.h"

#include "base/test.h"
#include "runtime/v8/image_test.h"

#define CODE 0x2000u
#define DEOPT 0x3000u
#define START 0x40000u
#define SIZE 0x480u
#define FIRST 0x400u	/* of the exits: one that no call returns to, then two of calls */

static struct buf image;
static struct str bytes;
static struct v8_objects objects;
static struct v8_memory memory = { image_read, &bytes, &objects, NULL };

static void begin(int32_t length, const uint8_t *table, size_t n)
{
	int32_t words[32] = { [0] = FIRST, 1, 2, 8, 0, -1, 8, 0, 0x120, 16, 0, 0x244 };
	uint8_t code[128] = { 0 }, deopt[512] = { 0 };
	uint64_t start = START, smi = (uint64_t)length << 32;
	uint32_t size = SIZE;
	struct buf padded = { 0 };

	buf_clear(&image);
	CHECK(v8_objects_of(&objects, 13, 6, image_lookup, NULL));
	memcpy(code + objects.code_start, &start, 8);
	memcpy(code + objects.code_size, &size, 4);
	memcpy(deopt + objects.array_length, &smi, 8);
	for (size_t i = 0; i < 32; i++) {
		smi = (uint64_t)(uint32_t)words[i] << 32;
		memcpy(deopt + objects.array_data + (objects.deopt_inlining + 1 + i) * 8, &smi, 8);
	}
	image_add(&image, CODE, code, sizeof(code));
	image_add(&image, DEOPT, deopt, sizeof(deopt));
	buf_add(&padded, table, n);
	while (buf_str(&padded).n < 8192)
		buf_add_u8(&padded, 0xcc);
	image_add(&image, START + SIZE, buf_str(&padded).p, 8192);
	buf_fini(&padded);
	bytes = buf_str(&image);
}

static void check_exits(bool is_maglev, uint32_t first, uint32_t second)
{
	struct arena arena = { 0 };
	struct v8_exits exits;

	v8_exits_read(&memory, CODE, DEOPT, is_maglev, &arena, &exits);
	CHECK_EQ(v8_exits_before(&exits, 0x100), 0x100);
	CHECK_EQ(v8_exits_before(&exits, FIRST), FIRST);	/* no call returns there */
	CHECK_EQ(v8_exits_before(&exits, FIRST + 4), first);
	CHECK_EQ(v8_exits_before(&exits, FIRST + 8), second);
	CHECK_EQ(v8_exits_before(&exits, FIRST + 12), FIRST + 12);
	CHECK_EQ(v8_exits_before(&exits, UINT32_MAX), UINT32_MAX);
	arena_fini(&arena);
}

TEST(an_exit_leads_back_to_its_call)
{
	begin(9 + 3 + 9 + 1, NULL, 0);
	check_exits(false, 0x120, 0x244);
}

TEST(data_that_are_too_short_have_no_exits)
{
	begin(9 + 3 + 8, NULL, 0);
	check_exits(false, FIRST + 4, FIRST + 8);
}

/* stack slots, entries, how long their fields are, tagged slots; then where a call returns to, a number, its
 * exit + 1, spill slots, registers. */
static const uint8_t maglev[] = {
	11, 0, 0, 0, 3, 0, 0, 0, 0xa3, 0, 0, 0, 1, 0, 0, 0,
	0x23, 1, 2, 0x05, 4, 0, 0,  0x30, 1, 0, 0, 0, 0, 3,  0x50, 2, 3, 0x09, 4, 0, 0,
};

TEST(of_maglevs_code_the_table_behind_it_tells)
{
	uint8_t damaged[sizeof(maglev)];

	begin(22, maglev, sizeof(maglev));
	check_exits(true, 0x123, 0x250);
	/* an exit that is none, one that is there twice, one that is missing */
	memcpy(damaged, maglev, sizeof(maglev));
	damaged[19] = 0x06;
	begin(22, damaged, sizeof(damaged));
	check_exits(true, FIRST + 4, FIRST + 8);
	damaged[19] = 0x09;
	begin(22, damaged, sizeof(damaged));
	check_exits(true, FIRST + 4, FIRST + 8);
	damaged[19] = damaged[20] = 0;
	begin(22, damaged, sizeof(damaged));
	check_exits(true, FIRST + 4, FIRST + 8);
	buf_fini(&image);
}

TEST_MAIN(CASE(an_exit_leads_back_to_its_call), CASE(data_that_are_too_short_have_no_exits),
	  CASE(of_maglevs_code_the_table_behind_it_tells))
