/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"
#include "format/cpuprofile.h"
#include "format/functions.h"
#include "format/jsonfile.h"

#define ENTRIES_MAX 20000000	/* of the list of samples: more are written as one a row */

struct tick {
	uint32_t node, line, entries;
};

struct writer {
	const struct profile *profile;
	struct functions functions;
	uint32_t *first_child, *next_sibling;	/* node of the tree -> another; 0: none */
	uint32_t *hits;
	struct tick *ticks;	/* sorted by node, then line */
	uint32_t n_ticks;
	double unit_ns;		/* of the values that views show; 0: they are no times */
	int count_type;		/* whose values are numbers of samples; -1: each row is one */
	struct jsonfile *out;
	struct json *json;	/* its */
	struct buf text;
};

/* Microseconds of the row: of the type that views show, where it is a time. */
static double microseconds(const struct writer *w, uint32_t row)
{
	double value = (double)profile_value(w->profile, row, w->profile->default_type);

	return w->unit_ns ? value * w->unit_ns / 1e3 : value;
}

/* How often the row stands in the list of samples. */
static uint32_t entries_of(const struct writer *w, uint32_t row)
{
	int64_t n = w->count_type < 0 ? 1 : profile_value(w->profile, row, (uint32_t)w->count_type);

	return n > 0 ? (uint32_t)n : profile_value(w->profile, row, w->profile->default_type) != 0;
}

static void choose_count(struct writer *w)
{
	const struct profile *p = w->profile;
	int type = profile_find_type(p, STR("samples"));
	int64_t sum = 0;

	w->count_type = -1;
	if (type < 0)
		return;
	for (uint32_t i = 0; i < p->n; i++) {
		int64_t n = profile_value(p, i, (uint32_t)type);

		if (n > ENTRIES_MAX || (sum += n > 0 ? n : 0) > ENTRIES_MAX)
			return;
	}
	w->count_type = type;
}

static int compare_ticks(const void *a, const void *b)
{
	const struct tick *x = a, *y = b;

	return x->node != y->node ? (x->node < y->node ? -1 : 1) : (x->line > y->line) - (x->line < y->line);
}

static int count(struct writer *w)
{
	const struct profile *p = w->profile;
	uint32_t n = 0;

	w->hits = calloc((size_t)w->functions.tree.n + 1, sizeof(*w->hits));
	w->ticks = calloc((size_t)p->n + 1, sizeof(*w->ticks));
	if (!w->hits || !w->ticks)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->n; i++) {
		struct tick *tick = &w->ticks[w->n_ticks];

		tick->node = w->functions.node[p->stack[i]];
		tick->line = p->frames.frames[p->tree.frame[p->stack[i]]].line;
		tick->entries = entries_of(w, i);
		w->hits[tick->node] += tick->entries;
		w->n_ticks += tick->line && tick->entries;
	}
	qsort(w->ticks, w->n_ticks, sizeof(*w->ticks), compare_ticks);
	for (uint32_t i = 0; i < w->n_ticks; i++) {
		if (n && !compare_ticks(&w->ticks[n - 1], &w->ticks[i]))
			w->ticks[n - 1].entries += w->ticks[i].entries;
		else
			w->ticks[n++] = w->ticks[i];
	}
	w->n_ticks = n;
	return 0;
}

/* Backwards, so that each list of children comes out in order. */
static int link_children(struct writer *w)
{
	const struct stacktree *tree = &w->functions.tree;

	w->first_child = calloc((size_t)tree->n + 1, sizeof(*w->first_child));
	w->next_sibling = calloc((size_t)tree->n + 1, sizeof(*w->next_sibling));
	if (!w->first_child || !w->next_sibling)
		return -ENOMEM;
	for (uint32_t i = tree->n; i-- > 1;) {
		w->next_sibling[i] = w->first_child[tree->parent[i]];
		w->first_child[tree->parent[i]] = i;
	}
	return 0;
}

static void add_url(struct writer *w, struct str file)
{
	buf_clear(&w->text);
	if (str_starts(file, STR("/")))
		buf_add_str(&w->text, STR("file://"));
	buf_add_str(&w->text, file);
	json_key(w->json, "url");
	json_str(w->json, buf_str(&w->text));
}

