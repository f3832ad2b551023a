/* SPDX-License-Identifier: Apache-2.0 */
/* stacktree_add_all(): instead of asking a hash table for every frame of every stack, the stacks are
 * grouped by their next NEAR words, each group by the NEAR after those, and so on. Groups are taken
 * depth first and in the order of their words: of the nodes that one needs, those that the one before
 * it passed too are there. A group of one stack is the rest of a chain and is copied. Only nodes that
 * were there before need the index. Into an empty tree the later half of the groups goes on a second thread, as
 * a tree of its own that is then put behind the first: ids are the same as those of one thread.
 */
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "base/vec.h"
#include "model/stacktree.h"

#define AHEAD 16	/* stacks whose words are asked of memory before they are needed */
#define NEAR 7
#define NO_WORD UINT32_MAX	/* behind the last of a stack */
#define HALVES_MIN 16384	/* stacks that are worth a second thread */
#define FEW 12		/* groups that are sorted without calling anyone */

struct part {
	uint32_t begin, end;	/* stacks that agree up to here */
	uint32_t depth;		/* words passed */
	uint32_t shared;	/* of them, those that the part before it passed too */
	uint8_t side;		/* which half of the splitter's stacks they are in */
	bool ends;		/* no stack goes on */
};

struct group {
	uint32_t near[NEAR];
	uint32_t slot;
	uint32_t n;		/* stacks */
	uint32_t at;		/* where the next of them goes */
};

struct splitter {
	struct stacktree *tree;
	const struct stack_batch *batch;
	const uint32_t *words, *first;
	uint32_t *ret_ids;
	uint32_t n_old;			/* nodes below this were there before */
	uint32_t *stacks[2];		/* regrouped from one into the other */
	struct part *parts;
	uint32_t n_parts, cap_parts;
	uint32_t *path, cap_path;	/* words passed -> node, of the part that was taken last */

	struct group *groups, **sorted;	/* of the part that is being divided */
	uint32_t n_groups, cap_groups, cap_sorted;
	uint32_t *group_of;		/* beside the stacks */
	uint32_t *slots;		/* hash of near words -> group + 1; all zero between parts */
};

/* What is below a new node is new. */
static uint32_t add_frame(struct splitter *s, uint32_t parent, uint32_t frame)
{
	uint32_t id = parent < s->n_old ? stacktree_find(s->tree, parent, frame) : 0;

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

/* Rows for frames that the caller made room for. */
static uint32_t append_frames(struct stacktree *tree, uint32_t node, const uint32_t *frames,
			      uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		tree->frame[tree->n] = frames[i];
		tree->parent[tree->n] = node;
		node = tree->n++;
	}
	return node;
}

static uint32_t append_words(struct splitter *s, uint32_t node, const uint32_t *words, uint32_t n)
{
	const struct stack_batch *batch = s->batch;
	struct stacktree *tree = s->tree;

	if (!stacktree_reserve(tree, n))
		return 0;
	if (!batch->spans)
		return append_frames(tree, node, words, n);
	for (uint32_t i = 0; i < n; i++) {
		struct stack_span span = batch->spans[words[i]];

		/* room for it, and for one frame of each word after it */
		if (span.n > 1 && !stacktree_reserve(tree, (uint64_t)span.n + (n - i - 1)))
			return 0;
		node = append_frames(tree, node, batch->frames + span.at, span.n);
	}
	return node;
}

/* What is left of one stack. */
static void take_chain(struct splitter *s, uint32_t stack, uint32_t depth, uint32_t node)
{
	uint32_t at = s->first[stack] + depth, end = s->first[stack + 1];

	while (at < end && node < s->n_old && !s->tree->failed)
		node = add_word(s, node, s->words[at++]);
	s->ret_ids[stack] = append_words(s, node, s->words + at, end - at);
}

/* Two stacks: most parts end as such a pair. */
static void take_pair(struct splitter *s, const uint32_t *pair, uint32_t depth, uint32_t node)
{
	const uint32_t *a = s->words + s->first[pair[0]], *b = s->words + s->first[pair[1]];
	uint32_t n_a = s->first[pair[0] + 1] - s->first[pair[0]];
	uint32_t n_b = s->first[pair[1] + 1] - s->first[pair[1]];
	uint32_t n = n_a < n_b ? n_a : n_b;

	while (depth < n && a[depth] == b[depth] && !s->tree->failed)
		node = add_word(s, node, a[depth++]);
	take_chain(s, pair[0], depth, node);
	take_chain(s, pair[1], depth, node);
}

