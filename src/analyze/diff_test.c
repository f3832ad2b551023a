/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/diff.h"

#include <errno.h>
#include <math.h>

#include "analyze/profile_test.h"
#include "analyze/statistics.h"
#include "base/buf.h"

#define NEAR(got, wanted) \
	CHECK(fabs((got) - (double)(wanted)) <= 1e-6 * fabs((double)(wanted)) + 1e-12)

static int run(struct diff *diff, struct profile *profiles, uint32_t n, uint32_t n_base,
	       struct diff_options options, double work)
{
	struct diff_input inputs[8] = { 0 };

	for (uint32_t i = 0; i < n; i++)
		inputs[i] = (struct diff_input){ .profile = &profiles[i], .side = i >= n_base,
						 .work = work };
	return diff_init(diff, inputs, n, &options, NULL);
}

static const struct diff_row *row_of(const struct diff *diff, const char *name)
{
	for (uint32_t i = 0; i < diff->n; i++)
		if (str_eq(diff_place(diff, &diff->rows[i])->name, str_of(name)))
			return &diff->rows[i];
	return NULL;
}

/* Names of what changed, with "+" where it is all it calls. */
static void check_named(const struct diff *diff, const char *wanted)
{
	struct buf out = { 0 };

	for (uint32_t i = 0; i < diff->n_named; i++)
		buf_addf(&out, "%s%.*s%s", i ? " " : "",
			 STR_ARG(diff_place(diff, &diff->rows[i])->name),
			 diff->rows[i].measure == DIFF_TOTAL ? "+" : "");
	CHECK_STR(buf_str(&out), wanted);
	buf_fini(&out);
}

static void fini(struct diff *diff, struct profile *profiles, uint32_t n)
{
	diff_fini(diff);
	for (uint32_t i = 0; i < n; i++)
		profile_fini(&profiles[i]);
}

/* n samples of many functions, of which one has a share and the others the rest. */
static void make(struct profile *p, uint32_t others, double share, uint32_t n, uint64_t seed)
{
	char line[64];

	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	for (uint32_t i = 0; i < n; i++) {
		double u = (double)(stat_random(&seed) >> 11) / 0x1p53;
		uint32_t other = (uint32_t)((u - share) / (1 - share) * others);

		if (u < share)
			snprintf(line, sizeof(line), "main;parse;hot 1");
		else
			snprintf(line, sizeof(line), "main;%s;f%u 1", other % 2 ? "parse" : "emit",
				 other);
		test_sample(p, line, 0, 0);
	}
}

TEST(nothing_is_named_where_nothing_changed)
{
	struct profile p[2];
	struct diff diff;

	make(&p[0], 12, 0.1, 5000, 1);
	make(&p[1], 12, 0.1, 5000, 2);
	CHECK_EQ(run(&diff, p, 2, 1, (struct diff_options){ 0 }, 0), 0);
	check_named(&diff, "");
	CHECK(diff.noise.basis == DIFF_BY_ITEMS);
	CHECK(diff.seen > 0.005 && diff.seen < 0.1);
	fini(&diff, p, 2);
}

TEST(what_grew_is_named_and_what_it_pushed_is_not)
{
	struct profile p[2];
	struct diff diff;
	const struct diff_number *hot;

	make(&p[0], 12, 0.1, 20000, 1);
	make(&p[1], 12, 0.2, 20000, 2);
	CHECK_EQ(run(&diff, p, 2, 1, (struct diff_options){ 0 }, 0), 0);
	check_named(&diff, "hot");
	hot = &row_of(&diff, "hot")->of[DIFF_SELF];
	CHECK(fabs(hot->base - 0.1) < 0.01 && fabs(hot->now - 0.2) < 0.01);
	CHECK(hot->low < 0.1 && hot->high > 0.1 && hot->low > 0.08 && hot->high < 0.12);
	CHECK(fabs(hot->relative - 1) < 0.2 && hot->relative_error < 0.15);
	CHECK(hot->q < 1e-6);
	/* its caller grew with it, main is all of it in both */
	CHECK(row_of(&diff, "parse")->of[DIFF_TOTAL].verdict == DIFF_FOLLOWS);
	CHECK(row_of(&diff, "main")->of[DIFF_TOTAL].verdict == DIFF_UNTESTED);
	fini(&diff, p, 2);
}

