/* SPDX-License-Identifier: Apache-2.0 */
/* All inputs' trees of stacks, walked down together into one. */
#include <errno.h>
#include <stdlib.h>

#include "analyze/difftree.h"
#include "analyze/filter.h"
#include "base/err.h"
#include "base/large.h"
#include "base/parallel.h"
#include "base/vec.h"
#include "model/profile.h"

#define ONLY_MAX 4	/* sources that are tried without counting */

/* A source is a stack of an input, numbered from 1 through all inputs. Callees are told apart by a column over
 * the subjects, which stays in the cache; an index over all nodes would miss it for each of them, and was ten
 * times as slow. What is known of nodes that wait to be expanded is on a stack: depth first, few wait at a time. */
struct merger {
	struct stacktree *tree;
	const struct diff_input *inputs;
	const uint32_t *base;	/* input -> its first source */
	uint32_t *const *of_frame;	/* input -> subjects of its frames */
	uint32_t n_inputs;
	struct links {
		uint32_t callee, next;
	} *links;		/* source -> its first callee, and its caller's next one; 0 ends */
	uint32_t *node;		/* of each source; until that is known: its subject */
	uint32_t *slot;		/* subject -> which callee of the node being expanded ... */
	uint32_t *slot_of;	/* ... if this is that node + 1 */
	struct waiting {
		uint32_t node, n;
	} *waiting;		/* to be expanded, with how many sources: */
	uint32_t n_waiting, cap_waiting;
	uint32_t *sources;	/* theirs, those of the one on top last */
	uint32_t n_sources, cap_sources;
	struct met {
		uint32_t source, callee;
	} *met;			/* below the node being expanded */
	uint32_t n_met, cap_met;
	uint32_t *count, cap_count;	/* of its callees: sources, and then where the next one goes */
	uint32_t *path;		/* the node expanded last, and its callers before it */
	uint32_t n_path, cap_path;
	bool *inside;		/* subjects of the path */
	bool *outer;		/* of each node: none of its callers has its subject */
};

static int allocate(struct merger *m, size_t n_sources, size_t n_subjects)
{
	m->links = large_calloc(n_sources, sizeof(*m->links));
	m->node = large_calloc(n_sources, sizeof(*m->node));
	m->slot = calloc(n_subjects, sizeof(*m->slot));
	m->slot_of = calloc(n_subjects, sizeof(*m->slot_of));
	m->inside = calloc(n_subjects, sizeof(*m->inside));
	m->outer = large_calloc(n_sources, sizeof(*m->outer));
	return m->links && m->node && m->slot && m->slot_of && m->inside && m->outer ? 0 : -ENOMEM;
}

/* Links the callees of stacks that a kept sample is in, in order of id. */
static void link_input(struct merger *m, const struct diff_input *input, const uint32_t *of_frame,
		       uint32_t base)
{
	const struct profile *profile = input->profile;
	const struct stacktree *stacks = &profile->tree;
	struct links *links = m->links + base;
	uint32_t *node = m->node + base;

	for (uint32_t i = 0; i < profile->n; i++)
		if (filter_keeps(input->filter, i))
			node[profile->stack[i]] = 1;	/* used */
	for (uint32_t s = stacks->n; s-- > 1;) {
		uint32_t parent = stacks->parent[s];

		if (!node[s])
			continue;
		node[s] = of_frame[stacks->frame[s]];
		node[parent] = 1;
		links[s].next = links[parent].callee;
		links[parent].callee = base + s;
	}
	node[0] = 0;
}

/* Sources of an input are nobody else's. */
static void link_one(void *context, uint32_t i)
{
	struct merger *m = context;

	link_input(m, &m->inputs[i], m->of_frame[i], m->base[i]);
}

/* Goes from the node expanded last to one of its callees, or of its callers'. A walk up from each node would
 * be quadratic in deep stacks. */
static int enter(struct merger *m, uint32_t node)
{
	const struct stacktree *tree = m->tree;
	uint32_t subject = tree->frame[node];

	while (m->n_path && m->path[m->n_path - 1] != tree->parent[node]) {
		uint32_t left = m->path[--m->n_path];

		if (m->outer[left])
			m->inside[tree->frame[left]] = false;
	}
	if (VEC_RESERVE(&m->path, &m->cap_path, (uint64_t)m->n_path + 1) < 0)
		return -ENOMEM;
	m->path[m->n_path++] = node;
	m->outer[node] = node && !m->inside[subject];
	m->inside[subject] |= node != 0;
	return 0;
}

/* Room for what the callees of n more sources bring. */
static int reserve(struct merger *m, uint32_t n)
{
	if (VEC_RESERVE_RAW(&m->met, &m->cap_met, (uint64_t)m->n_met + n) < 0 ||
	    VEC_RESERVE_RAW(&m->count, &m->cap_count, (uint64_t)m->n_met + n) < 0)
		return -ENOMEM;
	return 0;
}

