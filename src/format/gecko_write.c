/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"
#include "base/vec.h"
#include "format/functions.h"
#include "format/gecko.h"
#include "format/jsonfile.h"
#include "format/threads.h"

/* Which of a table of the profile a thread has, and as what. */
struct local {
	uint32_t *index;	/* there -> here + 1; 0: not in this thread */
	uint32_t *items;	/* here -> there */
	uint32_t n, cap;
};

struct writer {
	const struct profile *profile;
	struct functions functions;
	struct threads_of_samples threads;
	struct local stacks, frames, rows, modules;
	struct strings strings;		/* of the thread */
	struct jsonfile *out;
	struct json *json;
	struct buf text;
	int count_type;			/* -1: each row is one sample */
	bool is_time, is_bytes;		/* what the default type is */
};

static const char *const colors[FRAME_KIND_COUNT] = {
	[FRAME_NONE] = "transparent", [FRAME_KERNEL] = "orange", [FRAME_NATIVE] = "blue",
	[FRAME_LIBRARY] = "lightblue", [FRAME_JIT] = "green", [FRAME_INTERPRETED] = "yellow",
	[FRAME_RUNTIME] = "purple", [FRAME_UNKNOWN] = "grey",
};

static void local_add(struct local *local, uint32_t id)
{
	if (local->index[id] || VEC_RESERVE(&local->items, &local->cap, (uint64_t)local->n + 1) < 0)
		return;
	local->items[local->n] = id;
	local->index[id] = ++local->n;
}

