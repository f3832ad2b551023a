/* SPDX-License-Identifier: Apache-2.0 */
#include "format/batch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/large.h"
#include "model/profile.h"

#define AHEAD 16	/* rows that are asked of memory before they are needed */

#define N_COLUMNS 6

static struct buf *column_of(struct batch *batch, uint32_t i)
{
	struct buf *columns[N_COLUMNS] = { &batch->words, &batch->first, &batch->stacks, &batch->sets,
					   &batch->values, &batch->times };

	return columns[i];
}

void batch_fini(struct batch *batch)
{
	for (uint32_t i = 0; i < N_COLUMNS; i++)
		buf_fini(column_of(batch, i));
	*batch = (struct batch){ 0 };
}

static const uint32_t *column(const struct buf *buf)
{
	return (const uint32_t *)(const void *)buf->p;
}

void batch_add_again(struct batch *batch, uint32_t stack, uint32_t label_set, uint64_t time_ns,
		     const int64_t *values)
{
	if (label_set)
		batch->labeled = true;
	buf_add(&batch->stacks, &stack, sizeof(stack));
	buf_add(&batch->sets, &label_set, sizeof(label_set));
	buf_add(&batch->values, values, batch->profile->n_types * sizeof(*values));
	if (batch->timed)
		buf_add(&batch->times, &time_ns, sizeof(time_ns));
	batch->n++;
	if (batch->first.failed || batch->stacks.failed || batch->sets.failed ||
	    batch->values.failed || batch->times.failed)
		batch->failed = true;
	else if (batch->n == BATCH_ROWS || batch->words.n >= BATCH_WORDS * sizeof(uint32_t))
		batch_flush(batch);
}

void batch_add(struct batch *batch, size_t n, uint32_t label_set, uint64_t time_ns,
	       const int64_t *values)
{
	uint32_t at = (uint32_t)(batch->words.n / sizeof(uint32_t));

	buf_add(&batch->first, &at, sizeof(at));
	batch->words.n += n * sizeof(uint32_t);
	batch_add_again(batch, batch->n_stacks++, label_set, time_ns, values);
}

static void add_to_each(struct buf *column, uint32_t more)
{
	uint32_t *p = (uint32_t *)(void *)column->p;

	for (size_t i = 0; i < column->n / sizeof(*p); i++)
		p[i] += more;
}

void batch_expect(struct batch *batch, struct batch *like, size_t times)
{
	size_t most = BATCH_WORDS * sizeof(uint32_t) / (like->words.n + 1);

	times = times < most ? times : most;
	times = times < BATCH_ROWS / (like->n + 1) ? times : BATCH_ROWS / (like->n + 1);
	for (uint32_t i = 0; i < N_COLUMNS; i++)
		buf_reserve(column_of(batch, i), column_of(like, i)->n * times);
}

int batch_append(struct batch *into, struct batch *from)
{
	if (from->n > BATCH_ROWS - into->n || from->words.n + into->words.n > BATCH_WORDS * sizeof(uint32_t))
		batch_flush(into);
	add_to_each(&from->first, (uint32_t)(into->words.n / sizeof(uint32_t)));
	add_to_each(&from->stacks, into->n_stacks);
	for (uint32_t i = 0; i < N_COLUMNS; i++) {
		struct buf *to = column_of(into, i), *rest = column_of(from, i);

		if (to->n) {
			buf_add_str(to, buf_str(rest));
			buf_fini(rest);
		} else {	/* moved */
			buf_fini(to);
			*to = *rest;
			*rest = (struct buf){ 0 };
		}
		into->failed |= to->failed;
	}
	into->n += from->n;
	into->n_stacks += from->n_stacks;
	into->labeled |= from->labeled;
	into->failed |= from->failed;
	from->n = from->n_stacks = 0;
	from->flushes++;
	return into->failed ? -ENOMEM : 0;
}

/* Without labels and times a row is its stack: rows are found by the stack's number (all are below `limit`), not by a
 * hash. Only into a profile that has no rows yet. */
static bool add_plain_rows(struct batch *batch, const uint32_t *stacks, uint32_t limit)
{
	struct profile *profile = batch->profile;
	const int64_t *values = (const int64_t *)(const void *)batch->values.p;
	uint32_t *row_of = batch->timed || batch->labeled || profile->n ?
			   NULL : large_calloc((size_t)limit + 1, sizeof(*row_of));

	if (!row_of)
		return false;
	for (uint32_t i = 0; i < batch->n; i++, values += profile->n_types) {
		uint32_t *row = &row_of[stacks[i]];

		if (i + AHEAD < batch->n)
			__builtin_prefetch(&row_of[stacks[i + AHEAD]]);

		if (*row)
			profile_add_to(profile, *row - 1, values);
		else
			*row = profile_append(profile, stacks[i], 0, values) + 1;
	}
	free(row_of);
	return true;
}

