/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/tally.h"

#include <stdlib.h>

#include "analyze/stacks.h"
#include "base/sum.h"

static void enter(struct tally *tally, const struct stacks *stacks, uint32_t stack)
{
	struct tally *here = &tally[stacks->place[stack]];

	here->seen = true;
	sum_add(&here->self, stacks->self[stack]);
	if (!here->open++) /* the outermost of a recursion holds the others' samples */
		sum_add(&here->total, stacks->total[stack]);
}

/* Depth first over the links: no memory for the way back, however deep stacks are. */
static void walk(struct tally *tally, const struct stacks *stacks)
{
	uint32_t at = stacks->n ? stacks->first[0] : 0;

	while (at) {
		enter(tally, stacks, at);
		if (stacks->first[at]) {
			at = stacks->first[at];
			continue;
		}
		while (at) {
			tally[stacks->place[at]].open--;
			if (stacks->next[at])
				break;
			at = stacks->parent[at];
		}
		at = at ? stacks->next[at] : 0;
	}
}

struct tally *tally_places(const struct stacks *stacks, uint32_t n_places)
{
	struct tally *tally = calloc((size_t)n_places + 1, sizeof(*tally));

	if (tally)
		walk(tally, stacks);
	return tally;
}
