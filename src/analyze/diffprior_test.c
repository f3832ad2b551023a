/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/diffprior.h"

#include <math.h>

#include "analyze/diff.h"
#include "analyze/profile_test.h"
#include "base/buf.h"

#define RUNS_MOST 4

/* `all` samples: `share` parts of a thousand are in `stack`, the others in nine functions. */
static void make_of(struct profile *p, const char *stack, int share, int all)
{
	char line[96];

	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	snprintf(line, sizeof(line), "%s %d", stack, share * (all / 1000));
	test_sample(p, line, 0, 0);
	for (int i = 0; i < 9; i++) {
		snprintf(line, sizeof(line), "main;f%d %d", i, (1000 - share) * (all / 1000) / 9);
		test_sample(p, line, 0, 0);
	}
}

static void make(struct profile *p, const char *stack, int share)
{
	make_of(p, stack, share, 100000);
}

/* What is said of the innermost function of `stack`, which has `base` and `now` parts of a thousand. */
static enum diff_verdict verdict(const char *stack, int base, int now, uint32_t runs, struct diff_options options,
				 struct diffprior *ret_prior)
{
	struct profile p[RUNS_MOST];
	struct diff_input inputs[RUNS_MOST] = { 0 };
	struct diff diff;
	enum diff_verdict found = DIFF_UNTESTED;
	struct str name = str_of(stack);

	name = str_skip(name, (size_t)(str_rfind(name, ';') + 1));
	if (str_ends(name, STR("@k")) || str_ends(name, STR("@i")) || str_ends(name, STR("@c")))
		name.n -= 2;
	for (uint32_t i = 0; i < 2 * runs; i++) {
		make_of(&p[i], stack, i < runs ? base : now, i < runs || !(options.cpu_seconds > 0) ? 100000 : 120000);
		p[i].duration_ns = i < runs ? 1000000000 : 3000000000;
		inputs[i] = (struct diff_input){ .profile = &p[i], .side = i >= runs, .work = 1 };
	}
	CHECK_EQ(diff_init(&diff, inputs, 2 * runs, &options, NULL), 0);
	for (uint32_t i = 0; i < diff.n; i++)
		if (str_eq(diff_place(&diff, &diff.rows[i])->name, name))
			found = diff.rows[i].of[DIFF_SELF].verdict;
	if (ret_prior)
		*ret_prior = diff.prior;
	diff_fini(&diff);
	for (uint32_t i = 0; i < 2 * runs; i++)
		profile_fini(&p[i]);
	return found;
}

static const struct diff_options by_share;

TEST(one_run_a_side_names_what_is_larger_than_runs_differ_by)
{
	CHECK_EQ(verdict("main;hot", 100, 140, 1, by_share, NULL), DIFF_NAMED);
	CHECK_EQ(verdict("main;hot", 100, 120, 1, by_share, NULL), DIFF_WITHIN);
	CHECK_EQ(verdict("main;hot", 120, 100, 1, by_share, NULL), DIFF_WITHIN);
	CHECK_EQ(verdict("main;hot", 100, 101, 1, by_share, NULL), DIFF_NOISE);
}

TEST(several_runs_a_side_tell_that_themselves)
{
	struct diffprior prior;

	CHECK_EQ(verdict("main;hot", 100, 120, 2, by_share, &prior), DIFF_NAMED);
	CHECK(prior.least[DIFF_CODE_OWN] == 0);
}

TEST(a_size_is_told_as_if_all_else_cost_the_same)
{
	/* 400 and 420 of a thousand: (0.42 - 0.40) / (1 - 0.42) = 3.4 % */
	CHECK_EQ(verdict("main;hot", 400, 420, 1, by_share, NULL), DIFF_NAMED);
	CHECK_EQ(verdict("main;hot", 400, 416, 1, by_share, NULL), DIFF_WITHIN);
	/* of a whole that is nearly all of it, the rest changed: 2.6 % */
	CHECK_EQ(verdict("main;hot", 900, 925, 1, by_share, NULL), DIFF_WITHIN);
}

