/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/runs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/vec.h"

int runs_init(struct runs *runs, uint32_t total)
{
	*runs = (struct runs){ .total = total };
	return 0;
}

void runs_fini(struct runs *runs)
{
	for (int i = 0; i < RUN_CLASSES; i++)
		free(runs->lists[i].items);
	*runs = (struct runs){ 0 };
}

/* The first run of a list, when it has rested. */
static bool take_rested(struct run_list *list, uint32_t *ret_first)
{
	if (list->head == list->n ||
	    clock_mono_ns() - list->items[list->head].given_ns <= RUN_REST_NS)
		return false;
	*ret_first = list->items[list->head++].first;
	if (list->head > list->n / 2) {	/* the queue moves to the front now and then */
		list->n -= list->head;
		memmove(list->items, list->items + list->head, list->n * sizeof(*list->items));
		list->head = 0;
	}
	return true;
}

int runs_take(struct runs *runs, uint32_t n, uint32_t *ret_first, uint32_t *ret_class)
{
	uint32_t size_class = 0;
	bool taken;

	while (size_class < RUN_CLASSES && (1u << size_class) < n)
		size_class++;
	if (size_class == RUN_CLASSES)
		return -E2BIG;
	taken = take_rested(&runs->lists[size_class], ret_first);
	if (!taken && runs->total - runs->next >= 1u << size_class) {
		*ret_first = runs->next;
		runs->next += 1u << size_class;
		taken = true;
	}
	while (!taken && ++size_class < RUN_CLASSES)	/* a longer one is better than none */
		taken = take_rested(&runs->lists[size_class], ret_first);
	if (!taken)
		return -ENOSPC;
	*ret_class = size_class;
	return 0;
}

void runs_give(struct runs *runs, uint32_t first, uint32_t size_class, uint64_t now_ns)
{
	struct run_list *list = &runs->lists[size_class];

	/* out of memory: the run is lost, nothing else */
	if (VEC_RESERVE(&list->items, &list->cap, (uint64_t)list->n + 1) == 0)
		list->items[list->n++] = (struct run_free){ now_ns, first };
}
