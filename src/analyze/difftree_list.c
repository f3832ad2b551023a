/* SPDX-License-Identifier: Apache-2.0 */
/* One tree out of lists of stacks: those of all inputs, in words that mean the same everywhere (analyze/diffwords.h), are
 * one list, which has each of them once. It is several times as fast as a tree of each input and merging those.
 *
 *   input 0   7 9   ->  chains 1 5   --.    list    1 5        tree
 *             7     ->  1            --+-->         1    ...>
 *   input 1   2     ->  1            --'
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/difftree.h"
#include "analyze/diffwords.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/large.h"
#include "base/parallel.h"

#define AHEAD 16	/* stacks whose slots are asked of memory before they are needed */
#define PIECE 16384u	/* stacks that a thread writes at a time */

/* Stacks are numbered through all inputs. */
struct lister {
	const struct diff_input *inputs;
	uint32_t n;
	const uint32_t *first_stack;	/* of each input */
	struct diffwords words;
	struct listed {
		uint64_t hash;
		const uint32_t *chains;
		uint32_t n;		/* of them */
		uint32_t n_words;	/* that they are written as */
	} *stacks;
	uint32_t n_stacks;
	uint32_t *same;		/* stack -> the first one that is equal; then its place in the list */
	uint32_t *list, *first;	/* the words, as in struct stack_batch */
	uint32_t n_list;
};

/* The words of an input become chains where they are: they are many, and new memory takes time. */
static void unify_input(void *context, uint32_t input)
{
	struct lister *l = context;
	const struct diff_stacks *stacks = l->inputs[input].stacks;
	struct listed *to = l->stacks + l->first_stack[input];
	const uint32_t *chain = l->words.chain[input], *first = stacks->list.first;

	for (uint32_t s = 0; s < stacks->list.n; s++, to++) {
		uint32_t *words = stacks->words + first[s], n = first[s + 1] - first[s];

		*to = (struct listed){ .chains = words, .n = n };
		for (uint32_t i = 0; i < n; i++) {
			words[i] = chain[words[i]];
			to->n_words += diffwords_count(&l->words, words[i]);
		}
		to->hash = hash_bytes(words, n * sizeof(*words));
	}
}

static bool are_equal(const struct listed *a, const struct listed *b)
{
	return a->n == b->n && !memcmp(a->chains, b->chains, a->n * sizeof(*a->chains));
}

/* Of those stacks that have an odd hash, or of all others. */
struct search {
	struct lister *lister;
	int rcs[2];
};

static void find_equal(void *context, uint32_t odd)
{
	struct search *search = context;
	struct lister *l = search->lister;
	struct idindex index = { 0 };
	int rc = idindex_reserve(&index, l->n_stacks / 2);

	for (uint32_t i = 0; rc == 0 && i < l->n_stacks; i++) {
		const struct listed *stack = &l->stacks[i];
		uint32_t step = 0, id;

		if (i + AHEAD < l->n_stacks)
			idindex_prefetch(&index, stack[AHEAD].hash);
		if ((stack->hash & 1) != odd)
			continue;
		while ((id = idindex_probe(&index, stack->hash, &step)))
			if (are_equal(&l->stacks[id - 1], stack))
				break;
		l->same[i] = id ? id - 1 : i;
		if (!id)
			rc = idindex_add(&index, stack->hash, i + 1);
	}
	idindex_fini(&index);
	search->rcs[odd] = rc;
}

/* Which stacks are in the list, and where their words go. */
static int lay_out(struct lister *l, struct err *err)
{
	uint64_t n_words = 0;

	for (uint32_t i = 0; i < l->n_stacks; i++) {
		if (l->same[i] != i) {
			l->same[i] = l->same[l->same[i]];	/* which is before it */
			l->stacks[i].n = 0;
			continue;
		}
		l->first[l->n_list] = (uint32_t)n_words;
		l->same[i] = l->n_list++;
		n_words += l->stacks[i].n_words;
		if (n_words > UINT32_MAX)
			return err_fail(err, -E2BIG, "the profiles' stacks have more than %u frames together", UINT32_MAX);
	}
	l->first[l->n_list] = (uint32_t)n_words;
	l->list = large_alloc((n_words + 1) * sizeof(*l->list));
	return l->list ? 0 : -ENOMEM;
}

