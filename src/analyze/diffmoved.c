/* SPDX-License-Identifier: Apache-2.0 */
/* What one side does not have at all, though all that it called costs what it did: a caller that was renamed, or a
 * frame at the root that one profiler records and another does not. Its cost is not gone, it is under another caller. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/diffcases.h"
#include "base/large.h"

#define ABSENT 0.02	/* of what it is on the other side: it is there by chance */
#define BACKED 0.5	/* so much of it must be gone (or new) in what ran there, too */

/* item -> which part of what it cost by itself on the side is not on the other. */
static void find_lost(double *lost, const struct summing *summing, const struct diff_sides *sides, unsigned side)
{
	const struct diffsums *here = &sides->sums[side], *there = &sides->sums[!side];

	for (uint32_t i = 1; i < summing->n_items; i++) {
		double own = here->items[i].value[DIFF_SELF] / diff_norm(sides, side);
		double other = there->items[i].value[DIFF_SELF] / diff_norm(sides, !side);

		lost[i] = own > 0 ? fmax(0, 1 - fmax(0, other) / own) : 0;
	}
}

/* item -> how much of what it cost on the side, with all it called, that is. nodes: all zero, and so it is left. */
static void add_up(double *items, double *nodes, const double *lost, const struct summing *summing, unsigned side)
{
	const struct difftree *tree = summing->tree;
	const struct stacktree *stacks = &tree->tree;

	for (uint32_t u = 0; u < tree->n_units; u++) {
		const struct diff_unit *unit = &tree->units[u];

		for (uint32_t i = 0; unit->side == side && i < unit->n; i++)
			nodes[unit->node[i]] += unit->value[i] * lost[stacks->frame[unit->node[i]]];
	}
	for (uint32_t i = stacks->n; i-- > 1;) {
		double value = nodes[i];

		nodes[i] = 0;
		nodes[stacks->parent[i]] += value;
		if (tree->outer[i])
			items[stacks->frame[i]] += value;
	}
	nodes[0] = 0;
}

/* Whether only that side has it. */
static bool is_only(const struct diff_case *c, const struct diff_sides *sides, unsigned side)
{
	double here = sides->sums[side].items[c->item].value[DIFF_TOTAL] / diff_norm(sides, side);
	double there = sides->sums[!side].items[c->item].value[DIFF_TOTAL] / diff_norm(sides, !side);

	return c->measure == DIFF_TOTAL && here > 0 && there < ABSENT * here;
}

static bool is_any_only(const struct diff_case *cases, uint32_t n, const struct diff_sides *sides, unsigned side)
{
	for (uint32_t i = 0; i < n; i++)
		if (!cases[i].untested && is_only(&cases[i], sides, side))
			return true;
	return false;
}

int diffmoved_mark(struct diff_case *cases, uint32_t n, const struct summing *summing, const struct diff_sides *sides)
{
	int rc = 0;

	for (unsigned side = 0; rc == 0 && side < 2 && !summing->by_stack; side++) {
		double *lost, *items, *nodes;

		if (!is_any_only(cases, n, sides, side))
			continue;
		lost = large_calloc((size_t)summing->n_items + 1, sizeof(*lost));
		items = large_calloc((size_t)summing->n_items + 1, sizeof(*items));
		nodes = large_calloc((size_t)summing->tree->tree.n + 1, sizeof(*nodes));
		rc = lost && items && nodes ? 0 : -ENOMEM;
		if (rc == 0) {
			find_lost(lost, summing, sides, side);
			add_up(items, nodes, lost, summing, side);
		}
		for (uint32_t i = 0; rc == 0 && i < n; i++) {
			double all = sides->sums[side].items[cases[i].item].value[DIFF_TOTAL];

			cases[i].moved |= is_only(&cases[i], sides, side) && items[cases[i].item] < BACKED * all;
		}
		free(lost);
		free(items);
		free(nodes);
	}
	return rc;
}
