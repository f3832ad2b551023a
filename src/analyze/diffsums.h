/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/diffsums.h
 *
 * What each item of a diff (a function, a line, or a stack) cost, by itself and with all it called, with
 * the squares that tell how precisely that is known; of a side, or of one unit of it.
 *
 * Samples can be taken out: those whose innermost frame is an item that was found to have changed, or that
 * have it anywhere. What is left tells whether anything else changed.
 */
#ifndef SONDE_ANALYZE_DIFFSUMS_H
#define SONDE_ANALYZE_DIFFSUMS_H

#include "analyze/difftree.h"

enum diff_measure { DIFF_SELF, DIFF_TOTAL, DIFF_MEASURES };

/* What is asked for together lies together: items are met in no order. */
struct diffsum {
	double value[DIFF_MEASURES], square[DIFF_MEASURES];
};

struct diffsums {
	struct diffsum *items;
	double all, squares;	/* of all samples that were not taken out */
};

struct summing {
	const struct difftree *tree;
	bool by_stack;		/* items are nodes; else subjects */
	uint32_t n_items;
	uint8_t *taken;		/* item -> bits of diff_measure: what was taken out */
	uint8_t *out;		/* node -> the same for it */
	bool any_out;
	struct node_sum {
		double value, square;
	} *nodes[2];		/* with all that each node called; scratch, all zero between sums; [1]: may be NULL */
};

int summing_init(struct summing *summing, const struct difftree *tree, bool by_stack);
void summing_fini(struct summing *summing);

/* Takes the samples out that have the item in the way that measure says. */
void summing_take_out(struct summing *summing, uint32_t item, enum diff_measure measure);

/* Puts those back. */
void summing_take_back(struct summing *summing, uint32_t item, enum diff_measure measure);

/* All samples count again. */
static inline void summing_put_back(struct summing *summing)
{
	summing->any_out = false;
}

static inline uint32_t summing_item(const struct summing *summing, uint32_t node)
{
	return summing->by_stack ? node : summing->tree->tree.frame[node];
}

int diffsums_init(struct diffsums *sums, const struct summing *summing);
void diffsums_fini(struct diffsums *sums);

/* Of all units of each side (sums[0] and sums[1]), or of one unit. Both sides at the same time where there are two
 * processors and memory for it. */
void diffsums_of_sides(struct diffsums *sums, struct summing *summing);
void diffsums_of_unit(struct diffsums *sums, struct summing *summing, uint32_t unit);

#endif