static void local_clear(struct local *local)
{
	while (local->n)
		local->index[local->items[--local->n]] = 0;
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* A caller's number is below its callees', there and so here. */
static void gather_stacks(struct writer *w, const struct thread_of_samples *thread)
{
	const struct profile *p = w->profile;

	for (uint32_t i = 0; i < thread->n; i++)
		for (uint32_t s = p->stack[w->threads.order[thread->first + i]];
		     s && !w->stacks.index[s]; s = p->tree.parent[s])
			local_add(&w->stacks, s);
	if (w->stacks.n)
		qsort(w->stacks.items, w->stacks.n, sizeof(uint32_t), ascending);
	for (uint32_t i = 0; i < w->stacks.n; i++)
		w->stacks.index[w->stacks.items[i]] = i + 1;
}

static void gather(struct writer *w, const struct thread_of_samples *thread)
{
	const struct profile *p = w->profile;

	local_clear(&w->stacks);
	local_clear(&w->frames);
	local_clear(&w->rows);
	local_clear(&w->modules);
	strings_fini(&w->strings);
	w->strings = (struct strings){ 0 };
	gather_stacks(w, thread);
	for (uint32_t i = 0; i < w->stacks.n; i++)
		local_add(&w->frames, p->tree.frame[w->stacks.items[i]]);
	for (uint32_t i = 0; i < w->frames.n; i++)
		local_add(&w->rows, w->functions.row_of[w->frames.items[i]]);
	for (uint32_t i = 0; i < w->rows.n; i++)
		if (w->functions.rows.frames[w->rows.items[i]].module)
			local_add(&w->modules, w->functions.rows.frames[w->rows.items[i]].module);
}

static void key_str(struct writer *w, const char *key, struct str value)
{
	json_key(w->json, key);
	json_str(w->json, value);
}

static void key_int(struct writer *w, const char *key, int64_t value)
{
	json_key(w->json, key);
	json_int(w->json, value);
}

static void key_bool(struct writer *w, const char *key, bool value)
{
	json_key(w->json, key);
	json_bool(w->json, value);
}

static void key_null(struct writer *w, const char *key)
{
	json_key(w->json, key);
	json_null(w->json);
}

static void key_nothing(struct writer *w, const char *key)
{
	json_key(w->json, key);
	json_open(w->json, '[');
	json_close(w->json, ']');
}

typedef void cell(struct writer *w, uint32_t i);

struct column {
	const char *name;
	cell *add;
};

/* Rows of columns: the last one of `columns` has no name. */
static void add_table(struct writer *w, const char *name, uint32_t n, const struct column *columns)
{
	json_key(w->json, name);
	json_open(w->json, '{');
	key_int(w, "length", n);
	for (; columns->name; columns++) {
		json_key(w->json, columns->name);
		json_open(w->json, '[');
		for (uint32_t i = 0; i < n && jsonfile_flush(w->out); i++)
			columns->add(w, i);
		json_close(w->json, ']');
	}
	json_close(w->json, '}');
}

static void null_cell(struct writer *w, uint32_t i)
{
	(void)i;
	json_null(w->json);
}

static void zero_cell(struct writer *w, uint32_t i)
{
	(void)i;
	json_uint(w->json, 0);
}

static void false_cell(struct writer *w, uint32_t i)
{
	(void)i;
	json_bool(w->json, false);
}

static void uint_or_null(struct writer *w, uint64_t v)
{
	if (v)
		json_uint(w->json, v);
	else
		json_null(w->json);
}

static const struct frame *frame_at(const struct writer *w, uint32_t i)
{
	return &w->profile->frames.frames[w->frames.items[i]];
}

static void stack_prefix(struct writer *w, uint32_t i)
{
	uint32_t parent = w->profile->tree.parent[w->stacks.items[i]];

	if (parent)
		json_uint(w->json, w->stacks.index[parent] - 1);
	else
		json_null(w->json);
}

static void stack_frame(struct writer *w, uint32_t i)
{
	json_uint(w->json, w->frames.index[w->profile->tree.frame[w->stacks.items[i]]] - 1);
}

static void stack_category(struct writer *w, uint32_t i)
{
	json_uint(w->json, w->profile->frames.frames[w->profile->tree.frame[w->stacks.items[i]]].kind);
}

static void frame_address(struct writer *w, uint32_t i)
{
	uint64_t address = frame_at(w, i)->address;

	if (address && address < 1ull << 53)	/* what a number of JavaScript holds */
		json_uint(w->json, address);
	else
		json_int(w->json, -1);
}

static void frame_depth(struct writer *w, uint32_t i)
{
	json_uint(w->json, frame_at(w, i)->inlined);
}

static void frame_category(struct writer *w, uint32_t i)
{
	json_uint(w->json, frame_at(w, i)->kind);
}

static void frame_func(struct writer *w, uint32_t i)
{
	json_uint(w->json, w->rows.index[w->functions.row_of[w->frames.items[i]]] - 1);
}

static void frame_line(struct writer *w, uint32_t i)
{
	uint_or_null(w, frame_at(w, i)->line);
}

static void frame_column(struct writer *w, uint32_t i)
{
	uint_or_null(w, frame_at(w, i)->column);
}

static void func_name(struct writer *w, uint32_t i)
{
	buf_clear(&w->text);
	functions_add_name(&w->functions, w->rows.items[i], &w->text);
	json_uint(w->json, strings_add(&w->strings, buf_str(&w->text)));
}

static void func_resource(struct writer *w, uint32_t i)
{
	uint32_t module = w->functions.rows.frames[w->rows.items[i]].module;

	json_int(w->json, module ? (int64_t)w->modules.index[module] - 1 : -1);
}

static void func_file(struct writer *w, uint32_t i)
{
	struct str file = functions_file(&w->functions, w->rows.items[i], false);

	if (file.n)
		json_uint(w->json, strings_add(&w->strings, file));
	else
		json_null(w->json);
}

static void func_line(struct writer *w, uint32_t i)
{
	uint_or_null(w, functions_line(&w->functions, w->rows.items[i]));
}

static struct str module_path(const struct writer *w, uint32_t module)
{
	return strings_get(&w->profile->strings, w->profile->frames.modules[module].path);
}

static void resource_lib(struct writer *w, uint32_t i)
{
	json_uint(w->json, w->modules.items[i] - 1);
}

static void resource_name(struct writer *w, uint32_t i)
{
	json_uint(w->json, strings_add(&w->strings, str_basename(module_path(w, w->modules.items[i]))));
}

static void resource_type(struct writer *w, uint32_t i)
{
	(void)i;
	json_uint(w->json, 1);		/* a library */
}

static const struct column stack_columns[] = {
	{ "prefix", stack_prefix }, { "frame", stack_frame },
	{ "category", stack_category }, { "subcategory", zero_cell }, { 0 },
};

static const struct column frame_columns[] = {
	{ "address", frame_address }, { "inlineDepth", frame_depth },
	{ "category", frame_category }, { "subcategory", zero_cell },
	{ "func", frame_func }, { "nativeSymbol", null_cell },
	{ "innerWindowID", null_cell }, { "implementation", null_cell },
	{ "line", frame_line }, { "column", frame_column }, { 0 },
};

static const struct column func_columns[] = {
	{ "name", func_name }, { "isJS", false_cell }, { "relevantForJS", false_cell },
	{ "resource", func_resource }, { "fileName", func_file },
	{ "lineNumber", func_line }, { "columnNumber", null_cell }, { 0 },
};

static const struct column resource_columns[] = {
	{ "lib", resource_lib }, { "name", resource_name }, { "host", null_cell },
	{ "type", resource_type }, { 0 },
};

static const struct column symbol_columns[] = {
	{ "address", null_cell }, { "functionSize", null_cell }, { "libIndex", null_cell },
	{ "name", null_cell }, { 0 },
};

static const struct column marker_columns[] = {
	{ "category", null_cell }, { "data", null_cell }, { "endTime", null_cell },
	{ "name", null_cell }, { "phase", null_cell }, { "startTime", null_cell }, { 0 },
};

static void add_tables(struct writer *w)
{
	add_table(w, "stackTable", w->stacks.n, stack_columns);
	add_table(w, "frameTable", w->frames.n, frame_columns);
	add_table(w, "funcTable", w->rows.n, func_columns);
	add_table(w, "resourceTable", w->modules.n, resource_columns);
	add_table(w, "nativeSymbols", 0, symbol_columns);
	add_table(w, "markers", 0, marker_columns);
}

static int64_t shown_value(const struct writer *w, uint32_t row)
{
	return profile_value(w->profile, row, w->profile->default_type);
}

enum sample_column { STACK, TIME, WEIGHT, CPU_DELTA };

/* Without times samples follow each other, each as long as its value says. */
static void add_sample_column(struct writer *w, const struct thread_of_samples *thread, const char *name,
			      enum sample_column column)
{
	const struct profile *p = w->profile;
	double at = 0;

	json_key(w->json, name);
	json_open(w->json, '[');
	for (uint32_t i = 0; i < thread->n && jsonfile_flush(w->out); i++) {
		uint32_t row = w->threads.order[thread->first + i], stack = w->stacks.index[p->stack[row]];
		int64_t weight = w->is_bytes ? shown_value(w, row) :
				 w->count_type >= 0 ? profile_value(p, row, (uint32_t)w->count_type) : 1;

		if (column == STACK && stack)
			json_uint(w->json, stack - 1);
		else if (column == STACK)
			json_null(w->json);
		else if (column == TIME)
			json_double(w->json, p->time_ns ? (double)p->time_ns[row] / 1e6 : at, 6);
		else
			json_int(w->json, column == WEIGHT ? weight : shown_value(w, row));
		at += w->is_time ? (double)shown_value(w, row) / 1e6 : 1;
	}
	json_close(w->json, ']');
}

static void add_samples(struct writer *w, const struct thread_of_samples *thread)
{
	json_key(w->json, "samples");
	json_open(w->json, '{');
	key_int(w, "length", thread->n);
	add_sample_column(w, thread, "stack", STACK);
	add_sample_column(w, thread, "time", TIME);
	add_sample_column(w, thread, "weight", WEIGHT);
	json_key(w->json, "weightType");
	json_str(w->json, w->is_bytes ? STR("bytes") : STR("samples"));
	if (w->is_time)
		add_sample_column(w, thread, "threadCPUDelta", CPU_DELTA);
	json_close(w->json, '}');
}

static void add_thread(struct writer *w, uint32_t k)
{
	const struct thread_of_samples *thread = &w->threads.items[k];
	char pid[24];

	gather(w, thread);
	snprintf(pid, sizeof(pid), "%lld", (long long)thread->pid);
	json_open(w->json, '{');
	key_str(w, "name", thread->thread.n ? thread->thread : STR("thread"));
	key_str(w, "processName", thread->process.n ? thread->process : STR("process"));
	key_str(w, "processType", STR("default"));
	key_str(w, "pid", str_of(pid));
	key_int(w, "tid", thread->tid);
	key_bool(w, "isMainThread", thread->tid == thread->pid);
	key_int(w, "processStartupTime", 0);
	key_int(w, "registerTime", 0);
	key_null(w, "processShutdownTime");
	key_null(w, "unregisterTime");
	key_nothing(w, "pausedRanges");
	add_tables(w);
	add_samples(w, thread);
	json_key(w->json, "stringArray");
	json_open(w->json, '[');
	for (uint32_t i = 0; i < (w->strings.n ? w->strings.n : 1); i++)
		json_str(w->json, strings_get(&w->strings, i));
	json_close(w->json, ']');
	json_close(w->json, '}');
	if (w->strings.failed)
		w->out->rc = -ENOMEM;
}

static void add_categories(struct writer *w)
{
	json_key(w->json, "categories");
	json_open(w->json, '[');
	for (int kind = 0; kind < FRAME_KIND_COUNT; kind++) {
		const char *words = frame_kind_words((enum frame_kind)kind);

		json_open(w->json, '{');
		key_str(w, "name", str_of(*words ? words : "Other"));
		key_str(w, "color", str_of(colors[kind] ? colors[kind] : "green"));
		json_key(w->json, "subcategories");
		json_open(w->json, '[');
		json_str(w->json, STR("Other"));
		json_close(w->json, ']');
		json_close(w->json, '}');
	}
	json_close(w->json, ']');
}

static void add_meta(struct writer *w)
{
	const struct profile *p = w->profile;

	json_key(w->json, "meta");
	json_open(w->json, '{');
	json_key(w->json, "preprocessedProfileVersion");
	json_uint(w->json, GECKO_VERSION);
	key_int(w, "version", 30);
	key_str(w, "product", STR(GECKO_PRODUCT));
	key_bool(w, "sondeTimes", p->time_ns != NULL);
	json_key(w->json, "interval");
	json_double(w->json, p->period > 0 ? (double)p->period / 1e6 : 1, 6);
	json_key(w->json, "startTime");
	json_double(w->json, (double)p->start_wall_ns / 1e6, 3);
	key_int(w, "processType", 0);
	key_int(w, "stackwalk", 1);
	key_bool(w, "debug", false);
	key_bool(w, "symbolicated", true);
	key_bool(w, "usesOnlyOneStackType", true);
	key_bool(w, "doesNotUseFrameImplementation", true);
	key_bool(w, "sourceCodeIsNotOnSearchfox", true);
	if (w->is_time) {	/* only then there is a threadCPUDelta */
		json_key(w->json, "sampleUnits");
		json_open(w->json, '{');
		key_str(w, "time", STR("ms"));
		key_str(w, "eventDelay", STR("ms"));
		key_str(w, "threadCPUDelta", STR("ns"));
		json_close(w->json, '}');
	}
	key_nothing(w, "markerSchema");
	add_categories(w);
	json_close(w->json, '}');
}

static void add_libs(struct writer *w)
{
	const struct frames *frames = &w->profile->frames;

	json_key(w->json, "libs");
	json_open(w->json, '[');
	for (uint32_t i = 1; i < frames->n_modules && jsonfile_flush(w->out); i++) {
		struct str path = module_path(w, i);
		struct str build_id = strings_get(&w->profile->strings, frames->modules[i].build_id);

		json_open(w->json, '{');
		key_str(w, "name", str_basename(path));
		key_str(w, "path", path);
		key_str(w, "debugName", str_basename(path));
		key_str(w, "debugPath", path);
		key_str(w, "breakpadId", (struct str){ 0 });
		json_key(w->json, "codeId");
		if (build_id.n)
			json_str(w->json, build_id);
		else
			json_null(w->json);
		key_str(w, "arch", (struct str){ 0 });
		json_close(w->json, '}');
	}
	json_close(w->json, ']');
}

static void add_file(struct writer *w)
{
	json_open(w->json, '{');
	add_meta(w);
	add_libs(w);
	json_key(w->json, "threads");
	json_open(w->json, '[');
	for (uint32_t k = 0; k < w->threads.n && w->out->rc == 0; k++)
		add_thread(w, k);
	json_close(w->json, ']');
	key_nothing(w, "pages");
	key_nothing(w, "counters");
	json_close(w->json, '}');
}

static int prepare(struct writer *w)
{
	const struct profile *p = w->profile;
	struct str unit = profile_type_unit(p, p->default_type);
	int rc = functions_init(&w->functions, p);

	if (rc == 0)
		rc = threads_of_samples_init(&w->threads, p);
	w->count_type = profile_find_type(p, STR("samples"));
	w->is_time = str_eq(unit, STR("nanoseconds"));
	w->is_bytes = str_eq(unit, STR("bytes"));
	w->stacks.index = calloc((size_t)p->tree.n + 1, sizeof(uint32_t));
	w->frames.index = calloc((size_t)p->frames.n_frames + 1, sizeof(uint32_t));
	w->rows.index = calloc((size_t)p->frames.n_frames + 2, sizeof(uint32_t));
	w->modules.index = calloc((size_t)p->frames.n_modules + 1, sizeof(uint32_t));
	if (!w->stacks.index || !w->frames.index || !w->rows.index || !w->modules.index)
		return -ENOMEM;
	return rc;
}

int gecko_write(const struct profile *profile, struct new_file *file, struct err *err)
{
	struct jsonfile out;
	struct writer w = { .profile = profile, .out = &out, .json = &out.json };
	struct local *locals[] = { &w.stacks, &w.frames, &w.rows, &w.modules };

	jsonfile_begin(&out, file, err);
	out.rc = prepare(&w);
	if (out.rc == 0)
		add_file(&w);
	for (size_t i = 0; i < sizeof(locals) / sizeof(locals[0]); i++) {
		free(locals[i]->index);
		free(locals[i]->items);
	}
	strings_fini(&w.strings);
	threads_of_samples_fini(&w.threads);
	functions_fini(&w.functions);
	buf_fini(&w.text);
	return jsonfile_end(&out);
}
