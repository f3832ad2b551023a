/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"
#include "format/gecko.h"
#include "format/gecko_writer.h"

static const char *const colors[FRAME_KIND_COUNT] = {
	[FRAME_NONE] = "transparent", [FRAME_KERNEL] = "orange", [FRAME_NATIVE] = "blue",
	[FRAME_LIBRARY] = "lightblue", [FRAME_JIT] = "green", [FRAME_INTERPRETED] = "yellow",
	[FRAME_RUNTIME] = "purple", [FRAME_UNKNOWN] = "grey",
};

static void key_str(struct gecko_writer *w, const char *key, struct str value)
{
	json_key(w->json, key);
	json_str(w->json, value);
}

static void key_int(struct gecko_writer *w, const char *key, int64_t value)
{
	json_key(w->json, key);
	json_int(w->json, value);
}

static void key_bool(struct gecko_writer *w, const char *key, bool value)
{
	json_key(w->json, key);
	json_bool(w->json, value);
}

static void key_null(struct gecko_writer *w, const char *key)
{
	json_key(w->json, key);
	json_null(w->json);
}

static void key_nothing(struct gecko_writer *w, const char *key)
{
	json_key(w->json, key);
	json_open(w->json, '[');
	json_close(w->json, ']');
}

static int64_t shown_value(const struct gecko_writer *w, uint32_t row)
{
	return profile_value(w->profile, row, w->profile->default_type);
}

enum sample_column { STACK, TIME, WEIGHT, CPU_DELTA };

/* Without times samples follow each other, each as long as its value says. */
static void add_sample_column(struct gecko_writer *w, const struct thread_of_samples *thread, const char *name,
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

static void add_samples(struct gecko_writer *w, const struct thread_of_samples *thread)
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

static void add_thread(struct gecko_writer *w, uint32_t k)
{
	const struct thread_of_samples *thread = &w->threads.items[k];
	char pid[24];

	gecko_gather(w, thread);
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
	gecko_add_tables(w);
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

static void add_categories(struct gecko_writer *w)
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

static void add_meta(struct gecko_writer *w)
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

static void add_libs(struct gecko_writer *w)
{
	const struct frames *frames = &w->profile->frames;

	json_key(w->json, "libs");
	json_open(w->json, '[');
	for (uint32_t i = 1; i < frames->n_modules && jsonfile_flush(w->out); i++) {
		struct str path = gecko_module_path(w, i);
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

static void add_file(struct gecko_writer *w)
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

static int prepare(struct gecko_writer *w)
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
	struct gecko_writer w = { .profile = profile, .out = &out, .json = &out.json };
	struct gecko_local *locals[] = { &w.stacks, &w.frames, &w.rows, &w.modules };

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
