/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/view.h"

#include <errno.h>

#include "analyze/filter.h"
#include "analyze/profile_test.h"
#include "base/buf.h"

/* One word a node: "PARENT.name=total/self". */
static struct str draw(struct buf *out, const struct view *view)
{
	buf_clear(out);
	for (uint32_t i = 0; i < view->n; i++) {
		const struct place *place = &view->places.items[view->place[i]];

		buf_addf(out, "%s%u.%.*s", i ? " " : "", view->parent[i], STR_ARG(place->name));
		if (place->line)
			buf_addf(out, ":%u", place->line);
		buf_addf(out, "=%d/%d", (int)view->total[i], (int)view->self[i]);
	}
	return buf_str(out);
}

static void check_view(struct profile *p, struct view_options options, const char *wanted)
{
	struct view view;
	struct buf out = { 0 };

	CHECK_EQ(view_init(&view, p, &options, NULL), 0);
	CHECK_STR(draw(&out, &view), wanted);
	buf_fini(&out);
	view_fini(&view);
}

TEST(callees_are_ordered_by_name_or_by_value)
{
	struct profile p;

	test_profile(&p, "main;emit 1", "main;parse;lex 3", "main 1", "main;parse 2");
	check_view(&p, (struct view_options){ 0 },
		   "0.=7/0 0.main=7/1 1.emit=1/1 1.parse=5/2 3.lex=3/3");
	check_view(&p, (struct view_options){ .order = ORDER_BY_VALUE },
		   "0.=7/0 0.main=7/1 1.parse=5/2 2.lex=3/3 1.emit=1/1");
	profile_fini(&p);
}

TEST(lines_of_one_function_merge_unless_lines_are_asked_for)
{
	struct profile p;

	test_profile(&p, "main;f:3;g 1", "main;f:9;g 2", "main;f:9 4");
	check_view(&p, (struct view_options){ 0 },
		   "0.=7/0 0.main=7/0 1.f:10=7/4 2.g=3/3");
	check_view(&p, (struct view_options){ .granularity = BY_LINE },
		   "0.=7/0 0.main=7/0 1.f:3=1/0 2.g=1/1 1.f:9=6/4 4.g=2/2");
	check_view(&p, (struct view_options){ .granularity = BY_FILE },
		   "0.=7/0 0./usr/bin/app=7/0 1./src/a.c=7/4 2./usr/bin/app=3/3");
	profile_fini(&p);
}

TEST(a_node_knows_where_its_callees_end)
{
	struct profile p;
	struct view view;
	struct view_options options = { 0 };
	static const uint32_t ends[] = { 5, 5, 3, 5, 5 };

	test_profile(&p, "main;emit 1", "main;parse;lex 3");
	CHECK_EQ(view_init(&view, &p, &options, NULL), 0);
	CHECK_EQ(view.n, 5);
	CHECK_EQ(view.depth_max, 3);
	for (uint32_t i = 0; i < view.n; i++)
		CHECK_EQ(view.end[i], ends[i]);
	view_fini(&view);
	profile_fini(&p);
}

TEST(small_nodes_are_left_out_but_stay_in_their_callers_totals)
{
	struct profile p;

	test_profile(&p, "main;a 1", "main;b;c 98", "main;b 1");
	check_view(&p, (struct view_options){ .min_share = 0.02 },
		   "0.=100/0 0.main=100/0 1.b=99/1 2.c=98/98");
	profile_fini(&p);
}

TEST(small_stacks_that_merge_into_a_large_node_are_kept)
{
	struct profile p;

	test_profile(&p, "f:1 30", "f:2 30", "g 40");
	check_view(&p, (struct view_options){ .min_share = 0.5 }, "0.=100/0 0.f:10=60/60");
	profile_fini(&p);
}

TEST(a_filter_leaves_only_stacks_of_kept_samples)
{
	struct profile p;
	struct filter filter;
	struct filter_options words = { .focus = "^lex$" };

	test_profile(&p, "main;emit 1", "main;parse;lex 3", "main;parse 2");
	CHECK_EQ(filter_init(&filter, &p, &words, NULL), 0);
	check_view(&p, (struct view_options){ .filter = &filter },
		   "0.=3/0 0.main=3/0 1.parse=3/0 2.lex=3/3");
	filter_fini(&filter);
	profile_fini(&p);
}

TEST(a_stack_of_a_million_frames_needs_no_recursion)
{
	struct profile p;
	struct view view;
	struct view_options options = { .granularity = BY_LINE };
	uint32_t stack = 0, even, odd;
	int64_t one = 1;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	even = test_frame(&p, STR("even"));
	odd = test_frame(&p, STR("odd"));
	for (int i = 0; i < 1000000; i++)
		stack = stacktree_push(&p.tree, stack, i & 1 ? odd : even);
	profile_add(&p, stack, 0, &one);
	CHECK_EQ(view_init(&view, &p, &options, NULL), 0);
	CHECK_EQ(view.n, 1000001);
	CHECK_EQ(view.depth_max, 1000000);
	view_fini(&view);
	profile_fini(&p);
}

TEST(sums_that_do_not_fit_stay_at_the_limit)
{
	struct profile p;
	struct view view;
	struct view_options options = { 0 };
	int64_t most = INT64_MAX;

	test_profile(&p, "main;a 1");
	profile_add(&p, test_stack(&p, STR("main;b")), 0, &most);
	CHECK_EQ(view_init(&view, &p, &options, NULL), 0);
	CHECK_EQ(view.total[0], INT64_MAX);
	view_fini(&view);
	profile_fini(&p);
}

TEST(a_value_type_the_profile_has_not_is_refused)
{
	struct profile p;
	struct view view;
	struct view_options options = { .type = 4 };

	test_profile(&p, "main 1");
	CHECK_EQ(view_init(&view, &p, &options, NULL), -EINVAL);
	profile_fini(&p);
}

TEST_MAIN(CASE(callees_are_ordered_by_name_or_by_value),
	  CASE(lines_of_one_function_merge_unless_lines_are_asked_for),
	  CASE(a_node_knows_where_its_callees_end),
	  CASE(small_nodes_are_left_out_but_stay_in_their_callers_totals),
	  CASE(small_stacks_that_merge_into_a_large_node_are_kept),
	  CASE(a_filter_leaves_only_stacks_of_kept_samples),
	  CASE(a_stack_of_a_million_frames_needs_no_recursion),
	  CASE(sums_that_do_not_fit_stay_at_the_limit),
	  CASE(a_value_type_the_profile_has_not_is_refused))
