/* SPDX-License-Identifier: Apache-2.0 */
#include "render/text.h"

#include <errno.h>

#include "analyze/filter.h"
#include "analyze/profile_test.h"
#include "base/buf.h"
#include "base/file.h"
#include "render/label.h"
#include "render/page.h"

/* A recording with everything a head can tell. */
static void recording(struct profile *p)
{
	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	profile_add_type(p, STR("cpu"), STR("nanoseconds"));
	p->default_type = 1;
	test_sample(p, "_start;main;compress;deflate_slow:20 61000000", 7, 7);
	test_sample(p, "_start;main;compress;std::vector<long, std::allocator<long> >::"
		       "push_back(long&&) 4000000", 7, 8);
	test_sample(p, "_start;main;walk;walk;walk;walk;visit 34000000", 7, 8);
	test_sample(p, "_start;main;read;read@k 990000", 7, 7);
	test_sample(p, "_start;main;0xdeadbeef 10000", 9, 9);
	p->duration_ns = 10000000000;
	p->start_wall_ns = 1795401905000000000;
	p->period = 10101010;
	p->period_type.type = strings_add(&p->strings, STR("cpu"));
	p->period_type.unit = strings_add(&p->strings, STR("nanoseconds"));
	profile_add_comment(p, STR("sonde: tier 1 (BPF)"));
	p->stats = (struct profile_stats){ .known = true,
					   .events = 100000012,
					   .recorded = 100000000,
					   .complete = 99800000,
					   .frames = 1000,
					   .frames_named = 997 };
	profile_add_drop(p, STR("ring full"), 10);
	profile_add_drop(p, STR("no mapping holds pc"), 2);
}

/* Against tests/golden/render/NAME.txt; what came out is left in build/ to be compared or taken. */
static void check_golden(struct str got, const char *name)
{
	struct mapped_file wanted = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "build/golden-%s.txt", name);
	file_write_whole(path, got, NULL);
	snprintf(path, sizeof(path), "tests/golden/render/%s.txt", name);
	CHECK_EQ(mapped_file_open(&wanted, path, NULL), 0);
	if (!str_eq(got, mapped_file_view(&wanted)))
		print_error("%s differs from build/golden-%s.txt\n", path, name);
	CHECK(str_eq(got, mapped_file_view(&wanted)));
	mapped_file_close(&wanted);
}

