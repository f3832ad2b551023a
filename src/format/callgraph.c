/* SPDX-License-Identifier: Apache-2.0 */
#include "format/callgraph.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/vec.h"

#define SHARE_MIN 1e-7	/* of the whole: calls that cost less are not divided among callers' callers */
#define DEPTH_MAX 4096u
#define LOOKS_MAX 200000000u	/* at calls, in all: a second or so */

struct callgraph_function {
	uint32_t frame;
	uint32_t first_call, n_calls;	/* in the order that callgraph_finish() makes */
	uint32_t first_self, n_selves;
	uint32_t best_node;		/* a stack that it has got; 0: none */
	bool open;			/* on the way from the root that is being walked */
};

struct callgraph_self {
	uint32_t function, line;
	uint32_t frame;
};

struct callgraph_call {
	uint32_t caller, callee;
};

/* A stack that a function has got, and which part of each of its values. */
struct place {
	uint32_t stack, above, function;
};

struct making {
	struct callgraph *graph;
	uint32_t n_types;
	uint32_t *call_order, *self_order;
	double *total;		/* function * n_types: with all that it called */
	double *given;		/* function * n_types: parts of its own cost that places have */
	double *whole;		/* n_types */
	struct place *places;
	double *parts;		/* place * n_types: of the function's own cost, before scaling */
	uint32_t n_places, cap_places, cap_parts;
	uint32_t n_looks;
};

void callgraph_fini(struct callgraph *graph)
{
	free(graph->functions);
	free(graph->selves);
	free(graph->calls);
	free(graph->self_values);
	free(graph->call_values);
	idindex_fini(&graph->index);
	idindex_fini(&graph->call_index);
}

uint32_t callgraph_function(struct callgraph *graph, uint32_t frame)
{
	uint64_t hash = hash_u64(frame, 1);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&graph->index, hash, &step)))
		if (graph->functions[id - 1].frame == frame)
			return id - 1;
	if (VEC_RESERVE(&graph->functions, &graph->cap_functions, (uint64_t)graph->n_functions + 1) < 0 ||
	    idindex_add(&graph->index, hash, graph->n_functions + 1) < 0) {
		graph->failed = true;
		return 0;
	}
	graph->functions[graph->n_functions] = (struct callgraph_function){ .frame = frame };
	return graph->n_functions++;
}

static void add_values(double *to, const double *values, uint32_t n_types)
{
	for (uint32_t t = 0; t < n_types; t++)
		to[t] += values[t];
}

void callgraph_self(struct callgraph *graph, uint32_t function, uint32_t line, const double *values)
{
	uint32_t n_types = graph->profile->n_types;
	struct callgraph_self *last = graph->n_selves ? &graph->selves[graph->n_selves - 1] : NULL;

	if (graph->failed)
		return;
	if (!last || last->function != function || last->line != line) {
		if (VEC_RESERVE(&graph->selves, &graph->cap_selves, (uint64_t)graph->n_selves + 1) < 0 ||
		    VEC_RESERVE(&graph->self_values, &graph->cap_self_values,
				((uint64_t)graph->n_selves + 1) * n_types) < 0) {
			graph->failed = true;
			return;
		}
		graph->selves[graph->n_selves++] = (struct callgraph_self){ function, line, 0 };
	}
	add_values(graph->self_values + (size_t)(graph->n_selves - 1) * n_types, values, n_types);
}

static uint32_t find_call(struct callgraph *graph, uint32_t caller, uint32_t callee)
{
	uint64_t hash = hash_u64(caller, callee);
	uint32_t step = 0, id, n_types = graph->profile->n_types;

	while ((id = idindex_probe(&graph->call_index, hash, &step)))
		if (graph->calls[id - 1].caller == caller && graph->calls[id - 1].callee == callee)
			return id;
	if (VEC_RESERVE(&graph->calls, &graph->cap_calls, (uint64_t)graph->n_calls + 1) < 0 ||
	    VEC_RESERVE(&graph->call_values, &graph->cap_call_values,
			((uint64_t)graph->n_calls + 1) * n_types) < 0 ||
	    idindex_add(&graph->call_index, hash, graph->n_calls + 1) < 0)
		return 0;
	graph->calls[graph->n_calls] = (struct callgraph_call){ caller, callee };
	return ++graph->n_calls;
}

void callgraph_call(struct callgraph *graph, uint32_t caller, uint32_t callee, const double *values)
{
	uint32_t id = graph->failed || caller == callee ? 0 : find_call(graph, caller, callee);
	uint32_t n_types = graph->profile->n_types;

	if (id)
		add_values(graph->call_values + (size_t)(id - 1) * n_types, values, n_types);
	else if (caller != callee)
		graph->failed = true;
}

