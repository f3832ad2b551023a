/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/difftree.h
 *
 * Several profiles over one tree of stacks: what a diff counts, and what its pictures draw.
 *
 *   node     0   1     2      3         a stack of subjects, parent[i] < i
 *   parent   0   0     1      1
 *   subject  0   main  parse  emit
 *   outer    -   1     1      1         0 where the same subject is among the callers
 *
 *   unit 0 (side 0)   (node, value, square) ...    one run, or one block of a run's time
 *   unit 1 (side 1)   (node, value, square) ...
 *
 * A square is what the squared values of the single events add up to: value^2 / events, as far as a row
 * knows how many events it holds. It is what tells the precision of a weighted sum.
 *
 * A side with one run whose samples have times is cut into BLOCKS units, since samples near in time are
 * alike. Memory: malloc's; names are lent by the profiles.
 */
#ifndef SONDE_ANALYZE_DIFFTREE_H
#define SONDE_ANALYZE_DIFFTREE_H

#include "analyze/subjects.h"
#include "model/stacktree.h"

struct filter;

struct diff_input {
	const struct profile *profile;
	const struct filter *filter;	/* NULL: all samples */
	unsigned side;
	uint32_t type;			/* value type of the profile */
	double work;			/* done in that run; 0: not told */
	struct diff_stacks *stacks;	/* NULL: rows' stacks are in the profile's tree. Else all inputs have such, and no filter */
};

/* Stacks that are in no tree yet, as a list. */
struct diff_stacks {
	struct stack_batch list;	/* .words are the next, all else is lent */
	uint32_t *words;		/* malloc's: diff_init() may write there, and free it: then it is NULL */
	uint32_t n_words;		/* that there are: spans */
	const uint32_t *of_row;		/* row of the profile -> which of them */
};

struct diff_unit {
	unsigned side;
	uint32_t *node;
	double *value, *square;
	uint32_t n, cap_node, cap_value, cap_square;
	double total, squares;		/* of all of them */
	double seconds, work;		/* of the run, or the block's part of it */
};

#define DIFF_BLOCKS 20u

struct difftree {
	struct subjects subjects;
	struct stacktree tree;		/* .frame is the subject */
	bool *outer;
	struct diff_unit *units;
	uint32_t n_units;
	uint32_t runs[2];		/* inputs on each side */
	bool in_blocks[2];
	bool guessed;			/* of some rows it is not known how many events they are */
	bool timed;			/* all runs tell how long they were */
	bool worked;			/* all runs tell what work they did */
};

/* 0; -EINVAL (a side without any input); -ENOMEM. On failure it is empty. */
int difftree_init(struct difftree *tree, const struct diff_input *inputs, uint32_t n,
		  enum granularity granularity, struct err *err);
void difftree_fini(struct difftree *tree);

/* Private to difftree*.c: makes .tree and .outer. ret_node, to be freed: node of stack s of input i at
 * [ret_first[i] + s], 0 where no kept sample is. 0, -E2BIG or -ENOMEM. The one from trees, the other from lists: nodes
 * are the same, in another order. */
int difftree_merge(struct difftree *tree, const struct diff_input *inputs, uint32_t n,
		   uint32_t **ret_node, uint32_t *ret_first, struct err *err);
int difftree_list(struct difftree *tree, const struct diff_input *inputs, uint32_t n,
		  uint32_t **ret_node, uint32_t *ret_first, struct err *err);

#endif