TEST(a_caller_is_named_where_no_callee_explains_its_change)
{
	struct profile p[2];
	struct diff diff;

	/* each of twelve callees of parse costs a little more: none stands out by itself */
	for (int side = 0; side < 2; side++) {
		profile_init(&p[side]);
		profile_add_type(&p[side], STR("samples"), STR("count"));
		for (int i = 0; i < 24; i++) {
			char line[64];
			int n = 500 + i % 5 * 3 + (side && i % 2 ? 90 : 0);

			snprintf(line, sizeof(line), "main;%s;f%d %d", i % 2 ? "parse" : "emit", i,
				 n);
			test_sample(&p[side], line, 0, 0);
		}
	}
	CHECK_EQ(run(&diff, p, 2, 1, (struct diff_options){ 0 }, 0), 0);
	check_named(&diff, "parse+");
	fini(&diff, p, 2);
}

TEST(a_new_function_and_one_that_is_gone_are_named)
{
	struct profile p[2];
	struct diff diff;

	make(&p[0], 12, 0, 5000, 1);
	make(&p[1], 12, 0, 5000, 2);
	test_sample(&p[0], "main;old 200", 0, 0);
	test_sample(&p[1], "main;fresh 400", 0, 0);
	CHECK_EQ(run(&diff, p, 2, 1, (struct diff_options){ 0 }, 0), 0);
	check_named(&diff, "fresh old");
	CHECK(isinf(row_of(&diff, "fresh")->of[DIFF_SELF].relative));
	CHECK(row_of(&diff, "old")->of[DIFF_SELF].relative == -1);
	fini(&diff, p, 2);
}

TEST(runs_that_differ_widen_the_noise)
{
	static const double quiet[] = { 0.10, 0.10, 0.10, 0.14, 0.14, 0.14 };
	static const double wild[] = { 0.05, 0.10, 0.15, 0.09, 0.14, 0.19 };
	struct profile p[6];
	struct diff diff;

	for (uint32_t i = 0; i < 6; i++)
		make(&p[i], 12, quiet[i], 5000, i + 1);
	CHECK_EQ(run(&diff, p, 6, 3, (struct diff_options){ 0 }, 0), 0);
	CHECK(diff.noise.basis == DIFF_BY_RUNS);
	check_named(&diff, "hot");
	fini(&diff, p, 6);
	for (uint32_t i = 0; i < 6; i++)
		make(&p[i], 12, wild[i], 5000, i + 1);
	CHECK_EQ(run(&diff, p, 6, 3, (struct diff_options){ 0 }, 0), 0);
	check_named(&diff, "");
	CHECK(row_of(&diff, "hot")->of[DIFF_SELF].low < 0);
	fini(&diff, p, 6);
}

TEST(work_that_was_done_makes_costs_comparable)
{
	struct profile p[2];
	struct diff diff;

	/* all of it costs half as much again: shares are the same */
	make(&p[0], 12, 0.1, 10000, 1);
	make(&p[1], 12, 0.1, 15000, 2);
	CHECK_EQ(run(&diff, p, 2, 1, (struct diff_options){ .per = PER_WORK }, 100), 0);
	CHECK(diff.whole.verdict == DIFF_NAMED);
	NEAR(diff.whole.relative, 0.5);
	NEAR(diff.whole.base, 100);
	CHECK_EQ(diff.n_named, 0);
	diff_fini(&diff);
	CHECK_EQ(run(&diff, p, 2, 1, (struct diff_options){ 0 }, 0), 0);
	CHECK_EQ(diff.n_named, 0);
	fini(&diff, p, 2);
}

TEST(what_is_not_known_is_refused)
{
	struct profile p[2];
	struct diff diff;

	make(&p[0], 2, 0.1, 100, 1);
	make(&p[1], 2, 0.1, 100, 2);
	CHECK_EQ(run(&diff, p, 2, 1, (struct diff_options){ .per = PER_TIME }, 0), -EINVAL);
	CHECK_EQ(run(&diff, p, 2, 1, (struct diff_options){ .per = PER_WORK }, 0), -EINVAL);
	CHECK_EQ(run(&diff, p, 2, 2, (struct diff_options){ 0 }, 0), -EINVAL);
	profile_fini(&p[1]);
	profile_init(&p[1]);
	profile_add_type(&p[1], STR("samples"), STR("count"));
	CHECK_EQ(run(&diff, p, 2, 1, (struct diff_options){ 0 }, 0), -EINVAL);
	profile_fini(&p[0]);
	profile_fini(&p[1]);
}

