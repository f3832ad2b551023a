/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/sum.h"
#include "base/utf8.h"
#include "format/calls.h"
#include "format/tables.h"

#define NODES_MAX 80		/* more are no picture any more: as many as pprof draws */
#define NODE_SHARE_MIN 0.005
#define EDGE_SHARE_MIN 0.001
#define NAME_MAX_BYTES 80

struct edge {
	uint32_t caller, callee;
	int64_t total;
};

struct writer {
	const struct profile *profile;
	struct calls calls;
	uint32_t *order;	/* rows, the costliest first */
	uint32_t n_shown;
	bool *shown;		/* row */
	struct edge *edges;
	uint32_t n_edges;
	double whole;
	struct buf out, text;
};

static int64_t of_type(const struct writer *w, const int64_t *values, uint32_t i)
{
	return values[(size_t)i * w->profile->n_types + w->profile->default_type];
}

/* In a string of Graphviz's: quotes and backslashes escaped, nothing that is no text. */
static void add_text(struct buf *out, struct str text)
{
	struct str rest = text;
	uint32_t c;

	while (rest.n && text.n - rest.n < NAME_MAX_BYTES) {
		struct str from = rest;

		if (!utf8_next(&rest, &c) || c < ' ' || c == 0x7f) {
			buf_add_u8(out, '?');
		} else {
			if (c == '"' || c == '\\')
				buf_add_u8(out, '\\');
			buf_add(out, from.p, from.n - rest.n);
		}
	}
	if (rest.n)
		buf_add_str(out, STR("\xe2\x80\xa6"));
}

static void add_amount(struct writer *w, struct buf *out, int64_t value)
{
	const struct profile *p = w->profile;
	struct str unit = profile_type_unit(p, p->default_type);

	if (str_eq(unit, STR("nanoseconds")))
		buf_addf(out, "%.3g %s", value >= 1000000000 ? (double)value / 1e9 : (double)value / 1e6,
			 value >= 1000000000 ? "s" : "ms");
	else if (str_eq(unit, STR("bytes")))
		buf_addf(out, "%.4g MiB", (double)value / 1048576);
	else
		buf_addf(out, "%lld", (long long)value);
}

static double share(const struct writer *w, int64_t value)
{
	return w->whole > 0 ? (double)value / w->whole : 0;
}

/* White to red with the share of the whole. */
static void add_color(struct buf *out, double share)
{
	double s = share < 0 ? 0 : share > 1 ? 1 : sqrt(share);

	buf_addf(out, "\"#%02x%02x%02x\"", 0xf8, (unsigned)(0xf4 - s * 0xa0), (unsigned)(0xee - s * 0xb8));
}

static void add_node(struct writer *w, uint32_t row)
{
	int64_t self = of_type(w, w->calls.self, row), total = of_type(w, w->calls.total, row);
	struct str file = str_basename(functions_file(&w->calls.functions, row, true));

	buf_clear(&w->text);
	functions_add_name(&w->calls.functions, row, &w->text);
	buf_addf(&w->out, "\tn%u [label=\"", row);
	add_text(&w->out, buf_str(&w->text));
	if (file.n) {
		buf_add_str(&w->out, STR("\\n"));
		add_text(&w->out, file);
		if (functions_line(&w->calls.functions, row))
			buf_addf(&w->out, ":%u", functions_line(&w->calls.functions, row));
	}
	buf_add_str(&w->out, STR("\\n"));
	add_amount(w, &w->out, self);
	buf_addf(&w->out, " (%.1f%%)", share(w, self) * 100);
	if (total != self) {
		buf_add_str(&w->out, STR("\\nof "));
		add_amount(w, &w->out, total);
		buf_addf(&w->out, " (%.1f%%)", share(w, total) * 100);
	}
	buf_addf(&w->out, "\" fontsize=%.0f fillcolor=", 9 + 15 * sqrt(fmax(share(w, self), 0)));
	add_color(&w->out, share(w, total));
	buf_add_str(&w->out, STR("]\n"));
}

