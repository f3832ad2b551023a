/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/peek.h
 *
 * One function, who called it and what it called.
 *
 *   callers   sum to its total: in a recursion, who called the outermost
 *   callees   sum to its total without its self: in a recursion, what the innermost called
 *
 * Functions are those whose name matches an expression, the costliest first.
 * Memory: malloc's; places borrow names from the profile, which must outlive this.
 */
#ifndef SONDE_ANALYZE_PEEK_H
#define SONDE_ANALYZE_PEEK_H

#include "analyze/places.h"

struct filter;

struct peek_row {
	uint32_t place;		/* 0: nobody, the stack begins there */
	int64_t value;
};

struct peek {
	uint32_t place;
	int64_t self, total;
	struct peek_row *callers, *callees;	/* the costliest first */
	uint32_t n_callers, n_callees;
};

struct peeks {
	struct places places;
	struct peek *items;
	uint32_t n;
	uint32_t n_matching;	/* functions, of which `limit` are told at most */
	int64_t total;		/* of all kept samples */
};

struct peek_options {
	const struct filter *filter;	/* NULL: all samples */
	const char *expression;		/* POSIX extended */
	uint32_t limit;			/* functions; 0: all */
	uint32_t type;
};

/* 0; -EINVAL (no such value type, no expression, or no function that matches); -ENOMEM. */
int peeks_init(struct peeks *peeks, const struct profile *profile, const struct peek_options *options,
	       struct err *err);
void peeks_fini(struct peeks *peeks);

#endif
