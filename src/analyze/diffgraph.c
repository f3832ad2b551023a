/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/diffgraph.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/diffcases.h"
#include "base/err.h"
#include "base/vec.h"

struct builder {
	struct diffgraph *graph;
	const struct diff *diff;
	struct diff_sides sides;
	struct summing summing;
	double scale[2];	/* from values to parts of the base's whole cost */
	uint32_t *first, *next;	/* node -> callees */
	uint32_t *waiting, *parents;	/* a stack: nodes to be put, and below which row */
	uint32_t n_waiting, cap_waiting, cap_parents;
	uint32_t *callees;
	uint32_t n_callees, cap_callees;
	uint32_t cap;
};

int diffgraph_tint(double base, double now, double z)
{
	static const double steps[] = { 1.05, 1.15, 1.4, 2 };
	double ratio = base > 0 && now > 0 ? fmax(base, now) / fmin(base, now) : INFINITY;
	int tint = 0;

	if (base == now || fabs(z) < DIFF_TINT_Z)
		return 0;
	for (int i = 0; i < DIFF_TINT_MOST; i++)
		tint += ratio >= steps[i];
	return now > base ? tint : -tint;
}

static double value(const struct builder *b, unsigned side, enum diff_measure measure,
		    uint32_t node)
{
	return b->sides.sums[side].items[node].value[measure] * b->scale[side];
}

static double width(const struct builder *b, uint32_t node)
{
	return value(b, 0, DIFF_TOTAL, node) + value(b, 1, DIFF_TOTAL, node);
}

static int compare_widths(const void *left, const void *right, void *context)
{
	const struct builder *b = context;
	uint32_t x = *(const uint32_t *)left, y = *(const uint32_t *)right;
	double wx = width(b, x), wy = width(b, y);

	if (wx != wy)
		return wx > wy ? -1 : 1;
	return (x > y) - (x < y);
}

static int put(struct builder *b, uint32_t node, uint32_t parent)
{
	struct diffgraph *graph = b->graph;
	struct diff_case c = { .item = node, .measure = DIFF_TOTAL };
	struct diffgraph_node *row;

	if (VEC_RESERVE(&graph->nodes, &b->cap, (uint64_t)graph->n + 1) < 0)
		return -ENOMEM;
	row = &graph->nodes[graph->n];
	*row = (struct diffgraph_node){
		.item = node, .parent = parent,
		.depth = graph->n ? graph->nodes[parent].depth + 1 : 0,
		.base = value(b, 0, DIFF_TOTAL, node), .now = value(b, 1, DIFF_TOTAL, node),
		.base_self = value(b, 0, DIFF_SELF, node), .now_self = value(b, 1, DIFF_SELF, node),
	};
	diff_case_measure(&c, &b->sides);
	row->tint = (int8_t)diffgraph_tint(row->base, row->now,
					   c.z / sqrt(b->diff->noise.ratio));
	row->is_new = !(row->base > 0);
	row->is_gone = !(row->now > 0);
	if (row->depth > graph->depth_max)
		graph->depth_max = row->depth;
	graph->n++;
	return 0;
}

/* The last callee goes to the bottom, so that the first is put next. */
static int wait_for_callees(struct builder *b, uint32_t node, uint32_t row, double least)
{
	b->n_callees = 0;
	for (uint32_t at = b->first[node]; at; at = b->next[at]) {
		if (!(width(b, at) > 0) || width(b, at) < least)
			continue;
		if (VEC_RESERVE(&b->callees, &b->cap_callees, (uint64_t)b->n_callees + 1) < 0)
			return -ENOMEM;
		b->callees[b->n_callees++] = at;
	}
	qsort_r(b->callees, b->n_callees, sizeof(*b->callees), compare_widths, b);
	if (VEC_RESERVE(&b->waiting, &b->cap_waiting, (uint64_t)b->n_waiting + b->n_callees) < 0 ||
	    VEC_RESERVE(&b->parents, &b->cap_parents, (uint64_t)b->n_waiting + b->n_callees) < 0)
		return -ENOMEM;
	while (b->n_callees) {
		b->waiting[b->n_waiting] = b->callees[--b->n_callees];
		b->parents[b->n_waiting++] = row;
	}
	return 0;
}

static int build(struct builder *b, double min_width)
{
	const struct stacktree *stacks = &b->diff->tree.tree;
	double least = 0;
	int rc;

	b->first = calloc((size_t)stacks->n + 1, sizeof(*b->first));
	b->next = calloc((size_t)stacks->n + 1, sizeof(*b->next));
	if (!b->first || !b->next)
		return -ENOMEM;
	for (uint32_t i = stacks->n; i-- > 1;) {
		b->next[i] = b->first[stacks->parent[i]];
		b->first[stacks->parent[i]] = i;
	}
	for (unsigned side = 0; side < 2; side++)
		b->sides.sums[side].items[0].value[DIFF_TOTAL] = b->sides.sums[side].all;
	rc = put(b, 0, 0);
	least = rc == 0 ? width(b, 0) * min_width : 0;
	if (rc == 0)
		rc = wait_for_callees(b, 0, 0, least);
	while (rc == 0 && b->n_waiting) {
		uint32_t node = b->waiting[--b->n_waiting], row = b->graph->n;

		rc = put(b, node, b->parents[b->n_waiting]);
		if (rc == 0)
			rc = wait_for_callees(b, node, row, least);
	}
	return rc;
}

int diffgraph_init(struct diffgraph *graph, const struct diff *diff, double min_width,
		   struct err *err)
{
	struct builder b = { .graph = graph, .diff = diff, .sides = { .per = diff->per } };
	double whole = diff->side[0].total / diff->side[0].norm;
	int rc;

	*graph = (struct diffgraph){ 0 };
	rc = summing_init(&b.summing, &diff->tree, true);
	for (unsigned side = 0; rc == 0 && side < 2; side++)
		rc = diffsums_init(&b.sides.sums[side], &b.summing);
	if (rc == 0)
		diffsums_of_sides(b.sides.sums, &b.summing);
	for (unsigned side = 0; rc == 0 && side < 2; side++) {
		b.sides.norm[side] = diff->side[side].norm;
		b.scale[side] = 1 / (diff->side[side].norm * whole);
	}
	if (rc == 0)
		rc = build(&b, min_width);
	summing_fini(&b.summing);
	diffsums_fini(&b.sides.sums[0]);
	diffsums_fini(&b.sides.sums[1]);
	free(b.first);
	free(b.next);
	free(b.waiting);
	free(b.parents);
	free(b.callees);
	if (rc < 0) {
		diffgraph_fini(graph);
		return err_fail(err, rc, "out of memory for a picture of %u stacks",
				diff->tree.tree.n);
	}
	return 0;
}

void diffgraph_fini(struct diffgraph *graph)
{
	free(graph->nodes);
	*graph = (struct diffgraph){ 0 };
}
