/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/stacks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "analyze/filter.h"
#include "analyze/places.h"
#include "analyze/sum.h"
#include "analyze/threads.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

static int allocate(struct stacks *stacks)
{
	size_t n = (size_t)stacks->n + 1;

	for (uint32_t t = 0; t < stacks->n_types; t++) {
		stacks->self[t] = calloc(n, sizeof(int64_t));
		stacks->total[t] = calloc(n, sizeof(int64_t));
		if (!stacks->self[t] || !stacks->total[t])
			return -ENOMEM;
	}
	stacks->first = calloc(n, sizeof(uint32_t));
	stacks->next = calloc(n, sizeof(uint32_t));
	stacks->used = calloc(n, sizeof(bool));
	return stacks->first && stacks->next && stacks->used ? 0 : -ENOMEM;
}

/* A sample's values go to stack `to`, by id of this table. */
static void add_sample(struct stacks *stacks, const struct profile *profile, uint32_t sample,
		       uint32_t to)
{
	const int64_t *values = &profile->values[(size_t)sample * profile->n_types];

	stacks->used[to] = true;
	for (uint32_t t = 0; t < stacks->n_types; t++)
		sum_add(&stacks->self[t][to], values[stacks->types[t]]);
}

static int all_stacks(struct stacks *stacks, const struct profile *profile,
		      const struct places *places, const struct filter *filter)
{
	const struct stacktree *tree = &profile->tree;

	stacks->n = tree->n;
	stacks->parent = tree->parent;
	stacks->place = calloc((size_t)tree->n + 1, sizeof(*stacks->place));
	if (!stacks->place || allocate(stacks) < 0)
		return -ENOMEM;
	for (uint32_t i = 1; i < tree->n; i++)
		stacks->place[i] = places->of_frame[tree->frame[i]];
	for (uint32_t i = 0; i < profile->n; i++)
		if (filter_keeps(filter, i))
			add_sample(stacks, profile, i, profile->stack[i]);
	return 0;
}

static void add_id(struct buf *buf, struct str name, bool known, int64_t id)
{
	buf_add_str(buf, name.n ? name : STR("[unknown]"));
	if (known)
		buf_addf(buf, " (%" PRId64 ")", id);
}

static uint32_t thread_place(struct places *places, const struct thread_row *row)
{
	struct buf name = { 0 }, process = { 0 };
	struct place place = { 0 };
	uint32_t id = 0;

	add_id(&name, row->thread, row->has_tid, row->tid);
	add_id(&process, row->process, row->has_pid, row->pid);
	if (!name.failed && !process.failed) {
		place.name = arena_dup(&places->arena, buf_str(&name));
		place.module = arena_dup(&places->arena, buf_str(&process));
	}
	if (place.name.p && place.module.p)
		id = places_add(places, &place);
	buf_fini(&name);
	buf_fini(&process);
	return id;
}

/* Stacks of one thread after another, so that "was it made for this thread?" is one comparison. */
struct splitter {
	struct stacks *stacks;
	const struct profile *profile;
	const struct places *places;
	uint32_t *stamp, *made; /* profile's stack -> thread it was last made for, and as what */
	uint32_t *path;		/* stacks still to be made, innermost first */
	uint32_t cap_parent, cap_place, cap_path;
	uint32_t *sample_to; /* sample -> stack of this table */
};

static int push(struct splitter *s, uint32_t parent, uint32_t place, uint32_t *ret_id)
{
	struct stacks *stacks = s->stacks;
	uint64_t need = (uint64_t)stacks->n + 1;

	if (need == UINT32_MAX || VEC_RESERVE(&stacks->own_parent, &s->cap_parent, need) < 0 ||
	    VEC_RESERVE(&stacks->place, &s->cap_place, need) < 0)
		return -ENOMEM;
	stacks->own_parent[stacks->n] = parent;
	stacks->place[stacks->n] = place;
	*ret_id = stacks->n++;
	return 0;
}

static int split_sample(struct splitter *s, uint32_t sample, uint32_t thread_node)
{
	const struct stacktree *tree = &s->profile->tree;
	uint32_t stack = s->profile->stack[sample], depth = 0, at;

	for (; stack && s->stamp[stack] != thread_node; stack = tree->parent[stack]) {
		if (VEC_RESERVE(&s->path, &s->cap_path, (uint64_t)depth + 1) < 0)
			return -ENOMEM;
		s->path[depth++] = stack;
	}
	at = stack ? s->made[stack] : thread_node;
	while (depth--) {
		stack = s->path[depth];
		if (push(s, at, s->places->of_frame[tree->frame[stack]], &at) < 0)
			return -ENOMEM;
		s->stamp[stack] = thread_node;
		s->made[stack] = at;
	}
	s->sample_to[sample] = at;
	return 0;
}

/* Kept samples in order of thread: a counting sort. `first` has one entry more than threads. */
static void order_samples(const struct threads *threads, const struct profile *profile,
			  const struct filter *filter, uint32_t *first, uint32_t *order)
{
	for (uint32_t i = 0; i < profile->n; i++)
		if (filter_keeps(filter, i))
			first[threads->of_set[profile->label_set[i]] + 1]++;
	for (uint32_t r = 0; r < threads->n; r++)
		first[r + 1] += first[r];
	for (uint32_t i = 0; i < profile->n; i++)
		if (filter_keeps(filter, i))
			order[first[threads->of_set[profile->label_set[i]]]++] = i;
}

