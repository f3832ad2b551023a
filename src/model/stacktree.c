/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stacktree.h"

#include "base/vec.h"

#define AHEAD 16	/* what is asked of memory before it is needed */

/* Room for n more rows. Not vec_reserve(): rows are written as they are added, and zeroing the room
 * ahead of them would touch memory that a tree of millions may never use. */
static bool make_room(struct stacktree *tree, uint64_t n)
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
	column = realloc(tree->parent, cap * sizeof(*column));
	if (!column)
		return false;
	tree->parent = column;
	column = realloc(tree->frame, cap * sizeof(*column));
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
	if (!make_room(tree, 16))
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

		if (tree->n - id > AHEAD)
			idindex_prefetch(&tree->index, row_hash(tree, id + AHEAD));
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
	if (tree->n == tree->cap_parent && !make_room(tree, 1))
		return 0;
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
 * split by their outermost word, each part by its next word, and so on. A part of one stack is
 * the rest of a chain and is copied. Only nodes that were there before need the index. */
#define NEAR 5

struct item {
	uint32_t at, end;	/* its words */
	uint32_t stack;		/* whose id it becomes */
	/* Its words at depths d .. d + 4, d a multiple of 5. Stacks of one part lie all over memory: this
	 * way a level costs a cache miss a stack only every fifth time. */
	uint32_t near[NEAR];
};

struct part {
	uint32_t begin, end;	/* items that agree up to here */
	uint32_t depth;		/* words passed, the last one below included */
	uint32_t parent, word;	/* the node they share: made when the part's turn comes */
};

struct splitter {
	struct stacktree *tree;
	const struct stack_batch *batch;
	const uint32_t *words;
	uint32_t *ret_ids;
	uint32_t n_old;			/* nodes below this were there before */
	struct item *items, *spare;
	uint32_t *count;		/* by word; all zero between splits */
	uint32_t *distinct, cap_distinct;	/* words seen in this split, in order */
	struct part *parts;
	uint32_t n_parts, cap_parts;
};

/* What is below a new node is new. */
static uint32_t add_frame(struct splitter *s, uint32_t parent, uint32_t frame)
{
	uint32_t id = parent < s->n_old ?
		find(s->tree, parent, frame, hash_u64(parent, frame)) : 0;

	return id ? id : stacktree_append(s->tree, parent, frame);
}

static uint32_t add_word(struct splitter *s, uint32_t parent, uint32_t word)
{
	const struct stack_batch *batch = s->batch;
	struct stack_span span;

	if (!batch->spans)
		return add_frame(s, parent, word);
	span = batch->spans[word];
	for (uint32_t i = 0; i < span.n && !s->tree->failed; i++)
		parent = add_frame(s, parent, batch->frames[span.at + i]);
	return parent;
}

static uint32_t append_frames(struct stacktree *tree, uint32_t node, const uint32_t *frames,
			      uint32_t n)
{
	if (!make_room(tree, n))
		return 0;
	memcpy(tree->frame + tree->n, frames, n * sizeof(*frames));
	for (uint32_t i = 0; i < n; i++) {
		tree->parent[tree->n] = node;
		node = tree->n++;
	}
	return node;
}

/* What is left of one stack. */
static void take_chain(struct splitter *s, const struct item *item, uint32_t depth, uint32_t node)
{
	const struct stack_batch *batch = s->batch;
	uint32_t at = item->at + depth;

	while (at < item->end && node < s->n_old && !s->tree->failed)
		node = add_word(s, node, s->words[at++]);
	if (!batch->spans)
		node = append_frames(s->tree, node, s->words + at, item->end - at);
	for (; batch->spans && at < item->end && !s->tree->failed; at++) {
		struct stack_span span = batch->spans[s->words[at]];

		node = append_frames(s->tree, node, batch->frames + span.at, span.n);
	}
	s->ret_ids[item->stack] = node;
}

/* Two stacks: most parts end as such a pair. */
static void take_pair(struct splitter *s, const struct item *pair, uint32_t depth, uint32_t node)
{
	const uint32_t *a = s->words + pair[0].at, *b = s->words + pair[1].at;
	uint32_t n_a = pair[0].end - pair[0].at, n_b = pair[1].end - pair[1].at;
	uint32_t n = n_a < n_b ? n_a : n_b;

	while (depth < n && a[depth] == b[depth] && !s->tree->failed)
		node = add_word(s, node, a[depth++]);
	take_chain(s, &pair[0], depth, node);
	take_chain(s, &pair[1], depth, node);
}

