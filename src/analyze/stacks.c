/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/stacks.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/filter.h"
#include "analyze/places.h"
#include "base/err.h"
#include "base/large.h"
#include "base/sum.h"
#include "model/profile.h"

#define AHEAD 16	/* samples whose stacks are asked of memory before they are needed */

static int allocate(struct stacks *stacks, uint32_t n_stacks)
{
	size_t n = (size_t)n_stacks + 1;

	stacks->n = n_stacks;
	stacks->first = large_calloc(n, sizeof(*stacks->first));
	stacks->next = large_calloc(n, sizeof(*stacks->next));
	stacks->self = large_calloc(n, sizeof(*stacks->self));
	stacks->total = large_calloc(n, sizeof(*stacks->total));
	stacks->used = large_calloc(n, sizeof(*stacks->used));
	return stacks->first && stacks->next && stacks->self && stacks->total && stacks->used ? 0 : -ENOMEM;
}

/* The sum of those that are kept. */
static int64_t add_samples(struct stacks *stacks, const struct profile *profile,
			   const struct stacks_options *options)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < profile->n; i++) {
		uint32_t stack = profile->stack[i];
		int64_t value = profile->values[(size_t)i * profile->n_types + options->type];

		if (i + AHEAD < profile->n) {
			__builtin_prefetch(&stacks->used[profile->stack[i + AHEAD]]);
			__builtin_prefetch(&stacks->self[profile->stack[i + AHEAD]]);
		}
		if (!filter_keeps(options->filter, i))
			continue;
		stacks->used[stack] = true;
		sum_add(&stacks->self[stack], value);
		sum_add(&sum, value);
	}
	return sum;
}

static int64_t threshold(int64_t total, double min_share)
{
	double least = (double)sum_magnitude(total) * min_share;

	return least < 1 ? 1 : least >= 0x1p62 ? (int64_t)1 << 62 : (int64_t)least;
}

int64_t stacks_threshold(const struct stacks *stacks, double min_share)
{
	return threshold(stacks->n ? stacks->total[0] : 0, min_share);
}

/* Callers precede callees, so one backward pass totals everything: a stack's total is known when it is its turn, and it
 * is put before its siblings, so that each list is in order of id. */
static void total_and_link(struct stacks *stacks, int64_t least, bool by_magnitude)
{
	for (uint32_t i = stacks->n; i-- > 1;) {
		uint32_t parent = stacks->parent[i];
		int64_t total = stacks->total[i];

		if (!stacks->used[i])
			continue;
		sum_add(&total, stacks->self[i]);
		sum_add(&stacks->total[parent], total);
		stacks->total[i] = total;
		stacks->used[parent] = true;
		if (total < least && !(by_magnitude && sum_magnitude(total) >= (uint64_t)least))
			continue;
		stacks->next[i] = stacks->first[parent];
		stacks->first[parent] = i;
	}
	if (stacks->n)
		sum_add(&stacks->total[0], stacks->self[0]);
}

int stacks_init(struct stacks *stacks, const struct profile *profile, const struct places *places,
		const struct stacks_options *options, struct err *err)
{
	const struct stacktree *tree = &profile->tree;
	int64_t sum;

	*stacks = (struct stacks){ .parent = tree->parent, .frame = tree->frame, .of_frame = places->of_frame };
	if (allocate(stacks, tree->n) < 0) {
		stacks_fini(stacks);
		return err_fail(err, -ENOMEM, "out of memory over %u stacks", tree->n);
	}
	sum = add_samples(stacks, profile, options);
	total_and_link(stacks, options->min_share > 0 ? threshold(sum, options->min_share) : INT64_MIN,
		       options->by_magnitude);
	return 0;
}

void stacks_fini(struct stacks *stacks)
{
	free(stacks->first);
	free(stacks->next);
	free(stacks->self);
	free(stacks->total);
	free(stacks->used);
	*stacks = (struct stacks){ 0 };
}
