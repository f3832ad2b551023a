/* SPDX-License-Identifier: Apache-2.0 */
#include "render/html.h"

#include <errno.h>

#include "analyze/filter.h"
#include "analyze/profile_test.h"
#include "base/buf.h"
#include "base/err.h"
#include "render/html_pack.h"
#include "render/web_files.h"

static const struct flame_options DEFAULTS = { .type = -1 };

static struct buf packed(const struct profile *p, const struct flame_options *options)
{
	struct buf out = { 0 }, lines = { 0 };
	struct err err = { 0 };

	if (html_pack(&out, &lines, p, options, &err) < 0)
		fail_msg("%s", err.text);
	buf_fini(&lines);
	return out;
}

static struct buf page_of(const struct profile *p)
{
	struct buf out = { 0 };
	struct err err = { 0 };

	if (html_write(&out, p, &DEFAULTS, &err) < 0)
		fail_msg("%s", err.text);
	return out;
}

static bool holds(const struct buf *buf, const char *text)
{
	return str_contains(buf_str(buf), str_of(text));
}

TEST(a_tree_is_written_depth_first_with_the_largest_callee_first)
{
	struct profile p;
	struct buf out;

	test_profile(&p, "main;emit 2", "main;parse;lex 3", "main;parse 4", "start 1");
	out = packed(&p, &DEFAULTS);
	/* Levels 1 2 2 1, then levels popped: start after main's three, then frame ids. */
	CHECK(str_contains(buf_str(&out), STR("\x04\x01\x02\x02\x01"
					      "\x00\x00\x00\x02\x02")));
	buf_fini(&out);
	profile_fini(&p);
}

TEST(values_are_divided_by_what_they_all_share)
{
	struct profile p;
	struct buf out;

	test_profile(&p, "a 3000", "b 9000");
	out = packed(&p, &DEFAULTS);
	CHECK(str_contains(buf_str(&out), STR("\x05" "count\xb8\x17\x04")));	/* 3000, total 4 */
	buf_fini(&out);
	profile_fini(&p);
}

TEST(frames_at_one_place_are_merged_whatever_their_lines)
{
	struct profile p;
	struct buf out;

	test_profile(&p, "main;lex:12 1", "main;lex:15 1");
	out = packed(&p, &DEFAULTS);
	CHECK(str_contains(buf_str(&out), STR("\x03\x01\x01\x01")));
	buf_fini(&out);
	profile_fini(&p);
}

TEST(lines_have_a_block_of_their_own_where_the_profile_tells_any)
{
	struct profile p;
	struct buf out = { 0 }, lines = { 0 };

	test_profile(&p, "main;f 3", "main 1");
	CHECK_EQ(html_pack(&out, &lines, &p, &DEFAULTS, NULL), 0);
	CHECK_EQ(lines.n, 0);
	profile_fini(&p);
	buf_clear(&out);
	test_profile(&p, "main:4;f:7 3", "main:4;f:9 2", "main:5;f:7 1");
	CHECK_EQ(html_pack(&out, &lines, &p, &DEFAULTS, NULL), 0);
	/* the root and four lines, the most used first: 7 of f (which is frame 2), 4 of main, 9 of f, 5 of main */
	CHECK(str_starts(buf_str(&lines), STR("SONDELN1\x00\x05\x00\x02\x01\x02\x01\x00\x07\x04\x09\x05")));
	buf_fini(&out);
	buf_fini(&lines);
	profile_fini(&p);
}

TEST(control_characters_become_pictures_so_that_lines_part_strings)
{
	struct profile p;
	struct buf out;

	test_profile(&p, "a\nb\x1b\x7f 1");
	out = packed(&p, &DEFAULTS);
	CHECK(holds(&out, "a\xe2\x90\x8a" "b\xe2\x90\x9b\xe2\x90\xa1"));
	buf_fini(&out);
	profile_fini(&p);
}

TEST(a_filter_leaves_out_what_it_does_not_keep)
{
	struct profile p;
	struct filter filter;
	struct filter_options words = { .focus = "keep" };
	struct flame_options options = { .type = -1, .filter = &filter };
	struct buf out;

	test_profile(&p, "main;keep 1", "main;leave 1");
	CHECK_EQ(filter_init(&filter, &p, &words, NULL), 0);
	out = packed(&p, &options);
	CHECK(holds(&out, "keep"));
	CHECK(!holds(&out, "leave"));
	buf_fini(&out);
	filter_fini(&filter);
	profile_fini(&p);
}

