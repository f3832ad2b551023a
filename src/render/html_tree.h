/* SPDX-License-Identifier: Apache-2.0 */
/* render/html_tree.h
 *
 * The merged tree as the page wants it: depth first, with the way back from each stack.
 *
 *   node      0   1     2      3     4
 *   place     0   main  parse  lex   emit
 *   depth     0   1     2      3     2
 *   of_stack  the node of each stack of the profile, HTML_TREE_NONE for unused ones
 *
 * Unlike analyze/view.h it keeps no values: the page sums them for the threads a reader picks, so
 * samples are written node by node and the map is what is needed. Callees come largest first, those
 * of equal size in place_compare()'s order.
 *
 * Memory: malloc's, freed by html_tree_fini(). Touches nothing of the profile.
 */
#ifndef SONDE_RENDER_HTML_TREE_H
#define SONDE_RENDER_HTML_TREE_H

#include <stdint.h>

struct err;
struct filter;
struct places;
struct profile;

#define HTML_TREE_NONE UINT32_MAX

struct html_tree {
	uint32_t *place, *depth;
	uint32_t *of_stack;
	uint32_t n, depth_max;
};

/* Nodes of stacks that a kept sample has; sizes by `type`. 0 or -ENOMEM (then it is empty). */
int html_tree_init(struct html_tree *tree, const struct profile *profile,
		   const struct places *places, const struct filter *filter, uint32_t type,
		   struct err *err);
void html_tree_fini(struct html_tree *tree);

#endif
