/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfscript_worker.h
 *
 * The part of reading `perf script` text that takes the time, done by several threads at once: finding the
 * lines, and finding out which of them were there before.
 *
 *   "\t 55dc1 main+0x1c1 (/bin/server)\n"  ->  7, and the next such line is 7 again
 *
 * A worker numbers the distinct frame lines, heads' beginnings ("comm pid/tid [cpu]") and events that it
 * sees; the text of each new one is in the block where it came up first. What a worker remembers is
 * bounded: beyond NEWS_TEXT_MAX it forgets all and begins anew, which the block says (.reset).
 */
#ifndef SONDE_FORMAT_PERFSCRIPT_WORKER_H
#define SONDE_FORMAT_PERFSCRIPT_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "format/news.h"

struct perf_sample {
	uint32_t who, event;		/* numbers; event 0: the head names none */
	uint32_t first_word, n_words;	/* in the block's words: frame lines, innermost first */
	bool has_time, has_period;
	uint64_t time_ns, period;
};

struct perf_block {
	struct buf samples, words;
	struct news frames, who, events;
	bool reset;			/* numbers begin at 1 again */
	bool failed;			/* out of memory */
	uint64_t lines;			/* in its text */
	uint64_t lost;			/* samples that PERF_RECORD_LOST told of */
	uint64_t bad, first_bad;	/* lines that are nothing known, and the first one's number, from 1 */
	uint64_t too_deep;		/* number of the line where a stack got too deep; 0: none */
};

struct perf_worker {
	struct strings frames, who, events;
};

void perf_worker_fini(struct perf_worker *worker);
void perf_block_fini(struct perf_block *block);

/* For struct pieces. */
size_t perf_worker_cut(struct str text);
void perf_worker_work(void *worker, struct str text, void *block);

#endif
