/* SPDX-License-Identifier: Apache-2.0 */
/* model/stacktree.h
 *
 * Every distinct call stack, stored once, growing away from a root.
 *
 *   id      0   1     2      3
 *   parent  0   0     1      1
 *   frame   0   main  parse  emit       stack 3 = emit called by main
 *
 * Invariants: parent[i] < i for i > 0, so a forward pass meets callers first and a backward pass
 *   meets callees first; (parent, frame) is unique; an id is never reused. Stack 0 is empty.
 * `frame` is any id the caller likes: of model/frames for a profile, of raw frames while recording.
 * Threads: one writer.
 */
#ifndef SONDE_MODEL_STACKTREE_H
#define SONDE_MODEL_STACKTREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

struct stacktree {
	uint32_t *parent;
	uint32_t *frame;
	uint32_t n;
	uint32_t cap_parent, cap_frame;
	bool failed;	/* out of memory: ids that came back since are 0 */
	uint32_t n_indexed;	/* rows below this are in the index; the rest follow when it is asked */
	struct idindex index;
};

void stacktree_init(struct stacktree *tree);
void stacktree_fini(struct stacktree *tree);

/* The stack `frame called by parent`, added when it is new. */
uint32_t stacktree_push(struct stacktree *tree, uint32_t parent, uint32_t frame);

/* Many stacks: stack i is words[first[i]] .. words[first[i + 1] - 1], outermost first. A word is a frame,
 * or (with .spans) stands for a run of them: word w for frames[spans[w].at] and the spans[w].n - 1 after
 * it. Two words never begin with the same frame. */
struct stack_batch {
	const uint32_t *words, *first;
	uint32_t n;
	const struct stack_span {
		uint32_t at, n;	/* n > 0 */
	} *spans;		/* NULL: words are frames */
	const uint32_t *frames;
};

/* Finds or adds them all; stack i becomes ret_ids[i]. Several times faster than pushing each frame; new
 * nodes come out depth first, so that a parent is mostly the row before its child, and siblings in the
 * order of their words. No word is UINT32_MAX. Out of memory: .failed. */
void stacktree_add_all(struct stacktree *tree, const struct stack_batch *batch, uint32_t *ret_ids);

/* For bulk work. Appends `frame called by parent`, which the caller knows is not there yet: such rows are
 * left out of the index until stacktree_index() or the next push, and a profile that is only read,
 * shown or written never pays for them. */
uint32_t stacktree_append(struct stacktree *tree, uint32_t parent, uint32_t frame);

/* Room for n more rows, so that they can be written in place. False, and .failed: out of memory. */
bool stacktree_reserve(struct stacktree *tree, uint64_t n);

/* Takes all rows into the index. False, and .failed: out of memory. */
bool stacktree_index(struct stacktree *tree);

/* The stack `frame called by parent` among the rows in the index; 0 when there is none. */
uint32_t stacktree_find(const struct stacktree *tree, uint32_t parent, uint32_t frame);

/* All ids, 0 too, each before its callees and those before the caller's next one: to be freed. 0 or -ENOMEM.
 * A tree made by stacktree_add_all() at once has its ids in that order already. */
int stacktree_depth_first(const struct stacktree *tree, uint32_t **ret_order);

/* Frames between the root and id. */
uint32_t stacktree_depth(const struct stacktree *tree, uint32_t id);

#endif
