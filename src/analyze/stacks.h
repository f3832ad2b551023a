/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/stacks.h
 *
 * The profile's stack tree with what its samples weigh, ready to be walked downwards.
 *
 *   stack   0   1     2      3         first/next: the callees of a stack, in order of id
 *   parent  0   0     1      1
 *   place   0   main  parse  emit
 *   first   1   2     0      0         0 ends a list (the root is nobody's callee)
 *   next    0   0     3      0
 *
 * Only stacks of kept samples, and their callers, are linked. Two callees of one stack may be at
 * the same place: view.h merges them.
 */
#ifndef SONDE_ANALYZE_STACKS_H
#define SONDE_ANALYZE_STACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/profile.h"

struct err;
struct filter;
struct places;

struct stacks {
	const uint32_t *parent;	/* the profile's, or own_parent */
	uint32_t *own_parent;
	uint32_t *place, *first, *next;
	int64_t *self[VALUE_TYPES_MAX], *total[VALUE_TYPES_MAX];	/* [t] of types[t] */
	bool *used;
	uint32_t types[VALUE_TYPES_MAX];
	uint32_t n_types;
	uint32_t n;
};

struct stacks_options {
	const struct filter *filter;
	const uint32_t *types;	/* of the profile; checked by the caller */
	uint32_t n_types;
	bool by_thread;		/* each thread has stacks of its own below a first place */
	double min_share;	/* stacks below it in every type are not linked */
};

/* `places` are the profile's; by_thread adds some. 0 or -ENOMEM (then it is empty). */
int stacks_init(struct stacks *stacks, const struct profile *profile, struct places *places,
		const struct stacks_options *options, struct err *err);
void stacks_fini(struct stacks *stacks);

/* The total below which a share of type t is too small. */
int64_t stacks_threshold(const struct stacks *stacks, uint32_t t, double min_share);

#endif
