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

/* A source is a stack of an input, numbered from 1 through all inputs. The sources of one node are linked.
 * Callees are told apart by a column over the subjects, which stays in the cache; an index over all
 * nodes would miss it for each of them, and was ten times as slow. */
struct merger {
	struct stacktree *tree;
	uint32_t *first, *next;	/* source -> its callees, linked; 0 ends */
	uint32_t *subject;	/* of each source */
	uint32_t *same;		/* source -> the next one of its node */
	uint32_t *node;		/* of each source */
	uint32_t *head;		/* node -> its first source */
	uint32_t *slot;		/* subject -> callee of the node being expanded ... */
	uint32_t *slot_of;	/* ... if this is that node + 1 */
	uint32_t *waiting;	/* nodes to be expanded, as a stack: depth first */
	uint32_t n_waiting, cap_waiting;
	uint32_t *path;		/* the node expanded last, and its callers before it */
	uint32_t n_path, cap_path;
	bool *inside;		/* subjects of the path */
	bool *outer;		/* of each node: none of its callers has its subject */
};

static int allocate(struct merger *m, size_t n_sources, size_t n_subjects)
{
	m->first = large_calloc(n_sources, sizeof(*m->first));
	m->next = large_calloc(n_sources, sizeof(*m->next));
	m->subject = large_calloc(n_sources, sizeof(*m->subject));
	m->same = large_calloc(n_sources, sizeof(*m->same));
	m->node = large_calloc(n_sources, sizeof(*m->node));
	m->head = large_calloc(n_sources, sizeof(*m->head));
	m->slot = calloc(n_subjects, sizeof(*m->slot));
	m->slot_of = calloc(n_subjects, sizeof(*m->slot_of));
	m->inside = calloc(n_subjects, sizeof(*m->inside));
	m->outer = large_calloc(n_sources, sizeof(*m->outer));
	return m->inside && m->outer && m->first && m->next && m->subject && m->same && m->node && m->head && m->slot &&
			       m->slot_of
		       ? 0
		       : -ENOMEM;
}

/* Links the callees of stacks that a kept sample is in, in order of id. */
static void link_input(struct merger *m, const struct diff_input *input, const uint32_t *of_frame,
		       uint32_t base)
{
	const struct profile *profile = input->profile;
	const struct stacktree *stacks = &profile->tree;

	for (uint32_t i = 0; i < profile->n; i++)
		if (filter_keeps(input->filter, i))
			m->node[base + profile->stack[i]] = 1;	/* used */
	for (uint32_t s = stacks->n; s-- > 1;) {
		uint32_t parent = stacks->parent[s];

		if (!m->node[base + s])
			continue;
		m->node[base + s] = 0;
		m->node[base + parent] = 1;
		m->subject[base + s] = of_frame[stacks->frame[s]];
		m->next[base + s] = m->first[base + parent];
		m->first[base + parent] = base + s;
	}
	m->node[base] = 0;
}

struct linking {
	struct merger *m;
	const struct difftree *tree;
	const struct diff_input *inputs;
	const uint32_t *base;
};

/* Sources of an input are nobody else's. */
static void link_one(void *context, uint32_t i)
{
	struct linking *l = context;

	link_input(l->m, &l->inputs[i], l->tree->subjects.of_frame[i], l->base[i]);
}

static void add_callee(struct merger *m, uint32_t node, uint32_t source)
{
	uint32_t subject = m->subject[source];

	if (m->slot_of[subject] != node + 1) {
		m->slot_of[subject] = node + 1;
		m->slot[subject] = stacktree_append(m->tree, node, subject);
	}
	m->node[source] = m->slot[subject];
	m->same[source] = m->head[m->node[source]];
	m->head[m->node[source]] = source;
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

static int expand(struct merger *m, uint32_t node)
{
	uint32_t from = m->tree->n;

	if (enter(m, node) < 0)
		return -ENOMEM;
	for (uint32_t s = m->head[node]; s; s = m->same[s])
		for (uint32_t callee = m->first[s]; callee; callee = m->next[callee])
			add_callee(m, node, callee);
	if (m->tree->failed ||
	    VEC_RESERVE(&m->waiting, &m->cap_waiting, (uint64_t)m->n_waiting + m->tree->n - from) < 0)
		return -ENOMEM;
	for (uint32_t callee = m->tree->n; callee-- > from;)
		m->waiting[m->n_waiting++] = callee;
	return 0;
}

int difftree_merge(struct difftree *tree, const struct diff_input *inputs, uint32_t n,
		   uint32_t **ret_node, uint32_t *ret_first, struct err *err)
{
	struct merger m = { .tree = &tree->tree };
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
	if (rc == 0)
		parallel_each(n, link_one, &(struct linking){ &m, tree, inputs, ret_first });
	for (uint32_t i = n; rc == 0 && i-- > 0;) {	/* so that the base's come first in lists */
		m.same[ret_first[i]] = m.head[0];
		m.head[0] = ret_first[i];
	}
	if (rc == 0)
		rc = expand(&m, 0);
	while (rc == 0 && m.n_waiting)
		rc = expand(&m, m.waiting[--m.n_waiting]);
	free(m.first);
	free(m.next);
	free(m.subject);
	free(m.same);
	free(m.head);
	free(m.slot);
	free(m.slot_of);
	free(m.waiting);
	free(m.path);
	free(m.inside);
	if (rc == 0) {
		*ret_node = m.node;
		tree->outer = m.outer;
	} else {
		free(m.node);
		free(m.outer);
	}
	return rc;
}
