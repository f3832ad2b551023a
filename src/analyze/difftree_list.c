/* SPDX-License-Identifier: Apache-2.0 */
/* One tree out of lists of stacks: those of all inputs, in words that mean the same everywhere, are one list. It is
 * several times as fast as a tree of each input and merging those.
 *
 *   input 0   word 7 = frames 3, 4 = subjects 1, 2     7 9   ->  1 5    --.    word 1 = subjects 1, 2
 *   input 1   word 2 = frames 8, 9 = subjects 1, 2     2     ->  1      --+--> tree
 *
 * A word is called by the subject it begins with. Two that begin alike and go on differently are no words: they are
 * written as their subjects, one by one, and then all of those have to be words by themselves.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/difftree.h"
#include "base/err.h"
#include "base/large.h"
#include "base/parallel.h"
#include "base/vec.h"

struct lister {
	const struct diff_input *inputs;
	uint32_t n;
	uint32_t *const *of_frame;	/* input -> subjects of its frames */
	struct share {
		uint32_t first_stack;
		uint32_t *chain;	/* word -> where its subjects are in .subjects */
		uint32_t *word;		/* word -> what it becomes; 0: its subjects, one by one */
		uint64_t n_words, first_word;	/* of its stacks in .words */
	} *shares;		/* of each input */
	uint32_t *subjects, cap_subjects;	/* of all words, each with how many it is before it */
	uint64_t n_subjects;
	uint32_t *owner;	/* subject -> the word that begins with it, in .subjects; 0: none */
	bool *alone;		/* subjects that are no beginning of a longer word */
	uint32_t *waiting, n_waiting;	/* of them, those whose owners are still to be taken apart */
	struct stack_span *spans;	/* subject -> the word called so, in .subjects */
	uint32_t *words, *first;	/* the list */
};

/* ---- which words there are ---- */

static void set_alone(struct lister *l, uint32_t chain)
{
	const uint32_t *subjects = l->subjects + chain;

	for (uint32_t k = 0; k < subjects[-1]; k++) {
		if (l->alone[subjects[k]])
			continue;
		l->alone[subjects[k]] = true;
		l->spans[subjects[k]] = (struct stack_span){ chain + k, 1 };
		l->waiting[l->n_waiting++] = subjects[k];
	}
}

/* A word that begins as another one, or as what is alone, and is not the same takes both apart, and so on. */
static void claim(struct lister *l, uint32_t chain)
{
	const uint32_t *subjects = l->subjects + chain;
	uint32_t *owner = &l->owner[subjects[0]];

	if (!*owner)
		*owner = chain;
	if (l->alone[subjects[0]] || memcmp(l->subjects + *owner - 1, subjects - 1, (subjects[-1] + 1) * sizeof(*subjects)))
		set_alone(l, chain);
	while (l->n_waiting) {
		uint32_t subject = l->waiting[--l->n_waiting];

		if (l->owner[subject])
			set_alone(l, l->owner[subject]);
	}
}

/* The words of an input as subjects. */
static int add_chains(struct lister *l, uint32_t input)
{
	const struct diff_stacks *stacks = l->inputs[input].stacks;
	struct share *share = &l->shares[input];

	share->chain = malloc(((size_t)stacks->n_words + 1) * sizeof(*share->chain));
	share->word = malloc(((size_t)stacks->n_words + 1) * sizeof(*share->word));
	if (!share->chain || !share->word)
		return -ENOMEM;
	for (uint32_t w = 0; w < stacks->n_words; w++) {
		struct stack_span span = stacks->list.spans[w];

		if (VEC_RESERVE_RAW(&l->subjects, &l->cap_subjects, l->n_subjects + span.n + 1) < 0)
			return -ENOMEM;
		l->subjects[l->n_subjects++] = span.n;
		share->chain[w] = (uint32_t)l->n_subjects;
		for (uint32_t k = 0; k < span.n; k++)
			l->subjects[l->n_subjects++] = l->of_frame[input][stacks->list.frames[span.at + k]];
		claim(l, share->chain[w]);
	}
	return 0;
}

static int find_words(struct lister *l, uint32_t n_subjects)
{
	int rc = 0;

	l->owner = calloc((size_t)n_subjects + 1, sizeof(*l->owner));
	l->alone = calloc((size_t)n_subjects + 1, sizeof(*l->alone));
	l->waiting = malloc(((size_t)n_subjects + 1) * sizeof(*l->waiting));
	l->spans = calloc((size_t)n_subjects + 1, sizeof(*l->spans));
	if (!l->owner || !l->alone || !l->waiting || !l->spans)
		return -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < l->n; i++)
		rc = add_chains(l, i);
	for (uint32_t i = 0; rc == 0 && i < n_subjects; i++)
		if (l->owner[i] && !l->alone[i])
			l->spans[i] = (struct stack_span){ l->owner[i], l->subjects[l->owner[i] - 1] };
	return rc;
}

/* ---- the list ---- */

