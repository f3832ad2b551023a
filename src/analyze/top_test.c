/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/top.h"

#include <errno.h>

#include "analyze/profile_test.h"
#include "analyze/threads.h"
#include "analyze/view.h"
#include "base/buf.h"

static void check_top(struct profile *p, struct top_options options, const char *wanted)
{
	struct top top;
	struct buf out = { 0 };

	CHECK_EQ(top_init(&top, p, &options, NULL), 0);
	for (uint32_t i = 0; i < top.n; i++) {
		const struct place *place = &top.places.items[top.rows[i].place];

		buf_addf(&out, "%s%.*s:%u=%d/%d", i ? " " : "", STR_ARG(place->name), place->line,
			 (int)top.rows[i].total, (int)top.rows[i].self);
	}
	CHECK_STR(buf_str(&out), wanted);
	buf_fini(&out);
	top_fini(&top);
}

TEST(recursion_counts_once_in_a_total)
{
	struct profile p;

	test_profile(&p, "main;f;f;f 3", "main;f;g;f 2", "main;g 1");
	check_top(&p, (struct top_options){ 0 }, "f:0=5/5 g:0=3/1 main:0=6/0");
	check_top(&p, (struct top_options){ .order = TOP_BY_TOTAL }, "main:0=6/0 f:0=5/5 g:0=3/1");
	profile_fini(&p);
}

TEST(places_that_cost_nothing_or_too_little_are_no_rows)
{
	struct profile p;

	test_profile(&p, "main;f 6", "main;g 1", "main;h 0", "zero 0");
	check_top(&p, (struct top_options){ 0 }, "f:0=6/6 g:0=1/1 main:0=7/0");
	check_top(&p, (struct top_options){ .min_share = 0.2 }, "f:0=6/6 main:0=7/0");
	profile_fini(&p);
	test_profile(&p, "main;h 0");	/* of nothing all places cost as much */
	check_top(&p, (struct top_options){ 0 }, "h:0=0/0 main:0=0/0");
	profile_fini(&p);
}

TEST(what_fell_most_stands_beside_what_rose_most)
{
	struct profile p;
	struct view view;
	int64_t minus = -50;

	test_profile(&p, "main;f 60", "main;g 1", "main;h 20");
	profile_add(&p, test_stack(&p, STR("main;less")), 0, &minus);
	check_top(&p, (struct top_options){ 0 }, "f:0=60/60 less:0=-50/-50 h:0=20/20 g:0=1/1 main:0=31/0");
	CHECK_EQ(view_init(&view, &p, &(struct view_options){ .order = ORDER_BY_VALUE, .min_share = 0.5 }, NULL), 0);
	CHECK_EQ(view.n, 5);	/* the root, main, f, less, h */
	CHECK_EQ(view.total[3], -50);
	view_fini(&view);
	CHECK_EQ(view_init(&view, &p, &(struct view_options){ .order = ORDER_BY_NAME, .min_share = 0.5 }, NULL), 0);
	CHECK_EQ(view.n, 4);	/* a picture draws none below zero */
	view_fini(&view);
	profile_fini(&p);
}

TEST(as_many_rows_as_are_wanted_come_in_order_and_the_others_behind_them)
{
	struct profile p;
	struct top all, some;
	uint64_t sum = 0;
	char line[32];

	test_profile(&p, "main 1");
	for (uint32_t i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "main;f%u %u", i, i * 77 % 41 / 4);	/* many are equal */
		test_sample(&p, line, 0, 0);
	}
	CHECK_EQ(top_init(&all, &p, &(struct top_options){ 0 }, NULL), 0);
	for (uint32_t limit = 1; limit < 220; limit += limit < 5 ? 1 : 31) {
		CHECK_EQ(top_init(&some, &p, &(struct top_options){ .limit = limit }, NULL), 0);
		CHECK_EQ(some.n, all.n);
		for (uint32_t i = sum = 0; i < all.n; i++) {
			if (i < limit)
				CHECK_EQ(some.rows[i].place, all.rows[i].place);
			sum += (uint64_t)all.rows[i].place - some.rows[i].place;
		}
		CHECK_EQ(sum, 0);	/* the same places */
		top_fini(&some);
	}
	top_fini(&all);
	profile_fini(&p);
}

