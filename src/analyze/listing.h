/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/listing.h
 *
 * What each line cost of the functions that an expression names.
 *
 *   functions   parse                lex             the costliest by itself first
 *   rows        20  21  25           3               of a function: by line
 *
 * Memory: malloc's; places borrow names from the profile, which must outlive this.
 */
#ifndef SONDE_ANALYZE_LISTING_H
#define SONDE_ANALYZE_LISTING_H

#include "analyze/top.h"

struct listing_function {
	uint32_t first, n;	/* rows */
	int64_t self;		/* of them all */
};

struct listing {
	struct top top;		/* BY_LINE */
	const struct top_row **rows;
	struct listing_function *functions;
	uint32_t n, n_functions;
};

struct listing_options {
	const struct filter *filter;	/* NULL: all samples */
	const char *expression;		/* POSIX extended */
	uint32_t type;			/* value type of the profile */
};

/* 0; -EINVAL (no such value type, no expression, or nothing that matches); -ENOMEM. */
int listing_init(struct listing *listing, const struct profile *profile,
		 const struct listing_options *options, struct err *err);
void listing_fini(struct listing *listing);

/* The place of a row, whose .line is that line. */
static inline const struct place *listing_place(const struct listing *listing, uint32_t row)
{
	return &listing->top.places.items[listing->rows[row]->place];
}

#endif
