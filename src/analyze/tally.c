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

struct walk {
	const struct rows *rows;
	const struct places *places;
	const uint32_t *order;	/* of the stacks; NULL: that of their ids */
	uint32_t begin, end;	/* what of it is walked here */
	struct tally *tally;
	bool *inside;		/* places of the path */
	struct step *path;
	uint32_t n, cap;
	int rc;			/* -EAGAIN: ids are not in depth-first order */
};

static void walk_fini(struct walk *w)
{
	free(w->tally);
	free(w->inside);
	free(w->path);
}

static int walk_init(struct walk *w)
{
	w->tally = calloc((size_t)w->places->n + 1, sizeof(*w->tally));
	w->inside = calloc((size_t)w->places->n + 1, sizeof(*w->inside));
	if (!w->tally || !w->inside || VEC_RESERVE(&w->path, &w->cap, 1) < 0)
		return -ENOMEM;
	w->path[w->n++] = (struct step){ 0 };
	return 0;
}

static int enter(struct walk *w, uint32_t stack)
{
	uint32_t place = w->places->of_frame[w->rows->profile->tree.frame[stack]];

	if (VEC_RESERVE(&w->path, &w->cap, (uint64_t)w->n + 1) < 0)
		return -ENOMEM;
	w->path[w->n++] = (struct step){ .stack = stack, .place = place, .outer = !w->inside[place] };
	w->inside[place] = true;
	return 0;
}

static void leave(struct walk *w)
{
	const struct step *step = &w->path[--w->n];
	struct step *caller = &w->path[w->n - 1];

	if (step->outer)
		w->inside[step->place] = false;
	if (!step->used)
		return;
	caller->used = true;
	sum_add(&caller->total, step->total);
	w->tally[step->place].seen = true;
	if (step->outer)
		sum_add(&w->tally[step->place].total, step->total);
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
		sum_add(&w->tally[step->place].self, value);
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

static void add_tallies(struct walk *to, const struct walk *from)
{
	for (uint32_t i = 0; i < to->places->n; i++) {
		to->tally[i].seen |= from->tally[i].seen;
		sum_add(&to->tally[i].self, from->tally[i].self);
		sum_add(&to->tally[i].total, from->tally[i].total);
	}
	sum_add(&to->path[0].total, from->path[0].total);
}

static int walk_all(const struct rows *rows, const struct places *places, const uint32_t *order,
		    struct tally **ret_tally, int64_t *ret_total)
{
	uint32_t n = rows->profile->tree.n, half = n < HALVES_MIN ? n : n / 2;
	struct walk walks[] = {
		{ .rows = rows, .places = places, .order = order, .begin = 1, .end = half },
		{ .rows = rows, .places = places, .order = order, .begin = half, .end = n },
	};
	int rc;

	parallel_each(half < n ? 2 : 1, walk_one, walks);
	rc = walks[0].rc ? walks[0].rc : walks[1].rc;
	if (rc == 0) {
		if (half < n)
			add_tallies(&walks[0], &walks[1]);
		*ret_total = walks[0].path[0].total;
		*ret_tally = walks[0].tally;
		walks[0].tally = NULL;
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
	struct tally *tally = NULL;
	uint32_t *order = NULL;
	int rc = find_rows(&rows, filter);

	if (rc == 0)
		rc = walk_all(&rows, places, NULL, &tally, ret_total);
	if (rc == -EAGAIN && stacktree_depth_first(&profile->tree, &order) == 0)
		walk_all(&rows, places, order, &tally, ret_total);
	free(order);
	free(rows.last);
	free(rows.before);
	return tally;
}
