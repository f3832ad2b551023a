/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/view.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/stacks.h"
#include "base/err.h"
#include "base/sum.h"
#include "base/vec.h"
#include "model/profile.h"

/* Callees of one node at one place: stacks [from, to) of a list. */
struct group {
	uint32_t place, from, to;
	int64_t total;
};

/* A node that will be made: its caller is, its stacks wait in `waiting`. */
struct pending {
	uint32_t parent, depth, place, from, to;
};

/* Depth first without recursion. `pending` is a stack whose top is made next; the stacks of its
 * entries lie in `waiting` in the same order, so taking the top one also frees its part there. */
struct builder {
	struct view *view;
	const struct stacks *stacks;
	int64_t least; /* total of a node that is not too small */
	enum view_order order;
	struct pending *pending;
	uint32_t n_pending, cap_pending;
	uint32_t *waiting;
	uint32_t n_waiting, cap_waiting;
	uint64_t *found; /* callees of the node being made: place << 32 | stack */
	uint32_t n_found, cap_found;
	struct group *groups;
	uint32_t n_groups, cap_groups;
};

/* All columns grow by the one rule of vec_reserve(), so one cap speaks for all. */
static int reserve_column(void *items, uint32_t cap, uint64_t need, size_t size)
{
	return vec_reserve(items, &cap, need, size);
}

static int reserve(struct view *view)
{
	uint64_t need = (uint64_t)view->n + 1;

	if (need <= view->cap)
		return 0;
	if (reserve_column(&view->self, view->cap, need, sizeof(int64_t)) < 0 ||
	    reserve_column(&view->total, view->cap, need, sizeof(int64_t)) < 0 ||
	    reserve_column(&view->parent, view->cap, need, sizeof(uint32_t)) < 0 ||
	    reserve_column(&view->place, view->cap, need, sizeof(uint32_t)) < 0)
		return -ENOMEM;
	return VEC_RESERVE(&view->end, &view->cap, need);
}

static int make_node(struct builder *b, const struct pending *wanted)
{
	struct view *view = b->view;
	uint32_t node = view->n;

	if (reserve(view) < 0)
		return -ENOMEM;
	view->parent[node] = wanted->parent;
	view->place[node] = wanted->place;
	view->self[node] = view->total[node] = 0;
	for (uint32_t i = wanted->from; i < wanted->to; i++) {
		sum_add(&view->self[node], b->stacks->self[b->waiting[i]]);
		sum_add(&view->total[node], b->stacks->total[b->waiting[i]]);
	}
	if (wanted->depth > view->depth_max)
		view->depth_max = wanted->depth;
	view->n++;
	return 0;
}

static int find_callees(struct builder *b, const struct pending *node)
{
	const struct stacks *stacks = b->stacks;

	b->n_found = 0;
	for (uint32_t i = node->from; i < node->to; i++) {
		for (uint32_t at = stacks->first[b->waiting[i]]; at; at = stacks->next[at]) {
			if (VEC_RESERVE(&b->found, &b->cap_found, (uint64_t)b->n_found + 1) < 0)
				return -ENOMEM;
			b->found[b->n_found++] = (uint64_t)stacks_place(stacks, at) << 32 | at;
		}
	}
	return 0;
}

