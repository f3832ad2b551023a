/* SPDX-License-Identifier: Apache-2.0 */
#include "format/pprof_locations.h"

#include <errno.h>
#include <stdlib.h>

#include "base/large.h"
#include "base/parallel.h"
#include "base/vec.h"
#include "format/pprof.h"

#define STACKS_FOR_TWO 20000	/* that are worth a second thread */

void pprof_locations_fini(struct pprof_locations *locations)
{
	stacktree_fini(&locations->chains);
	free(locations->length);
	free(locations->uses);
	free(locations->chain_of);
	free(locations->order);
	free(locations->id_of);
	*locations = (struct pprof_locations){ 0 };
}

static bool joins(const struct frame *frame, const struct frame *caller)
{
	return frame->address == caller->address && frame->module == caller->module &&
	       frame->kind == caller->kind;
}

/* The chain `frame in caller`; 0 is no caller. An inlined frame is nearly always in one chain only, which
 * latest[frame] remembers; of the others this is the only one. */
static uint32_t add_chain(struct pprof_locations *l, uint32_t *latest, uint32_t caller,
			  uint32_t frame)
{
	uint32_t id = latest[frame];

	if (id && l->chains.parent[id] == caller)
		return id;
	id = stacktree_push(&l->chains, caller, frame);
	if (VEC_RESERVE(&l->length, &l->cap_length, (uint64_t)l->chains.n) < 0) {
		l->chains.failed = true;
		return 0;
	}
	l->length[id] = (uint16_t)(l->length[caller] + 1);
	latest[frame] = id;
	return id;
}

/* The caller's chain that a stack's innermost frame joins; 0: none. */
static uint32_t caller_chain(const struct pprof_locations *l, const struct profile *profile,
			     uint32_t stack)
{
	const struct frame *frames = profile->frames.frames;
	uint32_t parent = profile->tree.parent[stack], chain = l->chain_of[parent];

	return parent && l->length[chain] < PPROF_CHAIN_MAX &&
	       joins(&frames[profile->tree.frame[stack]], &frames[profile->tree.frame[parent]]) ?
	       chain : 0;
}

static void find_inlined(const struct frames *frames, uint8_t *bits)
{
	for (uint32_t i = 0; i < frames->n_frames; i++)
		bits[i / 8] |= (uint8_t)((frames->frames[i].inlined != 0) << i % 8);
}

/* How many rows are at or below each stack; NULL: out of memory. */
static uint32_t *count_rows(const struct profile *profile)
{
	const struct stacktree *tree = &profile->tree;
	uint32_t *rows = large_calloc((size_t)tree->n + 1, sizeof(*rows));

	for (uint32_t i = 0; rows && i < profile->n; i++)
		rows[profile->stack[i]]++;
	for (uint32_t i = tree->n; rows && i-- > 1;)
		rows[tree->parent[i]] += rows[i];
	return rows;
}

/* Every stack's chain, callers first; out of memory: chains.failed. */
static void find_chains(struct pprof_locations *l, const struct profile *profile)
{
	const struct stacktree *tree = &profile->tree;
	uint32_t *latest = calloc((size_t)profile->frames.n_frames + 1, sizeof(*latest));
	uint8_t *inlined = calloc((size_t)profile->frames.n_frames / 8 + 1, 1);

	l->chain_of = large_alloc(((size_t)tree->n + 1) * sizeof(*l->chain_of));
	l->chains.failed |= !latest || !inlined || !l->chain_of;
	if (!l->chains.failed) {
		find_inlined(&profile->frames, inlined);
		l->chain_of[0] = 0;
	}
	for (uint32_t i = 1; i < tree->n && !l->chains.failed; i++) {
		uint32_t frame = tree->frame[i], chain = latest[frame];

		if (inlined[frame / 8] >> frame % 8 & 1)
			chain = add_chain(l, latest, caller_chain(l, profile, i), frame);
		else if (!chain)
			chain = add_chain(l, latest, 0, frame);
		l->chain_of[i] = chain;
	}
	free(latest);
	free(inlined);
}

struct making {
	struct pprof_locations *locations;
	const struct profile *profile;
	uint32_t *rows;
};

static void make_half(void *context, uint32_t i)
{
	struct making *m = context;

	if (i)
		m->rows = count_rows(m->profile);
	else
		find_chains(m->locations, m->profile);
}

/* Every stack's chain, and how often samples will name each chain: as often as there are rows at or below
 * its stacks, but for those where an inlined frame makes it part of a longer one. */
static int make_chains(struct pprof_locations *l, const struct profile *profile)
{
	struct making m = { .locations = l, .profile = profile };

	if (profile->tree.n < STACKS_FOR_TWO) {
		make_half(&m, 0);
		make_half(&m, 1);
	} else {
		parallel_each(2, make_half, &m);
	}
	l->uses = calloc((size_t)l->chains.n + 1, sizeof(*l->uses));
	if (!l->uses || !m.rows || l->chains.failed) {
		free(m.rows);
		return -ENOMEM;
	}
	for (uint32_t i = 1; i < profile->tree.n; i++) {
		uint32_t chain = l->chain_of[i];

		l->uses[chain] += m.rows[i];
		l->uses[l->chains.parent[chain]] -= m.rows[i];
	}
	l->uses[0] = 0;
	free(m.rows);
	return 0;
}

struct ranked {
	uint64_t uses;
	uint32_t kind, frame, chain;
};

static int compare(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->uses != b->uses)
		return a->uses > b->uses ? -1 : 1;
	if (a->frame != b->frame)	/* as read from a file: in its order */
		return a->frame < b->frame ? -1 : 1;
	return (a->chain > b->chain) - (a->chain < b->chain);
}

static int rank(struct pprof_locations *l, const struct profile *profile)
{
	struct ranked *ranked = calloc((size_t)l->chains.n + 1, sizeof(*ranked));

	l->order = calloc((size_t)l->chains.n + 1, sizeof(*l->order));
	l->id_of = calloc((size_t)l->chains.n + 1, sizeof(*l->id_of));
	if (!ranked || !l->order || !l->id_of) {
		free(ranked);
		return -ENOMEM;
	}
	for (uint32_t chain = 1; chain < l->chains.n; chain++) {
		uint32_t frame = l->chains.frame[chain];

		if (l->uses[chain])
			ranked[l->n++] = (struct ranked){ l->uses[chain],
				profile->frames.frames[frame].kind, frame, chain };
	}
	qsort(ranked, l->n, sizeof(*ranked), compare);
	for (uint32_t i = 0; i < l->n; i++) {
		l->order[i] = ranked[i].chain;
		l->id_of[ranked[i].chain] = i + 1;
	}
	free(ranked);
	return 0;
}

int pprof_locations_init(struct pprof_locations *locations, const struct profile *profile)
{
	int rc;

	*locations = (struct pprof_locations){ 0 };
	stacktree_init(&locations->chains);
	rc = make_chains(locations, profile);
	return rc < 0 ? rc : rank(locations, profile);
}
