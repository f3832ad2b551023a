/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/jvm/lines.h"

#include "base/test.h"
#include "runtime/jvm/packed.h"

/* Rows (0, 100), (4, 102), (10, 101), (5, 300): steps of one byte, and three times two packed numbers. */
static const char rows_17[] = "\xff\x00\xc8\x00" "\x22" "\xff\x0c\x01" "\xff\x09\xce\x03";
static const char rows_21[] = "\xff\x01\xc9\x01" "\x22" "\xff\x0d\x02" "\xff\x0a\xcf\x04";

static uint32_t packed(const char *bytes, size_t n, uint32_t base)
{
	struct cursor c = cursor_over(str_over(bytes, n));
	uint32_t value = jvm_packed(&c, base);

	return c.failed ? 0xdead : value;
}

TEST(packed_numbers_have_six_bits_a_byte)
{
	CHECK_EQ(packed("\x00", 1, 0), 0);
	CHECK_EQ(packed("\xbf", 1, 0), 191);
	CHECK_EQ(packed("\xc0\x00", 2, 0), 192);
	CHECK_EQ(packed("\xff\xbf", 2, 0), 255 + 191 * 64);
	CHECK_EQ(packed("\xff\xff\xff\xff\xff", 5, 0), 255u + (255u << 6) + (255u << 12) + (255u << 18) + (255u << 24));
	CHECK_EQ(packed("\x01", 1, 1), 0);
	CHECK_EQ(packed("\xbf", 1, 1), 190);
	CHECK_EQ(packed("\xc0\x01", 2, 1), 191);
	CHECK_EQ(packed("\x00", 1, 1), 0xdead);
	CHECK_EQ(packed("\xc0", 1, 0), 0xdead);
}

static void check_rows(struct str bytes, uint32_t base)
{
	struct arena arena = { 0 };
	struct jvm_lines lines = jvm_lines_read(bytes, base, 12, &arena);

	CHECK_EQ(lines.n, 4);
	CHECK_EQ(jvm_lines_find(&lines, 0), 100);
	CHECK_EQ(jvm_lines_find(&lines, 3), 100);
	CHECK_EQ(jvm_lines_find(&lines, 4), 102);
	CHECK_EQ(jvm_lines_find(&lines, 5), 300);
	CHECK_EQ(jvm_lines_find(&lines, 9), 300);
	CHECK_EQ(jvm_lines_find(&lines, 11), 101);
	arena_fini(&arena);
}

TEST(a_bytecode_has_the_line_of_the_last_row_at_or_before_it)
{
	check_rows(str_over(rows_17, sizeof(rows_17)), 0);
	check_rows(str_over(rows_21, sizeof(rows_21)), 1);
}

TEST(what_is_no_table_has_no_rows)
{
	struct arena arena = { 0 };

	/* no end */
	CHECK_EQ(jvm_lines_read(str_over(rows_17, sizeof(rows_17) - 1), 0, 12, &arena).n, 0);
	/* a bytecode beyond the method's */
	CHECK_EQ(jvm_lines_read(str_over(rows_17, sizeof(rows_17)), 0, 10, &arena).n, 0);
	/* before its first */
	CHECK_EQ(jvm_lines_read(str_over("\xff\x01\x01", 4), 0, 10, &arena).n, 0);
	CHECK_EQ(jvm_lines_read((struct str){ 0 }, 0, 10, &arena).n, 0);
	arena_fini(&arena);
}

TEST_MAIN(CASE(packed_numbers_have_six_bits_a_byte), CASE(a_bytecode_has_the_line_of_the_last_row_at_or_before_it),
	  CASE(what_is_no_table_has_no_rows))