/* Calls by caller and selves by function, each in the order in which they came. */
static int sort(struct making *m)
{
	struct callgraph *g = m->graph;
	uint32_t call = 0, self = 0;

	m->call_order = calloc((size_t)g->n_calls + 1, sizeof(uint32_t));
	m->self_order = calloc((size_t)g->n_selves + 1, sizeof(uint32_t));
	if (!m->call_order || !m->self_order)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_calls; i++)
		g->functions[g->calls[i].caller].n_calls++;
	for (uint32_t i = 0; i < g->n_selves; i++)
		g->functions[g->selves[i].function].n_selves++;
	for (uint32_t i = 0; i < g->n_functions; i++) {
		struct callgraph_function *f = &g->functions[i];

		f->first_call = call;
		f->first_self = self;
		call += f->n_calls;
		self += f->n_selves;
		f->n_calls = f->n_selves = 0;
	}
	for (uint32_t i = 0; i < g->n_calls; i++) {
		struct callgraph_function *f = &g->functions[g->calls[i].caller];

		m->call_order[f->first_call + f->n_calls++] = i;
	}
	for (uint32_t i = 0; i < g->n_selves; i++) {
		struct callgraph_function *f = &g->functions[g->selves[i].function];

		m->self_order[f->first_self + f->n_selves++] = i;
	}
	return 0;
}

static int sum(struct making *m)
{
	struct callgraph *g = m->graph;
	uint32_t n = m->n_types;

	m->total = calloc(((size_t)g->n_functions + 1) * n, sizeof(double));
	m->given = calloc(((size_t)g->n_functions + 1) * n, sizeof(double));
	m->whole = calloc(n, sizeof(double));
	if (!m->total || !m->given || !m->whole)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_selves; i++) {
		add_values(m->total + (size_t)g->selves[i].function * n, g->self_values + (size_t)i * n, n);
		add_values(m->whole, g->self_values + (size_t)i * n, n);
	}
	for (uint32_t i = 0; i < g->n_calls; i++)
		for (uint32_t t = 0; t < n; t++)
			if (!(g->counts >> t & 1))
				m->total[(size_t)g->calls[i].caller * n + t] +=
					g->call_values[(size_t)i * n + t];
	return 0;
}

static bool add_place(struct making *m, uint32_t stack, uint32_t above, uint32_t function, const double *part)
{
	if (VEC_RESERVE(&m->places, &m->cap_places, (uint64_t)m->n_places + 1) < 0 ||
	    VEC_RESERVE(&m->parts, &m->cap_parts, ((uint64_t)m->n_places + 1) * m->n_types) < 0)
		return false;
	m->places[m->n_places] = (struct place){ stack, above, function };
	memcpy(m->parts + (size_t)m->n_places * m->n_types, part, m->n_types * sizeof(*part));
	add_values(m->given + (size_t)function * m->n_types, part, m->n_types);
	m->n_places++;
	return true;
}

/* One function on the way from a root: which part of its calls is left to look at. */
struct open {
	uint32_t function, stack, next;
	double part[VALUE_TYPES_MAX];	/* of all that the function cost, this many of 1 */
};

static bool worth(const struct making *m, const double *cost)
{
	for (uint32_t t = 0; t < m->n_types; t++)
		if (cost[t] > m->whole[t] * SHARE_MIN)
			return true;
	return false;
}

static bool enter(struct making *m, struct open *open, uint32_t above, uint32_t function, const double *part)
{
	struct callgraph_function *f = &m->graph->functions[function];

	open->function = function;
	open->next = 0;
	open->stack = stacktree_push(&m->graph->profile->tree, above, f->frame);
	memcpy(open->part, part, m->n_types * sizeof(*part));
	f->open = true;
	if (!f->best_node)
		f->best_node = open->stack;
	return add_place(m, open->stack, above, function, part);
}

/* The next call of the innermost open function that is to be entered: false when there is none. */
static bool next_call(struct making *m, struct open *open, uint32_t *ret_callee, double *part)
{
	struct callgraph *g = m->graph;
	struct callgraph_function *f = &g->functions[open->function];
	double cost[VALUE_TYPES_MAX];

	while (open->next < f->n_calls && m->n_looks < LOOKS_MAX) {
		uint32_t i = m->call_order[f->first_call + open->next++], callee = g->calls[i].callee;

		m->n_looks++;
		if (g->functions[callee].open)
			continue;
		for (uint32_t t = 0; t < m->n_types; t++) {
			double total = m->total[(size_t)callee * m->n_types + t];

			cost[t] = open->part[t] * g->call_values[(size_t)i * m->n_types + t];
			part[t] = total > 0 ? cost[t] / total : 0;
		}
		*ret_callee = callee;
		if (worth(m, cost))
			return true;
	}
	return false;
}

static int walk_from(struct making *m, uint32_t root, const double *part, struct open *way)
{
	uint32_t depth = 1, callee;
	double next[VALUE_TYPES_MAX];

	if (!enter(m, &way[0], 0, root, part))
		return -ENOMEM;
	while (depth) {
		struct open *open = &way[depth - 1];

		if (depth < DEPTH_MAX && m->n_places < CALLGRAPH_NODES_MAX && next_call(m, open, &callee, next)) {
			if (!enter(m, &way[depth++], open->stack, callee, next))
				return -ENOMEM;
			continue;
		}
		m->graph->functions[open->function].open = false;
		depth--;
	}
	return 0;
}

