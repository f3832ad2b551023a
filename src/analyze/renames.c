/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/renames.h"

#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"

int renames_vote(struct renames *renames, struct str from, struct str to)
{
	if (VEC_RESERVE(&renames->items, &renames->cap, (uint64_t)renames->n + 1) < 0)
		return -ENOMEM;
	renames->items[renames->n++] = (struct rename){ from, to, 1 };
	return 0;
}

static int compare_from(const void *left, const void *right)
{
	return str_compare(((const struct rename *)left)->from,
			   ((const struct rename *)right)->from);
}

static int compare_pair(const void *left, const void *right)
{
	int d = compare_from(left, right);

	return d ? d : str_compare(((const struct rename *)left)->to,
				   ((const struct rename *)right)->to);
}

/* Equal pairs become one that has all their votes. */
static void count_votes(struct renames *renames)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < renames->n; i++) {
		if (n && compare_pair(&renames->items[n - 1], &renames->items[i]) == 0)
			renames->items[n - 1].votes++;
		else
			renames->items[n++] = renames->items[i];
	}
	renames->n = n;
}

void renames_settle(struct renames *renames)
{
	uint32_t n = 0;

	if (renames->n)
		qsort(renames->items, renames->n, sizeof(*renames->items), compare_pair);
	count_votes(renames);
	for (uint32_t i = 0; i < renames->n; i++) {
		struct rename *best = n ? &renames->items[n - 1] : NULL;

		if (!best || !str_eq(best->from, renames->items[i].from))
			renames->items[n++] = renames->items[i];
		else if (best->votes < renames->items[i].votes)
			*best = renames->items[i];
	}
	renames->n = n;
}

struct str renames_get(const struct renames *renames, struct str module)
{
	struct rename key = { .from = module }, *found = NULL;

	if (renames->n)
		found = bsearch(&key, renames->items, renames->n, sizeof(key), compare_from);
	return found ? found->to : module;
}

void renames_fini(struct renames *renames)
{
	free(renames->items);
	*renames = (struct renames){ 0 };
}
