/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/diffgraph.h
 *
 * The tree of a diff as pictures want it: depth first, with what each node cost on either side.
 *
 *   node     0     1     2      3         callees of a node: the widest first
 *   item     -     main  parse  emit      node of the difftree
 *   parent   0     0     1      1
 *   base     1     1     0.30   0.70      parts of the base's whole cost: by share they add up to 1 on each side
 *   now      1     1     0.50   0.50
 *   tint     0     0     +3     -2
 *
 * A picture gives a node the width (base + now) / 2, so that what is gone and what is new both have a place.
 * The tint says by how much it changed: 1 from 5 %, 2 from 15 %, 3 from 40 %, 4 from 100 % (or the like down);
 * 0 for less, and for what is within noise.
 */
#ifndef SONDE_ANALYZE_DIFFGRAPH_H
#define SONDE_ANALYZE_DIFFGRAPH_H

#include "analyze/diff.h"

struct diffgraph_node {
	uint32_t item, parent, depth;
	double base, now;		/* with all it called */
	double base_self, now_self;
	int8_t tint;
	bool is_new, is_gone;
};

struct diffgraph {
	struct diffgraph_node *nodes;
	uint32_t n, depth_max;
};

/* Nodes narrower than min_width (of the root's) are left out with all they call. 0 or -ENOMEM. */
int diffgraph_init(struct diffgraph *graph, const struct diff *diff, double min_width,
		   struct err *err);
void diffgraph_fini(struct diffgraph *graph);

static inline double diffgraph_width(const struct diffgraph_node *node)
{
	return (node->base + node->now) / 2;
}

/* The tint of what was `base` and is `now`, when that is z standard errors. src/web/diff.js does the same. */
int diffgraph_tint(double base, double now, double z);

#define DIFF_TINT_MOST 4
#define DIFF_TINT_Z 2.5 /* errors from which a change is coloured */

#endif
