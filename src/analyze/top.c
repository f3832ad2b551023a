/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/top.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/tally.h"
#include "base/err.h"
#include "model/profile.h"

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
	struct tally *tally = NULL;
	int rc;

	*top = (struct top){ 0 };
	if (options->type >= profile->n_types)
		return err_fail(err, -EINVAL, "the profile has no value type %u", options->type);
	rc = places_init(&top->places, profile, options->granularity, err);
	if (rc == 0) {
		tally = tally_places(profile, &top->places, options->filter, options->type, &top->total);
		rc = tally ? make_rows(top, tally, options->order) : -ENOMEM;
	}
	free(tally);
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