static void load_near(const struct splitter *s, uint32_t stack, uint32_t depth, uint32_t *ret_near)
{
	uint32_t at = s->first[stack] + depth, left = s->first[stack + 1] - at;

	for (uint32_t k = 0; k < NEAR; k++)
		ret_near[k] = k < left ? s->words[at + k] : NO_WORD;
}

static uint64_t near_hash(const uint32_t *near)
{
	uint64_t hash = near[NEAR - 1], pair;

	for (int k = 0; k + 1 < NEAR; k += 2) {
		memcpy(&pair, near + k, sizeof(pair));
		hash = hash_u64(hash, pair);
	}
	return hash;
}

/* At most half of the slots are taken; few items stay within few of them, in the cache. */
static uint32_t slots_for(uint32_t items)
{
	return UINT32_C(2) << (32 - __builtin_clz(items | 1));
}

static uint32_t find_group(struct splitter *s, const uint32_t *near, uint32_t mask)
{
	uint32_t at = (uint32_t)near_hash(near) & mask;
	struct group *group;

	for (; s->slots[at]; at = (at + 1) & mask)
		if (!memcmp(s->groups[s->slots[at] - 1].near, near, sizeof(group->near)))
			return s->slots[at] - 1;
	group = &s->groups[s->n_groups++];
	memcpy(group->near, near, sizeof(group->near));
	group->slot = at;
	group->n = 0;
	s->slots[at] = s->n_groups;
	return s->n_groups - 1;
}

static int compare_groups(const void *left, const void *right)
{
	const struct group *a = *(struct group *const *)left, *b = *(struct group *const *)right;

	for (int k = 0; k < NEAR; k++)
		if (a->near[k] != b->near[k])
			return a->near[k] < b->near[k] ? -1 : 1;
	return 0;
}

static void sort_groups(struct splitter *s)
{
	struct group **sorted = s->sorted;

	for (uint32_t i = 0; i < s->n_groups; i++)
		sorted[i] = &s->groups[i];
	if (s->n_groups > FEW) {
		qsort(sorted, s->n_groups, sizeof(*sorted), compare_groups);
		return;
	}
	for (uint32_t i = 1; i < s->n_groups; i++) {
		struct group *group = sorted[i];
		uint32_t k = i;

		for (; k && compare_groups(&sorted[k - 1], &group) > 0; k--)
			sorted[k] = sorted[k - 1];
		sorted[k] = group;
	}
}

/* Groups the stacks by their near words. */
static int find_groups(struct splitter *s, const struct part *part)
{
	const uint32_t *stacks = s->stacks[part->side];
	uint32_t mask = slots_for(part->end - part->begin) - 1, near[NEAR];

	s->n_groups = 0;
	for (uint32_t i = part->begin; i < part->end; i++) {
		if (i + AHEAD < part->end)
			__builtin_prefetch(&s->words[s->first[stacks[i + AHEAD]] + part->depth]);
		if (VEC_RESERVE(&s->groups, &s->cap_groups, (uint64_t)s->n_groups + 1) < 0)
			return -1;
		load_near(s, stacks[i], part->depth, near);
		s->group_of[i] = find_group(s, near, mask);
		s->groups[s->group_of[i]].n++;
	}
	for (uint32_t i = 0; i < s->n_groups; i++)
		s->slots[s->groups[i].slot] = 0;
	if (VEC_RESERVE(&s->sorted, &s->cap_sorted, s->n_groups) < 0)
		return -1;
	sort_groups(s);
	return 0;
}

static uint32_t words_shared(const uint32_t *a, const uint32_t *b)
{
	uint32_t n = 0;

	while (n < NEAR && a[n] == b[n] && a[n] != NO_WORD)
		n++;
	return n;
}

