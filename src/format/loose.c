/* SPDX-License-Identifier: Apache-2.0 */
#include "format/loose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

void loose_fini(struct loose *rows)
{
	batch_fini(&rows->batch);
	free(rows->spans);
	free(rows->frames);
	*rows = (struct loose){ 0 };
}

/* The batch borrows what may have moved since. */
static struct batch *own_batch(struct loose *rows, struct profile *profile)
{
	rows->batch.profile = profile;
	rows->batch.spans = rows->spans;
	rows->batch.frames = rows->frames;
	return &rows->batch;
}

int loose_list(struct loose *rows, struct profile *profile)
{
	return batch_list(own_batch(rows, profile));
}

struct stack_batch loose_stacks(const struct loose *rows)
{
	return (struct stack_batch){ .words = (const uint32_t *)(const void *)rows->batch.words.p,
				     .first = (const uint32_t *)(const void *)rows->batch.first.p,
				     .n = rows->batch.n_stacks, .spans = rows->spans, .frames = rows->frames };
}

const uint32_t *loose_stack_of(const struct loose *rows)
{
	return (const uint32_t *)(const void *)rows->batch.stacks.p;
}

uint32_t *loose_take_words(struct loose *rows)
{
	uint32_t *words = (uint32_t *)(void *)rows->batch.words.p;

	rows->batch.words = (struct buf){ 0 };
	return words;
}

int loose_plant(struct loose *rows, struct profile *profile)
{
	struct stack_batch stacks = loose_stacks(rows);
	const uint32_t *of = loose_stack_of(rows);
	uint32_t *ids = malloc(((size_t)stacks.n + 1) * sizeof(*ids));

	if (!ids)
		return -ENOMEM;
	stacktree_add_all(&profile->tree, &stacks, ids);
	for (uint32_t i = 0; i < profile->n; i++)
		profile->stack[i] = ids[of[i]];
	free(ids);
	loose_fini(rows);
	return profile->tree.failed ? -ENOMEM : 0;
}

void pile_init(struct pile *pile)
{
	*pile = (struct pile){ 0 };
	profile_init(&pile->profile);
}

static void rows_fini(struct pile *pile)
{
	loose_fini(&pile->rows);
	free(pile->owner);
	pile->owner = NULL;
	pile->cap_owner = pile->cap_spans = pile->cap_frames = 0;
}

void pile_fini(struct pile *pile)
{
	profile_fini(&pile->profile);
	rows_fini(pile);
}

int pile_settle(struct pile *pile)
{
	struct batch *batch = own_batch(&pile->rows, &pile->profile);
	int rc = 0;

	if (batch->n)
		rc = batch_flush(batch);
	rows_fini(pile);
	return rc;
}

bool pile_fits(const struct pile *pile, const struct pile *other)
{
	const struct profile *a = &pile->profile, *b = &other->profile;

	if (!pile->rows.batch.n || !other->rows.batch.n || a->n || b->n || a->n_types != b->n_types)
		return false;
	for (uint32_t t = 0; t < a->n_types; t++)
		if (!str_eq(profile_type_name(a, t), profile_type_name(b, t)) ||
		    !str_eq(profile_type_unit(a, t), profile_type_unit(b, t)))
			return false;
	return true;
}

static uint32_t *words_of(const struct batch *batch)
{
	return (uint32_t *)(void *)batch->words.p;
}

static uint32_t n_words(const struct batch *batch)
{
	return (uint32_t)(batch->words.n / sizeof(uint32_t));
}

