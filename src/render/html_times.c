/* SPDX-License-Identifier: Apache-2.0 */
#include "render/html_times.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/profile.h"

#define TICK_MOST_NS 1000000u	/* samples 1 ms apart are told apart, unless there are too many */
#define TICKS_BETWEEN 64	/* ticks between two samples of the busiest group, on average */
#define DIGIT_BITS 11		/* of a pass over ticks */
#define DIGITS (1u << DIGIT_BITS)
#define FEW 32u			/* are sorted in place */

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

/* What html_times_init() works on. An item is what is sorted by, << 32, and whose it is. */
struct sorting {
	const struct html_samples *samples;
	struct html_times *times;
	uint64_t *items, *spare;
	uint32_t *starts;	/* where each group's samples begin, in both orders; one more ends the last */
};

static void sort_few(uint64_t *items, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		uint64_t item = items[i];
		uint32_t k = i;

		for (; k && items[k - 1] >> 32 > item >> 32; k--)
			items[k] = items[k - 1];
		items[k] = item;
	}
}

/* Stable. `spare` has room for as many. */
static void sort_items(uint64_t *items, uint64_t *spare, uint32_t n)
{
	uint64_t *from = items, *to = spare, *turn;
	uint32_t i = 1;

	while (i < n && items[i - 1] >> 32 <= items[i] >> 32)
		i++;
	if (i >= n)
		return;
	if (n <= FEW) {
		sort_few(items, n);
		return;
	}
	for (unsigned shift = 32; shift < 64; shift += DIGIT_BITS) {
		uint32_t at[DIGITS + 1] = { 0 };

		for (i = 0; i < n; i++)
			at[(from[i] >> shift & (DIGITS - 1)) + 1]++;
		if (at[(from[0] >> shift & (DIGITS - 1)) + 1] == n)
			continue;
		for (i = 0; i < DIGITS; i++)
			at[i + 1] += at[i];
		for (i = 0; i < n; i++)
			to[at[from[i] >> shift & (DIGITS - 1)]++] = from[i];
		turn = from;
		from = to;
		to = turn;
	}
	if (from != items)
		memcpy(items, from, (size_t)n * sizeof(*items));
}

/* From samples by (group, node), whose times are in `items`, to (group, tick, node): sorting is stable. */
static void sort_by_tick(struct sorting *s)
{
	const struct html_samples *samples = s->samples;
	struct html_times *times = s->times;

	for (uint32_t i = 0; i < samples->n; i++)
		s->items[i] = s->items[i] / times->tick_ns << 32 | i;
	for (uint32_t g = 0; g < samples->n_groups; g++)
		sort_items(s->items + s->starts[g], s->spare, s->starts[g + 1] - s->starts[g]);
	for (uint32_t i = 0; i < samples->n; i++) {
		times->ids[i] = samples->ids[(uint32_t)s->items[i]];
		times->tick[i] = (uint32_t)(s->items[i] >> 32);
		times->node[i] = samples->node[times->ids[i]];
	}
}

/* Samples of one tick, [from, to), by node. */
static void sort_by_node(struct sorting *s, uint32_t from, uint32_t to)
{
	struct html_times *times = s->times;
	uint32_t i = from + 1;

	while (i < to && times->node[i - 1] <= times->node[i])
		i++;
	if (i >= to)
		return;
	for (i = from; i < to; i++)
		s->items[i - from] = (uint64_t)times->node[i] << 32 | times->ids[i];
	sort_items(s->items, s->spare, to - from);
	for (i = from; i < to; i++) {
		times->ids[i] = (uint32_t)s->items[i - from];
		times->node[i] = (uint32_t)(s->items[i - from] >> 32);
	}
}

/* Ticks ten times as long: those of each group stay in order, and within one nodes must be put in order. */
static void coarsen(struct sorting *s)
{
	struct html_times *times = s->times;

	times->tick_ns *= 10;
	for (uint32_t i = 0; i < s->samples->n; i++)
		times->tick[i] /= 10;
	for (uint32_t g = 0; g < s->samples->n_groups; g++) {
		for (uint32_t from = s->starts[g], to; from < s->starts[g + 1]; from = to) {
			for (to = from + 1; to < s->starts[g + 1] && times->tick[to] == times->tick[from];)
				to++;
			sort_by_node(s, from, to);
		}
	}
}

static uint32_t count_rows(const struct sorting *s)
{
	uint32_t rows = 0;

	for (uint32_t g = 0; g < s->samples->n_groups; g++)
		for (uint32_t i = s->starts[g]; i < s->starts[g + 1]; i++)
			rows += i == s->starts[g] || html_times_new_row(s->times, i);
	return rows;
}

static void order(struct sorting *s, const struct profile *profile, uint32_t rows_max)
{
	const struct html_samples *samples = s->samples;
	uint64_t first_ns = UINT64_MAX, last_ns = 0;

	for (uint32_t i = 0; i < samples->n; i++) {
		uint64_t time = profile->time_ns[samples->ids[i]];

		s->items[i] = time;
		s->starts[samples->group[samples->ids[i]] + 1]++;
		first_ns = time < first_ns ? time : first_ns;
		last_ns = time > last_ns ? time : last_ns;
	}
	for (uint32_t g = 0; g < samples->n_groups; g++)
		s->starts[g + 1] += s->starts[g];
	s->times->tick_ns = first_tick(profile, samples, first_ns, last_ns);
	sort_by_tick(s);
	while (count_rows(s) > rows_max && s->times->tick_ns <= last_ns && s->times->tick_ns <= UINT64_MAX / 10)
		coarsen(s);
}

int html_times_init(struct html_times *times, const struct profile *profile,
		    const struct html_samples *samples, uint32_t rows_max)
{
	struct sorting s = { .samples = samples, .times = times };
	size_t n = samples->n;
	int rc = 0;

	*times = (struct html_times){ 0 };
	if (!profile->time_ns || !n)
		return 0;
	times->ids = malloc(n * sizeof(*times->ids));
	times->tick = malloc(n * sizeof(*times->tick));
	times->node = malloc(n * sizeof(*times->node));
	s.items = malloc(n * sizeof(*s.items));
	s.spare = malloc(n * sizeof(*s.spare));
	s.starts = calloc((size_t)samples->n_groups + 1, sizeof(*s.starts));
	if (times->ids && times->tick && times->node && s.items && s.spare && s.starts)
		order(&s, profile, rows_max);
	else
		rc = -ENOMEM;
	free(s.items);
	free(s.spare);
	free(s.starts);
	if (rc < 0)
		html_times_fini(times);
	return rc;
}

void html_times_fini(struct html_times *times)
{
	free(times->ids);
	free(times->tick);
	free(times->node);
	*times = (struct html_times){ 0 };
}