/* Leaves one part for each group, the first one on top. */
static int push_parts(struct splitter *s, const struct part *part)
{
	uint32_t begin = part->begin;

	if (VEC_RESERVE(&s->parts, &s->cap_parts, (uint64_t)s->n_parts + s->n_groups) < 0)
		return -1;
	s->n_parts += s->n_groups;
	for (uint32_t k = 0; k < s->n_groups; k++) {
		struct group *group = s->sorted[k];
		uint32_t n = words_shared(group->near, group->near);

		group->at = begin;
		s->parts[s->n_parts - 1 - k] = (struct part){
			.begin = begin, .end = begin + group->n, .depth = part->depth + n,
			.shared = part->depth +
				  (k ? words_shared(s->sorted[k - 1]->near, group->near) : 0),
			.side = !part->side, .ends = n < NEAR,
		};
		begin += group->n;
	}
	return 0;
}

static int divide(struct splitter *s, const struct part *part)
{
	const uint32_t *from = s->stacks[part->side];
	uint32_t *to = s->stacks[!part->side];

	if (find_groups(s, part) < 0 || push_parts(s, part) < 0)
		return -1;
	for (uint32_t i = part->begin; i < part->end; i++)
		to[s->groups[s->group_of[i]].at++] = from[i];
	return 0;
}

/* Adds the nodes on which its stacks agree. */
static int go_down(struct splitter *s, const struct part *part, uint32_t stack)
{
	const uint32_t *words = s->words + s->first[stack];

	if (VEC_RESERVE(&s->path, &s->cap_path, (uint64_t)part->depth + 1) < 0)
		return -1;
	for (uint32_t d = part->shared; d < part->depth && !s->tree->failed; d++)
		s->path[d + 1] = add_word(s, s->path[d], words[d]);
	return s->tree->failed ? -1 : 0;
}

static int take_part(struct splitter *s, struct part part)
{
	const uint32_t *stacks = s->stacks[part.side] + part.begin;
	uint32_t n = part.end - part.begin, node;

	if (go_down(s, &part, stacks[0]) < 0)
		return -1;
	node = s->path[part.depth];
	if (part.ends)
		for (uint32_t i = 0; i < n; i++)
			s->ret_ids[stacks[i]] = node;
	else if (n == 1)
		take_chain(s, stacks[0], part.depth, node);
	else if (n == 2)
		take_pair(s, stacks, part.depth, node);
	else
		return divide(s, &part);
	return s->tree->failed ? -1 : 0;
}

static void take_parts(struct splitter *s)
{
	while (!s->tree->failed && s->n_parts)
		if (take_part(s, s->parts[--s->n_parts]) < 0)
			s->tree->failed = true;
}

/* What each thread has for itself. */
static int splitter_init(struct splitter *s, uint32_t n_stacks, uint32_t n_parts)
{
	s->slots = calloc(slots_for(n_stacks), sizeof(*s->slots));
	return s->slots && VEC_RESERVE(&s->parts, &s->cap_parts, n_parts) == 0 &&
	       VEC_RESERVE(&s->path, &s->cap_path, 1) == 0 ? 0 : -1;
}

static void splitter_fini(struct splitter *s)
{
	free(s->parts);
	free(s->path);
	free(s->groups);
	free(s->sorted);
	free(s->slots);
}

