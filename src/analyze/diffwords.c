/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/diffwords.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/vec.h"

/* While words are looked for, what is before each chain is its length. */
struct finder {
	struct diffwords *words;
	struct idindex index;	/* chains */
	uint32_t *owner;	/* subject -> the first chain that begins with it; 0: none */
	bool *alone;		/* subjects that begin no longer word */
	uint32_t *waiting, n_waiting;	/* of them, those whose owners are still to be taken apart */
};

static void set_alone(struct finder *f, uint32_t chain)
{
	const uint32_t *subjects = f->words->subjects + chain;

	for (uint32_t k = 0; k < subjects[-1]; k++) {
		if (f->alone[subjects[k]])
			continue;
		f->alone[subjects[k]] = true;
		f->words->spans[subjects[k]] = (struct stack_span){ chain + k, 1 };
		f->waiting[f->n_waiting++] = subjects[k];
	}
}

/* A new chain that begins as another one, or with what is alone, takes all of them apart. */
static void claim(struct finder *f, uint32_t chain)
{
	uint32_t begin = f->words->subjects[chain], *owner = &f->owner[begin];

	if (*owner || f->alone[begin])
		set_alone(f, chain);
	if (!*owner)
		*owner = chain;
	while (f->n_waiting) {
		uint32_t subject = f->waiting[--f->n_waiting];

		if (f->owner[subject])
			set_alone(f, f->owner[subject]);
	}
}

/* The chain that was just written behind all others, or the same from before. 0: out of memory. */
static uint32_t intern(struct finder *f, uint32_t n)
{
	struct diffwords *words = f->words;
	uint32_t chain = words->n + 1, step = 0, id;
	struct str bytes = str_over(words->subjects + words->n, (n + 1) * sizeof(*words->subjects));
	uint64_t hash = hash_str(bytes);

	while ((id = idindex_probe(&f->index, hash, &step)))
		if (!memcmp(words->subjects + id - 1, bytes.p, bytes.n))
			return id;
	words->n += n + 1;
	if (idindex_add(&f->index, hash, chain) < 0)
		return 0;
	claim(f, chain);
	return chain;
}

static int add_input(struct finder *f, uint32_t input, const struct diff_stacks *stacks, const uint32_t *of_frame)
{
	struct diffwords *words = f->words;
	uint32_t *chain = malloc(((size_t)stacks->n_words + 1) * sizeof(*chain));

	words->chain[input] = chain;
	if (!chain)
		return -ENOMEM;
	for (uint32_t w = 0; w < stacks->n_words; w++) {
		struct stack_span span = stacks->list.spans[w];

		if (VEC_RESERVE_RAW(&words->subjects, &words->cap, (uint64_t)words->n + span.n + 1) < 0)
			return -ENOMEM;
		words->subjects[words->n] = span.n;
		for (uint32_t k = 0; k < span.n; k++)
			words->subjects[words->n + 1 + k] = of_frame[stacks->list.frames[span.at + k]];
		chain[w] = intern(f, span.n);
		if (!chain[w])
			return -ENOMEM;
	}
	return 0;
}

/* Chains that are words: their lengths are with the words, what is before them becomes what they are written as. */
static void name_words(struct finder *f, uint32_t n_subjects)
{
	struct diffwords *words = f->words;

	for (uint32_t i = 1; i < n_subjects; i++) {
		uint32_t chain = f->owner[i];

		if (!chain || f->alone[i])
			continue;
		words->spans[i] = (struct stack_span){ chain, words->subjects[chain - 1] };
		words->subjects[chain - 1] = 1;
	}
}

int diffwords_init(struct diffwords *words, const struct diff_input *inputs, uint32_t n, const struct subjects *subjects)
{
	struct finder f = { .words = words };
	int rc;

	*words = (struct diffwords){ .n_inputs = n };
	words->chain = calloc((size_t)n + 1, sizeof(*words->chain));
	words->spans = calloc(subjects->n, sizeof(*words->spans));
	f.owner = calloc(subjects->n, sizeof(*f.owner));
	f.alone = calloc(subjects->n, sizeof(*f.alone));
	f.waiting = malloc(subjects->n * sizeof(*f.waiting));
	rc = words->chain && words->spans && f.owner && f.alone && f.waiting ? 0 : -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = add_input(&f, i, inputs[i].stacks, subjects->of_frame[i]);
	if (rc == 0)
		name_words(&f, subjects->n);
	idindex_fini(&f.index);
	free(f.owner);
	free(f.alone);
	free(f.waiting);
	return rc;
}

void diffwords_fini(struct diffwords *words)
{
	for (uint32_t i = 0; words->chain && i < words->n_inputs; i++)
		free(words->chain[i]);
	free(words->chain);
	free(words->subjects);
	free(words->spans);
	*words = (struct diffwords){ 0 };
}