TEST(an_empty_profile_is_a_page_too)
{
	struct profile p;
	struct buf out;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	out = page_of(&p);
	CHECK(holds(&out, "</html>"));
	buf_fini(&out);
	profile_fini(&p);
}

TEST(a_value_type_the_profile_has_not_is_refused)
{
	struct profile p;
	struct flame_options options = { .type = 7 };
	struct buf out = { 0 };
	struct err err = { 0 };

	test_profile(&p, "main 1");
	CHECK_EQ(html_write(&out, &p, &options, &err), -EINVAL);
	CHECK(err.text[0]);
	buf_fini(&out);
	profile_fini(&p);
}

TEST(negative_values_count_nothing_and_huge_ones_stay_at_the_limit)
{
	struct profile p;
	struct buf out;
	int64_t least = -5, most = INT64_MAX;

	test_profile(&p, "c 1");
	profile_add(&p, test_stack(&p, STR("a;d")), 0, &least);
	profile_add(&p, test_stack(&p, STR("a")), 0, &most);
	profile_add(&p, test_stack(&p, STR("b")), 0, &most);
	out = packed(&p, &DEFAULTS);
	CHECK(out.n > 0);
	buf_fini(&out);
	profile_fini(&p);
}

TEST(a_name_never_meets_html)
{
	struct profile p;
	struct buf out;

	test_profile(&p, "</script><b>pwned</b> 1");
	out = page_of(&p);
	CHECK(!holds(&out, "pwned"));
	buf_fini(&out);
	profile_fini(&p);
}

TEST(a_page_holds_every_module_and_no_placeholder)
{
	struct profile p;
	struct buf out;
	size_t n;
	const struct web_file *files = web_files(&n);

	test_profile(&p, "main 1");
	out = page_of(&p);
	CHECK(!holds(&out, "{{"));
	CHECK(holds(&out, "default-src 'none'"));
	for (size_t i = 0; i < n; i++) {
		char entry[64];

		CHECK(web_file_bytes(&files[i]).n > 100);
		snprintf(entry, sizeof(entry), "\"%s\":\"data:",
			 files[i].module ? files[i].module : "");
		CHECK(!files[i].module || holds(&out, entry));
	}
	buf_fini(&out);
	profile_fini(&p);
}

static uint32_t times(const struct buf *buf, const char *text)
{
	struct str rest = buf_str(buf), needle = str_of(text);
	uint32_t n = 0;

	for (; rest.n; rest = str_skip(rest, 1))
		n += str_starts(rest, needle);
	return n;
}

TEST(several_profiles_are_apart_in_one_page_and_their_names_never_meet_html)
{
	struct profile p[2];
	struct buf out = { 0 };
	struct err err = { 0 };
	struct html_part parts[] = { { "a.pb.gz", &p[0], DEFAULTS }, { "<pwned>\nb", &p[1], DEFAULTS } };

	test_profile(&p[0], "main;parse 1");
	test_profile(&p[1], "main;emit 2");
	CHECK_EQ(html_write_all(&out, parts, 2, &err), 0);
	CHECK_EQ(times(&out, " class=\"packed\""), 3);	/* the names, and two */
	CHECK(!holds(&out, "pwned") && !holds(&out, "a.pb.gz"));
	buf_fini(&out);
	parts[1].options.type = 7;
	CHECK_EQ(html_write_all(&out, parts, 2, &err), -EINVAL);
	CHECK_EQ(out.n, 0);
	buf_fini(&out);
	out = page_of(&p[0]);
	CHECK_EQ(times(&out, " class=\"packed\""), 1);
	buf_fini(&out);
	profile_fini(&p[0]);
	profile_fini(&p[1]);
}

TEST_MAIN(CASE(several_profiles_are_apart_in_one_page_and_their_names_never_meet_html),
	  CASE(a_tree_is_written_depth_first_with_the_largest_callee_first),
	  CASE(values_are_divided_by_what_they_all_share),
	  CASE(frames_at_one_place_are_merged_whatever_their_lines),
	  CASE(lines_have_a_block_of_their_own_where_the_profile_tells_any),
	  CASE(control_characters_become_pictures_so_that_lines_part_strings),
	  CASE(a_filter_leaves_out_what_it_does_not_keep), CASE(an_empty_profile_is_a_page_too),
	  CASE(a_value_type_the_profile_has_not_is_refused),
	  CASE(negative_values_count_nothing_and_huge_ones_stay_at_the_limit),
	  CASE(a_name_never_meets_html), CASE(a_page_holds_every_module_and_no_placeholder))
