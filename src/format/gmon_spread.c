/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "format/gmon.h"

#define ENTRIES_MAX 64	/* of a circle, through which its cost is led; more than that only get theirs */

/* Arcs by one of their ends: list[first[f]] .. list[first[f + 1]] are those of function f. */
struct ends {
	uint32_t *first, *list;
};

struct spread {
	const double *self;
	struct gmon_arc *arcs;
	uint32_t n, n_arcs;
	struct ends out, in;
	uint32_t *circle;	/* function -> the circle it is in; most are circles of one */
	uint32_t *members;	/* by circle; a circle's callees are in earlier ones */
	uint32_t *first;	/* circle -> its first member */
	uint32_t n_circles;
	double *own;		/* function -> its cost and that of its calls out of the circle */
	double *below;		/* function -> own, and that of those reached through it */
	uint32_t *way;		/* function -> the arc by which it was reached */
	uint32_t *queue;
	uint32_t *reached;	/* function -> number of the search that reached it */
	uint32_t n_searches;
};

static void sort_by(const struct spread *s, struct ends *ends, bool callee)
{
	for (uint32_t i = 0; i < s->n_arcs; i++)
		ends->first[(callee ? s->arcs[i].callee : s->arcs[i].caller) + 1]++;
	for (uint32_t f = 0; f < s->n; f++)
		ends->first[f + 1] += ends->first[f];
	/* backwards: each fill moves the function's end to its beginning */
	for (uint32_t i = s->n_arcs; i-- > 0;)
		ends->list[--ends->first[(callee ? s->arcs[i].callee : s->arcs[i].caller) + 1]] = i;
	for (uint32_t f = 0; f < s->n; f++)
		ends->first[f] = ends->first[f + 1];
	ends->first[s->n] = s->n_arcs;
}

/* Tarjan's strongly connected components, without recursion: they come out callees first. */
struct tarjan {
	uint32_t *number, *low, *next;	/* number 0: not seen */
	uint32_t *path, *open;		/* the way down; seen and in no circle yet */
	uint32_t n_path, n_open, n_seen, n_members;
};

static void see(struct tarjan *t, const struct spread *s, uint32_t f)
{
	t->number[f] = t->low[f] = ++t->n_seen;
	t->next[f] = s->out.first[f];
	t->path[t->n_path++] = t->open[t->n_open++] = f;
}

static void close_circle(struct tarjan *t, struct spread *s, uint32_t root)
{
	uint32_t f;

	s->first[s->n_circles] = t->n_members;
	do {
		f = t->open[--t->n_open];
		s->circle[f] = s->n_circles;
		s->members[t->n_members++] = f;
	} while (f != root);
	s->n_circles++;
}

static void search_from(struct tarjan *t, struct spread *s, uint32_t root)
{
	see(t, s, root);
	while (t->n_path) {
		uint32_t f = t->path[t->n_path - 1], callee;

		if (t->next[f] < s->out.first[f + 1]) {
			callee = s->arcs[s->out.list[t->next[f]++]].callee;
			if (!t->number[callee])
				see(t, s, callee);
			else if (s->circle[callee] == UINT32_MAX && t->number[callee] < t->low[f])
				t->low[f] = t->number[callee];
			continue;
		}
		t->n_path--;
		if (t->n_path && t->low[f] < t->low[t->path[t->n_path - 1]])
			t->low[t->path[t->n_path - 1]] = t->low[f];
		if (t->low[f] == t->number[f])
			close_circle(t, s, f);
	}
}

static int find_circles(struct spread *s)
{
	size_t n = (size_t)s->n + 1;
	struct tarjan t = { .number = calloc(n, 4), .low = calloc(n, 4), .next = calloc(n, 4),
			    .path = calloc(n, 4), .open = calloc(n, 4) };
	int rc = t.number && t.low && t.next && t.path && t.open ? 0 : -ENOMEM;

	for (uint32_t f = 0; rc == 0 && f < s->n; f++)
		s->circle[f] = UINT32_MAX;
	for (uint32_t f = 0; rc == 0 && f < s->n; f++)
		if (!t.number[f])
			search_from(&t, s, f);
	s->first[s->n_circles] = s->n;
	free(t.number);
	free(t.low);
	free(t.next);
	free(t.path);
	free(t.open);
	return rc;
}

