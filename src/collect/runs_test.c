/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/runs.h"

#include <errno.h>

#include "base/clock.h"
#include "base/test.h"

#define LONG_AGO (clock_mono_ns() - 2 * (uint64_t)RUN_REST_NS)

static uint32_t take(struct runs *runs, uint32_t n, uint32_t wanted_class)
{
	uint32_t first, size_class;

	CHECK_EQ(runs_take(runs, n, &first, &size_class), 0);
	CHECK_EQ(size_class, wanted_class);
	return first;
}

static void check_refused(struct runs *runs, uint32_t n, int wanted)
{
	uint32_t first = 77, size_class = 77;

	CHECK_EQ(runs_take(runs, n, &first, &size_class), wanted);
	CHECK_EQ(first, 77);
	CHECK_EQ(size_class, 77);
}

TEST(sizes_are_powers_of_two_and_do_not_overlap)
{
	struct runs runs;

	runs_init(&runs, 32);
	CHECK_EQ(take(&runs, 1, 0), 0);
	CHECK_EQ(take(&runs, 3, 2), 1);
	CHECK_EQ(take(&runs, 4, 2), 5);
	CHECK_EQ(take(&runs, 5, 3), 9);
	CHECK_EQ(take(&runs, 0, 0), 17);
	check_refused(&runs, 16, -ENOSPC);
	CHECK_EQ(take(&runs, 8, 3), 18);
	runs_fini(&runs);
}

TEST(a_run_rests_before_it_is_taken_again)
{
	struct runs runs;

	runs_init(&runs, 8);
	CHECK_EQ(take(&runs, 4, 2), 0);
	runs_give(&runs, 0, 2, clock_mono_ns());
	CHECK_EQ(take(&runs, 4, 2), 4);
	check_refused(&runs, 4, -ENOSPC);
	runs_give(&runs, 4, 2, LONG_AGO);	/* behind the one that still rests */
	check_refused(&runs, 4, -ENOSPC);
	runs_fini(&runs);
}

TEST(the_run_that_rested_longest_comes_first)
{
	struct runs runs;

	runs_init(&runs, 64);
	for (uint32_t i = 0; i < 8; i++)
		CHECK_EQ(take(&runs, 2, 1), i * 2);
	for (uint32_t i = 0; i < 8; i++)
		runs_give(&runs, i * 2, 1, LONG_AGO);
	for (uint32_t i = 0; i < 8; i++) {
		CHECK_EQ(take(&runs, 2, 1), i * 2);
		runs_give(&runs, i * 2, 1, clock_mono_ns());
	}
	CHECK_EQ(take(&runs, 2, 1), 16);	/* all of those rest again */
	runs_fini(&runs);
}

TEST(when_nothing_fits_exactly_a_longer_run_serves)
{
	struct runs runs;

	runs_init(&runs, 16);
	CHECK_EQ(take(&runs, 16, 4), 0);
	check_refused(&runs, 2, -ENOSPC);
	runs_give(&runs, 0, 4, LONG_AGO);
	CHECK_EQ(take(&runs, 2, 4), 0);
	check_refused(&runs, 2, -ENOSPC);
	runs_fini(&runs);
}

TEST(more_than_the_longest_run_is_refused)
{
	struct runs runs;

	runs_init(&runs, UINT32_MAX);
	check_refused(&runs, (1u << (RUN_CLASSES - 1)) + 1, -E2BIG);
	check_refused(&runs, UINT32_MAX, -E2BIG);
	CHECK_EQ(take(&runs, 1u << (RUN_CLASSES - 1), RUN_CLASSES - 1), 0);
	runs_fini(&runs);
}

TEST_MAIN(CASE(sizes_are_powers_of_two_and_do_not_overlap),
	  CASE(a_run_rests_before_it_is_taken_again),
	  CASE(the_run_that_rested_longest_comes_first),
	  CASE(when_nothing_fits_exactly_a_longer_run_serves),
	  CASE(more_than_the_longest_run_is_refused))
