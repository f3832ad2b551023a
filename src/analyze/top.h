/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/top.h
 *
 * What each place (function, line, file) cost: by itself, and with all it called.
 *
 * self   samples whose innermost frame is there
 * total  samples with it anywhere in the stack, once each however often it recurs
 *
 * Memory: malloc's; places borrow names from the profile, which must outlive this.
 */
#ifndef SONDE_ANALYZE_TOP_H
#define SONDE_ANALYZE_TOP_H

#include "analyze/places.h"

struct filter;

enum top_order { TOP_BY_SELF, TOP_BY_TOTAL };

struct top_options {
	const struct filter *filter;	/* NULL: all samples */
	enum granularity granularity;
	enum top_order order;	/* without its sign, where some are below zero; ties: the other number, then place_compare() */
	uint32_t type;		/* value type of the profile */
	double min_share;	/* of all: places that cost less in total are left out */
	uint32_t limit;		/* 0, or how many rows are wanted in order: the others stand behind them in any */
};

struct top_row {
	uint32_t place;
	int64_t self, total;
};

struct top {
	struct places places;
	struct top_row *rows;	/* sorted (.limit); only places that cost something, if anything does */
	uint32_t n;
	int64_t total;		/* of all kept samples: what shares are shares of */
};

/* 0; -EINVAL for a value type the profile has not; -ENOMEM. */
int top_init(struct top *top, const struct profile *profile, const struct top_options *options,
	     struct err *err);
void top_fini(struct top *top);

#endif