static int split(struct splitter *s, const struct threads *threads, struct places *places,
		 const uint32_t *ends, const uint32_t *order)
{
	uint32_t i = 0, node;

	if (push(s, 0, 0, &node) < 0)
		return -ENOMEM;
	for (uint32_t r = 0; r < threads->n; r++) {
		uint32_t place = thread_place(places, &threads->rows[r]);

		if (!place || push(s, 0, place, &node) < 0)
			return -ENOMEM;
		for (; i < ends[r]; i++)
			if (split_sample(s, order[i], node) < 0)
				return -ENOMEM;
	}
	return 0;
}

static int stacks_by_thread(struct stacks *stacks, const struct profile *profile,
			    struct places *places, const struct filter *filter)
{
	struct threads threads = { 0 };
	struct splitter s = { .stacks = stacks, .profile = profile, .places = places };
	size_t n = (size_t)profile->tree.n + 1;
	uint32_t *first = NULL, *order = calloc((size_t)profile->n + 1, sizeof(*order));
	int rc = threads_init(&threads, profile, filter, stacks->types[0], NULL);

	s.stamp = calloc(n, sizeof(*s.stamp));
	s.made = calloc(n, sizeof(*s.made));
	s.sample_to = calloc((size_t)profile->n + 1, sizeof(*s.sample_to));
	first = calloc((size_t)threads.n + 2, sizeof(*first));
	if (!rc && !(s.stamp && s.made && s.sample_to && order && first))
		rc = -ENOMEM;
	if (rc < 0)
		goto out;
	order_samples(&threads, profile, filter, first, order);
	rc = split(&s, &threads, places, first, order); /* each first has become an end */
	stacks->parent = stacks->own_parent;
	if (!rc)
		rc = allocate(stacks);
	for (uint32_t i = 0; !rc && i < profile->n; i++)
		if (filter_keeps(filter, i))
			add_sample(stacks, profile, i, s.sample_to[i]);
out:
	free(s.stamp);
	free(s.made);
	free(s.path);
	free(s.sample_to);
	free(first);
	free(order);
	threads_fini(&threads);
	return rc;
}

/* Callers precede callees, so one backward pass totals everything. */
static void sum_totals(struct stacks *stacks)
{
	const uint32_t *parent = stacks->parent;

	for (uint32_t t = 0; t < stacks->n_types; t++) {
		const int64_t *self = stacks->self[t];
		int64_t *total = stacks->total[t];

		for (uint32_t i = stacks->n; i-- > 1;) {
			sum_add(&total[i], self[i]);
			sum_add(&total[parent[i]], total[i]);
		}
		if (stacks->n)
			sum_add(&total[0], self[0]);
	}
	for (uint32_t i = stacks->n; i-- > 1;)
		if (stacks->used[i])
			stacks->used[parent[i]] = true;
}

int64_t stacks_threshold(const struct stacks *stacks, uint32_t t, double min_share)
{
	double least = stacks->n ? (double)stacks->total[t][0] * min_share : 0;

	return least < 1 ? 1 : least >= 0x1p62 ? (int64_t)1 << 62 : (int64_t)least;
}

static bool is_large(const struct stacks *stacks, uint32_t i, const int64_t *threshold)
{
	for (uint32_t t = 0; t < stacks->n_types; t++)
		if (stacks->total[t][i] >= threshold[t])
			return true;
	return false;
}

/* Backwards, so that each list is in order of id. */
static void link_callees(struct stacks *stacks, double min_share)
{
	int64_t threshold[VALUE_TYPES_MAX];

	for (uint32_t t = 0; t < stacks->n_types; t++)
		threshold[t] = stacks_threshold(stacks, t, min_share);
	for (uint32_t i = stacks->n; i-- > 1;) {
		uint32_t parent = stacks->parent[i];

		if (!stacks->used[i] || (min_share > 0 && !is_large(stacks, i, threshold)))
			continue;
		stacks->next[i] = stacks->first[parent];
		stacks->first[parent] = i;
	}
}

int stacks_init(struct stacks *stacks, const struct profile *profile, struct places *places,
		const struct stacks_options *options, struct err *err)
{
	int rc;

	*stacks = (struct stacks){ .n_types = options->n_types };
	memcpy(stacks->types, options->types, options->n_types * sizeof(*options->types));
	rc = options->by_thread ? stacks_by_thread(stacks, profile, places, options->filter)
				: all_stacks(stacks, profile, places, options->filter);
	if (rc < 0) {
		stacks_fini(stacks);
		return err_fail(err, rc, "out of memory over %u stacks", profile->tree.n);
	}
	sum_totals(stacks);
	link_callees(stacks, options->min_share);
	return 0;
}

void stacks_fini(struct stacks *stacks)
{
	free(stacks->own_parent);
	free(stacks->place);
	free(stacks->first);
	free(stacks->next);
	free(stacks->used);
	for (uint32_t t = 0; t < stacks->n_types; t++) {
		free(stacks->self[t]);
		free(stacks->total[t]);
	}
	*stacks = (struct stacks){ 0 };
}
