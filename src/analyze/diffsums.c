/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/diffsums.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/large.h"

enum { BELOW = 4 }; /* of .out: some caller was taken out with all it called */

int summing_init(struct summing *summing, const struct difftree *tree, bool by_stack)
{
	size_t n = (size_t)tree->tree.n + 1;

	*summing = (struct summing){ .tree = tree, .by_stack = by_stack };
	summing->n_items = by_stack ? tree->tree.n : tree->subjects.n;
	summing->taken = calloc((size_t)summing->n_items + 1, 1);
	summing->out = calloc(n, 1);
	summing->nodes = large_calloc(n, sizeof(*summing->nodes));
	return summing->taken && summing->out && summing->nodes ? 0 : -ENOMEM;
}

void summing_fini(struct summing *summing)
{
	free(summing->taken);
	free(summing->out);
	free(summing->nodes);
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

static void begin(struct diffsums *sums, const struct summing *summing)
{
	sums->all = sums->squares = 0;
	memset(sums->items, 0, ((size_t)summing->n_items + 1) * sizeof(*sums->items));
}

static void add_unit(struct diffsums *sums, struct summing *summing, const struct diff_unit *unit)
{
	for (uint32_t i = 0; i < unit->n; i++) {
		uint32_t node = unit->node[i];
		struct diffsum *item = &sums->items[summing_item(summing, node)];

		if (summing->any_out && summing->out[node])
			continue;
		item->value[DIFF_SELF] += unit->value[i];
		item->square[DIFF_SELF] += unit->square[i];
		summing->nodes[node].value += unit->value[i];
		summing->nodes[node].square += unit->square[i];
		sums->all += unit->value[i];
		sums->squares += unit->square[i];
	}
}

/* Callers precede callees: one backward pass has every total before it is handed up, and is done with a node. */
static void finish(struct diffsums *sums, struct summing *s)
{
	const struct stacktree *stacks = &s->tree->tree;

	for (uint32_t i = stacks->n; i-- > 1;) {
		double value = s->nodes[i].value, square = s->nodes[i].square;
		struct diffsum *item = &sums->items[summing_item(s, i)];

		if (square == 0 && value == 0)
			continue;	/* the other side's, or taken out */
		s->nodes[i].value = s->nodes[i].square = 0;
		s->nodes[stacks->parent[i]].value += value;
		s->nodes[stacks->parent[i]].square += square;
		if (!s->by_stack && !s->tree->outer[i])
			continue;
		item->value[DIFF_TOTAL] += value;
		item->square[DIFF_TOTAL] += square;
	}
	if (stacks->n)
		s->nodes[0].value = s->nodes[0].square = 0;
}

void diffsums_of_side(struct diffsums *sums, struct summing *summing, unsigned side)
{
	begin(sums, summing);
	for (uint32_t u = 0; u < summing->tree->n_units; u++)
		if (summing->tree->units[u].side == side)
			add_unit(sums, summing, &summing->tree->units[u]);
	finish(sums, summing);
}

void diffsums_of_unit(struct diffsums *sums, struct summing *summing, uint32_t unit)
{
	begin(sums, summing);
	add_unit(sums, summing, &summing->tree->units[unit]);
	finish(sums, summing);
}
