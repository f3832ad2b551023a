/* SPDX-License-Identifier: Apache-2.0 */
/* collect/runs.h
 *
 * Runs of entries in a fixed array that somebody else reads at any time (a BPF program the mappings of
 * a process): sizes are powers of two, and a run that is given back rests for a second before it is
 * taken again, longer than any walk.
 */
#ifndef SONDE_COLLECT_RUNS_H
#define SONDE_COLLECT_RUNS_H

#include <stdint.h>

#define RUN_CLASSES 13	/* 1 << 0 .. 1 << 12 entries */
#define RUN_REST_NS 1000000000u

struct run_list {	/* a queue: the longest at rest first */
	struct run_free {
		uint64_t given_ns;
		uint32_t first;
	} *items;
	uint32_t head, n, cap;
};

struct runs {
	uint32_t next, total;	/* entries never taken yet: [next, total) */
	struct run_list lists[RUN_CLASSES];
};

int runs_init(struct runs *runs, uint32_t total);
void runs_fini(struct runs *runs);

/* A run of at least n entries. -ENOSPC when there is none, -E2BIG when n is more than a run can be. */
int runs_take(struct runs *runs, uint32_t n, uint32_t *ret_first, uint32_t *ret_class);

void runs_give(struct runs *runs, uint32_t first, uint32_t size_class, uint64_t now_ns);

#endif
