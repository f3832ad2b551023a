/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stacktree.h"

#include "base/vec.h"

void stacktree_init(struct stacktree *tree)
{
	*tree = (struct stacktree){ 0 };
	if (VEC_RESERVE(&tree->parent, &tree->cap_parent, 1) < 0 ||
	    VEC_RESERVE(&tree->frame, &tree->cap_frame, 1) < 0)
		tree->failed = true;
	else
		tree->n = 1;
}

void stacktree_fini(struct stacktree *tree)
{
	free(tree->parent);
	free(tree->frame);
	idindex_fini(&tree->index);
	*tree = (struct stacktree){ 0 };
}

uint32_t stacktree_push(struct stacktree *tree, uint32_t parent, uint32_t frame)
{
	uint64_t hash = hash_u64(parent, frame);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&tree->index, hash, &step)))
		if (tree->parent[id] == parent && tree->frame[id] == frame)
			return id;
	if (tree->failed || VEC_RESERVE(&tree->parent, &tree->cap_parent, (uint64_t)tree->n + 1) < 0 ||
	    VEC_RESERVE(&tree->frame, &tree->cap_frame, (uint64_t)tree->n + 1) < 0 ||
	    idindex_add(&tree->index, hash, tree->n) < 0) {
		tree->failed = true;
		return 0;
	}
	tree->parent[tree->n] = parent;
	tree->frame[tree->n] = frame;
	return tree->n++;
}

uint32_t stacktree_depth(const struct stacktree *tree, uint32_t id)
{
	uint32_t depth = 0;

	for (; id; id = tree->parent[id])
		depth++;
	return depth;
}