TEST(reports_look_as_they_did)
{
	static const struct {
		const char *name;
		struct text_options options;
	} rows[] = {
		{ "top", { .type = -1, .unicode = true } },
		{ "top-by-total", { .type = -1, .unicode = true, .order = TOP_BY_TOTAL } },
		{ "top-color", { .type = -1, .unicode = true, .color = true, .width = 80 } },
		{ "top-narrow", { .type = -1, .width = 60, .limit = 3 } },
		{ "lines", { .type = -1, .unicode = true, .granularity = BY_LINE } },
		{ "files", { .type = 0, .unicode = true, .granularity = BY_FILE } },
		{ "tree",
		  { .type = -1, .unicode = true, .table = TEXT_TREE, .min_share = 0.00001 } },
		{ "tree-ascii", { .type = -1, .table = TEXT_TREE, .width = 60, .limit = 4 } },
		{ "threads", { .type = -1, .unicode = true, .table = TEXT_THREADS } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = { 0 };
		struct profile p;

		recording(&p);
		CHECK_EQ(text_report(&out, &p, &rows[i].options, NULL), 0);
		check_golden(buf_str(&out), rows[i].name);
		buf_fini(&out);
		profile_fini(&p);
	}
}

TEST(a_filter_is_told_with_what_it_keeps)
{
	struct profile p;
	struct filter filter;
	struct filter_options words = { .focus = "deflate" };
	struct text_options options = { .type = 0, .filter = &filter,
					.filter_words = "--focus deflate" };
	struct buf out = { 0 };

	recording(&p);
	CHECK_EQ(filter_init(&filter, &p, &words, NULL), 0);
	CHECK_EQ(text_report(&out, &p, &options, NULL), 0);
	CHECK(str_contains(buf_str(&out), STR("Filter    --focus deflate: 61,000,000 samples kept "
					      "(61.0 % of all)")));
	filter_fini(&filter);
	words.focus = "nowhere";
	CHECK_EQ(filter_init(&filter, &p, &words, NULL), 0);
	buf_clear(&out);
	CHECK_EQ(text_report(&out, &p, &options, NULL), 0);
	CHECK(str_ends(buf_str(&out), STR("\nNo sample passes the filter.\n")));
	filter_fini(&filter);
	buf_fini(&out);
	profile_fini(&p);
}

TEST(a_profile_from_elsewhere_has_a_head_without_what_is_unknown)
{
	struct profile p;
	struct text_options options = { .type = -1 };
	struct buf out = { 0 };

	test_profile(&p, "main;f 3", "main 1");
	CHECK_EQ(text_head(&out, &p, &options, NULL), 0);
	CHECK_STR(buf_str(&out), "Samples   4\n");
	buf_fini(&out);
	profile_fini(&p);
}

TEST(the_head_tells_every_note_up_to_eight_and_the_rest_as_a_number)
{
	struct text_options options = { .type = -1, .width = 60 };
	struct buf out = { 0 };
	struct profile p;

	test_profile(&p, "main;f 3", "main 1");
	profile_add_comment(&p, STR("sonde: note first"));
	profile_add_comment(&p, STR("sonde: tier 1 (BPF)"));
	profile_add_comment(&p, STR("sonde: note one line holds sixty columns less ten, so that this goes on"));
	CHECK_EQ(text_head(&out, &p, &options, NULL), 0);
	CHECK_STR(buf_str(&out), "Samples   4\nTier      1 (BPF)\nNote      first\n"
				 "Note      one line holds sixty columns less ten, so that\n"
				 "          this goes on\n");
	buf_clear(&out);
	for (int i = 0; i < 20; i++)
		profile_add_comment(&p, STR("sonde: note another"));
	CHECK_EQ(text_head(&out, &p, &options, NULL), 0);
	CHECK(str_ends(buf_str(&out), STR("Note      another\n          and 14 more\n")));
	buf_fini(&out);
	profile_fini(&p);
}

TEST(the_head_says_stacks_where_nothing_counts_samples_and_how_often_one_was_taken)
{
	static const struct {
		const char *type, *unit, *period_type, *period_unit, *wanted;
		int64_t period;
	} rows[] = {
		{ "inuse_space", "bytes", "space", "bytes",
		  "Memory in use  4 B\nStacks    2, one per 512 KiB\n", 512 << 10 },
		{ "goroutine", "count", "goroutine", "count", "Goroutines  4\nStacks    2\n", 1 },
		{ "delay", "nanoseconds", "contentions", "count",
		  "Waiting time  4 ns\nStacks    2, one per 5 contentions\n", 5 },
		{ "samples", "count", "cpu", "nanoseconds", "Samples   4 at 100 Hz\n", 10000000 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct text_options options = { .type = -1 };
		struct buf out = { 0 };
		struct profile p;

		profile_init(&p);
		profile_add_type(&p, str_of(rows[i].type), str_of(rows[i].unit));
		test_sample(&p, "main;f 3", 0, 0);
		test_sample(&p, "main 1", 0, 0);
		p.period = rows[i].period;
		p.period_type.type = strings_add(&p.strings, str_of(rows[i].period_type));
		p.period_type.unit = strings_add(&p.strings, str_of(rows[i].period_unit));
		CHECK_EQ(text_head(&out, &p, &options, NULL), 0);
		CHECK_STR(buf_str(&out), rows[i].wanted);
		buf_fini(&out);
		profile_fini(&p);
	}
}

TEST(no_name_reaches_the_terminal_with_control_bytes)
{
	static const enum text_table tables[] = { TEXT_TOP, TEXT_TREE, TEXT_THREADS };

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		struct profile p;
		struct text_options options = { .type = -1, .table = tables[i], .unicode = true,
						.filter_words = "\x1b[2J" };
		struct buf out = { 0 };

		test_profile(&p, "a\x1b]0;title\x07;\xc2\x9b" "31m;b\r\nc;\xff\xfe 3");
		profile_add_comment(&p, STR("sonde: command a\x1b[31m"));
		CHECK_EQ(text_report(&out, &p, &options, NULL), 0);
		for (size_t at = 0; at < out.n; at++)
			CHECK((uint8_t)out.p[at] >= 0x20 || out.p[at] == '\n');
		CHECK(!str_contains(buf_str(&out), STR("\xc2\x9b")));
		CHECK(!str_contains(buf_str(&out), STR("\xff")));
		buf_fini(&out);
		profile_fini(&p);
	}
}

/* Each line of the tree fits, however deep the stacks are. */
TEST(a_deep_tree_stays_on_the_screen)
{
	struct profile p;
	struct text_options options = { .table = TEXT_TREE, .unicode = true, .width = 80,
					.min_share = 0.0001 };
	struct buf out = { 0 };
	struct str text, line;
	uint32_t stack = 0, leaf;
	int64_t one = 1;
	char name[32];

	test_profile(&p, "main 1");
	leaf = test_frame(&p, STR("leaf"));
	for (int depth = 0; depth < 300; depth++) {
		snprintf(name, sizeof(name), "level_%d", depth);
		stack = stacktree_push(&p.tree, stack, test_frame(&p, str_of(name)));
		if (depth & 1)
			profile_add(&p, stacktree_push(&p.tree, stack, leaf), 0, &one);
	}
	CHECK_EQ(text_report(&out, &p, &options, NULL), 0);
	text = buf_str(&out);
	while (text.p) {
		line = str_cut(&text, '\n');
		CHECK(label_columns(line, 1000) <= 80);
	}
	CHECK(str_contains(buf_str(&out), STR("level_299")));
	buf_fini(&out);
	profile_fini(&p);
}

TEST(two_threads_roots_are_branches_of_the_tree)
{
	struct profile p;
	struct text_options options = { .table = TEXT_TREE, .unicode = true };
	struct buf out = { 0 };

	test_profile(&p, "clone;work 3", "main;wait 1");
	CHECK_EQ(text_report(&out, &p, &options, NULL), 0);
	CHECK(str_contains(buf_str(&out), STR("  ├─ clone  app\n")));
	CHECK(str_contains(buf_str(&out), STR("  │  work\n")));
	CHECK(str_contains(buf_str(&out), STR("  └─ main  app\n")));
	buf_fini(&out);
	profile_fini(&p);
}

TEST(where_a_function_is_from_is_its_files_last_part)
{
	static const struct {
		struct place place;
		const char *wanted;
	} rows[] = {
		{ { .file = STR("/srv/app.js"), .line = 3 }, "app.js:3" },
		{ { .file = STR("[eval in /srv/app.js]"), .line = 3 }, "[eval in app.js]:3" },
		{ { .module = STR("/usr/bin/node") }, "node" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = { 0 };

		page_add_where(&out, &rows[i].place);
		CHECK_STR(buf_str(&out), rows[i].wanted);
		buf_fini(&out);
	}
}

TEST(a_profile_without_samples_says_so)
{
	struct profile p;
	struct text_options options = { .type = -1 };
	struct buf out = { 0 };

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	CHECK_EQ(text_report(&out, &p, &options, NULL), 0);
	CHECK(str_ends(buf_str(&out), STR("\nThe profile has no samples.\n")));
	options.type = 3;
	CHECK_EQ(text_report(&out, &p, &options, NULL), -EINVAL);
	buf_fini(&out);
	profile_fini(&p);
}

TEST_MAIN(CASE(the_head_tells_every_note_up_to_eight_and_the_rest_as_a_number),
	  CASE(the_head_says_stacks_where_nothing_counts_samples_and_how_often_one_was_taken),
	  CASE(reports_look_as_they_did), CASE(a_filter_is_told_with_what_it_keeps),
	  CASE(a_profile_from_elsewhere_has_a_head_without_what_is_unknown),
	  CASE(no_name_reaches_the_terminal_with_control_bytes),
	  CASE(a_deep_tree_stays_on_the_screen),
	  CASE(two_threads_roots_are_branches_of_the_tree), CASE(a_profile_without_samples_says_so), CASE(where_a_function_is_from_is_its_files_last_part))