static int splitter_start(struct splitter *s)
{
	uint32_t n = s->batch->n;

	s->stacks[0] = malloc((size_t)n * sizeof(uint32_t));
	s->stacks[1] = malloc((size_t)n * sizeof(uint32_t));
	s->group_of = malloc((size_t)n * sizeof(*s->group_of));
	if (!s->stacks[0] || !s->stacks[1] || !s->group_of || splitter_init(s, n, 1) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		s->stacks[0][i] = i;
	s->parts[s->n_parts++] = (struct part){ .end = n };
	return 0;
}

/* The later parts. The first nodes of their tree are those that their first stack shares with the parts before. */
struct half {
	struct splitter s;
	struct stacktree tree;
	uint32_t shared;	/* words of it */
	uint32_t *stacks, n;	/* all stacks of these parts */
};

static uint32_t stacks_in(const struct part *part)
{
	return part->end - part->begin;
}

/* How many of the parts that are left, the later ones, make up a half; 0: they cannot be halved. */
static uint32_t parts_of_half(struct splitter *s)
{
	uint32_t k, left = s->batch->n, n = 0;

	while (!s->tree->failed && s->n_parts) {
		const struct part *top = &s->parts[s->n_parts - 1];

		left = s->batch->n - top->begin;
		if (stacks_in(top) < HALVES_MIN || stacks_in(top) <= left / 2)
			break;
		if (take_part(s, s->parts[--s->n_parts]) < 0)
			s->tree->failed = true;
	}
	for (k = s->n_parts; k && n < left / 2; k--)
		n += stacks_in(&s->parts[k - 1]);
	return k;
}

static int half_take(struct half *half, struct splitter *s, uint32_t n_parts)
{
	struct part *first = &s->parts[n_parts - 1];
	struct splitter *own = &half->s;

	*own = (struct splitter){
		.tree = &half->tree, .batch = s->batch, .words = s->words, .first = s->first,
		.ret_ids = s->ret_ids, .stacks = { s->stacks[0], s->stacks[1] }, .group_of = s->group_of,
	};
	half->shared = first->shared;
	first->shared = 0;
	half->n = s->batch->n - first->begin;
	half->stacks = malloc(half->n * sizeof(*half->stacks));
	if (!half->stacks || splitter_init(own, half->n, n_parts) < 0)
		return -1;
	for (uint32_t i = 0, n = 0; i < n_parts; n += stacks_in(&s->parts[i++]))
		memcpy(half->stacks + n, s->stacks[s->parts[i].side] + s->parts[i].begin,
		       stacks_in(&s->parts[i]) * sizeof(*half->stacks));
	memcpy(own->parts, s->parts, n_parts * sizeof(*own->parts));
	own->n_parts = n_parts;
	s->n_parts -= n_parts;
	memmove(s->parts, s->parts + n_parts, s->n_parts * sizeof(*s->parts));
	return 0;
}

/* Puts the half's tree behind the other one. */
static void half_join(struct half *half, struct splitter *s)
{
	struct stacktree *tree = s->tree, *from = &half->tree;
	uint32_t node = s->path[half->shared], n_shared = stacktree_depth(tree, node), first = tree->n;

	if (!stacktree_reserve(tree, from->n - 1 - n_shared))
		return;
	/* parents of shared nodes are of no use any more: what they are in the other tree */
	for (uint32_t i = n_shared; i; i--, node = tree->parent[node])
		from->parent[i] = node;
#define IN_TREE(id) ((id) <= n_shared ? from->parent[id] : (id) - n_shared - 1 + first)
	for (uint32_t i = n_shared + 1; i < from->n; i++) {
		tree->frame[tree->n] = from->frame[i];
		tree->parent[tree->n++] = IN_TREE(from->parent[i]);
	}
	for (uint32_t i = 0; i < half->n; i++)
		s->ret_ids[half->stacks[i]] = IN_TREE(s->ret_ids[half->stacks[i]]);
#undef IN_TREE
}

static void take_half(void *context, uint32_t i)
{
	take_parts(((struct splitter *const *)context)[i]);
}

static void take_in_halves(struct splitter *s)
{
	uint32_t n_parts = parts_of_half(s);
	struct half half = { 0 };
	struct splitter *both[] = { s, &half.s };

	if (!n_parts || s->tree->failed)
		return;
	stacktree_init(&half.tree);
	if (half_take(&half, s, n_parts) < 0)
		s->tree->failed = true;
	else
		parallel_each(2, take_half, both);
	s->tree->failed |= half.tree.failed;
	if (!s->tree->failed)
		half_join(&half, s);
	splitter_fini(&half.s);
	free(half.stacks);
	stacktree_fini(&half.tree);
}

void stacktree_add_all(struct stacktree *tree, const struct stack_batch *batch, uint32_t *ret_ids)
{
	struct splitter s = { .tree = tree, .batch = batch, .words = batch->words,
			      .first = batch->first, .ret_ids = ret_ids,
			      .n_old = tree->n > 1 ? tree->n : 0 };

	if (!batch->n)
		return;
	memset(ret_ids, 0, (size_t)batch->n * sizeof(*ret_ids));
	if (splitter_start(&s) < 0 || (s.n_old && !stacktree_index(tree)))
		tree->failed = true;
	else if (!s.n_old && batch->n >= HALVES_MIN)
		take_in_halves(&s);
	take_parts(&s);
	splitter_fini(&s);
	free(s.stacks[0]);
	free(s.stacks[1]);
	free(s.group_of);
}
