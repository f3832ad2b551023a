/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/listing.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/named.h"
#include "base/err.h"
#include "base/sum.h"
#include "model/profile.h"

static int by_function_and_line(const void *a, const void *b, void *context)
{
	const struct place *places = context;
	const struct top_row *x = *(const struct top_row *const *)a, *y = *(const struct top_row *const *)b;

	return place_compare(&places[x->place], &places[y->place]);
}

static int choose(struct listing *listing, const char *expression, struct err *err)
{
	const struct top *top = &listing->top;
	bool *named = NULL;
	int rc = named_places(&top->places, expression, &named, err);

	if (rc < 0)
		return rc;
	listing->rows = calloc((size_t)top->n + 1, sizeof(*listing->rows));
	for (uint32_t i = 0; listing->rows && i < top->n; i++)
		if (named[top->rows[i].place])
			listing->rows[listing->n++] = &top->rows[i];
	free(named);
	if (!listing->rows)
		return -ENOMEM;
	if (!listing->n)
		return err_fail(err, -EINVAL, "no function in these samples matches '%s'", expression);
	qsort_r(listing->rows, listing->n, sizeof(*listing->rows), by_function_and_line, top->places.items);
	return 0;
}

static bool same_function(const struct place *a, const struct place *b)
{
	return str_eq(a->name, b->name) && str_eq(a->file, b->file) && str_eq(a->module, b->module);
}

static int costliest_first(const void *left, const void *right)
{
	const struct listing_function *a = left, *b = right;

	if (a->self != b->self)
		return a->self > b->self ? -1 : 1;
	return (a->first > b->first) - (a->first < b->first);
}

static int make_functions(struct listing *listing)
{
	struct listing_function *last = NULL;

	listing->functions = calloc((size_t)listing->n + 1, sizeof(*listing->functions));
	if (!listing->functions)
		return -ENOMEM;
	for (uint32_t i = 0; i < listing->n; i++) {
		if (!i || !same_function(listing_place(listing, i - 1), listing_place(listing, i))) {
			last = &listing->functions[listing->n_functions++];
			last->first = i;
		}
		last->n++;
		sum_add(&last->self, listing->rows[i]->self);
	}
	qsort(listing->functions, listing->n_functions, sizeof(*listing->functions), costliest_first);
	return 0;
}

int listing_init(struct listing *listing, const struct profile *profile,
		 const struct listing_options *options, struct err *err)
{
	int rc;

	*listing = (struct listing){ 0 };
	rc = top_init(&listing->top, profile, &(struct top_options){
		.filter = options->filter, .granularity = BY_LINE, .type = options->type }, err);
	if (rc == 0)
		rc = choose(listing, options->expression, err);
	if (rc == 0)
		rc = make_functions(listing);
	if (rc == -ENOMEM)
		err_set(err, "out of memory over %u lines", listing->top.n);
	if (rc < 0)
		listing_fini(listing);
	return rc;
}

void listing_fini(struct listing *listing)
{
	top_fini(&listing->top);
	free(listing->rows);
	free(listing->functions);
	*listing = (struct listing){ 0 };
}
