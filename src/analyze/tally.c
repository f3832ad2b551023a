/* SPDX-License-Identifier: Apache-2.0 */
/* One walk over the stacks, depth first, with the path to where it is. A stack's total goes to its caller when
 * the walk leaves it, and to its place unless a caller is at the same place. Since all of that is sums, two threads
 * each walk half of the stacks: the later half begins with the path to its first one. */
#include "analyze/tally.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/filter.h"
#include "analyze/places.h"
#include "base/large.h"
#include "base/parallel.h"
#include "base/sum.h"
#include "base/vec.h"
#include "model/profile.h"

#define HALVES_MIN 65536	/* stacks that are worth a second thread */

struct step {		/* a stack of the path */
	uint32_t stack, place;
	int64_t total;	/* so far */
	bool used;	/* a kept sample is there or further in */
	bool outer;	/* no caller is at the same place */
};

/* Kept rows by their stacks. */
struct rows {
	const struct profile *profile;
	uint32_t type;
	uint32_t *last;		/* stack -> row + 1, 0: none */
	uint32_t *before;	/* row -> the row + 1 of the same stack before it */
};

enum { INSIDE = 1, SEEN = 2 };	/* flags of a place: the path goes through it; a kept sample has it */

struct walk {
	const struct rows *rows;
	const struct places *places;
	const uint32_t *order;	/* of the stacks; NULL: that of their ids */
	uint32_t begin, end;	/* what of it is walked here */
	/* By place, in columns of their own: they are met at random, once for each stack, and stay in the cache. */
	int64_t *self, *total;
	uint8_t *flags;
	struct step *path;
	uint32_t n, cap;
	int rc;			/* -EAGAIN: ids are not in depth-first order */
};

static void walk_fini(struct walk *w)
{
	free(w->self);
	free(w->total);
	free(w->flags);
	free(w->path);
}

static int walk_init(struct walk *w)
{
	w->self = calloc((size_t)w->places->n + 1, sizeof(*w->self));
	w->total = calloc((size_t)w->places->n + 1, sizeof(*w->total));
	w->flags = calloc((size_t)w->places->n + 1, sizeof(*w->flags));
	if (!w->self || !w->total || !w->flags || VEC_RESERVE(&w->path, &w->cap, 1) < 0)
		return -ENOMEM;
	w->path[w->n++] = (struct step){ 0 };
	return 0;
}

static int enter(struct walk *w, uint32_t stack)
{
	uint32_t place = w->places->of_frame[w->rows->profile->tree.frame[stack]];

	if (VEC_RESERVE(&w->path, &w->cap, (uint64_t)w->n + 1) < 0)
		return -ENOMEM;
	w->path[w->n++] = (struct step){ .stack = stack, .place = place,
					  .outer = !(w->flags[place] & INSIDE) };
	w->flags[place] |= INSIDE;
	return 0;
}

static void leave(struct walk *w)
{
	const struct step *step = &w->path[--w->n];
	struct step *caller = &w->path[w->n - 1];

	if (step->used) {
		caller->used = true;
		sum_add(&caller->total, step->total);
	}
	if (!step->outer)
		return;
	w->flags[step->place] &= (uint8_t)~INSIDE;
	if (!step->used)
		return;
	w->flags[step->place] |= SEEN;
	sum_add(&w->total[step->place], step->total);
}

/* The samples of the stack entered last. */
static void add_rows(struct walk *w, uint32_t stack)
{
	const struct rows *rows = w->rows;
	struct step *step = &w->path[w->n - 1];

	for (uint32_t row = rows->last[stack]; row; row = rows->before[row - 1]) {
		int64_t value = profile_value(rows->profile, row - 1, rows->type);

		step->used = true;
		sum_add(&step->total, value);
		sum_add(&w->self[step->place], value);
	}
}

