/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/view.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/stacks.h"
#include "analyze/sum.h"
#include "base/err.h"
#include "base/vec.h"

/* Callees of one node at one place: stacks [from, to) of a list. */
struct group {
	uint32_t place, from, to;
	int64_t value; /* total of the first type */
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
	int64_t threshold[VALUE_TYPES_MAX];
	enum view_order order;
	double min_share;
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
	for (uint32_t t = 0; t < view->n_types; t++)
		if (reserve_column(&view->self[t], view->cap, need, sizeof(int64_t)) < 0 ||
		    reserve_column(&view->total[t], view->cap, need, sizeof(int64_t)) < 0)
			return -ENOMEM;
	if (reserve_column(&view->parent, view->cap, need, sizeof(uint32_t)) < 0 ||
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
	for (uint32_t t = 0; t < view->n_types; t++) {
		int64_t self = 0, total = 0;

		for (uint32_t i = wanted->from; i < wanted->to; i++) {
			sum_add(&self, b->stacks->self[t][b->waiting[i]]);
			sum_add(&total, b->stacks->total[t][b->waiting[i]]);
		}
		view->self[t][node] = self;
		view->total[t][node] = total;
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
			b->found[b->n_found++] = (uint64_t)stacks->place[at] << 32 | at;
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

static bool is_large(const struct builder *b, const struct group *group)
{
	for (uint32_t t = 0; t < b->view->n_types; t++) {
		int64_t total = 0;

		for (uint32_t i = group->from; i < group->to; i++)
			sum_add(&total, b->stacks->total[t][(uint32_t)b->found[i]]);
		if (total >= b->threshold[t])
			return true;
	}
	return false;
}

/* Runs of one place in `found` become groups; the small ones are left out. */
static int make_groups(struct builder *b)
{
	b->n_groups = 0;
	for (uint32_t i = 0, end; i < b->n_found; i = end) {
		struct group group = { .place = (uint32_t)(b->found[i] >> 32), .from = i };

		for (end = i; end < b->n_found && b->found[end] >> 32 == group.place; end++)
			sum_add(&group.value, b->stacks->total[0][(uint32_t)b->found[end]]);
		group.to = end;
		if (b->min_share > 0 && !is_large(b, &group))
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

	if (b->order == ORDER_BY_VALUE && a->value != c->value)
		return a->value > c->value ? -1 : 1;
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

	for (uint32_t t = 0; t < view->n_types; t++)
		b->threshold[t] = stacks_threshold(b->stacks, t, b->min_share);
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

static int choose_types(struct view *view, const struct profile *profile,
			const struct view_options *options, struct err *err)
{
	view->n_types = options->n_types ? options->n_types : 1;
	view->types[0] = profile->default_type;
	if (options->n_types > VALUE_TYPES_MAX)
		return err_fail(err, -EINVAL, "more than %d value types", VALUE_TYPES_MAX);
	memcpy(view->types, options->n_types ? options->types : &profile->default_type,
	       view->n_types * sizeof(*view->types));
	for (uint32_t t = 0; t < view->n_types; t++)
		if (view->types[t] >= profile->n_types)
			return err_fail(err, -EINVAL, "the profile has no value type %u",
					view->types[t]);
	return 0;
}

int view_init(struct view *view, const struct profile *profile, const struct view_options *options,
	      struct err *err)
{
	struct stacks stacks = { 0 };
	struct stacks_options wanted = { .filter = options->filter,
					 .by_thread = options->by_thread };
	struct builder b = { .view = view,
			     .stacks = &stacks,
			     .order = options->order,
			     .min_share = options->min_share };
	int rc;

	*view = (struct view){ 0 };
	rc = choose_types(view, profile, options, err);
	if (!rc)
		rc = places_init(&view->places, profile, options->granularity, err);
	if (rc < 0)
		goto out;
	wanted.types = view->types;
	wanted.n_types = view->n_types;
	/* where places may merge, small stacks may make a large node */
	wanted.min_share = view->places.distinct ? options->min_share : 0;
	rc = stacks_init(&stacks, profile, &view->places, &wanted, err);
	if (!rc)
		rc = build(&b);
out:
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
	for (uint32_t t = 0; t < view->n_types; t++) {
		free(view->self[t]);
		free(view->total[t]);
	}
	*view = (struct view){ 0 };
}