/* A function is a root for what its callers' calls do not account for. */
static int walk_all(struct making *m)
{
	struct callgraph *g = m->graph;
	uint32_t n = m->n_types;
	struct open *way = malloc(DEPTH_MAX * sizeof(*way));
	double *left = malloc(((size_t)g->n_functions + 1) * n * sizeof(*left));
	int rc = way && left ? 0 : -ENOMEM;

	if (rc == 0)
		memcpy(left, m->total, (size_t)g->n_functions * n * sizeof(*left));
	for (uint32_t i = 0; rc == 0 && i < g->n_calls; i++)
		for (uint32_t t = 0; t < n; t++)
			left[(size_t)g->calls[i].callee * n + t] -= g->call_values[(size_t)i * n + t];
	for (uint32_t f = 0; rc == 0 && f < g->n_functions; f++) {
		double part[VALUE_TYPES_MAX];

		for (uint32_t t = 0; t < n; t++) {
			double total = m->total[(size_t)f * n + t], rest = left[(size_t)f * n + t];

			part[t] = total > 0 && rest > total * 1e-9 ? rest / total : 0;
			left[(size_t)f * n + t] = part[t] * total;
		}
		if (worth(m, left + (size_t)f * n))
			rc = walk_from(m, f, part, way);
	}
	free(way);
	free(left);
	return rc;
}

/* Functions to which no way led that was worth it, or which only call each other. */
static int place_rest(struct making *m)
{
	struct callgraph *g = m->graph;
	double part[VALUE_TYPES_MAX];

	for (uint32_t t = 0; t < m->n_types; t++)
		part[t] = 1;
	for (uint32_t i = 0; i < g->n_functions; i++) {
		struct callgraph_function *f = &g->functions[i];

		if (f->best_node || !f->n_selves)
			continue;
		f->best_node = stacktree_push(&g->profile->tree, 0, f->frame);
		if (!add_place(m, f->best_node, 0, i, part))
			return -ENOMEM;
	}
	return 0;
}

/* The function's own cost, divided among its places: whole numbers whose sum is right. */
static void add_samples_of(struct making *m, const struct place *place, const double *part, double *done)
{
	struct callgraph *g = m->graph;
	struct callgraph_function *f = &g->functions[place->function];

	for (uint32_t k = 0; k < f->n_selves; k++) {
		uint32_t i = m->self_order[f->first_self + k];
		int64_t values[VALUE_TYPES_MAX] = { 0 };
		bool any = false;

		for (uint32_t t = 0; t < m->n_types; t++) {
			double own = g->self_values[(size_t)i * m->n_types + t];
			double given = m->given[(size_t)place->function * m->n_types + t];
			double share = given > 0 ? own * part[t] / given : 0;
			double *before = &done[(size_t)i * m->n_types + t];

			/* (what has no place for this value has it all at its first one) */
			if (given <= 0 && place->stack == f->best_node)
				share = own;
			values[t] = (int64_t)(llround(fmin(*before + share, 9e18)) -
					      llround(fmin(*before, 9e18)));
			*before += share;
			any |= values[t] != 0;
		}
		if (any)
			profile_add(g->profile, stacktree_push(&g->profile->tree, place->above,
							       g->selves[i].frame), 0, values);
	}
}

static int add_samples(struct making *m)
{
	struct callgraph *g = m->graph;
	double *done = calloc(((size_t)g->n_selves + 1) * m->n_types, sizeof(*done));

	for (uint32_t i = 0; done && i < g->n_selves; i++) {
		struct frame frame = g->profile->frames.frames[g->functions[g->selves[i].function].frame];

		frame.line = g->selves[i].line;
		g->selves[i].frame = frames_add(&g->profile->frames, &frame);
	}
	for (uint32_t i = 0; done && i < m->n_places; i++)
		add_samples_of(m, &m->places[i], m->parts + (size_t)i * m->n_types, done);
	free(done);
	return done && !profile_failed(g->profile) ? 0 : -ENOMEM;
}

int callgraph_finish(struct callgraph *graph)
{
	struct making m = { .graph = graph, .n_types = graph->profile->n_types };
	int rc = graph->failed || !m.n_types ? -ENOMEM : sort(&m);

	if (rc == 0)
		rc = sum(&m);
	if (rc == 0)
		rc = walk_all(&m);
	if (rc == 0)
		rc = place_rest(&m);
	if (rc == 0)
		rc = add_samples(&m);
	profile_add_comment(graph->profile, STR("sonde: note stacks are estimated: the file says who called whom, "
						"and not by which way"));
	free(m.call_order);
	free(m.self_order);
	free(m.total);
	free(m.given);
	free(m.whole);
	free(m.places);
	free(m.parts);
	return rc;
}
