/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr_bins.h"

#include <stdlib.h>

#include "base/test.h"

static void add(struct jfr_bins *bins, uint32_t to, uint64_t time_ns, int64_t value)
{
	int64_t *values = jfr_bins_add(bins, to, time_ns);

	CHECK(values);
	values[1] += value;
}

TEST(samples_of_one_step_are_one_row)
{
	struct jfr_bins bins;

	CHECK_EQ(jfr_bins_init(&bins, 2, 10, 10, 1000, 1000), 0);
	CHECK_EQ(bins.step_ns, 100);
	add(&bins, 1, 120, 5);
	add(&bins, 1, 199, 6);
	add(&bins, 2, 150, 7);
	add(&bins, 1, 200, 8);
	CHECK_EQ(bins.n, 3);
	CHECK_EQ(bins.values[1], 11);
	CHECK_EQ(bins.time_ns[0], 100);
	CHECK_EQ(bins.values[3], 7);
	CHECK_EQ(bins.values[5], 8);
	CHECK_EQ(bins.time_ns[2], 200);
	jfr_bins_lengthen(&bins, 1000);
	CHECK_EQ(bins.n, 2);
	CHECK_EQ(bins.values[1], 19);
	CHECK_EQ(bins.values[3], 7);
	CHECK_EQ(bins.time_ns[1], 0);
	jfr_bins_fini(&bins);
}

/* Times and rows in no order; what each row should be is summed beside it. */
TEST(steps_are_made_longer_until_rows_are_few_enough_and_nothing_is_lost)
{
	enum { SAMPLES = 20000, ROWS = 300, SECONDS = 100 };
	struct jfr_bins bins;
	uint64_t random = 1;
	int64_t sum = 0;
	uint32_t *to = calloc(SAMPLES, sizeof(*to));
	uint64_t *time_ns = calloc(SAMPLES, sizeof(*time_ns));

	CHECK_EQ(jfr_bins_init(&bins, 2, SAMPLES, SAMPLES, SECONDS * 1000000000ull, ROWS), 0);
	for (uint32_t i = 0; i < SAMPLES; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		to[i] = random >> 33 & 3;
		time_ns[i] = (random >> 20) % (SECONDS * 1000000000ull);
		add(&bins, to[i], time_ns[i], i);
	}
	CHECK(bins.n > ROWS / 2 && bins.n <= ROWS);
	jfr_bins_lengthen(&bins, bins.step_ns * 10);	/* rows of one step, which came out of order, are one now */
	CHECK(bins.n > ROWS / 20);
	for (uint32_t row = 0; row < bins.n; row++) {
		int64_t expected = 0;

		for (uint32_t i = 0; i < SAMPLES; i++)
			if (to[i] == bins.to[row] && time_ns[i] / bins.step_ns * bins.step_ns == bins.time_ns[row])
				expected += i;
		CHECK_EQ(bins.values[2 * row + 1], expected);
		sum += expected;
	}
	CHECK_EQ(sum, (int64_t)SAMPLES * (SAMPLES - 1) / 2);
	free(to);
	free(time_ns);
	jfr_bins_fini(&bins);
}

TEST(what_no_step_makes_one_row_stays_apart)
{
	struct jfr_bins bins;

	CHECK_EQ(jfr_bins_init(&bins, 2, 1000, 1000, 1000000, 10), 0);
	for (uint32_t i = 0; i < 1000; i++)
		add(&bins, i, i * 1000, 1);
	CHECK_EQ(bins.n, 1000);
	CHECK(bins.step_ns > 100000);
	jfr_bins_fini(&bins);
}

TEST(times_that_no_clock_has_are_taken)
{
	struct jfr_bins bins;

	CHECK_EQ(jfr_bins_init(&bins, 2, 3, 3, UINT64_MAX, 1), 0);
	add(&bins, 1, UINT64_MAX, 1);
	add(&bins, 1, 0, 1);
	add(&bins, 2, UINT64_MAX / 2, 1);
	CHECK_EQ(bins.values[1] + bins.values[3] + (bins.n > 2 ? bins.values[5] : 0), 3);
	jfr_bins_fini(&bins);
}

TEST_MAIN(CASE(samples_of_one_step_are_one_row),
	  CASE(steps_are_made_longer_until_rows_are_few_enough_and_nothing_is_lost),
	  CASE(what_no_step_makes_one_row_stays_apart), CASE(times_that_no_clock_has_are_taken))