/* Leads a share of the circle's cost from where it was entered along a tree of shortest ways. */
static void lead(struct spread *s, uint32_t entry, double share)
{
	uint32_t n = 0;

	s->reached[entry] = ++s->n_searches;
	s->queue[n++] = entry;
	for (uint32_t at = 0; at < n; at++) {
		uint32_t f = s->queue[at];

		s->below[f] = s->own[f];
		for (uint32_t k = s->out.first[f]; k < s->out.first[f + 1]; k++) {
			uint32_t callee = s->arcs[s->out.list[k]].callee;

			if (s->circle[callee] != s->circle[f] || s->reached[callee] == s->n_searches)
				continue;
			s->reached[callee] = s->n_searches;
			s->way[callee] = s->out.list[k];
			s->queue[n++] = callee;
		}
	}
	while (n-- > 1) {
		struct gmon_arc *arc = &s->arcs[s->way[s->queue[n]]];

		arc->cost += share * s->below[s->queue[n]];
		s->below[arc->caller] += s->below[s->queue[n]];
	}
}

/* Calls of the function from outside its circle. */
static double calls_from_outside(const struct spread *s, uint32_t f)
{
	double calls = 0;

	for (uint32_t k = s->in.first[f]; k < s->in.first[f + 1]; k++) {
		const struct gmon_arc *arc = &s->arcs[s->in.list[k]];

		calls += s->circle[arc->caller] != s->circle[f] ? arc->calls : 0;
	}
	return calls;
}

static void spread_circle(struct spread *s, uint32_t circle)
{
	const uint32_t *members = s->members + s->first[circle];
	uint32_t n = s->first[circle + 1] - s->first[circle], n_led = 0;
	double total = 0, calls = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t f = members[i];

		s->own[f] = s->self[f];
		for (uint32_t k = s->out.first[f]; k < s->out.first[f + 1]; k++) {
			const struct gmon_arc *arc = &s->arcs[s->out.list[k]];

			s->own[f] += s->circle[arc->callee] != circle ? arc->cost : 0;
		}
		total += s->own[f];
		calls += calls_from_outside(s, f);
	}
	for (uint32_t i = 0; i < n; i++) {
		double from_outside = calls_from_outside(s, members[i]);

		for (uint32_t k = s->in.first[members[i]]; k < s->in.first[members[i] + 1]; k++) {
			struct gmon_arc *arc = &s->arcs[s->in.list[k]];

			if (s->circle[arc->caller] != circle)
				arc->cost = calls > 0 ? total * (arc->calls / calls) : 0;
		}
		if (n > 1 && from_outside > 0 && n_led++ < ENTRIES_MAX)
			lead(s, members[i], from_outside / calls);
	}
	if (n > 1 && !n_led)	/* nobody called it: it begins where the search came upon it */
		lead(s, members[n - 1], 1);
}

int gmon_spread(const double *self, uint32_t n_functions, struct gmon_arc *arcs, uint32_t n_arcs)
{
	size_t n = (size_t)n_functions + 2, m = (size_t)n_arcs + 1;
	struct spread s = {
		.self = self, .arcs = arcs, .n = n_functions, .n_arcs = n_arcs,
		.out = { calloc(n, 4), calloc(m, 4) }, .in = { calloc(n, 4), calloc(m, 4) },
		.circle = calloc(n, 4), .members = calloc(n, 4), .first = calloc(n, 4),
		.own = calloc(n, sizeof(double)), .below = calloc(n, sizeof(double)),
		.way = calloc(n, 4), .queue = calloc(n, 4), .reached = calloc(n, 4),
	};
	int rc = s.out.first && s.out.list && s.in.first && s.in.list && s.circle && s.members && s.first &&
			 s.own && s.below && s.way && s.queue && s.reached ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < n_arcs; i++)
		arcs[i].cost = 0;
	if (rc == 0) {
		sort_by(&s, &s.out, false);
		sort_by(&s, &s.in, true);
		rc = find_circles(&s);
	}
	for (uint32_t c = 0; rc == 0 && c < s.n_circles; c++)
		spread_circle(&s, c);
	free(s.out.first);
	free(s.out.list);
	free(s.in.first);
	free(s.in.list);
	free(s.circle);
	free(s.members);
	free(s.first);
	free(s.own);
	free(s.below);
	free(s.way);
	free(s.queue);
	free(s.reached);
	return rc;
}