TEST(the_kernel_go_runtimes_and_java_differ_by_more)
{
	struct diffprior prior;

	CHECK_EQ(verdict("main;hot@k", 100, 200, 1, by_share, NULL), DIFF_NAMED);
	CHECK_EQ(verdict("main;hot@k", 100, 190, 1, by_share, NULL), DIFF_WITHIN);
	CHECK_EQ(verdict("main;runtime.mallocgc", 100, 190, 1, by_share, &prior), DIFF_WITHIN);
	CHECK(prior.has[DIFF_CODE_GO] && prior.language == DIFF_NATIVE);
	CHECK_EQ(verdict("main;runtime.py::f", 100, 190, 1, by_share, &prior), DIFF_NAMED);
	CHECK(!prior.has[DIFF_CODE_GO]);
	CHECK_EQ(verdict("main;f@i", 100, 132, 1, by_share, &prior), DIFF_WITHIN);
	CHECK_EQ(prior.language, DIFF_INTERPRETED);
	CHECK_EQ(verdict("main;A.f@c", 100, 290, 1, by_share, &prior), DIFF_WITHIN);
	CHECK_EQ(prior.language, DIFF_JVM);
	CHECK_EQ(verdict("main;java.lang.Thread.run;A.f", 100, 290, 1, by_share, &prior), DIFF_NAMED);
	CHECK_EQ(verdict("main;java.lang.String.length", 100, 290, 1, by_share, &prior), DIFF_WITHIN);
}

TEST(what_little_ran_in_another_language_does_not_count)
{
	struct diffprior prior;

	CHECK_EQ(verdict("main;A.f@c", 10, 40, 1, by_share, &prior), DIFF_NAMED);
	CHECK_EQ(prior.language, DIFF_NATIVE);
}

TEST(of_a_change_with_all_that_is_called_the_kernels_part_is_the_kernels)
{
	struct profile p[2];
	struct diff_input inputs[2] = { { .profile = &p[0] }, { .profile = &p[1], .side = 1 } };
	struct diff diff;

	/* read() costs 8 % more, all of it in the kernel, spread over eight functions there */
	for (int side = 0; side < 2; side++) {
		char line[64];

		make(&p[side], "main;hot", 100);
		for (int i = 0; i < 8; i++) {
			snprintf(line, sizeof(line), "main;read;k%d@k %d", i, 2000 + side * 1100);
			test_sample(&p[side], line, 0, 0);
		}
	}
	CHECK_EQ(diff_init(&diff, inputs, 2, &by_share, NULL), 0);
	CHECK_EQ(diff.n_named, 0);
	for (uint32_t i = 0; i < diff.n; i++)
		if (str_eq(diff_place(&diff, &diff.rows[i])->name, STR("read")))
			CHECK_EQ(diff.rows[i].of[DIFF_TOTAL].verdict, DIFF_WITHIN);
	diff_fini(&diff);
	profile_fini(&p[0]);
	profile_fini(&p[1]);
}

TEST(another_load_widens_it_costs_are_as_shares_and_memory_does_not_have_it)
{
	struct diff_options timed = { .cpu_seconds = 1e-5 }, work = { .per = PER_WORK }, memory = { .of_memory = true };
	struct diffprior prior;

	/* 1 and 0.4 of a processor, and a fifth more of it used in all */
	CHECK_EQ(verdict("main;hot", 100, 134, 1, timed, &prior), DIFF_WITHIN);
	CHECK(prior.loads_differ);
	CHECK_EQ(verdict("main;hot", 100, 160, 1, timed, NULL), DIFF_NAMED);
	CHECK_EQ(verdict("main;hot", 100, 120, 1, work, &prior), DIFF_WITHIN);
	CHECK_EQ(verdict("main;hot", 100, 140, 1, work, NULL), DIFF_NAMED);
	CHECK(fabs(prior.whole - 0.25) < 1e-9);
	CHECK_EQ(verdict("main;hot", 100, 115, 1, memory, &prior), DIFF_NAMED);
	CHECK(prior.whole == 0);
}

TEST_MAIN(CASE(one_run_a_side_names_what_is_larger_than_runs_differ_by),
	  CASE(several_runs_a_side_tell_that_themselves),
	  CASE(a_size_is_told_as_if_all_else_cost_the_same),
	  CASE(the_kernel_go_runtimes_and_java_differ_by_more),
	  CASE(what_little_ran_in_another_language_does_not_count),
	  CASE(of_a_change_with_all_that_is_called_the_kernels_part_is_the_kernels),
	  CASE(another_load_widens_it_costs_are_as_shares_and_memory_does_not_have_it))
