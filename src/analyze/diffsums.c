/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/diffsums.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/large.h"
#include "base/parallel.h"

enum { BELOW = 4 }; /* of .out: some caller was taken out with all it called */

int summing_init(struct summing *summing, const struct difftree *tree, bool by_stack)
{
	size_t n = (size_t)tree->tree.n + 1;

	*summing = (struct summing){ .tree = tree, .by_stack = by_stack };
	summing->n_items = by_stack ? tree->tree.n : tree->subjects.n;
	summing->taken = calloc((size_t)summing->n_items + 1, 1);
	summing->out = calloc(n, 1);
	summing->nodes[0] = large_calloc(n, sizeof(*summing->nodes[0]));
	return summing->taken && summing->out && summing->nodes[0] ? 0 : -ENOMEM;
}

void summing_fini(struct summing *summing)
{
	free(summing->taken);
	free(summing->out);
	free(summing->nodes[0]);
	free(summing->nodes[1]);
	*summing = (struct summing){ 0 };
}

static void mark_out(struct summing *summing)
{
	const struct stacktree *stacks = &summing->tree->tree;

	for (uint32_t i = 1; i < stacks->n; i++) {
		uint8_t taken = summing->taken[summing_item(summing, i)];
		uint8_t below = summing->out[stacks->parent[i]] & BELOW;

		if (taken & 1 << DIFF_TOTAL)
			below = BELOW;
		summing->out[i] = below | (taken & 1 << DIFF_SELF);
	}
}

void summing_take_out(struct summing *summing, uint32_t item, enum diff_measure measure)
{
	summing->taken[item] |= (uint8_t)(1 << measure);
	summing->any_out = true;
	mark_out(summing);
}

void summing_take_back(struct summing *summing, uint32_t item, enum diff_measure measure)
{
	summing->taken[item] &= (uint8_t)~(1 << measure);
	mark_out(summing);
}

int diffsums_init(struct diffsums *sums, const struct summing *summing)
{
	*sums = (struct diffsums){ 0 };
	sums->items = large_calloc((size_t)summing->n_items + 1, sizeof(*sums->items));
	return sums->items ? 0 : -ENOMEM;
}

void diffsums_fini(struct diffsums *sums)
{
	free(sums->items);
	*sums = (struct diffsums){ 0 };
}

/* What one thread sums up. */
struct sum {
	struct diffsums *sums;
	const struct summing *summing;
	struct node_sum *nodes;
};

static void begin(struct diffsums *sums, const struct summing *summing)
{
	sums->all = sums->squares = 0;
	memset(sums->items, 0, ((size_t)summing->n_items + 1) * sizeof(*sums->items));
}

static void add_unit(const struct sum *sum, const struct diff_unit *unit)
{
	const struct summing *summing = sum->summing;
	struct diffsums *sums = sum->sums;

	for (uint32_t i = 0; i < unit->n; i++) {
		uint32_t node = unit->node[i];
		struct diffsum *item = &sums->items[summing_item(summing, node)];

		if (summing->any_out && summing->out[node])
			continue;
		item->value[DIFF_SELF] += unit->value[i];
		item->square[DIFF_SELF] += unit->square[i];
		sum->nodes[node].value += unit->value[i];
		sum->nodes[node].square += unit->square[i];
		sums->all += unit->value[i];
		sums->squares += unit->square[i];
	}
}

/* Callers precede callees: one backward pass has every total before it is handed up, and is done with a node. */
static void finish(const struct sum *sum)
{
	const struct summing *summing = sum->summing;
	const struct stacktree *stacks = &summing->tree->tree;
	struct node_sum *nodes = sum->nodes;

	for (uint32_t i = stacks->n; i-- > 1;) {
		struct node_sum node = nodes[i];
		struct diffsum *item = &sum->sums->items[summing_item(summing, i)];

		if (node.square == 0 && node.value == 0)
			continue;	/* the other side's, or taken out */
		nodes[i] = (struct node_sum){ 0 };
		nodes[stacks->parent[i]].value += node.value;
		nodes[stacks->parent[i]].square += node.square;
		if (!summing->by_stack && !summing->tree->outer[i])
			continue;
		item->value[DIFF_TOTAL] += node.value;
		item->square[DIFF_TOTAL] += node.square;
	}
	if (stacks->n)
		nodes[0] = (struct node_sum){ 0 };
}

static void sum_side(const struct sum *sum, unsigned side)
{
	const struct difftree *tree = sum->summing->tree;

	begin(sum->sums, sum->summing);
	for (uint32_t u = 0; u < tree->n_units; u++)
		if (tree->units[u].side == side)
			add_unit(sum, &tree->units[u]);
	finish(sum);
}

static void sum_one(void *context, uint32_t side)
{
	const struct sum *both = context;

	sum_side(&both[side], side);
}

void diffsums_of_sides(struct diffsums *sums, struct summing *summing)
{
	size_t n = (size_t)summing->tree->tree.n + 1;
	struct sum both[2];

	if (!summing->nodes[1] && parallel_most(2) == 2)
		summing->nodes[1] = large_calloc(n, sizeof(*summing->nodes[1]));
	for (unsigned side = 0; side < 2; side++)
		both[side] = (struct sum){ &sums[side], summing, summing->nodes[side] };
	if (both[1].nodes) {
		parallel_each(2, sum_one, both);
		return;
	}
	both[1].nodes = both[0].nodes;	/* one after another */
	for (unsigned side = 0; side < 2; side++)
		sum_side(&both[side], side);
}

void diffsums_of_unit(struct diffsums *sums, struct summing *summing, uint32_t unit)
{
	struct sum one = { sums, summing, summing->nodes[0] };

	begin(sums, summing);
	add_unit(&one, &summing->tree->units[unit]);
	finish(&one);
}
