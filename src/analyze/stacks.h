/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/stacks.h
 *
 * The profile's stack tree with what its samples weigh, ready to be walked downwards.
 *
 *   stack   0   1     2      3         first/next: the callees of a stack, in order of id
 *   parent  0   0     1      1
 *   frame   0   main  parse  emit
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

struct err;
struct filter;
struct places;
struct profile;

struct stacks {
	const uint32_t *parent, *frame;	/* the profile's */
	const uint32_t *of_frame;	/* the places' */
	uint32_t *first, *next;
	int64_t *self, *total;
	bool *used;
	uint32_t n;
};

struct stacks_options {
	const struct filter *filter;
	uint32_t type;		/* of the profile; checked by the caller */
	double min_share;	/* stacks below it are not linked; 0: all are */
	bool by_magnitude;	/* what is below zero counts as much as what is above */
};

static inline uint32_t stacks_place(const struct stacks *stacks, uint32_t stack)
{
	return stack ? stacks->of_frame[stacks->frame[stack]] : 0;
}

/* `places` are the profile's; both outlive it. 0 or -ENOMEM (then it is empty). */
int stacks_init(struct stacks *stacks, const struct profile *profile, const struct places *places,
		const struct stacks_options *options, struct err *err);
void stacks_fini(struct stacks *stacks);

/* The least total that is such a share of all; never less than 1. */
int64_t stacks_threshold(const struct stacks *stacks, double min_share);

#endif
