/* SPDX-License-Identifier: Apache-2.0 */
/* stacktree_add_all(): into an empty tree, the stacks from some stack on (in the order of their words) go on a
 * second thread, as a tree of their own that is then put behind the first: ids are the same as those
 * of one thread.
 */
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "model/stacktree.h"
#include "model/stacktree_split.h"

#define HALVES_MIN 16384	/* stacks that are worth a second thread */
#define SAMPLE 511	/* stacks that are looked at to find the middle one */

/* Stacks on both sides of a pivot, which is the first of those behind it. */
struct halves {
	const struct stack_batch *batch;
	uint32_t *ret_ids;
	uint32_t pivot;
	uint32_t near;		/* the stack before it that begins most like it */
	uint32_t n_shared;	/* words that both begin with */
	struct {
		struct stacktree *tree;
		uint32_t *stacks, n;
	} half[2];
};

/* Whether stack a is before stack b in the order of words; *ret_shared: how many both begin with. */
static bool is_before(const struct stack_batch *batch, uint32_t a, uint32_t b, uint32_t *ret_shared)
{
	const uint32_t *p = batch->words + batch->first[a], *q = batch->words + batch->first[b];
	uint32_t n_p = batch->first[a + 1] - batch->first[a], n_q = batch->first[b + 1] - batch->first[b];
	uint32_t n = n_p < n_q ? n_p : n_q, i = 0;

	while (i < n && p[i] == q[i])
		i++;
	*ret_shared = i;
	return i < n_p && (i == n_q || p[i] < q[i]);
}

static int compare_stacks(const void *left, const void *right, void *context)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right, shared;

	return is_before(context, a, b, &shared) ? -1 : is_before(context, b, a, &shared);
}

/* Finds a pivot with about as many stacks before it as behind it; false: all of a sample are alike. */
static bool find_pivot(struct halves *h)
{
	struct stack_batch batch = *h->batch;
	uint32_t sample[SAMPLE], shared;

	for (uint32_t i = 0; i < SAMPLE; i++)
		sample[i] = (uint32_t)((uint64_t)batch.n * i / SAMPLE);
	qsort_r(sample, SAMPLE, sizeof(*sample), compare_stacks, &batch);
	for (uint32_t far = 0; far < SAMPLE / 2; far++) {
		uint32_t up = SAMPLE / 2 + far, down = SAMPLE / 2 - far;

		if (is_before(&batch, sample[up - 1], sample[up], &shared)) {
			h->pivot = sample[up];
			return true;
		}
		if (is_before(&batch, sample[down - 1], sample[down], &shared)) {
			h->pivot = sample[down];
			return true;
		}
	}
	return false;
}

static void part_at_pivot(struct halves *h, uint32_t *stacks)
{
	uint32_t n = h->batch->n, back = n, shared;

	h->half[0].stacks = stacks;
	h->half[0].n = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!is_before(h->batch, i, h->pivot, &shared)) {
			stacks[--back] = i;
			continue;
		}
		stacks[h->half[0].n++] = i;
		if (h->half[0].n == 1 || shared > h->n_shared) {
			h->n_shared = shared;
			h->near = i;
		}
	}
	h->half[1].stacks = stacks + back;
	h->half[1].n = n - back;
}

/* How many nodes the first words of a stack are. */
static uint32_t count_nodes(const struct stack_batch *batch, uint32_t stack, uint32_t n_words)
{
	const uint32_t *words = batch->words + batch->first[stack];
	uint32_t n = 0;

	for (uint32_t i = 0; i < n_words; i++)
		n += batch->spans ? batch->spans[words[i]].n : 1;
	return n;
}

/* Puts the second half's tree behind the other one. Its first nodes are those that the pivot shares with stacks
 * before it. */
static void join(struct halves *h, const uint32_t *stacks)
{
	struct stacktree *tree = h->half[0].tree, *from = h->half[1].tree;
	uint32_t n_shared = count_nodes(h->batch, h->pivot, h->n_shared), first = tree->n;
	uint32_t node = h->ret_ids[h->near];

	if (!stacktree_reserve(tree, from->n - 1 - n_shared))
		return;
	for (uint32_t depth = stacktree_depth(tree, node); depth > n_shared; depth--)
		node = tree->parent[node];
	/* parents of shared nodes are of no use any more: what they are in the other tree */
	for (uint32_t i = n_shared; i; i--, node = tree->parent[node])
		from->parent[i] = node;
#define IN_TREE(id) ((id) <= n_shared ? from->parent[id] : (id) - n_shared - 1 + first)
	for (uint32_t i = n_shared + 1; i < from->n; i++) {
		tree->frame[tree->n] = from->frame[i];
		tree->parent[tree->n++] = IN_TREE(from->parent[i]);
	}
	for (uint32_t i = 0; i < h->half[1].n; i++)
		h->ret_ids[stacks[i]] = IN_TREE(h->ret_ids[stacks[i]]);
#undef IN_TREE
}

static void split_half(void *context, uint32_t i)
{
	struct halves *h = context;

	/* growing in steps would copy; what is not written takes no memory */
	if (stacktree_reserve(h->half[i].tree, h->batch->first[h->batch->n] / 2))
		stacktree_split(h->half[i].tree, h->batch, h->half[i].stacks, h->half[i].n, h->ret_ids);
}

/* Into an empty tree. False: they cannot be halved. */
static bool add_halves(struct stacktree *tree, const struct stack_batch *batch, uint32_t *stacks,
		       uint32_t *ret_ids)
{
	struct halves h = { .batch = batch, .ret_ids = ret_ids };
	struct stacktree later;
	uint32_t *kept;

	if (!find_pivot(&h))
		return false;
	part_at_pivot(&h, stacks);
	kept = malloc(h.half[1].n * sizeof(*kept));
	if (!kept)
		return false;
	memcpy(kept, h.half[1].stacks, h.half[1].n * sizeof(*kept));
	stacktree_init(&later);
	h.half[0].tree = tree;
	h.half[1].tree = &later;
	parallel_each(2, split_half, &h);
	tree->failed |= later.failed;
	if (!tree->failed)
		join(&h, kept);
	stacktree_fini(&later);
	free(kept);
	return true;
}

void stacktree_add_all(struct stacktree *tree, const struct stack_batch *batch, uint32_t *ret_ids)
{
	uint32_t *stacks;

	if (!batch->n)
		return;
	stacks = malloc((size_t)batch->n * sizeof(*stacks));
	memset(ret_ids, 0, (size_t)batch->n * sizeof(*ret_ids));
	if (!stacks || (tree->n > 1 && !stacktree_index(tree))) {
		tree->failed = true;
	} else if (tree->n > 1 || batch->n < HALVES_MIN || !add_halves(tree, batch, stacks, ret_ids)) {
		for (uint32_t i = 0; i < batch->n; i++)
			stacks[i] = i;
		stacktree_split(tree, batch, stacks, batch->n, ret_ids);
	}
	free(stacks);
}