static void add_edge(struct writer *w, const struct edge *edge)
{
	double s = share(w, edge->total);

	buf_addf(&w->out, "\tn%u -> n%u [label=\"", edge->caller, edge->callee);
	add_amount(w, &w->out, edge->total);
	buf_addf(&w->out, "\" penwidth=%.2f weight=%d]\n", 1 + 5 * fmax(s, 0), 1 + (int)(fmax(s, 0) * 100));
}

static int costliest_first(const void *a, const void *b, void *context)
{
	const struct writer *w = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int64_t p = of_type(w, w->calls.total, x), q = of_type(w, w->calls.total, y);

	return p != q ? (p > q ? -1 : 1) : (x > y) - (x < y);
}

static int by_rows(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return x->caller != y->caller ? (x->caller < y->caller ? -1 : 1) :
	       (x->callee > y->callee) - (x->callee < y->callee);
}

/* Of the functions that are shown; those of different lines are one. */
static void gather_edges(struct writer *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->calls.n_edges; i++) {
		const struct call_edge *edge = &w->calls.edges[i];

		if (w->shown[edge->caller] && w->shown[edge->callee])
			w->edges[n++] = (struct edge){ edge->caller, edge->callee,
						       of_type(w, w->calls.edge_total, i) };
	}
	qsort(w->edges, n, sizeof(*w->edges), by_rows);
	for (uint32_t i = 0; i < n; i++) {
		if (w->n_edges && !by_rows(&w->edges[w->n_edges - 1], &w->edges[i]))
			sum_add(&w->edges[w->n_edges - 1].total, w->edges[i].total);
		else
			w->edges[w->n_edges++] = w->edges[i];
	}
}

static int choose(struct writer *w)
{
	uint32_t rows = w->calls.functions.rows.n_frames;

	w->order = calloc((size_t)rows + 1, sizeof(*w->order));
	w->shown = calloc((size_t)rows + 1, sizeof(*w->shown));
	w->edges = calloc((size_t)w->calls.n_edges + 1, sizeof(*w->edges));
	if (!w->order || !w->shown || !w->edges)
		return -ENOMEM;
	for (uint32_t row = 1; row < rows; row++)
		w->order[row - 1] = row;
	if (rows > 1)
		qsort_r(w->order, rows - 1, sizeof(*w->order), costliest_first, w);
	for (uint32_t i = 0; i + 1 < rows && i < NODES_MAX; i++) {
		if (share(w, of_type(w, w->calls.total, w->order[i])) < NODE_SHARE_MIN)
			break;
		w->shown[w->order[i]] = true;
		w->n_shown++;
	}
	gather_edges(w);
	return 0;
}

static void add_graph(struct writer *w)
{
	buf_add_str(&w->out, STR("digraph \"sonde\" {\n\tnode [shape=box style=filled fontname=\"sans-serif\"]\n"
				 "\tedge [fontname=\"sans-serif\" fontsize=9 color=\"#806050\"]\n"));
	buf_addf(&w->out, "\tlabelloc=t fontname=\"sans-serif\" label=\"%u of %u functions, of ", w->n_shown,
		 w->calls.functions.rows.n_frames - 1);
	add_amount(w, &w->out, sum_round(w->whole));
	buf_add_str(&w->out, STR("\"\n"));
	for (uint32_t i = 0; i < w->n_shown; i++)
		add_node(w, w->order[i]);
	for (uint32_t i = 0; i < w->n_edges; i++)
		if (share(w, w->edges[i].total) >= EDGE_SHARE_MIN)
			add_edge(w, &w->edges[i]);
	buf_add_str(&w->out, STR("}\n"));
}

int dot_write(const struct profile *profile, struct new_file *file, struct err *err)
{
	struct writer w = { .profile = profile };
	int rc = calls_init(&w.calls, profile);

	if (rc == 0) {
		w.whole = (double)profile_total(profile, profile->default_type);
		rc = choose(&w);
	}
	if (rc == 0) {
		add_graph(&w);
		rc = w.out.failed || w.text.failed ? -ENOMEM : new_file_write(file, buf_str(&w.out), err);
	}
	calls_fini(&w.calls);
	free(w.order);
	free(w.shown);
	free(w.edges);
	buf_fini(&w.out);
	buf_fini(&w.text);
	return rc;
}