static void add_call_frame(struct writer *w, uint32_t node)
{
	uint32_t row = w->functions.tree.frame[node];

	buf_clear(&w->text);
	if (node)
		functions_add_name(&w->functions, row, &w->text);
	else
		buf_add_str(&w->text, STR("(root)"));
	json_key(w->json, "callFrame");
	json_open(w->json, '{');
	json_key(w->json, "functionName");
	json_str(w->json, buf_str(&w->text));
	json_key(w->json, "scriptId");
	json_str(w->json, STR("0"));
	add_url(w, node ? functions_file(&w->functions, row, true) : (struct str){ 0 });
	json_key(w->json, "lineNumber");
	json_int(w->json, node ? (int64_t)functions_line(&w->functions, row) - 1 : -1);
	json_key(w->json, "columnNumber");
	json_int(w->json, -1);
	json_close(w->json, '}');
}

static void add_ticks(struct writer *w, uint32_t node, uint32_t *at)
{
	if (*at == w->n_ticks || w->ticks[*at].node != node)
		return;
	json_key(w->json, "positionTicks");
	json_open(w->json, '[');
	for (; *at < w->n_ticks && w->ticks[*at].node == node; ++*at) {
		json_open(w->json, '{');
		json_key(w->json, "line");
		json_uint(w->json, w->ticks[*at].line);
		json_key(w->json, "ticks");
		json_uint(w->json, w->ticks[*at].entries);
		json_close(w->json, '}');
	}
	json_close(w->json, ']');
}

static void add_nodes(struct writer *w)
{
	uint32_t tick = 0;

	json_key(w->json, "nodes");
	json_open(w->json, '[');
	for (uint32_t node = 0; node < w->functions.tree.n && w->out->rc == 0; node++) {
		json_open(w->json, '{');
		json_key(w->json, "id");
		json_uint(w->json, node + 1);
		add_call_frame(w, node);
		json_key(w->json, "hitCount");
		json_uint(w->json, w->hits[node]);
		if (w->first_child[node]) {
			json_key(w->json, "children");
			json_open(w->json, '[');
			for (uint32_t c = w->first_child[node]; c; c = w->next_sibling[c])
				json_uint(w->json, c + 1);
			json_close(w->json, ']');
		}
		add_ticks(w, node, &tick);
		json_close(w->json, '}');
		jsonfile_flush(w->out);
	}
	json_close(w->json, ']');
}

static void add_samples(struct writer *w)
{
	json_key(w->json, "samples");
	json_open(w->json, '[');
	for (uint32_t i = 0; i < w->profile->n && w->out->rc == 0; i++) {
		for (uint32_t k = entries_of(w, i); k; k--)
			json_uint(w->json, w->functions.node[w->profile->stack[i]] + 1);
		jsonfile_flush(w->out);
	}
	json_close(w->json, ']');
}

/* Whole microseconds, whose sum is right at each of them. The first sample begins at 0 and lasts until the
 * second. Returns the end. */
static int64_t add_deltas(struct writer *w)
{
	double end = 0;
	int64_t last = 0, before = 0;

	json_key(w->json, "timeDeltas");
	json_open(w->json, '[');
	for (uint32_t i = 0; i < w->profile->n && w->out->rc == 0; i++) {
		uint32_t n = entries_of(w, i);
		double each = n ? microseconds(w, i) / n : 0;

		for (; n; n--) {
			json_int(w->json, last - before);
			before = last;
			end += each > 0 ? each : 0;
			last = end < 9e15 ? (int64_t)(end + 0.5) : last;
		}
		jsonfile_flush(w->out);
	}
	json_close(w->json, ']');
	return last;
}

static void add_file(struct writer *w)
{
	int64_t end;

	json_open(w->json, '{');
	add_nodes(w);
	json_key(w->json, "startTime");
	json_uint(w->json, 0);
	add_samples(w);
	end = add_deltas(w);
	json_key(w->json, "endTime");
	json_int(w->json, end);
	json_close(w->json, '}');
}

static int prepare(struct writer *w)
{
	int rc = functions_init(&w->functions, w->profile);

	w->unit_ns = profile_unit_ns(w->profile, w->profile->default_type);
	if (rc == 0) {
		choose_count(w);
		rc = count(w);
	}
	return rc < 0 ? rc : link_children(w);
}

int cpuprofile_write(const struct profile *profile, struct new_file *file, struct err *err)
{
	struct jsonfile out;
	struct writer w = { .profile = profile, .out = &out, .json = &out.json };

	jsonfile_begin(&out, file, err);
	out.rc = prepare(&w);
	if (out.rc == 0)
		add_file(&w);
	free(w.hits);
	free(w.ticks);
	free(w.first_child);
	free(w.next_sibling);
	functions_fini(&w.functions);
	buf_fini(&w.text);
	return jsonfile_end(&out);
}
