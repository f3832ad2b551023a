/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/view.h
 *
 * The merged tree: what a flame graph draws and --tree prints.
 *
 * The stacks of the samples that a filter keeps, with frames projected to places, and equal callees
 * of one caller merged. Depth first, columns:
 *
 *   node    0   1     2      3     4
 *   place   0   main  parse  lex   emit
 *   parent  0   0     1      2     1
 *   end     5   5     4      4     5      main's descendants are 2..4, parse's only 3
 *
 * Invariants: parent[i] < i; node i and all it calls are [i, end[i]); children come in the order
 *   asked for; siblings have distinct places. Node 0 is the root; its total is that of the view.
 * total = self + what was called, unless sums do not fit (then they stay at the limit). Nodes below
 *   min_share are left out with all they call; the totals of their callers still contain them.
 *
 * Memory: malloc's; places borrow names from the profile, which must outlive the view.
 */
#ifndef SONDE_ANALYZE_VIEW_H
#define SONDE_ANALYZE_VIEW_H

#include "analyze/places.h"

struct err;
struct filter;
struct profile;

/* By value: the total, largest first. */
enum view_order { ORDER_BY_NAME, ORDER_BY_VALUE };

struct view_options {
	const struct filter *filter;	/* NULL: all samples */
	enum granularity granularity;
	enum view_order order;
	double min_share;	/* of the root's total; 0.0001 is 0.01 %; 0: all */
	uint32_t type;		/* value type of the profile */
};

struct view {
	struct places places;
	uint32_t *parent, *place, *end;
	int64_t *self, *total;
	uint32_t n, cap;
	uint32_t depth_max;	/* of a node; the root's is 0 */
};

/* 0; -EINVAL for a value type the profile has not; -ENOMEM. On failure the view is empty. */
int view_init(struct view *view, const struct profile *profile, const struct view_options *options,
	      struct err *err);
void view_fini(struct view *view);

#endif
