/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stacktree_split.h"

#include <stdlib.h>
#include <string.h>

#include "base/large.h"
#include "base/vec.h"
#include "model/stacktree.h"

#define AT_ONCE 16	/* stacks whose memory is asked for before it is needed */
#define NEAR 7
#define NO_WORD UINT32_MAX	/* behind the last of a stack, and so in order */
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

/* Most groups are told apart without looking at them. */
struct key {
	uint64_t head;		/* two near words behind those that all groups share */
	uint32_t third;
	uint32_t group;
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

	struct group *groups;		/* of the part that is being divided */
	struct key *sorted;
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

	bool swapped;

	while (depth < n && a[depth] == b[depth] && !s->tree->failed)
		node = add_word(s, node, a[depth++]);
	swapped = depth < n_b && (depth == n_a || b[depth] < a[depth]);
	take_chain(s, pair[swapped], depth, node);
	take_chain(s, pair[!swapped], depth, node);
}

static void load_near(const struct splitter *s, uint32_t stack, uint32_t depth, uint32_t *ret_near)
{
	uint32_t at = s->first[stack] + depth, left = s->first[stack + 1] - at;

	if (left >= NEAR) {
		memcpy(ret_near, s->words + at, NEAR * sizeof(*ret_near));
		return;
	}
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

static uint32_t find_group(struct splitter *s, const uint32_t *near, uint32_t at, uint32_t mask)
{
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

/* Up to AT_ONCE stacks of the part, from i on: a slot, the group it names: each step asks for what the next
 * one looks at. */
static void find_some(struct splitter *s, const struct part *part, uint32_t i, uint32_t mask)
{
	const uint32_t *stacks = s->stacks[part->side];
	uint32_t near[AT_ONCE][NEAR], at[AT_ONCE], n = part->end - i, group;

	n = n < AT_ONCE ? n : AT_ONCE;
	for (uint32_t k = 0; k < n; k++) {
		if (i + k + AT_ONCE < part->end)
			__builtin_prefetch(&s->words[s->first[stacks[i + k + AT_ONCE]] + part->depth]);
		load_near(s, stacks[i + k], part->depth, near[k]);
		at[k] = (uint32_t)near_hash(near[k]) & mask;
		__builtin_prefetch(&s->slots[at[k]]);
	}
	for (uint32_t k = 0; k < n; k++)
		if (s->slots[at[k]])
			__builtin_prefetch(&s->groups[s->slots[at[k]] - 1]);
	for (uint32_t k = 0; k < n; k++) {
		group = find_group(s, near[k], at[k], mask);
		s->groups[group].n++;
		s->group_of[i + k] = group;
	}
}

static inline bool is_less(const struct key *a, const struct key *b, const struct group *groups)
{
	if (a->head != b->head)
		return a->head < b->head;
	if (a->third != b->third)
		return a->third < b->third;
	for (int k = 0; k < NEAR; k++)
		if (groups[a->group].near[k] != groups[b->group].near[k])
			return groups[a->group].near[k] < groups[b->group].near[k];
	return false;
}

static int compare_keys(const void *left, const void *right, void *groups)
{
	return is_less(left, right, groups) ? -1 : is_less(right, left, groups);
}

static void sort_few(struct key *keys, uint32_t n, const struct group *groups)
{
	for (uint32_t i = 1, k; i < n; i++) {
		struct key key = keys[i];

		for (k = i; k && is_less(&key, &keys[k - 1], groups); k--)
			keys[k] = keys[k - 1];
		keys[k] = key;
	}
}

/* Quicksort, since calling a comparison takes longer than it does itself; `turns` that do not halve them are left to
 * qsort. All keys differ. */
static void sort_keys(struct key *keys, uint32_t n, struct group *groups, int turns)
{
	while (n > FEW && turns--) {
		struct key pivot = keys[n / 2], swapped;
		uint32_t i = 0, k = n - 1;

		if (is_less(&keys[0], &pivot, groups) == is_less(&keys[n - 1], &keys[0], groups))
			pivot = keys[0];	/* the middle one of three */
		else if (is_less(&keys[n - 1], &pivot, groups) == is_less(&keys[0], &keys[n - 1], groups))
			pivot = keys[n - 1];
		for (;; i++, k--) {
			while (is_less(&keys[i], &pivot, groups))
				i++;
			while (is_less(&pivot, &keys[k], groups))
				k--;
			if (i >= k)
				break;
			swapped = keys[i];
			keys[i] = keys[k];
			keys[k] = swapped;
		}
		sort_keys(keys, i, groups, turns);
		keys += i;
		n -= i;
	}
	if (n <= FEW)
		sort_few(keys, n, groups);
	else
		qsort_r(keys, n, sizeof(*keys), compare_keys, groups);
}

/* How many near words all groups begin with; behind the end of a stack no more are counted. */
static uint32_t near_of_all(const struct splitter *s)
{
	uint32_t n = NEAR - 3, k;

	for (uint32_t i = 1; i < s->n_groups && n; i++) {
		for (k = 0; k < n && s->groups[i].near[k] == s->groups[0].near[k]; k++)
			;
		n = k;
	}
	return n;
}

static void sort_groups(struct splitter *s)
{
	struct key *sorted = s->sorted;
	uint32_t k = near_of_all(s);

	for (uint32_t i = 0; i < s->n_groups; i++) {
		const uint32_t *near = s->groups[i].near + k;

		sorted[i] = (struct key){ (uint64_t)near[0] << 32 | near[1], near[2], i };
	}
	sort_keys(sorted, s->n_groups, s->groups, 2 * (32 - __builtin_clz(s->n_groups | 1)));
}

/* Groups the stacks by their near words. */
static int find_groups(struct splitter *s, const struct part *part)
{
	uint32_t mask = slots_for(part->end - part->begin) - 1;

	s->n_groups = 0;
	for (uint32_t i = part->begin; i < part->end; i += AT_ONCE) {
		if (VEC_RESERVE_RAW(&s->groups, &s->cap_groups, (uint64_t)s->n_groups + AT_ONCE) < 0)
			return -1;
		find_some(s, part, i, mask);
	}
	for (uint32_t i = 0; i < s->n_groups; i++)
		s->slots[s->groups[i].slot] = 0;
	if (VEC_RESERVE_RAW(&s->sorted, &s->cap_sorted, s->n_groups) < 0)
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

	if (VEC_RESERVE_RAW(&s->parts, &s->cap_parts, (uint64_t)s->n_parts + s->n_groups) < 0)
		return -1;
	s->n_parts += s->n_groups;
	for (uint32_t k = 0; k < s->n_groups; k++) {
		struct group *group = &s->groups[s->sorted[k].group];
		uint32_t n = words_shared(group->near, group->near);

		group->at = begin;
		s->parts[s->n_parts - 1 - k] = (struct part){
			.begin = begin, .end = begin + group->n, .depth = part->depth + n,
			.shared = part->depth +
				  (k ? words_shared(s->groups[s->sorted[k - 1].group].near, group->near) : 0),
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

static int splitter_start(struct splitter *s, uint32_t *stacks, uint32_t n)
{
	s->stacks[0] = stacks;
	s->stacks[1] = malloc((size_t)n * sizeof(*stacks));
	s->group_of = malloc((size_t)n * sizeof(*s->group_of));
	s->slots = large_calloc(slots_for(n), sizeof(*s->slots));
	if (!s->stacks[1] || !s->group_of || !s->slots || VEC_RESERVE_RAW(&s->parts, &s->cap_parts, 1) < 0 ||
	    VEC_RESERVE(&s->path, &s->cap_path, 1) < 0)
		return -1;
	s->parts[s->n_parts++] = (struct part){ .end = n };
	return 0;
}

void stacktree_split(struct stacktree *tree, const struct stack_batch *batch, uint32_t *stacks, uint32_t n,
		     uint32_t *ret_ids)
{
	struct splitter s = { .tree = tree, .batch = batch, .words = batch->words,
			      .first = batch->first, .ret_ids = ret_ids,
			      .n_old = tree->n > 1 ? tree->n : 0 };

	if (splitter_start(&s, stacks, n) < 0)
		tree->failed = true;
	while (!tree->failed && s.n_parts)
		if (take_part(&s, s.parts[--s.n_parts]) < 0)
			tree->failed = true;
	free(s.parts);
	free(s.path);
	free(s.groups);
	free(s.sorted);
	free(s.slots);
	free(s.stacks[1]);
	free(s.group_of);
}
