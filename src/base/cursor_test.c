/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cursor.h"

#include "base/test.h"

TEST(a_short_read_fails_and_everything_after_it_is_zero)
{
	struct cursor c = cursor_over(STR("\1\2\3"));

	CHECK_EQ(cursor_u16(&c), 0x0201);
	CHECK_EQ(cursor_u16(&c), 0);
	CHECK(c.failed);
	CHECK_EQ(cursor_u8(&c), 0);
	CHECK(!cursor_more(&c));
}

TEST(leb128_reads_what_the_standard_prints)
{
	struct cursor c = cursor_over(STR("\xe5\x8e\x26\x7f\x80\x7f"));

	CHECK_EQ(cursor_uleb(&c), 624485);
	CHECK_EQ(cursor_sleb(&c), -1);
	CHECK_EQ(cursor_sleb(&c), -128);
	CHECK(!c.failed);
}

TEST(an_endless_leb128_fails)
{
	struct cursor c = cursor_over(STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));

	cursor_uleb(&c);
	CHECK(c.failed);
}

TEST(a_string_without_its_nul_fails)
{
	struct cursor c = cursor_over(str_over("ab\0cd", 5));

	CHECK_STR(cursor_cstr(&c), "ab");
	cursor_cstr(&c);
	CHECK(c.failed);
}

TEST_MAIN(CASE(a_short_read_fails_and_everything_after_it_is_zero),
	  CASE(leb128_reads_what_the_standard_prints), CASE(an_endless_leb128_fails),
	  CASE(a_string_without_its_nul_fails))