/* What each word of an input becomes, and how many words its stacks have then. */
static void look_at_input(void *context, uint32_t input)
{
	const struct lister *l = context;
	const struct diff_stacks *stacks = l->inputs[input].stacks;
	const uint32_t *first = stacks->list.first, *words = stacks->list.words;
	struct share *share = &l->shares[input];
	bool longer = false;

	for (uint32_t w = 0; w < stacks->n_words; w++) {
		const uint32_t *subjects = l->subjects + share->chain[w];

		share->word[w] = subjects[-1] > 1 && l->alone[subjects[0]] ? 0 : subjects[0];
		longer |= !share->word[w];
	}
	share->n_words = first[stacks->list.n] - first[0];
	for (uint32_t i = first[0]; longer && i < first[stacks->list.n]; i++)
		if (!share->word[words[i]])
			share->n_words += l->subjects[share->chain[words[i]] - 1] - 1;
}

/* Backwards: the first input's words become ours where they are, and may become more. */
static void write_input(void *context, uint32_t input)
{
	const struct lister *l = context;
	const struct share *share = &l->shares[input];
	const struct stack_batch *list = &l->inputs[input].stacks->list;
	uint32_t *to = l->words + share->first_word + share->n_words, *first = l->first + share->first_stack;

	for (uint32_t s = list->n; s-- > 0;) {
		for (uint32_t i = list->first[s + 1]; i-- > list->first[s];) {
			uint32_t from = list->words[i], chain;

			if (share->word[from]) {
				*--to = share->word[from];
				continue;
			}
			chain = share->chain[from];
			for (uint32_t k = l->subjects[chain - 1]; k-- > 0;)
				*--to = l->subjects[chain + k];
		}
		first[s] = (uint32_t)(to - l->words);
	}
}

/* Room for all words: behind those of the first input, since they are many, and new memory is what takes most time. */
static int make_room(struct lister *l, uint64_t n_words, uint32_t n_stacks)
{
	struct diff_stacks *stacks = l->inputs[0].stacks;

	l->words = realloc(stacks->words, (n_words + 1) * sizeof(*l->words));
	if (!l->words)
		return -ENOMEM;
	large_advise(l->words, n_words * sizeof(*l->words));
	stacks->words = NULL;
	stacks->list.words = l->words;
	l->first = malloc(((size_t)n_stacks + 1) * sizeof(*l->first));
	if (!l->first)
		return -ENOMEM;
	l->first[n_stacks] = (uint32_t)n_words;
	return 0;
}

static int write_all(struct lister *l, uint32_t n_stacks, struct err *err)
{
	uint64_t n_words = 0;
	int rc;

	parallel_each(l->n, look_at_input, l);
	for (uint32_t i = 0; i < l->n; i++) {
		l->shares[i].first_word = n_words;
		n_words += l->shares[i].n_words;
	}
	if (n_words > UINT32_MAX)
		return err_fail(err, -E2BIG, "the profiles' stacks have more than %u frames together", UINT32_MAX);
	rc = make_room(l, n_words, n_stacks);
	if (rc < 0)
		return rc;
	parallel_each(l->n, write_input, l);
	for (uint32_t i = 0; i < l->n; i++) {
		free(l->inputs[i].stacks->words);
		l->inputs[i].stacks->words = NULL;
	}
	return 0;
}

/* Stacks of all inputs are numbered through. */
static int number_stacks(struct lister *l, uint32_t *ret_first, uint64_t *ret_n, struct err *err)
{
	l->shares = calloc((size_t)l->n + 1, sizeof(*l->shares));
	*ret_n = 0;
	for (uint32_t i = 0; l->shares && i < l->n; i++) {
		ret_first[i] = l->shares[i].first_stack = (uint32_t)*ret_n;
		*ret_n += l->inputs[i].stacks->list.n;
		if (*ret_n >= UINT32_MAX)
			return err_fail(err, -E2BIG, "the profiles have more than %u stacks together", UINT32_MAX);
	}
	return l->shares ? 0 : -ENOMEM;
}

static void lister_fini(struct lister *l)
{
	for (uint32_t i = 0; l->shares && i < l->n; i++) {
		free(l->shares[i].chain);
		free(l->shares[i].word);
	}
	free(l->shares);
	free(l->subjects);
	free(l->owner);
	free(l->alone);
	free(l->waiting);
	free(l->spans);
	free(l->words);
	free(l->first);
}

/* ---- the tree ---- */

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

int difftree_list(struct difftree *tree, const struct diff_input *inputs, uint32_t n,
		  uint32_t **ret_node, uint32_t *ret_first, struct err *err)
{
	struct lister l = { .inputs = inputs, .n = n, .of_frame = tree->subjects.of_frame };
	uint32_t *node = NULL;
	uint64_t n_stacks;
	int rc = number_stacks(&l, ret_first, &n_stacks, err);

	if (rc == 0)
		rc = find_words(&l, tree->subjects.n);
	if (rc == 0)
		rc = write_all(&l, (uint32_t)n_stacks, err);
	if (rc == 0 && (node = malloc((n_stacks + 1) * sizeof(*node)))) {
		struct stack_batch list = { .words = l.words, .first = l.first, .n = (uint32_t)n_stacks,
					    .spans = l.spans, .frames = l.subjects };

		stacktree_add_all(&tree->tree, &list, node);
	}
	lister_fini(&l);
	if (rc == 0)
		rc = node && !tree->tree.failed ? find_outer(tree) : -ENOMEM;
	if (rc == 0)
		*ret_node = node;
	else
		free(node);
	return rc;
}
