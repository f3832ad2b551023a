/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/difflines.h
 *
 * The stacks of a diff of functions once more, with the lines in them: what a page shows of a function that is
 * looked at closer.
 *
 *   line      1            2            3
 *   subject   1 parse      1 parse      2 lex       of the diff's tree
 *   number    12           14           40          as the new side counts
 *
 *   node      0   1   2   3                         parent[i] < i
 *   frame     0   1   2   3
 *   self      -   5   2   9    7                    of the base; of the new side
 *
 * A line of the base is known by its distance from its function's first line, where both sides tell that: code
 * above a function may have grown. Memory: malloc's.
 */
#ifndef SONDE_ANALYZE_DIFFLINES_H
#define SONDE_ANALYZE_DIFFLINES_H

#include "analyze/difftree.h"

struct diffline {
	uint32_t subject;
	uint32_t number;	/* 0: not known */
};

struct difflines {
	struct diffline *lines;	/* 1 and up */
	uint32_t n, cap;
	struct stacktree tree;	/* .frame is the line */
	double *self[2];	/* node -> value on either side, all runs together */
};

/* `functions` was made of these inputs, by function. 0 or -ENOMEM (then it is empty). */
int difflines_init(struct difflines *lines, const struct difftree *functions,
		   const struct diff_input *inputs, uint32_t n, struct err *err);
void difflines_fini(struct difflines *lines);

#endif
