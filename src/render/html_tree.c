/* SPDX-License-Identifier: Apache-2.0 */
#include "render/html_tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/filter.h"
#include "analyze/places.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/sum.h"
#include "model/profile.h"

/* The work between stacks and the finished tree. Nodes are numbered as stacks come first. */
struct builder {
	const struct profile *profile;
	const struct places *places;
	struct html_tree *tree;
	int64_t *weight;	/* of each stack, with what it called */
	int64_t *total;		/* of each node */
	uint32_t *parent, *place;	/* of each node */
	uint32_t *first, *kids;	/* callees of node i: kids[first[i]] ... kids[first[i + 1] - 1] */
	uint32_t *rank;		/* of each place, in place_compare()'s order */
	uint32_t n;
};

static void *table(uint64_t n, size_t size)
{
	return calloc(n ? n : 1, size);
}

/* Marks (with 0 in of_stack) stacks of kept samples and their callers, and weighs them. */
static void weigh_stacks(struct builder *b, const struct filter *filter, uint32_t type)
{
	const struct profile *p = b->profile;
	uint32_t *of_stack = b->tree->of_stack;

	memset(of_stack, 0xff, (size_t)p->tree.n * sizeof(*of_stack));
	for (uint32_t i = 0; i < p->n; i++) {
		int64_t value = p->values[(size_t)i * p->n_types + type];

		if (!filter_keeps(filter, i) || p->stack[i] >= p->tree.n)
			continue;
		of_stack[p->stack[i]] = 0;
		sum_add(&b->weight[p->stack[i]], value > 0 ? value : 0);
	}
	of_stack[0] = 0;
	for (uint32_t s = p->tree.n; s-- > 1;) {
		if (of_stack[s] == HTML_TREE_NONE)
			continue;
		of_stack[p->tree.parent[s]] = 0;
		sum_add(&b->weight[p->tree.parent[s]], b->weight[s]);
	}
}

static uint32_t place_of_stack(const struct builder *b, uint32_t stack)
{
	uint32_t frame = b->profile->tree.frame[stack];

	return frame < b->profile->frames.n_frames ? b->places->of_frame[frame] : 0;
}

/* Whether each place has but one frame: then no two callees of a stack can merge, and the index
 * over all nodes, which is most of the work on large profiles, is not needed. */
static int places_are_single(const struct builder *b, bool *ret_single)
{
	uint32_t *frame_of = table(b->places->n, sizeof(*frame_of));
	const struct stacktree *stacks = &b->profile->tree;
	bool single = true;

	if (!frame_of)
		return -ENOMEM;
	for (uint32_t s = 1; s < stacks->n && single; s++) {
		uint32_t place = place_of_stack(b, s);

		single = place && (!frame_of[place] || frame_of[place] == stacks->frame[s]);
		frame_of[place] = stacks->frame[s];
	}
	free(frame_of);
	*ret_single = single;
	return 0;
}

static uint32_t find_node(const struct builder *b, const struct idindex *index, uint64_t hash,
			  uint32_t parent, uint32_t place)
{
	uint32_t step = 0, node;

	while ((node = idindex_probe(index, hash, &step)))
		if (b->parent[node] == parent && b->place[node] == place)
			return node;
	return 0;
}

/* Projects stacks to nodes: equal places called by one node are one. */
static int merge_stacks(struct builder *b)
{
	const struct stacktree *stacks = &b->profile->tree;
	uint32_t *of_stack = b->tree->of_stack;
	struct idindex index = { 0 };
	bool single;
	int rc = places_are_single(b, &single);

	b->n = 1;
	b->total[0] = b->weight[0];
	for (uint32_t s = 1; rc == 0 && s < stacks->n; s++) {
		if (of_stack[s] == HTML_TREE_NONE)
			continue;
		uint32_t parent = of_stack[stacks->parent[s]], place = place_of_stack(b, s);
		uint64_t hash = single ? 0 : hash_u64(parent, place);
		uint32_t node = single ? 0 : find_node(b, &index, hash, parent, place);

		if (!place) {
			of_stack[s] = parent;
			continue;
		}
		if (!node) {
			node = b->n++;
			b->parent[node] = parent;
			b->place[node] = place;
			if (!single)
				rc = idindex_add(&index, hash, node);
		}
		of_stack[s] = node;
		sum_add(&b->total[node], b->weight[s]);
	}
	idindex_fini(&index);
	return rc;
}

static int compare_places(const void *a, const void *b, void *arg)
{
	const struct places *places = arg;

	return place_compare(&places->items[*(const uint32_t *)a],
			     &places->items[*(const uint32_t *)b]);
}

