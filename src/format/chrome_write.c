/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"
#include "base/vec.h"
#include "format/functions.h"
#include "format/jsonfile.h"
#include "format/tables.h"
#include "format/threads.h"

/* A call that is open: it becomes an event when it ends. */
struct open {
	uint32_t node;		/* of the functions' tree */
	double start;
};

struct writer {
	const struct profile *profile;
	struct functions functions;
	struct threads_of_samples threads;
	uint32_t *rank;			/* node -> its place, callers before callees, depth first */
	struct open *open;
	uint32_t n_open, cap_open;
	uint32_t *path, cap_path;
	struct jsonfile *out;
	struct json *json;
	struct buf text;
	double unit;			/* microseconds of 1 */
	double last_end;
	long long pid, tid;
};

static void add_event(struct writer *w, const struct open *call, double end)
{
	uint32_t row = w->functions.tree.frame[call->node];
	struct json *json = w->json;

	buf_clear(&w->text);
	functions_add_name(&w->functions, row, &w->text);
	json_open(json, '{');
	json_key(json, "name");
	json_str(json, buf_str(&w->text));
	json_key(json, "cat");
	json_str(json, str_of(frame_kind_name(w->functions.rows.frames[row].kind)));
	json_key(json, "ph");
	json_str(json, STR("X"));
	json_key(json, "ts");
	json_double(json, call->start, 3);
	json_key(json, "dur");
	json_double(json, end > call->start ? end - call->start : 0, 3);
	json_key(json, "pid");
	json_int(json, w->pid);
	json_key(json, "tid");
	json_int(json, w->tid);
	json_close(json, '}');
	jsonfile_flush(w->out);
}

static void close_to(struct writer *w, uint32_t depth, double end)
{
	while (w->n_open > depth)
		add_event(w, &w->open[--w->n_open], end);
}

/* The sample's stack is on from `start` to `end`. What the one before had in common stays open where it
 * follows without a gap. */
static int add_sample(struct writer *w, uint32_t node, double start, double end, double gap)
{
	uint32_t depth = stacktree_depth(&w->functions.tree, node), common = 0;

	if (VEC_RESERVE(&w->open, &w->cap_open, (uint64_t)depth + 1) < 0 ||
	    VEC_RESERVE(&w->path, &w->cap_path, (uint64_t)depth + 1) < 0)
		return -ENOMEM;
	for (uint32_t i = depth; i--; node = w->functions.tree.parent[node])
		w->path[i] = node;
	if (start - w->last_end > gap)
		close_to(w, 0, w->last_end);
	while (common < depth && common < w->n_open && w->open[common].node == w->path[common])
		common++;
	close_to(w, common, start < w->last_end ? w->last_end : start);
	while (w->n_open < depth) {
		w->open[w->n_open] = (struct open){ w->path[w->n_open], start };
		w->n_open++;
	}
	w->last_end = end > w->last_end ? end : w->last_end;
	return 0;
}

static int in_order(const void *a, const void *b, void *context)
{
	const struct writer *w = context;
	const struct profile *p = w->profile;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	uint64_t p_key = p->time_ns ? p->time_ns[x] : w->rank[w->functions.node[p->stack[x]]];
	uint64_t q_key = p->time_ns ? p->time_ns[y] : w->rank[w->functions.node[p->stack[y]]];

	return p_key != q_key ? (p_key < q_key ? -1 : 1) : (x > y) - (x < y);
}

/* By their times; where there are none, beside each other, as a flame graph has them. */
static int add_thread(struct writer *w, const struct thread_of_samples *thread)
{
	const struct profile *p = w->profile;
	uint32_t *rows = w->threads.order + thread->first;
	double at = 0;
	int rc = 0;

	w->last_end = 0;
	if (thread->n)
		qsort_r(rows, thread->n, sizeof(*rows), in_order, w);
	for (uint32_t i = 0; rc == 0 && i < thread->n && w->out->rc == 0; i++) {
		int64_t value = profile_value(p, rows[i], p->default_type);
		double length = (double)value * w->unit;

		if (length <= 0)
			continue;
		if (p->time_ns)
			at = (double)p->time_ns[rows[i]] / 1e3;
		rc = add_sample(w, w->functions.node[p->stack[rows[i]]], at, at + length,
				p->time_ns ? 2 * length : 0);
		at += length;
	}
	close_to(w, 0, w->last_end);
	return rc;
}

static void add_name(struct writer *w, const char *what, struct str name)
{
	json_open(w->json, '{');
	json_key(w->json, "name");
	json_str(w->json, str_of(what));
	json_key(w->json, "ph");
	json_str(w->json, STR("M"));
	json_key(w->json, "pid");
	json_int(w->json, w->pid);
	json_key(w->json, "tid");
	json_int(w->json, w->tid);
	json_key(w->json, "args");
	json_open(w->json, '{');
	json_key(w->json, "name");
	json_str(w->json, name);
	json_close(w->json, '}');
	json_close(w->json, '}');
}

static int add_threads(struct writer *w)
{
	int rc = 0;

	json_open(w->json, '{');
	json_key(w->json, "displayTimeUnit");
	json_str(w->json, STR("ms"));
	json_key(w->json, "traceEvents");
	json_open(w->json, '[');
	for (uint32_t i = 0; rc == 0 && i < w->threads.n; i++) {
		const struct thread_of_samples *thread = &w->threads.items[i];

		w->pid = thread->pid;
		w->tid = thread->tid ? thread->tid : i + 1;	/* each needs a track of its own */
		if (thread->process.n)
			add_name(w, "process_name", thread->process);
		if (thread->thread.n)
			add_name(w, "thread_name", thread->thread);
		rc = add_thread(w, thread);
	}
	json_close(w->json, ']');
	json_close(w->json, '}');
	return rc;
}

/* A node's place is behind its caller's and behind all that its earlier siblings lead to. */
static int rank_nodes(struct writer *w)
{
	const struct stacktree *tree = &w->functions.tree;
	uint32_t *size = calloc((size_t)tree->n + 1, sizeof(*size));
	uint32_t *next = calloc((size_t)tree->n + 1, sizeof(*next));

	w->rank = calloc((size_t)tree->n + 1, sizeof(*w->rank));
	for (uint32_t i = tree->n; size && next && w->rank && i-- > 1;)
		size[tree->parent[i]] += ++size[i];
	for (uint32_t i = 1; size && next && w->rank && i < tree->n; i++) {
		uint32_t parent = tree->parent[i];

		w->rank[i] = w->rank[parent] + 1 + next[parent];
		next[parent] += size[i];
	}
	free(size);
	free(next);
	return size && next && w->rank ? 0 : -ENOMEM;
}

int chrome_write(const struct profile *profile, struct new_file *file, struct err *err)
{
	struct jsonfile out;
	struct writer w = { .profile = profile, .out = &out, .json = &out.json };
	double unit_ns;

	jsonfile_begin(&out, file, err);
	unit_ns = profile_unit_ns(profile, profile->default_type);
	w.unit = unit_ns ? unit_ns / 1e3 : 1;
	out.rc = functions_init(&w.functions, profile);
	if (out.rc == 0)
		out.rc = threads_of_samples_init(&w.threads, profile);
	if (out.rc == 0)
		out.rc = rank_nodes(&w);
	if (out.rc == 0 && add_threads(&w) < 0)
		out.rc = -ENOMEM;
	free(w.rank);
	free(w.open);
	free(w.path);
	threads_of_samples_fini(&w.threads);
	functions_fini(&w.functions);
	buf_fini(&w.text);
	return jsonfile_end(&out);
}
