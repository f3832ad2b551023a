/* SPDX-License-Identifier: Apache-2.0 */
#include "format/calls.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sum.h"
#include "base/vec.h"

/* What is found on the way through the tree, one for each node: sorted and summed up afterwards. */
struct found {
	uint32_t a, b, c;	/* an edge; or a row, a line and nothing */
	uint32_t node;
	bool outermost;		/* the callee is not open already */
};

struct finding {
	const struct profile *profile;
	struct calls *calls;
	uint32_t *first_child, *next_sibling;
	uint32_t *open;			/* row -> how often it is on the way */
	int64_t *own, *whole;		/* node * n_types */
	struct found *edges, *lines;
	uint32_t n_edges, n_lines;
};

static void add_all(int64_t *to, const int64_t *values, uint32_t n)
{
	for (uint32_t t = 0; t < n; t++)
		sum_add(&to[t], values[t]);
}

static uint32_t row_at(const struct finding *f, uint32_t node)
{
	return f->calls->functions.row_of[f->profile->tree.frame[node]];
}

static uint32_t line_at(const struct finding *f, uint32_t node)
{
	return f->profile->frames.frames[f->profile->tree.frame[node]].line;
}

static void sum_nodes(struct finding *f)
{
	const struct profile *p = f->profile;
	uint32_t n = p->n_types;

	for (uint32_t i = 0; i < p->n; i++)
		add_all(f->own + (size_t)p->stack[i] * n, p->values + (size_t)i * n, n);
	memcpy(f->whole, f->own, (size_t)p->tree.n * n * sizeof(*f->own));
	for (uint32_t i = p->tree.n; i-- > 1;)
		add_all(f->whole + (size_t)p->tree.parent[i] * n, f->whole + (size_t)i * n, n);
	for (uint32_t i = p->tree.n; i-- > 1;) {
		f->next_sibling[i] = f->first_child[p->tree.parent[i]];
		f->first_child[p->tree.parent[i]] = i;
	}
}

static bool any(const int64_t *values, uint32_t n)
{
	while (n--)
		if (values[n])
			return true;
	return false;
}

static void enter(struct finding *f, uint32_t node)
{
	uint32_t n = f->profile->n_types, row = row_at(f, node), parent = f->profile->tree.parent[node];
	bool outermost = f->open[row]++ == 0;
	const int64_t *own = f->own + (size_t)node * n, *whole = f->whole + (size_t)node * n;

	add_all(f->calls->self + (size_t)row * n, own, n);
	if (outermost)
		add_all(f->calls->total + (size_t)row * n, whole, n);
	if (any(own, n))
		f->lines[f->n_lines++] = (struct found){ row, line_at(f, node), 0, node, false };
	if (parent && any(whole, n))
		f->edges[f->n_edges++] = (struct found){ row_at(f, parent), line_at(f, parent), row, node,
							 outermost };
}

/* Through the tree, depth first. */
static void find(struct finding *f)
{
	uint32_t at = 0;

	for (;;) {
		uint32_t next = f->first_child[at];

		while (!next && at) {
			f->open[row_at(f, at)]--;
			next = f->next_sibling[at];
			at = f->profile->tree.parent[at];
		}
		if (!next)
			return;
		at = next;
		enter(f, at);
	}
}

static int compare(const void *x, const void *y)
{
	const struct found *a = x, *b = y;

	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	if (a->b != b->b)
		return a->b < b->b ? -1 : 1;
	if (a->c != b->c)
		return a->c < b->c ? -1 : 1;
	return (a->node > b->node) - (a->node < b->node);
}

static bool same(const struct found *a, const struct found *b)
{
	return a->a == b->a && a->b == b->b && a->c == b->c;
}

static int make_lines(struct finding *f)
{
	struct calls *c = f->calls;
	uint32_t n = f->profile->n_types;

	qsort(f->lines, f->n_lines, sizeof(*f->lines), compare);
	c->lines = calloc((size_t)f->n_lines + 1, sizeof(*c->lines));
	c->line_self = calloc(((size_t)f->n_lines + 1) * n, sizeof(*c->line_self));
	if (!c->lines || !c->line_self)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->n_lines; i++) {
		if (i == 0 || !same(&f->lines[i - 1], &f->lines[i]))
			c->lines[c->n_lines++] = (struct call_line){ f->lines[i].a, f->lines[i].b };
		add_all(c->line_self + (size_t)(c->n_lines - 1) * n, f->own + (size_t)f->lines[i].node * n, n);
	}
	return 0;
}

static int make_edges(struct finding *f)
{
	struct calls *c = f->calls;
	uint32_t n = f->profile->n_types;

	qsort(f->edges, f->n_edges, sizeof(*f->edges), compare);
	c->edges = calloc((size_t)f->n_edges + 1, sizeof(*c->edges));
	c->edge_total = calloc(((size_t)f->n_edges + 1) * n, sizeof(*c->edge_total));
	c->edge_self = calloc(((size_t)f->n_edges + 1) * n, sizeof(*c->edge_self));
	if (!c->edges || !c->edge_total || !c->edge_self)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->n_edges; i++) {
		const struct found *e = &f->edges[i];

		if (i == 0 || !same(&f->edges[i - 1], e))
			c->edges[c->n_edges++] = (struct call_edge){ e->a, e->b, e->c };
		add_all(c->edge_self + (size_t)(c->n_edges - 1) * n, f->own + (size_t)e->node * n, n);
		if (e->outermost)
			add_all(c->edge_total + (size_t)(c->n_edges - 1) * n,
				f->whole + (size_t)e->node * n, n);
	}
	return 0;
}

static int finding_init(struct finding *f)
{
	size_t nodes = (size_t)f->profile->tree.n + 1, rows = (size_t)f->calls->functions.rows.n_frames + 1;
	size_t n = f->profile->n_types;

	f->first_child = calloc(nodes, sizeof(uint32_t));
	f->next_sibling = calloc(nodes, sizeof(uint32_t));
	f->open = calloc(rows, sizeof(uint32_t));
	f->own = calloc(nodes * n, sizeof(int64_t));
	f->whole = calloc(nodes * n, sizeof(int64_t));
	f->edges = calloc(nodes, sizeof(*f->edges));
	f->lines = calloc(nodes, sizeof(*f->lines));
	f->calls->self = calloc(rows * n, sizeof(int64_t));
	f->calls->total = calloc(rows * n, sizeof(int64_t));
	return f->first_child && f->next_sibling && f->open && f->own && f->whole && f->edges && f->lines &&
	       f->calls->self && f->calls->total ? 0 : -ENOMEM;
}

int calls_init(struct calls *calls, const struct profile *profile)
{
	struct finding f = { .profile = profile, .calls = calls };
	int rc;

	*calls = (struct calls){ 0 };
	rc = functions_init(&calls->functions, profile);
	if (rc == 0)
		rc = finding_init(&f);
	if (rc == 0) {
		sum_nodes(&f);
		find(&f);
		rc = make_lines(&f);
	}
	if (rc == 0)
		rc = make_edges(&f);
	free(f.first_child);
	free(f.next_sibling);
	free(f.open);
	free(f.own);
	free(f.whole);
	free(f.edges);
	free(f.lines);
	return rc;
}

void calls_fini(struct calls *calls)
{
	functions_fini(&calls->functions);
	free(calls->self);
	free(calls->total);
	free(calls->lines);
	free(calls->line_self);
	free(calls->edges);
	free(calls->edge_total);
	free(calls->edge_self);
}