static void add_rows(struct batch *batch, const uint32_t *stacks, uint32_t limit)
{
	struct profile *profile = batch->profile;
	const int64_t *values = (const int64_t *)(const void *)batch->values.p;
	const uint64_t *times = (const uint64_t *)(const void *)batch->times.p;

	if (add_plain_rows(batch, stacks, limit))
		return;
	if (!batch->timed) {
		profile_add_all(profile, batch->n, stacks, column(&batch->sets), values);
		return;
	}
	for (uint32_t i = 0; i < batch->n; i++)
		profile_add_at(profile, stacks[i], column(&batch->sets)[i], times[i],
			       values + (size_t)i * profile->n_types);
}

/* The rows' nodes, in place of the numbers of their stacks; NULL: out of memory. */
static uint32_t *add_stacks(struct batch *batch)
{
	struct stack_batch all = {
		.words = column(&batch->words), .first = column(&batch->first),
		.n = batch->n_stacks, .spans = batch->spans, .frames = batch->frames,
	};
	uint32_t *nodes = malloc(((size_t)batch->n_stacks + 1) * sizeof(*nodes));
	uint32_t *stacks = (uint32_t *)(void *)batch->stacks.p;

	if (!nodes)
		return NULL;
	stacktree_add_all(&batch->profile->tree, &all, nodes);
	for (uint32_t i = 0; i < batch->n; i++)
		stacks[i] = nodes[stacks[i]];
	free(nodes);
	return stacks;
}

/* Where the words of the last stack end. */
static void add_end(struct batch *batch)
{
	uint32_t end = (uint32_t)(batch->words.n / sizeof(uint32_t));

	buf_add(&batch->first, &end, sizeof(end));
	batch->failed |= batch->first.failed;
}

int batch_flush(struct batch *batch)
{
	add_end(batch);
	if (batch->n && !batch->failed) {
		uint32_t *stacks = add_stacks(batch);

		batch->failed = !stacks;
		if (stacks)
			add_rows(batch, stacks, batch->profile->tree.n);
	}
	if (profile_failed(batch->profile))
		batch->failed = true;
	for (uint32_t i = 0; i < N_COLUMNS; i++)
		buf_clear(column_of(batch, i));
	batch->n = batch->n_stacks = 0;
	batch->flushes++;
	return batch->failed ? -ENOMEM : 0;
}

static struct str words_of(const struct batch *batch, uint32_t stack)
{
	const uint32_t *first = column(&batch->first);

	return str_over(column(&batch->words) + first[stack], (first[stack + 1] - first[stack]) * sizeof(uint32_t));
}

/* Of each stack, the first one that has the same words. */
static int find_equal(const struct batch *batch, uint32_t *equal)
{
	uint64_t hashes[AHEAD];
	struct idindex index = { 0 };
	int rc = idindex_reserve(&index, batch->n_stacks);

	for (uint32_t i = 0; rc == 0 && i < batch->n_stacks + AHEAD; i++) {
		uint64_t hash = hashes[i % AHEAD];
		uint32_t stack = i - AHEAD, step = 0, id;

		if (i < batch->n_stacks) {
			hashes[i % AHEAD] = hash_str(words_of(batch, i));
			idindex_prefetch(&index, hashes[i % AHEAD]);
		}
		if (i < AHEAD)
			continue;
		while ((id = idindex_probe(&index, hash, &step)))
			if (str_eq(words_of(batch, id - 1), words_of(batch, stack)))
				break;
		equal[stack] = id ? id - 1 : stack;
		if (!id)
			rc = idindex_add(&index, hash, stack + 1);
	}
	idindex_fini(&index);
	return rc;
}

/* The rows go into the profile, one for each stack and label set. */
static int list_rows(struct batch *batch)
{
	uint32_t *equal = malloc(((size_t)batch->n_stacks + 1) * sizeof(*equal));
	uint32_t *stacks = (uint32_t *)(void *)batch->stacks.p;
	int rc = equal ? find_equal(batch, equal) : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < batch->n; i++)
		stacks[i] = equal[stacks[i]];
	free(equal);
	if (rc == 0)
		add_rows(batch, stacks, batch->n_stacks);
	return rc == 0 && profile_failed(batch->profile) ? -ENOMEM : rc;
}

int batch_list(struct batch *batch)
{
	struct profile *profile = batch->profile;
	uint32_t *stacks;

	add_end(batch);
	if (batch->failed || list_rows(batch) < 0)
		return -ENOMEM;
	stacks = profile_take_stacks(profile);
	if (!stacks)
		return -ENOMEM;
	buf_fini(&batch->stacks);
	buf_fini(&batch->sets);
	buf_fini(&batch->values);
	buf_fini(&batch->times);
	batch->n = profile->n;
	batch->stacks = (struct buf){ .p = (char *)stacks, .n = profile->n * sizeof(*stacks),
				      .cap = profile->cap_stack * sizeof(*stacks) };
	return 0;
}
