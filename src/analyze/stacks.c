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

static int allocate(struct stacks *stacks, const struct stacktree *tree)
{
	size_t n = (size_t)tree->n + 1;

	stacks->n = tree->n;
	stacks->parent = tree->parent;
	stacks->place = large_calloc(n, sizeof(*stacks->place));
	stacks->first = calloc(n, sizeof(*stacks->first));
	stacks->next = calloc(n, sizeof(*stacks->next));
	stacks->self = large_calloc(n, sizeof(*stacks->self));
	stacks->total = large_calloc(n, sizeof(*stacks->total));
	stacks->used = large_calloc(n, sizeof(*stacks->used));
	return stacks->place && stacks->first && stacks->next && stacks->self && stacks->total &&
			       stacks->used
		       ? 0
		       : -ENOMEM;
}

static void add_samples(struct stacks *stacks, const struct profile *profile,
			const struct stacks_options *options)
{
	for (uint32_t i = 0; i < profile->n; i++) {
		uint32_t stack = profile->stack[i];

		if (!filter_keeps(options->filter, i))
			continue;
		stacks->used[stack] = true;
		sum_add(&stacks->self[stack],
			profile->values[(size_t)i * profile->n_types + options->type]);
	}
}

/* Callers precede callees, so one backward pass totals everything. */
static void sum_totals(struct stacks *stacks)
{
	const uint32_t *parent = stacks->parent;

	for (uint32_t i = stacks->n; i-- > 1;) {
		sum_add(&stacks->total[i], stacks->self[i]);
		sum_add(&stacks->total[parent[i]], stacks->total[i]);
		stacks->used[parent[i]] |= stacks->used[i];
	}
	if (stacks->n)
		sum_add(&stacks->total[0], stacks->self[0]);
}

int64_t stacks_threshold(const struct stacks *stacks, double min_share)
{
	double least = stacks->n ? (double)sum_magnitude(stacks->total[0]) * min_share : 0;

	return least < 1 ? 1 : least >= 0x1p62 ? (int64_t)1 << 62 : (int64_t)least;
}

/* Backwards, so that each list is in order of id. */
static void link_callees(struct stacks *stacks, double min_share, bool by_magnitude)
{
	int64_t least = min_share > 0 ? stacks_threshold(stacks, min_share) : INT64_MIN;

	for (uint32_t i = stacks->n; i-- > 1;) {
		uint32_t parent = stacks->parent[i];

		if (!stacks->used[i] ||
		    (stacks->total[i] < least && !(by_magnitude && sum_magnitude(stacks->total[i]) >= (uint64_t)least)))
			continue;
		stacks->next[i] = stacks->first[parent];
		stacks->first[parent] = i;
	}
}

int stacks_init(struct stacks *stacks, const struct profile *profile, const struct places *places,
		const struct stacks_options *options, struct err *err)
{
	const struct stacktree *tree = &profile->tree;

	*stacks = (struct stacks){ 0 };
	if (allocate(stacks, tree) < 0) {
		stacks_fini(stacks);
		return err_fail(err, -ENOMEM, "out of memory over %u stacks", tree->n);
	}
	for (uint32_t i = 1; i < tree->n; i++)
		stacks->place[i] = places->of_frame[tree->frame[i]];
	add_samples(stacks, profile, options);
	sum_totals(stacks);
	link_callees(stacks, options->min_share, options->by_magnitude);
	return 0;
}

void stacks_fini(struct stacks *stacks)
{
	free(stacks->place);
	free(stacks->first);
	free(stacks->next);
	free(stacks->self);
	free(stacks->total);
	free(stacks->used);
	*stacks = (struct stacks){ 0 };
}