static bool same_frames(const struct pile *pile, struct stack_span ours, const uint32_t *theirs, uint32_t n,
			const uint32_t *frame)
{
	const uint32_t *frames = pile->rows.frames + ours.at;

	if (ours.n != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (frames[i] != frame[theirs[i]])
			return false;
	return true;
}

/* Our word for those frames of another profile, whose frame f is our frame[f]. *ret_word: word + 1; 0 when another of
 * our words begins like it. */
static int find_word(struct pile *pile, const uint32_t *theirs, uint32_t n, const uint32_t *frame, uint32_t *ret_word)
{
	struct loose *rows = &pile->rows;
	uint32_t *owner = &pile->owner[frame[theirs[0]]];

	if (!*owner) {
		if (VEC_RESERVE_RAW(&rows->spans, &pile->cap_spans, (uint64_t)rows->n_spans + 1) < 0 ||
		    VEC_RESERVE_RAW(&rows->frames, &pile->cap_frames, (uint64_t)rows->n_frames + n) < 0)
			return -ENOMEM;
		rows->spans[rows->n_spans] = (struct stack_span){ rows->n_frames, n };
		for (uint32_t i = 0; i < n; i++)
			rows->frames[rows->n_frames++] = frame[theirs[i]];
		*owner = ++rows->n_spans;
	}
	*ret_word = same_frames(pile, rows->spans[*owner - 1], theirs, n, frame) ? *owner : 0;
	return 0;
}

/* Who owns what, of words that are used. */
static int index_words(struct pile *pile)
{
	const struct loose *rows = &pile->rows;
	bool first = !pile->owner;

	if (VEC_RESERVE(&pile->owner, &pile->cap_owner, pile->profile.frames.n_frames) < 0)
		return -ENOMEM;
	pile->cap_spans = pile->cap_spans ? pile->cap_spans : rows->n_spans;
	pile->cap_frames = pile->cap_frames ? pile->cap_frames : rows->n_frames;
	for (uint32_t i = 0; first && i < n_words(&rows->batch); i++) {
		uint32_t word = words_of(&rows->batch)[i];

		pile->owner[rows->frames[rows->spans[word].at]] = word + 1;
	}
	return 0;
}

/* For each word that the other's rows use ours, + 1. False: one begins like another one of ours. */
static int map_words(struct pile *into, const struct pile *other, const uint32_t *frame, uint32_t *word_of,
		     bool *ret_all)
{
	const struct loose *from = &other->rows;
	uint32_t n = other->owner ? from->n_spans : n_words(&from->batch);
	int rc = index_words(into);

	*ret_all = true;
	for (uint32_t i = 0; rc == 0 && i < n && *ret_all; i++) {
		uint32_t word = other->owner ? i : words_of(&from->batch)[i];
		struct stack_span span = from->spans[word];

		if (word_of[word] || (other->owner && other->owner[from->frames[span.at]] != word + 1))
			continue;	/* known, or not used */
		rc = find_word(into, from->frames + span.at, span.n, frame, &word_of[word]);
		*ret_all = word_of[word];
	}
	return rc;
}

/* The other's rows in our words behind ours. */
static int append(struct pile *into, struct pile *from, const uint32_t *word_of)
{
	uint32_t *words = words_of(&from->rows.batch);

	for (uint32_t i = 0; i < n_words(&from->rows.batch); i++)
		words[i] = word_of[words[i]] - 1;
	own_batch(&into->rows, &into->profile);
	if (into->expected)
		batch_expect(&into->rows.batch, &from->rows.batch, into->expected);
	into->expected = 0;
	return batch_append(&into->rows.batch, &from->rows.batch);
}

/* Two of our words would begin with one frame: what waits goes into the tree, and the other's rows after it. */
static int settle_both(struct pile *into, struct pile *from, const uint32_t *frame)
{
	struct loose *rows = &from->rows;
	int rc = pile_settle(into);

	for (uint32_t i = 0; i < rows->n_frames; i++)
		rows->frames[i] = frame[rows->frames[i]];
	return rc < 0 ? rc : batch_flush(own_batch(rows, &into->profile));
}

static int add_loose(struct pile *into, struct pile *from)
{
	struct batch *batch = &from->rows.batch;
	uint32_t *frame = NULL, *set = NULL, *sets = (uint32_t *)(void *)batch->sets.p;
	uint32_t *word_of = calloc((size_t)from->rows.n_spans + 1, sizeof(*word_of));
	bool all = false;
	int rc = word_of ? profile_merge_loose(&into->profile, &from->profile, &frame, &set) : -ENOMEM;

	if (rc == 0)
		rc = map_words(into, from, frame, word_of, &all);
	for (uint32_t i = 0; rc == 0 && i < batch->n; i++)
		sets[i] = set[sets[i]];
	if (rc == 0)
		rc = all ? append(into, from, word_of) : settle_both(into, from, frame);
	free(word_of);
	free(frame);
	free(set);
	return rc;
}

int pile_add(struct pile *into, struct pile *from)
{
	bool loose = pile_fits(into, from);
	int rc = 0;

	if (!into->profile.n && !into->profile.n_types && !into->rows.batch.n) {	/* the first: nothing to merge with */
		rows_fini(into);
		profile_take(&into->profile, &from->profile);
		into->rows = from->rows;
		into->owner = from->owner;
		into->cap_owner = from->cap_owner;
		into->cap_spans = from->cap_spans;
		into->cap_frames = from->cap_frames;
		from->rows = (struct loose){ 0 };
		from->owner = NULL;
	} else if (loose) {
		rc = add_loose(into, from);
	} else {
		rc = pile_settle(into);
		if (rc == 0)
			rc = pile_settle(from);
		if (rc == 0)
			rc = profile_merge(&into->profile, &from->profile);
	}
	pile_fini(from);
	return rc;
}
