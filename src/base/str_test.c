/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>

#include "base/test.h"

TEST(a_cut_gives_every_part_and_then_ends)
{
	struct str rest = STR("a;;b");

	CHECK_STR(str_cut(&rest, ';'), "a");
	CHECK_STR(str_cut(&rest, ';'), "");
	CHECK_STR(str_cut(&rest, ';'), "b");
	CHECK(rest.p == NULL);
}

TEST(numbers_are_parsed_whole_or_refused)
{
	uint64_t v = 7;

	CHECK_EQ(str_parse_u64(STR("12x"), 10, &v), -EINVAL);
	CHECK_EQ(str_parse_u64(STR(""), 10, &v), -EINVAL);
	CHECK_EQ(str_parse_u64(STR("18446744073709551616"), 10, &v), -ERANGE);
	CHECK_EQ(v, 7);
	CHECK_EQ(str_parse_u64(STR("18446744073709551615"), 10, &v), 0);
	CHECK_EQ(v, UINT64_MAX);
	CHECK_EQ(str_parse_u64(STR("fF"), 16, &v), 0);
	CHECK_EQ(v, 255);
}

TEST(a_basename_is_what_follows_the_last_slash)
{
	CHECK_STR(str_basename(STR("/usr/lib/libc.so.6")), "libc.so.6");
	CHECK_STR(str_basename(STR("plain")), "plain");
	CHECK_STR(str_basename(STR("dir/")), "");
}

TEST_MAIN(CASE(a_cut_gives_every_part_and_then_ends),
	  CASE(numbers_are_parsed_whole_or_refused),
	  CASE(a_basename_is_what_follows_the_last_slash))
