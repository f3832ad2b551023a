/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sum.h"

#include <math.h>

#include "base/test.h"

static int64_t sum_of(int64_t a, int64_t b)
{
	sum_add(&a, b);
	return a;
}

static int64_t rest_of(int64_t a, int64_t b)
{
	sum_take(&a, b);
	return a;
}

TEST(what_does_not_fit_stays_at_its_limit)
{
	CHECK(sum_of(INT64_MAX, 1) == INT64_MAX);
	CHECK(sum_of(INT64_MIN, -1) == INT64_MIN);
	CHECK(rest_of(INT64_MIN, 1) == INT64_MIN);
	CHECK(rest_of(0, INT64_MIN) == INT64_MAX);
	CHECK(sum_times(INT64_MAX, -2) == INT64_MIN);
	CHECK(sum_times(INT64_MIN, -1) == INT64_MAX);
}

TEST(what_fits_is_exact)
{
	CHECK(sum_of(INT64_MAX, -1) == INT64_MAX - 1);
	CHECK(rest_of(INT64_MIN, -1) == INT64_MIN + 1);
	CHECK(sum_times(-3, 4) == -12);
	CHECK(sum_times(INT64_MIN, 0) == 0);
}

TEST(a_number_is_rounded_to_the_nearest)
{
	CHECK(sum_round(2.5) == 3 && sum_round(-2.5) == -3 && sum_round(0.49999999999999994) == 0);
	CHECK(sum_round(0x1p63) == INT64_MAX && sum_round(-0x1p63) == INT64_MIN);
	CHECK(sum_round(INFINITY) == INT64_MAX && sum_round(-INFINITY) == INT64_MIN);
	CHECK(sum_round(NAN) == 0);
}

TEST_MAIN(CASE(what_does_not_fit_stays_at_its_limit), CASE(what_fits_is_exact),
	  CASE(a_number_is_rounded_to_the_nearest))
