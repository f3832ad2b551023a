/* SPDX-License-Identifier: Apache-2.0 */
#include "render/html_times.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/profile.h"

#define TICK_MOST_NS 1000000u	/* samples 1 ms apart are told apart, unless there are too many */
#define TICKS_BETWEEN 64	/* ticks between two samples of the busiest group, on average */
#define HALF 65536u

int html_sort_by(const uint32_t *ids, uint32_t *sorted, uint32_t n, const uint32_t *key,
		 uint32_t n_keys)
{
	uint32_t *at = calloc((size_t)n_keys + 1, sizeof(*at));

	if (!at)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		at[key[ids[i]] + 1]++;
	for (uint32_t i = 0; i < n_keys; i++)
		at[i + 1] += at[i];
	for (uint32_t i = 0; i < n; i++)
		sorted[at[key[ids[i]]]++] = ids[i];
	free(at);
	return 0;
}

static uint32_t largest_group(const struct html_samples *samples)
{
	uint32_t most = 0, run = 0;

	for (uint32_t i = 0; i < samples->n; i++) {
		bool same = i && samples->group[samples->ids[i]] == samples->group[samples->ids[i - 1]];

		run = same ? run + 1 : 1;
		most = run > most ? run : most;
	}
	return most;
}

static uint64_t first_tick(const struct profile *profile, const struct html_samples *samples, uint64_t first_ns,
			   uint64_t last_ns)
{
	uint64_t between = (last_ns - first_ns) / largest_group(samples) / TICKS_BETWEEN;
	uint64_t tick = 1;

	while (tick < TICK_MOST_NS && tick * 10 <= between)
		tick *= 10;
	while (last_ns / tick > UINT32_MAX)
		tick *= 10;
	/* between steps there is nothing */
	return profile->time_step_ns > tick && profile->time_step_ns % tick == 0 ? profile->time_step_ns : tick;
}

/* ids by (group, tick, node), by three stable passes over what is sorted by (group, node). digit is
 * scratch, for each sample. */
static int sort_by_tick(struct html_times *times, const struct html_samples *samples, uint32_t *digit)
{
	uint32_t n = samples->n;
	int rc;

	for (uint32_t i = 0; i < n; i++)
		digit[samples->ids[i]] = times->tick[samples->ids[i]] % HALF;
	rc = html_sort_by(samples->ids, samples->spare, n, digit, HALF);
	for (uint32_t i = 0; i < n; i++)
		digit[samples->ids[i]] = times->tick[samples->ids[i]] / HALF;
	if (rc == 0)
		rc = html_sort_by(samples->spare, times->ids, n, digit, HALF);
	if (rc == 0)
		rc = html_sort_by(times->ids, samples->spare, n, samples->group, samples->n_groups);
	if (rc == 0)
		memcpy(times->ids, samples->spare, (size_t)n * sizeof(*times->ids));
	return rc;
}

static uint32_t count_rows(const struct html_times *times, const struct html_samples *samples)
{
	uint32_t rows = samples->n ? 1 : 0;

	for (uint32_t i = 1; i < samples->n; i++)
		rows += samples->group[times->ids[i]] != samples->group[times->ids[i - 1]] ||
			html_times_new_row(times, samples, i);
	return rows;
}

static int order(struct html_times *times, const struct profile *profile,
		 const struct html_samples *samples, uint32_t *digit, uint32_t rows_max)
{
	uint64_t first_ns = UINT64_MAX, last_ns = 0;
	const uint64_t *time_ns = profile->time_ns;
	int rc;

	for (uint32_t i = 0; i < samples->n; i++) {
		uint64_t time = time_ns[samples->ids[i]];

		first_ns = time < first_ns ? time : first_ns;
		last_ns = time > last_ns ? time : last_ns;
	}
	for (uint64_t tick = first_tick(profile, samples, first_ns, last_ns);; tick *= 10) {
		times->tick_ns = tick;
		for (uint32_t i = 0; i < samples->n; i++)
			times->tick[samples->ids[i]] = (uint32_t)(time_ns[samples->ids[i]] / tick);
		rc = sort_by_tick(times, samples, digit);
		if (rc < 0 || count_rows(times, samples) <= rows_max || tick > last_ns ||
		    tick > UINT64_MAX / 10)
			return rc;
	}
}

int html_times_init(struct html_times *times, const struct profile *profile,
		    const struct html_samples *samples, uint32_t rows_max)
{
	uint32_t *digit;
	int rc = -ENOMEM;

	*times = (struct html_times){ 0 };
	if (!profile->time_ns || !samples->n)
		return 0;
	digit = calloc(profile->n, sizeof(*digit));
	times->ids = calloc(samples->n, sizeof(*times->ids));
	times->tick = calloc(profile->n, sizeof(*times->tick));
	if (digit && times->ids && times->tick)
		rc = order(times, profile, samples, digit, rows_max);
	free(digit);
	if (rc < 0)
		html_times_fini(times);
	return rc;
}

void html_times_fini(struct html_times *times)
{
	free(times->ids);
	free(times->tick);
	*times = (struct html_times){ 0 };
}