TEST(the_variance_of_a_weighted_share_is_that_of_its_samples)
{
	/* 300 samples of weight 10 for f among 1,000: p = 0.3, variance p (1 - p) / 1000 */
	struct profile p[2];
	struct diff diff;
	const struct diff_number *f;

	for (int side = 0; side < 2; side++) {
		profile_init(&p[side]);
		profile_add_type(&p[side], STR("samples"), STR("count"));
		profile_add_type(&p[side], STR("cpu"), STR("nanoseconds"));
		test_sample(&p[side], "main;f 300", 0, 0);
		test_sample(&p[side], "main;g 700", 0, 0);
	}
	struct diff_input inputs[] = { { .profile = &p[0], .type = 1 }, { .profile = &p[1], .side = 1, .type = 1 } };

	CHECK_EQ(diff_init(&diff, inputs, 2, &(struct diff_options){ 0 }, NULL), 0);
	f = &row_of(&diff, "f")->of[DIFF_SELF];
	NEAR(f->base, 0.3);
	NEAR(diff.side[0].total, 10000);
	/* t of 17 degrees of freedom: 16 assumed at 2.5 times sampling, and one other function that did not move */
	NEAR(f->relative_error, stat_t_quantile(0.05, 17) * sqrt(2 * 0.7 / 0.3 / 1000 * 16 * 2.5 / 17));
	fini(&diff, p, 2);
}

TEST(stacks_are_items_too)
{
	struct profile p[2];
	struct diff diff;

	make(&p[0], 12, 0.1, 20000, 1);
	make(&p[1], 12, 0.2, 20000, 2);
	CHECK_EQ(run(&diff, p, 2, 1, (struct diff_options){ .by_stack = true }, 0), 0);
	check_named(&diff, "hot");
	fini(&diff, p, 2);
}

TEST(the_gate_sees_only_what_surely_got_worse)
{
	struct profile p[2];
	struct diff diff;
	const struct diff_row *row;

	make(&p[0], 12, 0.1, 20000, 1);
	make(&p[1], 12, 0.2, 20000, 2);
	CHECK_EQ(run(&diff, p, 2, 1, (struct diff_options){ 0 }, 0), 0);
	CHECK(diff_worst(&diff, 0.5, 0.005, &row) && row == row_of(&diff, "hot"));
	CHECK(!diff_worst(&diff, 1.5, 0.005, &row));
	CHECK(!diff_worst(&diff, 0.5, 0.5, &row));
	diff_fini(&diff);
	CHECK_EQ(run(&diff, (struct profile[]){ p[1], p[0] }, 2, 1, (struct diff_options){ 0 }, 0), 0);
	CHECK(!diff_worst(&diff, 0.01, 0, &row));
	fini(&diff, p, 2);
}

/* 20,000 samples in 8 s of what goes round and round: of a round of 2.2 blocks, three parts are load() and the rest work(), of
 * which `part` parts of a hundred are in hot(). */
static void make_rounds(struct profile *p, int part)
{
	uint64_t seed = 5;

	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	for (uint32_t i = 0; i < 20000; i++) {
		bool loads = i % 2200 < 660;
		bool hot = stat_random(&seed) % 100 < (uint64_t)part;
		const char *stack = loads ? "main;load" : hot ? "main;work;hot" : "main;work";
		int64_t one = 1;

		profile_add_at(p, test_stack(p, str_of(stack)), 0, i * (uint64_t)400000, &one);
	}
}

TEST(rounds_that_blocks_cut_anywhere_do_not_hide_a_change)
{
	struct profile p[2];
	struct diff diff;

	make_rounds(&p[0], 30);
	make_rounds(&p[1], 38);
	CHECK_EQ(run(&diff, p, 2, 1, (struct diff_options){ 0 }, 0), 0);
	CHECK(diff.noise.basis == DIFF_BY_TIMES);
	check_named(&diff, "hot");
	fini(&diff, p, 2);
}

TEST_MAIN(CASE(nothing_is_named_where_nothing_changed),
	  CASE(what_grew_is_named_and_what_it_pushed_is_not),
	  CASE(a_caller_is_named_where_no_callee_explains_its_change),
	  CASE(a_new_function_and_one_that_is_gone_are_named),
	  CASE(runs_that_differ_widen_the_noise), CASE(work_that_was_done_makes_costs_comparable),
	  CASE(what_is_not_known_is_refused),
	  CASE(the_variance_of_a_weighted_share_is_that_of_its_samples),
	  CASE(stacks_are_items_too), CASE(the_gate_sees_only_what_surely_got_worse),
	  CASE(rounds_that_blocks_cut_anywhere_do_not_hide_a_change))
