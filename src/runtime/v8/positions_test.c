/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/v8/positions.h"

#include "base/test.h"

/* Of one function in running processes:
 *   function () { return w.crunch(20000); }    at character 320 of the script */
static const char node24[] = "\x01\x84\x0a\x02\x14\x0b\x24\x15\x00\x0a\x38";
static const char node25[] = "\x02\x84\x0a\x07\x14\x16\x24\x2a\x00\x17\x38";

static int32_t offset_at(bool flags, struct str table, uint32_t at)
{
	struct v8_objects objects = { .position_flags = flags };
	struct v8_position position;

	return v8_positions_find(&objects, table, at, &position) ? position.offset : -2;
}

TEST(an_instruction_has_the_last_position_at_or_before_it)
{
	struct str table = str_over(node24, sizeof(node24) - 1);

	CHECK_EQ(offset_at(false, table, 0), 325);
	CHECK_EQ(offset_at(false, table, 5), 334);
	CHECK_EQ(offset_at(false, table, 14), 334);
	CHECK_EQ(offset_at(false, table, 15), 334);
	CHECK_EQ(offset_at(false, table, 20), 348);
}

TEST(version_14_tells_the_same_with_two_bits)
{
	struct str a = str_over(node24, sizeof(node24) - 1), b = str_over(node25, sizeof(node25) - 1);

	for (uint32_t at = 0; at < 32; at++)
		CHECK_EQ(offset_at(true, b, at), offset_at(false, a, at));
}

TEST(a_table_that_ends_in_an_entry_has_no_position)
{
	CHECK_EQ(offset_at(false, str_over(node24, 2), 9), -2);
	CHECK_EQ(offset_at(false, (struct str){ 0 }, 9), -2);
}

TEST(a_position_tells_the_inlined_call)
{
	struct v8_position position = v8_position_of((uint64_t)3 << 31 | (uint64_t)(41 + 1) << 1);

	CHECK_EQ(position.offset, 41);
	CHECK_EQ(position.inlining, 2);
	CHECK_EQ(v8_position_of(0).inlining, V8_NOT_INLINED);
	CHECK_EQ(v8_position_of((uint64_t)7 << 1 | 1).offset, V8_NO_POSITION);
}

TEST(machine_code_of_sparkplug_belongs_to_the_bytecode_that_it_ends)
{
	struct v8_objects objects = { .n_bytecodes = 8 };
	/* prologue of 10 bytes; bytecodes of 2, 3 (wide: 5) and 1 bytes became 4, 6 and 2 */
	static const char offsets[] = { 10, 4, 6, 2 };
	static const char bytecodes[] = { 5, 0, 0, 6, 0, 0, 0, 7 };
	uint32_t at;

	memset(objects.bytecode_bytes, 1, sizeof(objects.bytecode_bytes));
	objects.bytecode_bytes[0][5] = 2;
	objects.bytecode_bytes[1][6] = 4;
	CHECK(!v8_bytecode_find(&objects, str_over(offsets, 4), str_over(bytecodes, 8), 10, &at));
	CHECK(v8_bytecode_find(&objects, str_over(offsets, 4), str_over(bytecodes, 8), 14, &at));
	CHECK_EQ(at, 0);
	CHECK(v8_bytecode_find(&objects, str_over(offsets, 4), str_over(bytecodes, 8), 15, &at));
	CHECK_EQ(at, 2);
	CHECK(v8_bytecode_find(&objects, str_over(offsets, 4), str_over(bytecodes, 8), 22, &at));
	CHECK_EQ(at, 7);
	CHECK(!v8_bytecode_find(&objects, str_over(offsets, 4), str_over(bytecodes, 8), 23, &at));
	CHECK(!v8_bytecode_find(&objects, str_over(offsets, 4), str_over(bytecodes, 1), 22, &at));
}

TEST_MAIN(CASE(an_instruction_has_the_last_position_at_or_before_it),
	  CASE(version_14_tells_the_same_with_two_bits),
	  CASE(a_table_that_ends_in_an_entry_has_no_position),
	  CASE(a_position_tells_the_inlined_call),
	  CASE(machine_code_of_sparkplug_belongs_to_the_bytecode_that_it_ends))
