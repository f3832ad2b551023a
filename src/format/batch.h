/* SPDX-License-Identifier: Apache-2.0 */
/* format/batch.h
 *
 * Samples on their way from a file into a profile: collected as lists of frames, or of words that stand
 * for several (struct stack_batch), and added many at a time (stacktree_add_all()), which is several
 * times faster than one by one. A reader writes the words of one stack at batch_words() and then calls
 * batch_add(). What waits is bounded by BATCH_WORDS and BATCH_ROWS.
 */
#ifndef SONDE_FORMAT_BATCH_H
#define SONDE_FORMAT_BATCH_H

#include <stdint.h>

#include "base/buf.h"

#define BATCH_WORDS ((size_t)64 << 20)
#define BATCH_ROWS ((size_t)8 << 20)
#define STACK_FRAMES_MAX ((size_t)1 << 20)	/* deeper stacks are refused by the readers */

struct profile;
struct stack_span;

struct batch {
	struct profile *profile;
	struct buf words, first;	/* of the stacks */
	struct buf stacks, sets, values, times;	/* columns of the rows; stacks: which one, while some are shared */
	uint32_t n;		/* rows */
	uint32_t n_stacks;
	uint32_t flushes;	/* a stack's number holds until the next */
	const struct stack_span *spans;	/* borrowed; NULL: words are frames */
	const uint32_t *frames;
	bool timed;		/* rows carry times: set before the first one */
	bool labeled;		/* a row had labels */
	bool failed;		/* out of memory */
};

/* {.profile = ...} is an empty batch; the profile's value types are set. */
void batch_fini(struct batch *batch);

/* Room for n words of the next stack, outermost first; NULL: out of memory. */
static inline uint32_t *batch_words(struct batch *batch, size_t n)
{
	if (!buf_reserve(&batch->words, (n + 1) * sizeof(uint32_t))) {
		batch->failed = true;
		return NULL;
	}
	return (uint32_t *)(void *)(batch->words.p + batch->words.n);
}

/* The n words written there are a stack of this label set and these values. */
void batch_add(struct batch *batch, size_t n, uint32_t label_set, uint64_t time_ns,
	       const int64_t *values);

/* A row of the same stack as an earlier one of this batch: `stack` is what .n_stacks was before batch_add(). */
void batch_add_again(struct batch *batch, uint32_t stack, uint32_t label_set, uint64_t time_ns,
		     const int64_t *values);

/* Room for so many times what waits in `like`: growing in steps copies. Without it batches that do not fit grow. */
void batch_expect(struct batch *batch, struct batch *like, size_t times);

/* Puts what waits in `from`, a batch for the same profile, behind what waits in `into`, which is flushed first where
 * both are too much together; `from` is empty afterwards. 0 or -ENOMEM. */
int batch_append(struct batch *into, struct batch *from);

/* Adds what waits to the profile. 0 or -ENOMEM. */
int batch_flush(struct batch *batch);

/* The same into a profile without rows, but for the stacks: its rows have the empty one, .stacks tells which of those that
 * stay in .words and .first each of them has, one for equal ones. Only for looking at afterwards. */
int batch_list(struct batch *batch);

#endif
