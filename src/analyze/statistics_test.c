/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/statistics.h"

#include <math.h>

#include "base/test.h"

#define NEAR(got, wanted) \
	CHECK(fabs((got) - (double)(wanted)) <= 1e-9 * fabs((double)(wanted)))

/* python3 -c 'from scipy import stats; print(stats.t.sf(2.5, 4) * 2, ...)' */
TEST(tails_are_those_of_scipy)
{
	NEAR(stat_t_beyond(2.5, 4), 0.06676654481198814);
	NEAR(stat_t_beyond(-4.6, 3), 0.019312445163647027);
	NEAR(stat_normal_beyond(5), 5.733031437583866e-07);
	NEAR(stat_t_beyond(3, 1e6), 0.0026998625414218);
	NEAR(stat_t_beyond(5, INFINITY), 5.733031437583866e-07);
	CHECK(stat_t_beyond(0, 7) == 1);
}

/* stats.t.isf(p / 2, df) */
TEST(quantiles_are_those_of_scipy)
{
	NEAR(stat_t_quantile(0.05, 4), 2.7764451051977943);
	NEAR(stat_t_quantile(0.01, 30), 2.749995653567226);
	NEAR(stat_t_quantile(0.05, INFINITY), 1.9599639845400545);
	NEAR(stat_t_quantile(1e-6, 7), 15.767009437482583);
}

/* special.betainc(a, b, x) */
TEST(the_beta_function_is_that_of_scipy)
{
	NEAR(stat_beta(2, 3, 0.4), 0.5248);
	NEAR(stat_beta(0.5, 200, 0.001), 0.4727558929747644);
	NEAR(stat_beta(300, 5, 0.99), 0.8093225246502763);
	CHECK(stat_beta(2, 3, 0) == 0 && stat_beta(2, 3, 1) == 1);
}

/* 2 * stats.binom.sf(14, 15, 0.5), 2 * stats.binom.sf(4, 5, 1 / 11), 2 * stats.binom.cdf(3, 40, 0.3) */
TEST(few_counts_are_split_as_a_binomial_says)
{
	NEAR(stat_split_beyond(15, 15, 0.5), 6.103515625e-05);
	NEAR(stat_split_beyond(5, 5, 1.0 / 11), 1.2418426461183105e-05);
	NEAR(stat_split_beyond(3, 40, 0.3), 0.001195856893365186);
	CHECK(stat_split_beyond(10, 20, 0.5) == 1);
	CHECK(stat_split_beyond(2.5, 7.3, 0.4) <= 1);
}

/* stats.false_discovery_control([.01, .04, .03, .005, .5]) */
TEST(corrected_numbers_are_those_of_scipy_and_nan_takes_no_part)
{
	double p[] = { 0.01, NAN, 0.04, 0.03, 0.005, 0.5 };
	uint32_t order[6];

	stat_correct(p, order, 6);
	NEAR(p[0], 0.025);
	CHECK(isnan(p[1]));
	NEAR(p[2], 0.05);
	NEAR(p[3], 0.05);
	NEAR(p[4], 0.025);
	NEAR(p[5], 0.5);
}

/* stats.binomtest(7, 50).proportion_ci(method='wilson'); Newcombe's own example: 56/70 and 48/80 */
TEST(intervals_are_those_of_the_books)
{
	struct interval one = stat_wilson(7.0 / 50, 50, 1.9599639845400545);
	struct interval two = stat_difference(0.6, 80, 0.8, 70, 1.9599639845400545);

	NEAR(one.low, 0.06950833427016292);
	NEAR(one.high, 0.26186193710585537);
	NEAR(two.low, 0.05243147240236498);
	NEAR(two.high, 0.333872654036906);
	one = stat_wilson(0, 0, 2);
	CHECK(one.low == 0 && one.high == 1);
}

/* special.digamma(x), special.polygamma(1, x) */
TEST(digamma_and_trigamma_are_those_of_scipy)
{
	NEAR(stat_digamma(0.5), -1.9635100260214235);
	NEAR(stat_digamma(7.3), 1.917820335637986);
	NEAR(stat_trigamma(0.5), M_PI * M_PI / 2);
	CHECK(fabs(stat_trigamma(7.3) - 0.14679577) < 1e-8);
}

TEST(ratios_that_are_alike_are_worth_many_runs_and_others_few)
{
	double alike[] = { 2, 2.01, 1.99, 2, 2.02, 1.98 }, wild[] = { 0.1, 9, 1, 30, 0.5, 4 };
	struct stat_prior one = stat_prior_of(alike, 6, 4), two = stat_prior_of(wild, 6, 40);

	CHECK(isinf(one.df));
	CHECK(one.ratio > 1.9 && one.ratio < 2.9);
	CHECK(two.df > 0 && two.df < 5);
	CHECK(stat_squeeze(two, 9, 40) > 7);
	CHECK(stat_squeeze(one, 9, 4) == one.ratio);
	CHECK(stat_prior_of(alike, 2, 4).df == 0);
}

/* Closed forms: (1 + 2x / d)^(-d / 2) for 2 and d degrees, 1 - (dx / (dx + 2))^(d / 2) for d and 2. */
TEST(ratios_of_variances_are_those_of_the_books)
{
	NEAR(stat_f_beyond(3, 2, 10), 0.095367431640625);
	NEAR(stat_f_beyond(6, 4, 2), 0.14792899408284022);
	CHECK(fabs(stat_f_beyond(1.5, 2, INFINITY) - exp(-1.5)) < 1e-4);
	CHECK(stat_f_beyond(0, 4, 4) == 1);
}

/* Mean squares of 8 normal numbers each; a fifth of them 50 times as large. */
TEST(a_fifth_that_is_wild_says_nothing_of_most)
{
	double ratios[100], same[100];
	uint64_t seed = 7;
	struct stat_prior all, most;

	for (int i = 0; i < 100; i++) {
		double sum = 0;

		for (int k = 0; k < 4; k++)
			sum += -2 * log(((double)(stat_random(&seed) >> 11) + 1) / 0x1p53);
		same[i] = ratios[i] = sum / 8 * (i % 5 ? 1 : 50);
	}
	all = stat_prior_of(ratios, 100, 8);
	most = stat_prior_of_most(same, 100, 8);
	CHECK(all.df < 2);
	CHECK(most.df > 4 && most.ratio > 0.8 && most.ratio < 1.6);
	CHECK(stat_prior_of_most(same, 2, 8).df == 0);
}

TEST(random_numbers_come_from_their_seed)
{
	uint64_t a = 1, b = 1;

	CHECK_EQ(stat_random(&a), 0x910a2dec89025cc1u);
	CHECK_EQ(stat_random(&a), 0xbeeb8da1658eec67u);
	stat_random(&b);
	CHECK_EQ(stat_random(&b), 0xbeeb8da1658eec67u);
}

TEST_MAIN(CASE(tails_are_those_of_scipy), CASE(quantiles_are_those_of_scipy),
	  CASE(the_beta_function_is_that_of_scipy), CASE(few_counts_are_split_as_a_binomial_says),
	  CASE(corrected_numbers_are_those_of_scipy_and_nan_takes_no_part),
	  CASE(intervals_are_those_of_the_books), CASE(digamma_and_trigamma_are_those_of_scipy),
	  CASE(ratios_that_are_alike_are_worth_many_runs_and_others_few),
	  CASE(ratios_of_variances_are_those_of_the_books), CASE(a_fifth_that_is_wild_says_nothing_of_most),
	  CASE(random_numbers_come_from_their_seed))