/* The callers of the first stack: an id is above its parent's, so they are found innermost first. */
static int enter_callers(struct walk *w, uint32_t stack)
{
	const struct stacktree *tree = &w->rows->profile->tree;
	uint32_t depth = stacktree_depth(tree, tree->parent[stack]);
	uint32_t *callers = calloc((size_t)depth + 1, sizeof(*callers));
	int rc = callers ? 0 : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < depth; i++)
		callers[i] = stack = tree->parent[stack];
	while (rc == 0 && depth)
		rc = enter(w, callers[--depth]);
	free(callers);
	return rc;
}

static int walk(struct walk *w)
{
	const uint32_t *parent = w->rows->profile->tree.parent;
	int rc = walk_init(w);

	if (rc == 0 && w->begin <= 1)
		add_rows(w, 0);	/* samples without a stack: of no place, but of the whole */
	for (uint32_t i = w->begin; rc == 0 && i < w->end; i++) {
		uint32_t stack = w->order ? w->order[i] : i;

		if (i == w->begin)
			rc = enter_callers(w, stack);
		while (rc == 0 && w->path[w->n - 1].stack > parent[stack])
			leave(w);
		if (rc == 0 && w->path[w->n - 1].stack != parent[stack])
			rc = -EAGAIN;
		if (rc == 0)
			rc = enter(w, stack);
		if (rc == 0)
			add_rows(w, stack);
	}
	while (w->n > 1)
		leave(w);
	return rc;
}

static void walk_one(void *context, uint32_t i)
{
	struct walk *w = (struct walk *)context + i;

	w->rc = walk(w);
}

static void add_sums(struct tally *tally, const struct walk *from)
{
	for (uint32_t i = 0; i < from->places->n; i++) {
		tally[i].seen |= (from->flags[i] & SEEN) != 0;
		sum_add(&tally[i].self, from->self[i]);
		sum_add(&tally[i].total, from->total[i]);
	}
}

static int walk_all(const struct rows *rows, const struct places *places, const uint32_t *order,
		    struct tally *tally, int64_t *ret_total)
{
	uint32_t n = rows->profile->tree.n, half = n < HALVES_MIN ? n : n / 2;
	struct walk walks[] = {
		{ .rows = rows, .places = places, .order = order, .begin = 1, .end = half },
		{ .rows = rows, .places = places, .order = order, .begin = half, .end = n },
	};
	uint32_t n_walks = half < n ? 2 : 1;
	int rc = 0;

	parallel_each(n_walks, walk_one, walks);
	for (uint32_t i = 0; i < n_walks; i++)
		rc = rc ? rc : walks[i].rc;
	*ret_total = 0;
	for (uint32_t i = 0; rc == 0 && i < n_walks; i++) {
		add_sums(tally, &walks[i]);
		sum_add(ret_total, walks[i].path[0].total);
	}
	walk_fini(&walks[0]);
	walk_fini(&walks[1]);
	return rc;
}

static int find_rows(struct rows *rows, const struct filter *filter)
{
	const struct profile *profile = rows->profile;

	rows->last = large_calloc((size_t)profile->tree.n + 1, sizeof(*rows->last));
	rows->before = malloc(((size_t)profile->n + 1) * sizeof(*rows->before));
	if (!rows->last || !rows->before)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->n; i++) {
		uint32_t *last = &rows->last[profile->stack[i]];

		if (!filter_keeps(filter, i))
			continue;
		rows->before[i] = *last;
		*last = i + 1;
	}
	return 0;
}

struct tally *tally_places(const struct profile *profile, const struct places *places,
			   const struct filter *filter, uint32_t type, int64_t *ret_total)
{
	struct rows rows = { .profile = profile, .type = type };
	struct tally *tally = calloc((size_t)places->n + 1, sizeof(*tally));
	uint32_t *order = NULL;
	int rc = tally ? find_rows(&rows, filter) : -ENOMEM;

	if (rc == 0)
		rc = walk_all(&rows, places, NULL, tally, ret_total);
	if (rc == -EAGAIN) {
		rc = stacktree_depth_first(&profile->tree, &order);
		if (rc == 0)
			rc = walk_all(&rows, places, order, tally, ret_total);
	}
	free(order);
	free(rows.last);
	free(rows.before);
	if (rc < 0) {
		free(tally);
		tally = NULL;
	}
	return tally;
}
