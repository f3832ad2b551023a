/* SPDX-License-Identifier: Apache-2.0 */
/* format/calls.h
 *
 * A profile as the call graph that older formats hold: what each function and each line of it costs by
 * itself, what each function costs in all, and what the calls from each line to a function cost. The
 * counterpart of format/callgraph.h.
 *
 * Numbers come n_types at a time, in the order of the profile's value types; sums that do not fit stay at the
 * limit. In a recursion only the outermost call counts for totals.
 */
#ifndef SONDE_FORMAT_CALLS_H
#define SONDE_FORMAT_CALLS_H

#include "format/functions.h"

struct call_line {
	uint32_t row, line;		/* of functions.rows; 0: not known */
};

struct call_edge {
	uint32_t caller, line, callee;	/* rows, and the line of the caller */
};

struct calls {
	struct functions functions;
	int64_t *self, *total;		/* row * n_types */
	struct call_line *lines;	/* that have a cost of their own; by row, then line */
	int64_t *line_self;
	uint32_t n_lines;
	struct call_edge *edges;	/* by caller, line, callee */
	int64_t *edge_total;		/* the calls, to the callee's end */
	int64_t *edge_self;		/* what the callee costs by itself, called from there */
	uint32_t n_edges;
};

/* 0 or -ENOMEM; calls_fini() in either case. */
int calls_init(struct calls *calls, const struct profile *profile);
void calls_fini(struct calls *calls);

#endif
