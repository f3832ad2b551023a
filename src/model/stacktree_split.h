/* SPDX-License-Identifier: Apache-2.0 */
/* model/stacktree_split.h
 *
 * Adds many stacks to a tree: instead of asking a hash table for every frame of every stack, the stacks are
 * grouped by their next seven words, each group by the seven after those, and so on. Groups are taken
 * depth first and in the order of their words: of the nodes that one needs, those that the one before
 * it passed too are there. A group of one stack is the rest of a chain and is copied. Only nodes that
 * were there before need the index.
 */
#ifndef SONDE_MODEL_STACKTREE_SPLIT_H
#define SONDE_MODEL_STACKTREE_SPLIT_H

#include <stdint.h>

struct stack_batch;
struct stacktree;

/* Adds n stacks of the batch; the list of them is of no use afterwards. stacktree_index() was called. Out of
 * memory: .failed. */
void stacktree_split(struct stacktree *tree, const struct stack_batch *batch, uint32_t *stacks, uint32_t n,
		     uint32_t *ret_ids);

#endif