static void write_piece(void *context, uint32_t piece)
{
	const struct lister *l = context;
	const uint32_t *subjects = l->words.subjects;
	uint32_t end = l->n_stacks - piece * PIECE < PIECE ? l->n_stacks : (piece + 1) * PIECE;

	for (uint32_t s = piece * PIECE; s < end; s++) {
		const struct listed *stack = &l->stacks[s];
		uint32_t *to = l->list + l->first[l->same[s]];

		for (uint32_t i = 0; i < stack->n; i++) {
			uint32_t chain = stack->chains[i], n = diffwords_count(&l->words, chain);

			for (uint32_t k = 0; k < n; k++)
				*to++ = subjects[chain + k];
		}
	}
}

/* Fills .list and .first; what the inputs had is freed. */
static int make_list(struct lister *l, struct err *err)
{
	struct search search = { .lister = l };
	int rc;

	l->stacks = large_alloc(((size_t)l->n_stacks + 1) * sizeof(*l->stacks));
	l->same = malloc(((size_t)l->n_stacks + 1) * sizeof(*l->same));
	l->first = malloc(((size_t)l->n_stacks + 1) * sizeof(*l->first));
	if (!l->stacks || !l->same || !l->first)
		return -ENOMEM;
	parallel_each(l->n, unify_input, l);
	parallel_each(2, find_equal, &search);
	if (search.rcs[0] < 0 || search.rcs[1] < 0)
		return -ENOMEM;
	rc = lay_out(l, err);
	if (rc < 0)
		return rc;
	parallel_each((l->n_stacks + PIECE - 1) / PIECE, write_piece, l);
	for (uint32_t i = 0; i < l->n; i++) {
		free(l->inputs[i].stacks->words);
		l->inputs[i].stacks->words = NULL;
	}
	return 0;
}

/* Adds the list to the tree. ret_node: of each stack. */
static int plant(struct lister *l, struct difftree *tree, uint32_t **ret_node)
{
	struct stack_batch list = { .words = l->list, .first = l->first, .n = l->n_list,
				    .spans = l->words.spans, .frames = l->words.subjects };
	uint32_t *ids = malloc(((size_t)l->n_list + 1) * sizeof(*ids));

	if (!ids)
		return -ENOMEM;
	stacktree_add_all(&tree->tree, &list, ids);
	for (uint32_t i = 0; i < l->n_stacks; i++)
		l->same[i] = ids[l->same[i]];
	free(ids);
	*ret_node = l->same;
	l->same = NULL;
	return tree->tree.failed ? -ENOMEM : 0;
}

/* Which nodes have no caller of their own subject. */
static int find_outer(struct difftree *tree)
{
	const struct stacktree *stacks = &tree->tree;
	bool *outer = large_calloc((size_t)stacks->n + 1, sizeof(*outer));
	bool *inside = calloc((size_t)tree->subjects.n + 1, sizeof(*inside));	/* the node before, or one of its callers */
	int rc = outer && inside ? 0 : -ENOMEM;
	uint32_t before = 0;

	for (uint32_t i = 1; rc == 0 && i < stacks->n; before = i++) {	/* depth first: see stacktree_add_all() */
		for (; before != stacks->parent[i]; before = stacks->parent[before])
			if (outer[before])
				inside[stacks->frame[before]] = false;
		outer[i] = !inside[stacks->frame[i]];
		inside[stacks->frame[i]] = true;
	}
	free(inside);
	tree->outer = outer;
	return rc;
}

static void lister_fini(struct lister *l)
{
	diffwords_fini(&l->words);
	free(l->stacks);
	free(l->same);
	free(l->list);
	free(l->first);
}

int difftree_list(struct difftree *tree, const struct diff_input *inputs, uint32_t n,
		  uint32_t **ret_node, uint32_t *ret_first, struct err *err)
{
	struct lister l = { .inputs = inputs, .n = n, .first_stack = ret_first };
	uint64_t n_stacks = 0;
	int rc;

	for (uint32_t i = 0; i < n; i++) {
		ret_first[i] = (uint32_t)n_stacks;
		n_stacks += inputs[i].stacks->list.n;
		if (n_stacks >= UINT32_MAX)
			return err_fail(err, -E2BIG, "the profiles have more than %u stacks together", UINT32_MAX);
	}
	l.n_stacks = (uint32_t)n_stacks;
	rc = diffwords_init(&l.words, inputs, n, &tree->subjects);
	if (rc == 0)
		rc = make_list(&l, err);
	*ret_node = NULL;
	if (rc == 0)
		rc = plant(&l, tree, ret_node);
	lister_fini(&l);
	if (rc == 0)
		rc = find_outer(tree);
	return rc;
}
