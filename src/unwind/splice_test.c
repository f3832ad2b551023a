/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/splice.h"

#include "base/test.h"
#include "unwind/rows.h"
#include "unwind/unwind.h"

/* Rules are told apart by number only. A table with 10 in [0x1000, 0x18000), 11 in [0x18000, 0x2fff0). */
static struct unwind_table make(void)
{
	struct unwind_table table = { 0 };
	struct rows rows;

	CHECK_EQ(rows_init(&rows, 0x1000, 0x2ffff, 8), 0);
	rows_add(&rows, 0x1000, 10);
	rows_add(&rows, 0x18000, 11);
	rows_add(&rows, 0x2fff0, UNWIND_RULE_NONE);
	CHECK_EQ(rows_finish(&rows, &table), 0);
	rows_fini(&rows);
	return table;
}

TEST(rows_in_the_middle_are_replaced_and_the_others_stay)
{
	static const struct unwind_row rows[] = { { 0x2000, 20 }, { 0x14000, 21 }, { 0x19000, 22 } };
	struct unwind_table table = make();

	CHECK_EQ(unwind_splice(&table, 0x2000, 0x20000, rows, 3), 0);
	CHECK_EQ(unwind_find(&table, 0x0fff), UNWIND_RULE_NONE);
	CHECK_EQ(unwind_find(&table, 0x1fff), 10);
	CHECK_EQ(unwind_find(&table, 0x2000), 20);
	CHECK_EQ(unwind_find(&table, 0x13fff), 20);
	CHECK_EQ(unwind_find(&table, 0x18000), 21);
	CHECK_EQ(unwind_find(&table, 0x19000), 22);
	CHECK_EQ(unwind_find(&table, 0x1ffff), 22);
	CHECK_EQ(unwind_find(&table, 0x20000), 11);
	CHECK_EQ(unwind_find(&table, 0x2fff0), UNWIND_RULE_NONE);
	unwind_table_fini(&table);
}

TEST(a_row_may_leave_what_the_table_says)
{
	static const struct unwind_row rows[] = { { 0x3000, 20 }, { 0x17000, UNWIND_RULE_KEEP },
						  { 0x19000, 21 } };
	struct unwind_table table = make();

	CHECK_EQ(unwind_splice(&table, 0x2000, 0x20000, rows, 3), 0);
	CHECK_EQ(unwind_find(&table, 0x2800), UNWIND_RULE_NONE);	/* before the first row */
	CHECK_EQ(unwind_find(&table, 0x16fff), 20);
	CHECK_EQ(unwind_find(&table, 0x17000), 10);
	CHECK_EQ(unwind_find(&table, 0x18000), 11);
	CHECK_EQ(unwind_find(&table, 0x19000), 21);
	unwind_table_fini(&table);
}

TEST(a_range_reaches_beyond_the_table)
{
	static const struct unwind_row rows[] = { { 0x500, 20 }, { 0x30000, 21 } };
	struct unwind_table table = make();

	CHECK_EQ(unwind_splice(&table, 0x500, 0x51000, rows, 2), 0);
	CHECK_EQ(unwind_find(&table, 0x4ff), UNWIND_RULE_NONE);
	CHECK_EQ(unwind_find(&table, 0x1000), 20);
	CHECK_EQ(unwind_find(&table, 0x50fff), 21);
	CHECK_EQ(unwind_find(&table, 0x51000), UNWIND_RULE_NONE);
	unwind_table_fini(&table);
}

TEST(a_file_without_cfi_gets_a_table)
{
	static const struct unwind_row rows[] = { { 0x401000, 20 }, { 0x401010, 21 } };
	struct unwind_table table = { 0 };

	CHECK_EQ(unwind_splice(&table, 0x401000, 0x402000, rows, 2), 0);
	CHECK_EQ(unwind_find(&table, 0x400fff), UNWIND_RULE_NONE);
	CHECK_EQ(unwind_find(&table, 0x40100f), 20);
	CHECK_EQ(unwind_find(&table, 0x401fff), 21);
	CHECK_EQ(unwind_find(&table, 0x402000), UNWIND_RULE_NONE);
	unwind_table_fini(&table);
}

TEST(rows_outside_the_range_are_not_taken)
{
	static const struct unwind_row rows[] = { { 0x1800, 20 }, { 0x2100, 21 }, { 0x9000, 22 } };
	struct unwind_table table = make();

	CHECK_EQ(unwind_splice(&table, 0x2000, 0x3000, rows, 3), 0);
	CHECK_EQ(unwind_find(&table, 0x1800), 10);
	CHECK_EQ(unwind_find(&table, 0x2fff), 21);
	CHECK_EQ(unwind_find(&table, 0x9000), 10);
	unwind_table_fini(&table);
}

TEST_MAIN(CASE(rows_in_the_middle_are_replaced_and_the_others_stay),
	  CASE(a_row_may_leave_what_the_table_says), CASE(a_range_reaches_beyond_the_table),
	  CASE(a_file_without_cfi_gets_a_table), CASE(rows_outside_the_range_are_not_taken))
