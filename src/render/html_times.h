/* SPDX-License-Identifier: Apache-2.0 */
/* render/html_times.h
 *
 * When samples were taken, as the page wants it: in time order within each group (a thread), at
 * no finer a tick than a reader could tell apart.
 *
 *   ids     2  0  5 | 1  3  4       kept samples by (group, tick, node)
 *   tick    3  7  7 | 2  2  9       of ids[i]: time_ns / tick_ns, rounded down
 *   node    4  1  1 | 1  5  1       of ids[i]
 *   row     a  b  b | c  d  e       equal (group, tick, node) are one row
 *
 * The tick is a power of ten of nanoseconds, fine enough to keep the order of a busy thread's samples
 * (1/64 of the time between them), or the profile's own step, and made coarser until there are at most
 * HTML_TIMES_ROWS rows.
 *
 * Memory: malloc's, freed by html_times_fini(). 12 bytes a sample, and 16 more while they are sorted.
 */
#ifndef SONDE_RENDER_HTML_TIMES_H
#define SONDE_RENDER_HTML_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#define HTML_TIMES_ROWS 2000000u

struct profile;

/* The samples a page shows, ids[0 .. n), sorted by group, then node. Columns are indexed by sample. */
struct html_samples {
	uint32_t *ids, *spare;		/* spare: room for as many */
	uint32_t *node, *group;
	uint32_t n, n_groups;
};

struct html_times {
	uint64_t tick_ns;		/* 0: the profile does not say when (the rest is empty) */
	uint32_t *ids, *tick, *node;
};

/* 0 or -ENOMEM. At most rows_max rows, if that can be had with ticks no longer than the recording. */
int html_times_init(struct html_times *times, const struct profile *profile,
		    const struct html_samples *samples, uint32_t rows_max);
void html_times_fini(struct html_times *times);

/* Whether ids[i] begins a row; i is not the first of its group. */
static inline bool html_times_new_row(const struct html_times *times, uint32_t i)
{
	return times->tick[i] != times->tick[i - 1] || times->node[i] != times->node[i - 1];
}

/* One stable pass of a counting sort: ids[0 .. n), which are put into `sorted` by key[id] < n_keys.
 * 0 or -ENOMEM. */
int html_sort_by(const uint32_t *ids, uint32_t *sorted, uint32_t n, const uint32_t *key,
		 uint32_t n_keys);

#endif
