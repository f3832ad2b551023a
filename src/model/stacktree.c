/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stacktree.h"

#include "base/large.h"
#include "base/vec.h"

#define AHEAD 16	/* slots asked of memory before they are needed */

/* Not vec_reserve(): rows are written as they are added, and zeroing the room ahead of them would touch
 * memory that a tree of millions may never use. */
bool stacktree_reserve(struct stacktree *tree, uint64_t n)
{
	uint64_t cap = (uint64_t)tree->cap_parent * 2;
	uint32_t *column;

	if (tree->failed)
		return false;
	if (n <= tree->cap_parent - tree->n)
		return true;
	cap = cap < tree->n + n ? tree->n + n : cap;
	if (cap > UINT32_MAX)
		cap = UINT32_MAX;
	tree->failed = true;
	if (cap < tree->n + n)
		return false;
	column = large_realloc(tree->parent, cap * sizeof(*column));
	if (!column)
		return false;
	tree->parent = column;
	column = large_realloc(tree->frame, cap * sizeof(*column));
	if (!column)
		return false;
	tree->frame = column;
	tree->cap_parent = tree->cap_frame = (uint32_t)cap;
	tree->failed = false;
	return true;
}

void stacktree_init(struct stacktree *tree)
{
	*tree = (struct stacktree){ 0 };
	if (!stacktree_reserve(tree, 16))
		return;
	tree->parent[0] = tree->frame[0] = 0;
	tree->n = tree->n_indexed = 1;
}

void stacktree_fini(struct stacktree *tree)
{
	free(tree->parent);
	free(tree->frame);
	idindex_fini(&tree->index);
	*tree = (struct stacktree){ 0 };
}

static uint64_t row_hash(const struct stacktree *tree, uint32_t id)
{
	return hash_u64(tree->parent[id], tree->frame[id]);
}

bool stacktree_index(struct stacktree *tree)
{
	if (tree->n_indexed == tree->n)
		return true;
	if (idindex_reserve(&tree->index, tree->n) < 0)
		tree->failed = true;
	while (!tree->failed && tree->n_indexed < tree->n) {
		uint32_t id = tree->n_indexed;

		if (tree->n - id > AHEAD)
			idindex_prefetch(&tree->index, row_hash(tree, id + AHEAD));
		if (idindex_add(&tree->index, row_hash(tree, id), id) < 0)
			tree->failed = true;
		else
			tree->n_indexed++;
	}
	return !tree->failed;
}

uint32_t stacktree_find(const struct stacktree *tree, uint32_t parent, uint32_t frame)
{
	uint64_t hash = hash_u64(parent, frame);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&tree->index, hash, &step)))
		if (tree->parent[id] == parent && tree->frame[id] == frame)
			return id;
	return 0;
}

uint32_t stacktree_append(struct stacktree *tree, uint32_t parent, uint32_t frame)
{
	if (tree->n == tree->cap_parent && !stacktree_reserve(tree, 1))
		return 0;
	tree->parent[tree->n] = parent;
	tree->frame[tree->n] = frame;
	return tree->n++;
}

uint32_t stacktree_push(struct stacktree *tree, uint32_t parent, uint32_t frame)
{
	uint32_t id;

	if (!stacktree_index(tree))
		return 0;
	id = stacktree_find(tree, parent, frame);
	if (id)
		return id;
	id = stacktree_append(tree, parent, frame);
	if (!id || idindex_add(&tree->index, row_hash(tree, id), id) < 0) {
		tree->failed = true;
		return 0;
	}
	tree->n_indexed++;
	return id;
}

uint32_t stacktree_depth(const struct stacktree *tree, uint32_t id)
{
	uint32_t depth = 0;

	for (; id; id = tree->parent[id])
		depth++;
	return depth;
}
