/* SPDX-License-Identifier: Apache-2.0 */
/* How long a thread is kept from running: spins on the clock for some seconds and tells of the gaps.
 *
 *   cc -O2 -o stop_time bench/stop_time.c
 *   ./stop_time SECONDS [AT_LEAST_US]
 *
 * A profiler's stops are among the gaps, and so is every other interruption: compare with a run alone, and
 * on a machine that does nothing else. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define GAPS_MAX (1u << 20)

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_size(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
	uint64_t *gaps = malloc(GAPS_MAX * sizeof(*gaps)), least, last, end, sum = 0;
	uint32_t n = 0;

	if (argc < 2 || !gaps)
		return 2;
	least = (uint64_t)(1000 * (argc > 2 ? atof(argv[2]) : 3));
	last = now_ns(CLOCK_MONOTONIC);
	end = last + (uint64_t)(atof(argv[1]) * 1e9);
	while (last < end) {
		uint64_t now = now_ns(CLOCK_MONOTONIC);

		if (now - last >= least && n < GAPS_MAX)
			gaps[n++] = now - last;
		last = now;
	}
	qsort(gaps, n, sizeof(*gaps), by_size);
	for (uint32_t i = 0; i < n; i++)
		sum += gaps[i];
	printf("%u gaps, median %.1f us, 90%% %.1f us, 99%% %.1f us, longest %.1f us, in all %.2f %%\n", n,
	       n ? (double)gaps[n / 2] / 1e3 : 0, n ? (double)gaps[n * 9ull / 10] / 1e3 : 0,
	       n ? (double)gaps[n * 99ull / 100] / 1e3 : 0, n ? (double)gaps[n - 1] / 1e3 : 0,
	       (double)sum / atof(argv[1]) / 1e7);
	return 0;
}
