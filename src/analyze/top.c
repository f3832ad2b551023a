/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/top.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/stacks.h"
#include "base/err.h"
#include "base/sum.h"
#include "model/profile.h"

/* What is known of a place while the tree is walked. */
struct tally {
	int64_t self, total;
	uint32_t open; /* how often it is among the callers of where the walk is */
	bool seen;
};

static void enter(struct tally *tally, const struct stacks *stacks, uint32_t stack)
{
	struct tally *here = &tally[stacks->place[stack]];

	here->seen = true;
	sum_add(&here->self, stacks->self[stack]);
	if (!here->open++) /* the outermost of a recursion holds the others' samples */
		sum_add(&here->total, stacks->total[stack]);
}

/* Depth first over the links: no memory for the way back, however deep stacks are. */
static void walk(struct tally *tally, const struct stacks *stacks)
{
	uint32_t at = stacks->n ? stacks->first[0] : 0;

	while (at) {
		enter(tally, stacks, at);
		if (stacks->first[at]) {
			at = stacks->first[at];
			continue;
		}
		while (at) {
			tally[stacks->place[at]].open--;
			if (stacks->next[at])
				break;
			at = stacks->parent[at];
		}
		at = at ? stacks->next[at] : 0;
	}
}

struct order {
	const struct place *places;
	enum top_order by;
};

static int compare(const void *left, const void *right, void *context)
{
	const struct top_row *a = left, *b = right;
	const struct order *order = context;
	bool by_self = order->by == TOP_BY_SELF;
	int64_t a1 = by_self ? a->self : a->total, b1 = by_self ? b->self : b->total;
	int64_t a2 = by_self ? a->total : a->self, b2 = by_self ? b->total : b->self;

	if (a1 != b1)
		return a1 > b1 ? -1 : 1;
	if (a2 != b2)
		return a2 > b2 ? -1 : 1;
	return place_compare(&order->places[a->place], &order->places[b->place]);
}

static int make_rows(struct top *top, const struct tally *tally, enum top_order by)
{
	struct order order = { top->places.items, by };
	uint32_t n = 0;

	for (uint32_t i = 1; i < top->places.n; i++)
		n += tally[i].seen;
	top->rows = calloc((size_t)n + 1, sizeof(*top->rows));
	if (!top->rows)
		return -ENOMEM;
	for (uint32_t i = 1; i < top->places.n; i++)
		if (tally[i].seen)
			top->rows[top->n++] = (struct top_row){ i, tally[i].self, tally[i].total };
	qsort_r(top->rows, top->n, sizeof(*top->rows), compare, &order);
	return 0;
}

int top_init(struct top *top, const struct profile *profile, const struct top_options *options,
	     struct err *err)
{
	struct stacks_options wanted = { .filter = options->filter, .type = options->type };
	struct stacks stacks = { 0 };
	struct tally *tally = NULL;
	int rc;

	*top = (struct top){ 0 };
	if (options->type >= profile->n_types)
		return err_fail(err, -EINVAL, "the profile has no value type %u", options->type);
	rc = places_init(&top->places, profile, options->granularity, err);
	if (!rc)
		rc = stacks_init(&stacks, profile, &top->places, &wanted, err);
	if (rc < 0)
		goto out;
	tally = calloc(top->places.n, sizeof(*tally));
	rc = tally ? 0 : -ENOMEM;
	if (rc < 0)
		goto out;
	walk(tally, &stacks);
	top->total = stacks.n ? stacks.total[0] : 0;
	rc = make_rows(top, tally, options->order);
out:
	free(tally);
	stacks_fini(&stacks);
	if (rc < 0) {
		err_set(err, "out of memory over %u functions", profile->frames.n_functions);
		top_fini(top);
	}
	return rc;
}

void top_fini(struct top *top)
{
	places_fini(&top->places);
	free(top->rows);
	*top = (struct top){ 0 };
}