/* Meets the callees of all sources of a node: .met, and how many of them each callee has. */
static int meet_callees(struct merger *m, uint32_t node, const uint32_t *sources, uint32_t n)
{
	uint32_t from = m->tree->n, *slot = m->slot, *slot_of = m->slot_of;

	m->n_met = 0;
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t source = m->links[sources[i]].callee; source; source = m->links[source].next) {
			uint32_t subject = m->node[source];

			if (m->n_met == m->cap_met && reserve(m, 1) < 0)
				return -ENOMEM;
			if (slot_of[subject] != node + 1) {
				slot_of[subject] = node + 1;
				slot[subject] = m->tree->n - from;
				m->count[slot[subject]] = 0;
				if (!stacktree_append(m->tree, node, subject))
					return -ENOMEM;
			}
			m->node[source] = from + slot[subject];
			m->met[m->n_met++] = (struct met){ source, slot[subject] };
			m->count[slot[subject]]++;
		}
	}
	return 0;
}

/* The callees wait, the first of them on top; of its sources, those met last come first. */
static int push_callees(struct merger *m, uint32_t from)
{
	uint32_t n = m->tree->n - from, end = m->n_sources;

	if (VEC_RESERVE_RAW(&m->waiting, &m->cap_waiting, (uint64_t)m->n_waiting + n) < 0 ||
	    VEC_RESERVE_RAW(&m->sources, &m->cap_sources, (uint64_t)m->n_sources + m->n_met) < 0)
		return -ENOMEM;
	for (uint32_t callee = n; callee-- > 0;) {
		m->waiting[m->n_waiting++] = (struct waiting){ from + callee, m->count[callee] };
		end += m->count[callee];
		m->count[callee] = end;
	}
	for (uint32_t i = 0; i < m->n_met; i++)
		m->sources[--m->count[m->met[i].callee]] = m->met[i].source;
	m->n_sources = end;
	return 0;
}

/* What nearly all nodes are: all sources go on to one callee, and that by one stack each. How many do; 0: it is not
 * so. */
static uint32_t find_only(const struct merger *m, const uint32_t *sources, uint32_t n, uint32_t *ret_callees,
			  uint32_t *ret_subject)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t callee = m->links[sources[i]].callee;

		if (!callee)
			continue;
		if (m->links[callee].next || (found && m->node[callee] != *ret_subject))
			return 0;
		*ret_subject = m->node[callee];
		ret_callees[found++] = callee;
	}
	return found;
}

/* They take the places of the node and its sources on the stacks. */
static int expand_only(struct merger *m, uint32_t node, uint32_t subject, const uint32_t *callees, uint32_t n)
{
	uint32_t child = stacktree_append(m->tree, node, subject);

	m->waiting[m->n_waiting++] = (struct waiting){ child, n };
	while (n-- > 0) {
		m->node[callees[n]] = child;
		m->sources[m->n_sources++] = callees[n];
	}
	return child ? 0 : -ENOMEM;
}

/* Takes the node on top. */
static int expand(struct merger *m)
{
	struct waiting top = m->waiting[--m->n_waiting];
	uint32_t from = m->tree->n, only[ONLY_MAX], n, subject = 0;
	const uint32_t *sources;

	if (enter(m, top.node) < 0)
		return -ENOMEM;
	m->n_sources -= top.n;
	sources = m->sources + m->n_sources;
	n = top.n <= ONLY_MAX ? find_only(m, sources, top.n, only, &subject) : 0;
	if (n)
		return expand_only(m, top.node, subject, only, n);
	if (meet_callees(m, top.node, sources, top.n) < 0)
		return -ENOMEM;
	return push_callees(m, from);
}

/* All inputs' empty stacks are the root's sources. */
static int expand_all(struct merger *m)
{
	int rc = 0;

	if (VEC_RESERVE_RAW(&m->waiting, &m->cap_waiting, 1) < 0 ||
	    VEC_RESERVE_RAW(&m->sources, &m->cap_sources, m->n_inputs) < 0)
		return -ENOMEM;
	m->waiting[m->n_waiting++] = (struct waiting){ 0, m->n_inputs };
	for (uint32_t i = 0; i < m->n_inputs; i++)
		m->sources[m->n_sources++] = m->base[i];
	while (rc == 0 && m->n_waiting)
		rc = expand(m);
	return rc;
}

static void merger_fini(struct merger *m)
{
	free(m->links);
	free(m->slot);
	free(m->slot_of);
	free(m->waiting);
	free(m->sources);
	free(m->met);
	free(m->count);
	free(m->path);
	free(m->inside);
}

int difftree_merge(struct difftree *tree, const struct diff_input *inputs, uint32_t n,
		   uint32_t **ret_node, uint32_t *ret_first, struct err *err)
{
	struct merger m = { .tree = &tree->tree, .inputs = inputs, .base = ret_first, .n_inputs = n,
			    .of_frame = tree->subjects.of_frame };
	uint64_t n_sources = 1;
	int rc;

	for (uint32_t i = 0; i < n; i++) {
		ret_first[i] = (uint32_t)n_sources;
		n_sources += inputs[i].profile->tree.n;
		if (n_sources > UINT32_MAX)
			return err_fail(err, -E2BIG, "the profiles have more than %u stacks together",
					UINT32_MAX);
	}
	rc = allocate(&m, (size_t)n_sources, tree->subjects.n);
	if (rc == 0) {
		parallel_each(n, link_one, &m);
		rc = expand_all(&m);
	}
	merger_fini(&m);
	if (rc == 0) {
		*ret_node = m.node;
		tree->outer = m.outer;
	} else {
		free(m.node);
		free(m.outer);
	}
	return rc;
}
