/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stacktree.h"

#include "base/vec.h"

#define INDEX_AHEAD 16	/* slots asked for before they are filled */

void stacktree_init(struct stacktree *tree)
{
	*tree = (struct stacktree){ 0 };
	if (VEC_RESERVE(&tree->parent, &tree->cap_parent, 1) < 0 ||
	    VEC_RESERVE(&tree->frame, &tree->cap_frame, 1) < 0)
		tree->failed = true;
	else
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

/* Bulk work leaves its rows out of the index; the first push afterwards pays for them, and a profile
 * that is only read, shown or written never does. */
static bool index_all(struct stacktree *tree)
{
	if (tree->n_indexed == tree->n)
		return true;
	if (idindex_reserve(&tree->index, tree->n) < 0)
		tree->failed = true;
	while (!tree->failed && tree->n_indexed < tree->n) {
		uint32_t id = tree->n_indexed;

		if (tree->n - id > INDEX_AHEAD)
			idindex_prefetch(&tree->index, row_hash(tree, id + INDEX_AHEAD));
		if (idindex_add(&tree->index, row_hash(tree, id), id) < 0)
			tree->failed = true;
		else
			tree->n_indexed++;
	}
	return !tree->failed;
}

static uint32_t find(const struct stacktree *tree, uint32_t parent, uint32_t frame, uint64_t hash)
{
	uint32_t step = 0, id;

	while ((id = idindex_probe(&tree->index, hash, &step)))
		if (tree->parent[id] == parent && tree->frame[id] == frame)
			return id;
	return 0;
}

uint32_t stacktree_append(struct stacktree *tree, uint32_t parent, uint32_t frame)
{
	if (tree->failed || VEC_RESERVE(&tree->parent, &tree->cap_parent, (uint64_t)tree->n + 1) < 0 ||
	    VEC_RESERVE(&tree->frame, &tree->cap_frame, (uint64_t)tree->n + 1) < 0) {
		tree->failed = true;
		return 0;
	}
	tree->parent[tree->n] = parent;
	tree->frame[tree->n] = frame;
	return tree->n++;
}

uint32_t stacktree_push(struct stacktree *tree, uint32_t parent, uint32_t frame)
{
	uint64_t hash = hash_u64(parent, frame);
	uint32_t id;

	if (!index_all(tree))
		return 0;
	id = find(tree, parent, frame, hash);
	if (id)
		return id;
	id = stacktree_append(tree, parent, frame);
	if (!id || idindex_add(&tree->index, hash, id) < 0) {
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

/* Adding many stacks: instead of asking a hash table for every frame of every stack, the stacks are
 * split by their outermost frame, each part by its next frame, and so on. A part of one stack is
 * the rest of a chain and is copied. Only nodes that were there before need the index. */
struct item {
	uint32_t at, end;	/* its frames */
	uint32_t stack;		/* whose id it becomes */
};

struct part {
	uint32_t begin, end;	/* items that agree up to here */
	uint32_t depth;		/* frames passed, the last one below included */
	uint32_t parent, frame;	/* the node they share: made when the part's turn comes */
};

struct splitter {
	struct stacktree *tree;
	const uint32_t *frames;
	uint32_t *ret_ids;
	uint32_t n_old;			/* nodes below this were there before */
	struct item *items, *spare;
	uint32_t *count;		/* by frame; all zero between splits */
	uint32_t *distinct, cap_distinct;	/* frames seen in this split, in order */
	struct part *parts;
	uint32_t n_parts, cap_parts;
};

static uint32_t child(struct splitter *s, uint32_t parent, uint32_t frame)
{
	uint32_t id = parent < s->n_old ?
		find(s->tree, parent, frame, hash_u64(parent, frame)) : 0;

	return id ? id : stacktree_append(s->tree, parent, frame);
}

/* Hands `node` to the stacks that end here and closes the gaps; returns the new end. *ret_same tells
 * whether all others go on with one frame. */
static uint32_t take_ended(struct splitter *s, const struct part *part, uint32_t node, bool *ret_same)
{
	uint32_t keep = part->begin, frame = 0;

	*ret_same = true;
	for (uint32_t i = part->begin; i < part->end; i++) {
		struct item item = s->items[i];
		uint32_t next;

		if (item.end - item.at == part->depth) {
			s->ret_ids[item.stack] = node;
			continue;
		}
		next = s->frames[item.at + part->depth];
		if (keep == part->begin)
			frame = next;
		else if (next != frame)
			*ret_same = false;
		s->items[keep++] = item;
	}
	return keep;
}

static void take_chain(struct splitter *s, const struct item *item, uint32_t depth, uint32_t node)
{
	for (uint32_t at = item->at + depth; at < item->end && !s->tree->failed; at++)
		node = child(s, node, s->frames[at]);
	s->ret_ids[item->stack] = node;
}

/* Groups the items by their next frame, in the order in which those first appear, and leaves one
 * part for each, the first one on top. */
static int split(struct splitter *s, const struct part *part, uint32_t node)
{
	uint32_t n = 0, at = part->begin;

	if (VEC_RESERVE(&s->distinct, &s->cap_distinct, (uint64_t)part->end - part->begin) < 0)
		return -1;
	for (uint32_t i = part->begin; i < part->end; i++) {
		uint32_t frame = s->frames[s->items[i].at + part->depth];

		if (!s->count[frame]++)
			s->distinct[n++] = frame;
	}
	if (VEC_RESERVE(&s->parts, &s->cap_parts, (uint64_t)s->n_parts + n) < 0)
		return -1;
	for (uint32_t k = 0; k < n; k++) {
		uint32_t frame = s->distinct[k], size = s->count[frame];

		s->parts[s->n_parts + n - 1 - k] =
			(struct part){ at, at + size, part->depth + 1, node, frame };
		s->count[frame] = at;
		at += size;
	}
	for (uint32_t i = part->begin; i < part->end; i++)
		s->spare[s->count[s->frames[s->items[i].at + part->depth]]++] = s->items[i];
	memcpy(s->items + part->begin, s->spare + part->begin,
	       (part->end - part->begin) * sizeof(*s->items));
	for (uint32_t k = 0; k < n; k++)
		s->count[s->distinct[k]] = 0;
	s->n_parts += n;
	return 0;
}

static int take_part(struct splitter *s, struct part part, uint32_t node)
{
	for (;;) {
		bool same;

		if (s->tree->failed)
			return -1;
		if (part.end - part.begin == 1) {
			take_chain(s, &s->items[part.begin], part.depth, node);
			return 0;
		}
		part.end = take_ended(s, &part, node, &same);
		if (part.end == part.begin)
			return 0;
		if (!same)
			return split(s, &part, node);
		node = child(s, node, s->frames[s->items[part.begin].at + part.depth]);
		part.depth++;
	}
}

static int splitter_start(struct splitter *s, const uint32_t *first, uint32_t n)
{
	uint32_t top = 0;

	for (uint32_t i = first[0]; i < first[n]; i++)
		top = s->frames[i] > top ? s->frames[i] : top;
	s->items = malloc((size_t)n * sizeof(*s->items));
	s->spare = malloc((size_t)n * sizeof(*s->spare));
	s->count = calloc((size_t)top + 1, sizeof(*s->count));
	if (!s->items || !s->spare || !s->count)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		s->items[i] = (struct item){ first[i], first[i + 1], i };
	return 0;
}

void stacktree_add_all(struct stacktree *tree, const uint32_t *frames, const uint32_t *first,
		       uint32_t n, uint32_t *ret_ids)
{
	struct splitter s = { .tree = tree, .frames = frames, .ret_ids = ret_ids,
			      .n_old = tree->n > 1 ? tree->n : 0 };

	if (!n)
		return;
	memset(ret_ids, 0, (size_t)n * sizeof(*ret_ids));
	if (splitter_start(&s, first, n) < 0 || (s.n_old && !index_all(tree)) ||
	    take_part(&s, (struct part){ .end = n }, 0) < 0)
		tree->failed = true;
	while (!tree->failed && s.n_parts) {
		struct part part = s.parts[--s.n_parts];

		if (take_part(&s, part, child(&s, part.parent, part.frame)) < 0)
			tree->failed = true;
	}
	free(s.items);
	free(s.spare);
	free(s.count);
	free(s.distinct);
	free(s.parts);
}
