/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/peek.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/named.h"
#include "analyze/stacks.h"
#include "analyze/tally.h"
#include "base/err.h"
#include "base/sum.h"
#include "model/profile.h"

struct walk {
	const struct stacks *stacks;
	uint32_t target;		/* place */
	uint32_t open;			/* how often it is among the callers of where the walk is */
	uint32_t *below;		/* stack -> the innermost target's callee that it is part of; 0: none */
	int64_t *callers, *callees;	/* place -> value */
	int64_t self, total;
};

static void enter(struct walk *w, uint32_t stack)
{
	const struct stacks *s = w->stacks;
	uint32_t place = stacks_place(s, stack), parent = s->parent[stack];

	if (place == w->target) {
		sum_add(&w->self, s->self[stack]);
		if (!w->open++) {
			sum_add(&w->total, s->total[stack]);
			sum_add(&w->callers[parent ? stacks_place(s, parent) : 0], s->total[stack]);
		} else if (w->below[parent]) {	/* it is not what that callee cost, but this call */
			sum_take(&w->callees[w->below[parent]], s->total[stack]);
		}
		w->below[stack] = 0;
	} else if (parent && stacks_place(s, parent) == w->target) {
		sum_add(&w->callees[place], s->total[stack]);
		w->below[stack] = place;
	} else {
		w->below[stack] = w->below[parent];
	}
}

static void go(struct walk *w)
{
	const struct stacks *s = w->stacks;
	uint32_t at = s->n ? s->first[0] : 0;

	while (at) {
		enter(w, at);
		if (s->first[at]) {
			at = s->first[at];
			continue;
		}
		while (at) {
			w->open -= stacks_place(s, at) == w->target;
			if (s->next[at])
				break;
			at = s->parent[at];
		}
		at = at ? s->next[at] : 0;
	}
}

static int costliest_first(const void *left, const void *right, void *context)
{
	const struct peek_row *a = left, *b = right;
	const struct place *places = context;

	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	return place_compare(&places[a->place], &places[b->place]);
}

static struct peek_row *rows_of(const struct peeks *peeks, const int64_t *values, uint32_t *ret_n)
{
	uint32_t n = 0, k = 0;
	struct peek_row *rows;

	for (uint32_t i = 0; i < peeks->places.n; i++)
		n += values[i] != 0;
	rows = calloc((size_t)n + 1, sizeof(*rows));
	for (uint32_t i = 0; rows && i < peeks->places.n; i++)
		if (values[i])
			rows[k++] = (struct peek_row){ i, values[i] };
	if (rows)
		qsort_r(rows, n, sizeof(*rows), costliest_first, peeks->places.items);
	*ret_n = n;
	return rows;
}

static int look(struct peeks *peeks, const struct stacks *stacks, struct peek *peek)
{
	struct walk w = { .stacks = stacks, .target = peek->place };
	int rc = -ENOMEM;

	w.below = calloc((size_t)stacks->n + 1, sizeof(*w.below));
	w.callers = calloc(peeks->places.n, sizeof(*w.callers));
	w.callees = calloc(peeks->places.n, sizeof(*w.callees));
	if (w.below && w.callers && w.callees) {
		go(&w);
		peek->self = w.self;
		peek->total = w.total;
		peek->callers = rows_of(peeks, w.callers, &peek->n_callers);
		peek->callees = rows_of(peeks, w.callees, &peek->n_callees);
		rc = peek->callers && peek->callees ? 0 : -ENOMEM;
	}
	free(w.below);
	free(w.callers);
	free(w.callees);
	return rc;
}

/* Functions that match and that a kept sample has. */
static int find(struct peeks *peeks, const struct profile *profile, const struct peek_options *options,
		struct err *err)
{
	struct tally *tally = tally_places(profile, &peeks->places, options->filter, options->type,
					   &peeks->total);
	struct peek_row *rows = calloc(peeks->places.n, sizeof(*rows));
	bool *named = NULL;
	int rc = tally && rows ? named_places(&peeks->places, options->expression, &named, err) :
		 -ENOMEM;

	for (uint32_t i = 1; rc == 0 && i < peeks->places.n; i++)
		if (named[i] && tally[i].total)
			rows[peeks->n_matching++] = (struct peek_row){ i, tally[i].total };
	if (rc == 0)
		qsort_r(rows, peeks->n_matching, sizeof(*rows), costliest_first, peeks->places.items);
	if (rc == 0)
		peeks->items = calloc((size_t)peeks->n_matching + 1, sizeof(*peeks->items));
	for (uint32_t i = 0; peeks->items && i < peeks->n_matching; i++)
		peeks->items[i].place = rows[i].place;
	free(tally);
	free(rows);
	free(named);
	if (peeks->items && !peeks->n_matching)
		return err_fail(err, -EINVAL, "no function in these samples matches '%s'",
				options->expression);
	return rc < 0 ? rc : peeks->items ? 0 : -ENOMEM;
}

int peeks_init(struct peeks *peeks, const struct profile *profile, const struct peek_options *options,
	       struct err *err)
{
	struct stacks_options wanted = { .filter = options->filter, .type = options->type };
	struct stacks stacks = { 0 };
	int rc;

	*peeks = (struct peeks){ 0 };
	if (options->type >= profile->n_types)
		return err_fail(err, -EINVAL, "the profile has no value type %u", options->type);
	rc = places_init(&peeks->places, profile, BY_FUNCTION, err);
	if (rc == 0)
		rc = find(peeks, profile, options, err);
	if (rc == 0)
		rc = stacks_init(&stacks, profile, &peeks->places, &wanted, err);
	if (rc == 0)
		peeks->n = options->limit && options->limit < peeks->n_matching ? options->limit :
			   peeks->n_matching;
	for (uint32_t i = 0; rc == 0 && i < peeks->n; i++)
		rc = look(peeks, &stacks, &peeks->items[i]);
	stacks_fini(&stacks);
	if (rc == -ENOMEM)
		err_set(err, "out of memory over %u functions", profile->frames.n_functions);
	if (rc < 0)
		peeks_fini(peeks);
	return rc;
}

void peeks_fini(struct peeks *peeks)
{
	for (uint32_t i = 0; i < peeks->n; i++) {
		free(peeks->items[i].callers);
		free(peeks->items[i].callees);
	}
	free(peeks->items);
	places_fini(&peeks->places);
	*peeks = (struct peeks){ 0 };
}
