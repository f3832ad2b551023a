/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/diffsums.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BELOW = 4 }; /* of .out: some caller was taken out with all it called */

int summing_init(struct summing *summing, const struct difftree *tree, bool by_stack)
{
	size_t n = (size_t)tree->tree.n + 1;

	*summing = (struct summing){ .tree = tree, .by_stack = by_stack };
	summing->n_items = by_stack ? tree->tree.n : tree->subjects.n;
	summing->taken = calloc((size_t)summing->n_items + 1, 1);
	summing->out = calloc(n, 1);
	summing->self = calloc(n, sizeof(double));
	summing->self_sq = calloc(n, sizeof(double));
	summing->total = calloc(n, sizeof(double));
	summing->total_sq = calloc(n, sizeof(double));
	return summing->taken && summing->out && summing->self && summing->self_sq &&
			       summing->total && summing->total_sq
		       ? 0
		       : -ENOMEM;
}

void summing_fini(struct summing *summing)
{
	free(summing->taken);
	free(summing->out);
	free(summing->self);
	free(summing->self_sq);
	free(summing->total);
	free(summing->total_sq);
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
	size_t n = (size_t)summing->n_items + 1;
	bool good = true;

	*sums = (struct diffsums){ 0 };
	for (int m = 0; m < DIFF_MEASURES; m++) {
		sums->value[m] = calloc(n, sizeof(double));
		sums->square[m] = calloc(n, sizeof(double));
		good = good && sums->value[m] && sums->square[m];
	}
	return good ? 0 : -ENOMEM;
}

void diffsums_fini(struct diffsums *sums)
{
	for (int m = 0; m < DIFF_MEASURES; m++) {
		free(sums->value[m]);
		free(sums->square[m]);
	}
	*sums = (struct diffsums){ 0 };
}

static void begin(struct diffsums *sums, struct summing *summing)
{
	size_t items = ((size_t)summing->n_items + 1) * sizeof(double);
	size_t nodes = ((size_t)summing->tree->tree.n + 1) * sizeof(double);

	for (int m = 0; m < DIFF_MEASURES; m++) {
		memset(sums->value[m], 0, items);
		memset(sums->square[m], 0, items);
	}
	sums->all = sums->squares = 0;
	memset(summing->self, 0, nodes);
	memset(summing->self_sq, 0, nodes);
	memset(summing->total, 0, nodes);
	memset(summing->total_sq, 0, nodes);
}

static void add_unit(struct diffsums *sums, struct summing *summing, const struct diff_unit *unit)
{
	for (uint32_t i = 0; i < unit->n; i++) {
		uint32_t node = unit->node[i];

		if (summing->any_out && summing->out[node])
			continue;
		summing->self[node] += unit->value[i];
		summing->self_sq[node] += unit->square[i];
		sums->all += unit->value[i];
		sums->squares += unit->square[i];
	}
}

/* Callers precede callees: one backward pass has every total before it is handed up. */
static void finish(struct diffsums *sums, struct summing *s)
{
	const struct stacktree *stacks = &s->tree->tree;

	for (uint32_t i = stacks->n; i-- > 1;) {
		uint32_t parent = stacks->parent[i], item = summing_item(s, i);

		s->total[i] += s->self[i];
		s->total_sq[i] += s->self_sq[i];
		s->total[parent] += s->total[i];
		s->total_sq[parent] += s->total_sq[i];
		sums->value[DIFF_SELF][item] += s->self[i];
		sums->square[DIFF_SELF][item] += s->self_sq[i];
		if (!s->by_stack && !s->tree->outer[i])
			continue;
		sums->value[DIFF_TOTAL][item] += s->total[i];
		sums->square[DIFF_TOTAL][item] += s->total_sq[i];
	}
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
