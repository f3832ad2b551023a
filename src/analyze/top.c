/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/top.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/tally.h"
#include "base/err.h"
#include "base/sum.h"
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

	/* of a difference what fell most stands beside what rose most */
	if (sum_magnitude(a1) != sum_magnitude(b1))
		return sum_magnitude(a1) > sum_magnitude(b1) ? -1 : 1;
	if (a1 != b1)
		return a1 > b1 ? -1 : 1;
	if (a2 != b2)
		return a2 > b2 ? -1 : 1;
	a1 = place_compare(&order->places[a->place], &order->places[b->place]);
	return a1 ? (int)a1 : a->place < b->place ? -1 : 1;
}

/* A heap whose root is the last of its rows in order: puts the row at `at` where it belongs. */
static void sift_down(struct top_row *rows, uint32_t n, uint32_t at, struct order *order)
{
	for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
		struct top_row row = rows[at];

		if (child + 1 < n && compare(&rows[child], &rows[child + 1], order) < 0)
			child++;
		if (compare(&rows[child], &row, order) < 0)
			return;
		rows[at] = rows[child];
		rows[child] = row;
	}
}

/* Few are shown of many: comparing names of the others is most of the work of sorting them all. */
static void put_first(struct top_row *rows, uint32_t n, uint32_t limit, struct order *order)
{
	for (uint32_t i = limit / 2; i-- > 0;)
		sift_down(rows, limit, i, order);
	for (uint32_t i = limit; i < n; i++) {
		struct top_row row = rows[i];

		if (compare(&row, &rows[0], order) > 0)
			continue;
		rows[i] = rows[0];
		rows[0] = row;
		sift_down(rows, limit, 0, order);
	}
}

/* A profile of memory has many places that hold nothing now: they are no rows, unless nothing is. */
static bool is_row(const struct top *top, const struct tally *place, double least)
{
	double total = fabs((double)place->total), self = fabs((double)place->self);

	if (!place->seen || (!place->self && !place->total && top->total))
		return false;
	return total >= least || self >= least;
}

static int make_rows(struct top *top, const struct tally *tally, const struct top_options *options)
{
	struct order order = { top->places.items, options->order };
	double least = options->min_share * fabs((double)top->total);
	uint32_t n = 0, wanted;

	for (uint32_t i = 1; i < top->places.n; i++)
		n += is_row(top, &tally[i], least);
	top->rows = calloc((size_t)n + 1, sizeof(*top->rows));
	if (!top->rows)
		return -ENOMEM;
	for (uint32_t i = 1; i < top->places.n; i++)
		if (is_row(top, &tally[i], least))
			top->rows[top->n++] = (struct top_row){ i, tally[i].self, tally[i].total };
	wanted = options->limit && options->limit < top->n ? options->limit : top->n;
	if (wanted < top->n)
		put_first(top->rows, top->n, wanted, &order);
	qsort_r(top->rows, wanted, sizeof(*top->rows), compare, &order);
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
		rc = tally ? make_rows(top, tally, options) : -ENOMEM;
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
