/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "model/profile.h"

/* Callers precede callees, so each stack goes below what its parent has become. */
static int replace(const struct stacktree *old, const struct stack_span *spans, const uint32_t *frames,
		   struct stacktree *tree, uint32_t *to)
{
	for (uint32_t i = 1; i < old->n; i++) {
		uint32_t stack = to[old->parent[i]], frame = old->frame[i];

		for (uint32_t k = 0; k < spans[frame].n; k++)
			stack = stacktree_push(tree, stack, frames[spans[frame].at + k]);
		to[i] = spans[frame].n ? stack : stacktree_push(tree, stack, frame);
	}
	return tree->failed ? -ENOMEM : 0;
}

int profile_replace_frames(struct profile *profile, const struct stack_span *spans, const uint32_t *frames)
{
	uint32_t *to = calloc((size_t)profile->tree.n + 1, sizeof(*to));
	struct stacktree tree;
	int rc;

	stacktree_init(&tree);
	rc = to ? replace(&profile->tree, spans, frames, &tree, to) : -ENOMEM;
	if (rc < 0) {
		stacktree_fini(&tree);
	} else {
		stacktree_fini(&profile->tree);
		profile->tree = tree;
		for (uint32_t i = 0; i < profile->n; i++)
			profile->stack[i] = to[profile->stack[i]];
		idindex_fini(&profile->index);
		profile->n_indexed = 0;
	}
	free(to);
	return rc;
}