static int rank_places(struct builder *b)
{
	uint32_t n = b->places->n, *order = table(n, sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), compare_places, (void *)b->places);
	for (uint32_t i = 0; i < n; i++)
		b->rank[order[i]] = i;
	free(order);
	return 0;
}

static int compare_kids(const void *a, const void *b, void *arg)
{
	const struct builder *builder = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int64_t d = builder->total[x] - builder->total[y];	/* neither is negative */

	if (d)
		return d < 0 ? 1 : -1;
	return builder->rank[builder->place[x]] < builder->rank[builder->place[y]] ? -1 : 1;
}

/* Lists the callees of each node, largest first. */
static void sort_kids(struct builder *b)
{
	for (uint32_t i = 1; i < b->n; i++)
		b->first[b->parent[i] + 1]++;
	for (uint32_t i = 0; i < b->n; i++)
		b->first[i + 1] += b->first[i];
	/* Filled from the back, so that first[] ends up at each list's beginning once more. */
	for (uint32_t i = b->n; i-- > 1;)
		b->kids[--b->first[b->parent[i] + 1]] = i;
	memmove(b->first, b->first + 1, (size_t)b->n * sizeof(*b->first));
	b->first[b->n] = b->n - 1;
	for (uint32_t i = 0; i < b->n; i++)
		if (b->first[i + 1] - b->first[i] > 1)
			qsort_r(b->kids + b->first[i], b->first[i + 1] - b->first[i],
				sizeof(*b->kids), compare_kids, b);
}

/* Numbers nodes depth first; weight[] is done with and serves as the map from old to new. */
static void order_nodes(struct builder *b)
{
	struct html_tree *tree = b->tree;
	uint32_t *renamed = (uint32_t *)b->weight, *next = (uint32_t *)b->total;
	uint32_t node = 0, depth = 0;

	memcpy(next, b->first, (size_t)b->n * sizeof(*next));
	renamed[0] = 0;
	tree->n = 1;
	for (;;) {
		if (next[node] < b->first[node + 1]) {
			node = b->kids[next[node]++];
			tree->depth[tree->n] = ++depth;
			tree->place[tree->n] = b->place[node];
			renamed[node] = tree->n++;
			if (depth > tree->depth_max)
				tree->depth_max = depth;
		} else if (node) {
			node = b->parent[node];
			depth--;
		} else {
			break;
		}
	}
	for (uint32_t s = 0; s < b->profile->tree.n; s++)
		if (tree->of_stack[s] != HTML_TREE_NONE)
			tree->of_stack[s] = renamed[tree->of_stack[s]];
}

static int allocate(struct builder *b)
{
	uint64_t n = b->profile->tree.n;
	struct html_tree *tree = b->tree;

	tree->place = table(n, sizeof(*tree->place));
	tree->depth = table(n, sizeof(*tree->depth));
	tree->of_stack = table(n, sizeof(*tree->of_stack));
	b->weight = table(n, sizeof(*b->weight));
	b->total = table(n, sizeof(*b->total));
	b->parent = table(n, sizeof(*b->parent));
	b->place = table(n, sizeof(*b->place));
	b->first = table(n + 2, sizeof(*b->first));
	b->kids = table(n, sizeof(*b->kids));
	b->rank = table(b->places->n, sizeof(*b->rank));
	return tree->place && tree->depth && tree->of_stack && b->weight && b->total && b->parent &&
		b->place && b->first && b->kids && b->rank ? 0 : -ENOMEM;
}

int html_tree_init(struct html_tree *tree, const struct profile *profile,
		   const struct places *places, const struct filter *filter, uint32_t type,
		   struct err *err)
{
	struct builder b = { .profile = profile, .places = places, .tree = tree };
	int rc;

	*tree = (struct html_tree){ 0 };
	rc = allocate(&b);
	if (rc == 0) {
		weigh_stacks(&b, filter, type);
		rc = merge_stacks(&b);
	}
	if (rc == 0)
		rc = rank_places(&b);
	if (rc == 0) {
		sort_kids(&b);
		order_nodes(&b);
	} else {
		html_tree_fini(tree);
		err_set(err, "out of memory while merging %u stacks", profile->tree.n);
	}
	free(b.weight);
	free(b.total);
	free(b.parent);
	free(b.place);
	free(b.first);
	free(b.kids);
	free(b.rank);
	return rc;
}

void html_tree_fini(struct html_tree *tree)
{
	free(tree->place);
	free(tree->depth);
	free(tree->of_stack);
	*tree = (struct html_tree){ 0 };
}
