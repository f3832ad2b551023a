/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/large.h"
#include "model/stacktree.h"

/* Callees linked in order of id, then a walk over the links: no memory for the way back. */
int stacktree_depth_first(const struct stacktree *tree, uint32_t **ret_order)
{
	uint32_t *first = large_calloc((size_t)tree->n + 1, sizeof(*first));
	uint32_t *next = large_calloc((size_t)tree->n + 1, sizeof(*next));
	uint32_t *order = large_calloc((size_t)tree->n + 1, sizeof(*order));
	uint32_t n = 0, at = 0;
	int rc = first && next && order ? 0 : -ENOMEM;

	for (uint32_t i = tree->n; rc == 0 && i-- > 1;) {
		next[i] = first[tree->parent[i]];
		first[tree->parent[i]] = i;
	}
	while (rc == 0 && n < tree->n) {
		order[n++] = at;
		if (first[at]) {
			at = first[at];
			continue;
		}
		while (at && !next[at])
			at = tree->parent[at];
		at = next[at];
	}
	free(first);
	free(next);
	if (rc < 0)
		free(order);
	else
		*ret_order = order;
	return rc;
}