static void load_near(struct splitter *s, const struct part *part)
{
	for (uint32_t i = part->begin; i < part->end; i++) {
		struct item *item = &s->items[i];
		uint32_t at = item->at + part->depth, left = item->end - at;

		if (i + AHEAD < part->end)
			__builtin_prefetch(&s->words[s->items[i + AHEAD].at + part->depth]);
		for (uint32_t k = 0; k < NEAR && k < left; k++)
			item->near[k] = s->words[at + k];
	}
}

/* Hands `node` to the stacks that end here and closes the gaps, and counts the others by their next
 * word: *ret_n of them, listed in s->distinct in the order in which they first appear. */
static int count_next(struct splitter *s, struct part *part, uint32_t node, uint32_t *ret_n)
{
	uint32_t keep = part->begin, n = 0;

	if (VEC_RESERVE(&s->distinct, &s->cap_distinct, (uint64_t)part->end - part->begin) < 0)
		return -1;
	if (part->depth % NEAR == 0)
		load_near(s, part);
	for (uint32_t i = part->begin; i < part->end; i++) {
		const struct item *item = &s->items[i];
		uint32_t word = item->near[part->depth % NEAR];

		if (item->end - item->at == part->depth) {
			s->ret_ids[item->stack] = node;
			continue;
		}
		if (!s->count[word]++)
			s->distinct[n++] = word;
		if (keep < i)
			s->items[keep] = *item;
		keep++;
	}
	part->end = keep;
	*ret_n = n;
	return 0;
}

/* Groups the items by their next word and leaves one part for each, the first one on top. */
static int split(struct splitter *s, const struct part *part, uint32_t node, uint32_t n)
{
	uint32_t at = part->begin;

	if (VEC_RESERVE(&s->parts, &s->cap_parts, (uint64_t)s->n_parts + n) < 0)
		return -1;
	for (uint32_t k = 0; k < n; k++) {
		uint32_t word = s->distinct[k], size = s->count[word];

		s->parts[s->n_parts + n - 1 - k] =
			(struct part){ at, at + size, part->depth + 1, node, word };
		s->count[word] = at;
		at += size;
	}
	for (uint32_t i = part->begin; i < part->end; i++)
		s->spare[s->count[s->items[i].near[part->depth % NEAR]]++] = s->items[i];
	memcpy(s->items + part->begin, s->spare + part->begin,
	       (part->end - part->begin) * sizeof(*s->items));
	for (uint32_t k = 0; k < n; k++)
		s->count[s->distinct[k]] = 0;
	s->n_parts += n;
	return 0;
}

static int take_part(struct splitter *s, struct part part, uint32_t node)
{
	while (part.end - part.begin > 2) {
		uint32_t n;

		if (s->tree->failed || count_next(s, &part, node, &n) < 0)
			return -1;
		if (n > 1)
			return split(s, &part, node, n);
		if (!n)
			return 0;
		s->count[s->distinct[0]] = 0;
		node = add_word(s, node, s->distinct[0]);
		part.depth++;
	}
	if (part.end - part.begin == 2)
		take_pair(s, &s->items[part.begin], part.depth, node);
	else if (part.end - part.begin == 1)
		take_chain(s, &s->items[part.begin], part.depth, node);
	return s->tree->failed ? -1 : 0;
}

static int splitter_start(struct splitter *s)
{
	const uint32_t *first = s->batch->first;
	uint32_t n = s->batch->n;

	s->items = malloc((size_t)n * sizeof(*s->items));
	s->spare = malloc((size_t)n * sizeof(*s->spare));
	s->count = calloc((size_t)s->batch->n_words + 1, sizeof(*s->count));
	if (!s->items || !s->spare || !s->count)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		s->items[i] = (struct item){ .at = first[i], .end = first[i + 1], .stack = i };
	return 0;
}

void stacktree_add_all(struct stacktree *tree, const struct stack_batch *batch, uint32_t *ret_ids)
{
	struct splitter s = { .tree = tree, .batch = batch, .words = batch->words, .ret_ids = ret_ids,
			      .n_old = tree->n > 1 ? tree->n : 0 };

	if (!batch->n)
		return;
	memset(ret_ids, 0, (size_t)batch->n * sizeof(*ret_ids));
	if (splitter_start(&s) < 0 || (s.n_old && !index_all(tree)) ||
	    take_part(&s, (struct part){ .end = batch->n }, 0) < 0)
		tree->failed = true;
	while (!tree->failed && s.n_parts) {
		struct part part = s.parts[--s.n_parts];

		if (take_part(&s, part, add_word(&s, part.parent, part.word)) < 0)
			tree->failed = true;
	}
	free(s.items);
	free(s.spare);
	free(s.count);
	free(s.distinct);
	free(s.parts);
}