TEST(each_line_has_a_row_when_asked_for)
{
	struct profile p;

	test_profile(&p, "main;f:3 1", "main;f:9 2", "main;f:9;f:3 4");
	check_top(&p, (struct top_options){ .granularity = BY_LINE },
		  "f:3=5/5 f:9=6/2 main:0=7/0");
	check_top(&p, (struct top_options){ 0 }, "f:10=7/7 main:0=7/0");
	profile_fini(&p);
}

TEST(a_function_is_one_row_whoever_compiled_it)
{
	struct profile p;
	struct top top;

	test_profile(&p, "main;f@i 1", "main;f@c 5", "main;f@i;f@c 1", "main;f@k 2");
	check_top(&p, (struct top_options){ 0 }, "f:0=7/7 f:0=2/2 main:0=9/0");
	check_top(&p, (struct top_options){ .granularity = BY_KIND },
		  "f [c2]:0=6/6 f [kernel]:0=2/2 f [interpreted]:0=2/1 main [native]:0=9/0");
	CHECK_EQ(top_init(&top, &p, &(struct top_options){ 0 }, NULL), 0);
	CHECK_EQ(top.places.items[top.rows[0].place].kind, FRAME_C2);
	CHECK_EQ(top.places.items[top.rows[0].place].kinds, 1u << FRAME_C2 | 1u << FRAME_INTERPRETED);
	top_fini(&top);
	profile_fini(&p);
}

TEST(a_frame_without_a_function_is_named_by_its_address)
{
	struct profile p;
	struct top top;
	struct top_options options = { 0 };

	test_profile(&p, "main;0x1234 1");
	CHECK_EQ(top_init(&top, &p, &options, NULL), 0);
	CHECK_STR(top.places.items[top.rows[0].place].name, "0x1234");
	CHECK_STR(top.places.items[top.rows[0].place].module, "/lib/libx.so");
	CHECK(top.places.items[top.rows[0].place].unnamed);
	top_fini(&top);
	profile_fini(&p);
}

TEST(a_frame_of_which_nothing_is_known_is_called_unknown)
{
	struct profile p;
	int64_t one = 1;

	test_profile(&p, "main 1");
	profile_add(&p, stacktree_push(&p.tree, 0, 0), 0, &one);
	check_top(&p, (struct top_options){ 0 }, "[unknown]:0=1/1 main:0=1/1");
	profile_fini(&p);
}

TEST(a_profile_without_samples_has_no_rows)
{
	struct profile p;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	check_top(&p, (struct top_options){ 0 }, "");
	profile_fini(&p);
}

TEST(threads_are_told_apart_by_their_ids_and_not_by_other_labels)
{
	struct profile p;
	struct threads threads;
	struct label set[3];
	int64_t values[2] = { 1, 5 };

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	profile_add_type(&p, STR("cpu"), STR("nanoseconds"));
	test_sample(&p, "main;a 1", 7, 8);
	test_sample(&p, "main;b 2", 7, 8);
	test_sample(&p, "main;b 9", 7, 9);
	set[0] = (struct label){ .key = strings_add(&p.strings, STR("request")), .num = 3 };
	profile_add(&p, 1, labels_add(&p.labels, set, 1), values);
	profile_add(&p, 1, 0, values);
	CHECK_EQ(threads_init(&threads, &p, NULL, 1, NULL), 0);
	CHECK_EQ(threads.n, 3);
	CHECK_EQ(threads.total, 130);
	CHECK_EQ(threads.samples, 14);
	CHECK_EQ(threads.rows[0].tid, 9);
	CHECK_EQ(threads.rows[0].value, 90);
	CHECK_EQ(threads.rows[1].samples, 3);
	CHECK_STR(threads.rows[1].thread, "worker-8");
	CHECK(!threads.rows[2].has_pid);
	CHECK_EQ(threads.rows[2].value, 10);
	threads_fini(&threads);
	profile_fini(&p);
}

TEST_MAIN(CASE(what_fell_most_stands_beside_what_rose_most), CASE(places_that_cost_nothing_or_too_little_are_no_rows), CASE(recursion_counts_once_in_a_total),
	  CASE(as_many_rows_as_are_wanted_come_in_order_and_the_others_behind_them), CASE(each_line_has_a_row_when_asked_for),
	  CASE(a_function_is_one_row_whoever_compiled_it),
	  CASE(a_frame_without_a_function_is_named_by_its_address),
	  CASE(a_frame_of_which_nothing_is_known_is_called_unknown),
	  CASE(a_profile_without_samples_has_no_rows),
	  CASE(threads_are_told_apart_by_their_ids_and_not_by_other_labels))