static int compare_u64(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void sort_found(struct builder *b)
{
	if (b->n_found > 24) {
		qsort(b->found, b->n_found, sizeof(*b->found), compare_u64);
		return;
	}
	for (uint32_t i = 1; i < b->n_found; i++) {
		uint64_t key = b->found[i];
		uint32_t j = i;

		for (; j && b->found[j - 1] > key; j--)
			b->found[j] = b->found[j - 1];
		b->found[j] = key;
	}
}

/* Runs of one place in `found` become groups; the small ones are left out. */
static int make_groups(struct builder *b)
{
	b->n_groups = 0;
	for (uint32_t i = 0, end; i < b->n_found; i = end) {
		struct group group = { .place = (uint32_t)(b->found[i] >> 32), .from = i };

		for (end = i; end < b->n_found && b->found[end] >> 32 == group.place; end++)
			sum_add(&group.total, b->stacks->total[(uint32_t)b->found[end]]);
		group.to = end;
		if (group.total < b->least &&
		    !(b->order == ORDER_BY_VALUE && sum_magnitude(group.total) >= (uint64_t)b->least))
			continue;
		if (VEC_RESERVE(&b->groups, &b->cap_groups, (uint64_t)b->n_groups + 1) < 0)
			return -ENOMEM;
		b->groups[b->n_groups++] = group;
	}
	return 0;
}

static int compare_groups(const void *left, const void *right, void *context)
{
	const struct group *a = left, *c = right;
	const struct builder *b = context;

	if (b->order == ORDER_BY_VALUE && sum_magnitude(a->total) != sum_magnitude(c->total))
		return sum_magnitude(a->total) > sum_magnitude(c->total) ? -1 : 1;
	if (b->order == ORDER_BY_VALUE && a->total != c->total)
		return a->total > c->total ? -1 : 1;
	return place_compare(&b->view->places.items[a->place], &b->view->places.items[c->place]);
}

/* The last callee goes to the bottom, so that the first is made next. */
static int wait_for(struct builder *b, uint32_t parent, uint32_t depth)
{
	if (VEC_RESERVE(&b->pending, &b->cap_pending, (uint64_t)b->n_pending + b->n_groups) < 0 ||
	    VEC_RESERVE(&b->waiting, &b->cap_waiting, (uint64_t)b->n_waiting + b->n_found) < 0)
		return -ENOMEM;
	for (uint32_t g = b->n_groups; g-- > 0;) {
		const struct group *group = &b->groups[g];
		uint32_t from = b->n_waiting;

		for (uint32_t i = group->from; i < group->to; i++)
			b->waiting[b->n_waiting++] = (uint32_t)b->found[i];
		b->pending[b->n_pending++] =
			(struct pending){ parent, depth, group->place, from, b->n_waiting };
	}
	return 0;
}

static int make_next(struct builder *b)
{
	struct pending node = b->pending[--b->n_pending];
	uint32_t id = b->view->n;

	if (make_node(b, &node) < 0 || find_callees(b, &node) < 0)
		return -ENOMEM;
	b->n_waiting = node.from;
	if (!b->view->places.distinct)
		sort_found(b);
	if (make_groups(b) < 0)
		return -ENOMEM;
	if (b->n_groups > 1)
		qsort_r(b->groups, b->n_groups, sizeof(*b->groups), compare_groups, b);
	return wait_for(b, id, node.depth + 1);
}

static int build(struct builder *b)
{
	struct view *view = b->view;

	if (VEC_RESERVE(&b->pending, &b->cap_pending, 1) < 0 ||
	    VEC_RESERVE(&b->waiting, &b->cap_waiting, 1) < 0)
		return -ENOMEM;
	b->pending[b->n_pending++] = (struct pending){ .to = 1 }; /* the root: stack 0 */
	b->waiting[b->n_waiting++] = 0;
	while (b->n_pending)
		if (make_next(b) < 0)
			return -ENOMEM;
	for (uint32_t i = 0; i < view->n; i++)
		view->end[i] = i + 1;
	for (uint32_t i = view->n; i-- > 1;)
		if (view->end[view->parent[i]] < view->end[i])
			view->end[view->parent[i]] = view->end[i];
	return 0;
}

int view_init(struct view *view, const struct profile *profile, const struct view_options *options,
	      struct err *err)
{
	struct stacks stacks = { 0 };
	struct stacks_options wanted = { .filter = options->filter, .type = options->type,
					 .by_magnitude = options->order == ORDER_BY_VALUE };
	struct builder b = { .view = view, .stacks = &stacks, .order = options->order };
	int rc;

	*view = (struct view){ 0 };
	if (options->type >= profile->n_types)
		return err_fail(err, -EINVAL, "the profile has no value type %u", options->type);
	rc = places_init(&view->places, profile, options->granularity, err);
	if (rc < 0)
		return rc;
	/* where places may merge, small stacks may make a large node */
	wanted.min_share = view->places.distinct ? options->min_share : 0;
	rc = stacks_init(&stacks, profile, &view->places, &wanted, err);
	b.least =
		options->min_share > 0 ? stacks_threshold(&stacks, options->min_share) : INT64_MIN;
	if (!rc)
		rc = build(&b);
	stacks_fini(&stacks);
	free(b.pending);
	free(b.waiting);
	free(b.found);
	free(b.groups);
	if (rc < 0) {
		err_set(err, "out of memory over %u stacks", profile->tree.n);
		view_fini(view);
	}
	return rc;
}

void view_fini(struct view *view)
{
	places_fini(&view->places);
	free(view->parent);
	free(view->place);
	free(view->end);
	free(view->self);
	free(view->total);
	*view = (struct view){ 0 };
}
