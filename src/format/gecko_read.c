/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/jsonread.h"
#include "base/sum.h"
#include "format/gecko.h"
#include "format/gecko_reader.h"
#include "format/input.h"
#include "model/profile.h"

bool gecko_detect(struct str head)
{
	return str_starts(str_trim(head), STR("{")) &&
	       str_contains(head, STR("\"preprocessedProfileVersion\""));
}

static int find_tables(struct gecko_reader *r, struct str object, struct gecko_tables *t)
{
	static const char *const names[] = { "stringArray", "stringTable", "funcTable", "frameTable",
					     "stackTable", "resourceTable", "sources" };
	struct str texts[7];
	int rc = gecko_find_keys(r, object, names, texts, 7);

	*t = (struct gecko_tables){ .strings_text = texts[0].n ? texts[0] : texts[1], .funcs_text = texts[2],
			      .frames_text = texts[3], .stacks_text = texts[4], .resources_text = texts[5],
			      .sources_text = texts[6] };
	return rc;
}

static struct str or(struct str own, struct str shared)
{
	return own.n ? own : shared;
}

/* The columns of samples, by number. */
enum { STACK, TIME, DELTA, WEIGHT, CPU, N_COLUMNS };
enum { COUNT_TYPE, CPU_TYPE };

static void add_samples(struct gecko_reader *r, const struct gecko_tables *t, const struct gecko_column *c, double weight_scale,
			uint32_t label_set)
{
	uint32_t n = c[STACK].n;
	double at = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t stack = gecko_cell(&c[STACK], i, t->stacks.n);
		double cpu = i < c[CPU].n && !isnan(c[CPU].v[i]) ? c[CPU].v[i] : 0;
		int64_t values[2];

		at = i < c[TIME].n ? c[TIME].v[i] : i < c[DELTA].n ? at + c[DELTA].v[i] : at;
		values[COUNT_TYPE] = i < c[WEIGHT].n ? sum_round(c[WEIGHT].v[i] * weight_scale) : 1;
		values[CPU_TYPE] = sum_round(cpu * (r->cpu_in_us ? 1e3 : 1));
		if (stack == GECKO_NONE || !(values[COUNT_TYPE] || (r->has_cpu && values[CPU_TYPE])))
			continue;	/* the thread did not run, or began */
		if (!(at > 0 && at < 9e12))
			at = 0;
		if (at < r->first_ms)
			r->first_ms = at;
		if (at > r->last_ms)
			r->last_ms = at;
		if (r->timed)
			profile_add_at(r->profile, t->stacks.v[stack], label_set, (uint64_t)(at * 1e6 + 0.5), values);
		else
			profile_add(r->profile, t->stacks.v[stack], label_set, values);
	}
}

/* What the weights are. All threads' are taken to be of the first one's kind. */
static double choose_type(struct gecko_reader *r, struct str weight_type)
{
	bool ms = str_contains(weight_type, STR("tracing-ms")), bytes = str_contains(weight_type, STR("bytes"));

	if (!r->profile->n_types) {
		profile_add_type(r->profile, ms ? STR("time") : bytes ? STR("space") : STR("samples"),
				 ms ? STR("nanoseconds") : bytes ? STR("bytes") : STR("count"));
		if (r->has_cpu) {
			uint32_t cpu = profile_add_type(r->profile, STR("cpu"), STR("nanoseconds"));

			r->profile->default_type = r->ours ? cpu : COUNT_TYPE;
		}
	}
	return ms ? 1e6 : 1;
}

static int read_samples(struct gecko_reader *r, struct str object, const struct gecko_tables *t, uint32_t label_set)
{
	static const char *const names[N_COLUMNS] = { "stack", "time", "timeDeltas", "weight", "threadCPUDelta" };
	static const char *const type_names[] = { "weightType" };
	struct gecko_column c[N_COLUMNS];
	struct str weight_type;
	int rc = gecko_read_columns(r, object, names, c, N_COLUMNS);

	if (rc == 0)
		rc = gecko_find_keys(r, object, type_names, &weight_type, 1);
	if (rc == 0)
		add_samples(r, t, c, choose_type(r, weight_type), label_set);
	gecko_free_columns(c, N_COLUMNS);
	return rc;
}

/* A label of text or of a number; a number in quotes is one, and so is "1234.1", the second process that samply saw
 * of that id. */
static void add_label(struct gecko_reader *r, struct str value, const char *key, bool number, struct label *set,
		      uint32_t *n)
{
	struct json_reader json = json_reader_over(value);
	struct str text = { 0 };
	struct label label = { .key = strings_add(&r->profile->strings, str_of(key)) };
	uint64_t v = 0;

	if (json_peek(&json) == JSON_STRING)
		text = json_take_str(&json);
	else if (json_peek(&json) == JSON_NUMBER)
		text = json_pass(&json);
	if (number)
		text = str_cut(&text, '.');
	if (number && str_parse_u64(text, 10, &v) == 0 && v <= INT64_MAX)
		label.num = (int64_t)v;
	else if (!number)
		label.str = strings_add(&r->profile->strings, text);
	if (label.num || label.str)
		set[(*n)++] = label;
	json_reader_fini(&json);
}

static int read_thread(struct gecko_reader *r, struct str thread)
{
	static const char *const names[] = { "name", "processName", "pid", "tid", "samples" };
	struct str texts[5];
	struct gecko_tables own, *t = &own;
	struct label set[4];
	uint32_t n_set = 0;
	int rc = gecko_find_keys(r, thread, names, texts, 5);

	if (rc == 0)
		rc = find_tables(r, thread, &own);
	if (rc < 0)
		return rc;
	if (!own.stacks_text.n && !own.strings_text.n && r->shared.stacks_text.n) {
		t = &r->shared;
	} else {
		own.strings_text = or(own.strings_text, r->shared.strings_text);
		own.funcs_text = or(own.funcs_text, r->shared.funcs_text);
		own.frames_text = or(own.frames_text, r->shared.frames_text);
		own.stacks_text = or(own.stacks_text, r->shared.stacks_text);
		own.resources_text = or(own.resources_text, r->shared.resources_text);
		own.sources_text = or(own.sources_text, r->shared.sources_text);
	}
	if (t == &own || !r->shared_read)
		rc = t->strings_text.n ? gecko_read_tables(r, t) : gecko_bad(r, thread, "a thread without strings");
	r->shared_read |= t == &r->shared;
	add_label(r, texts[0], "thread", false, set, &n_set);
	add_label(r, texts[1], "process", false, set, &n_set);
	add_label(r, texts[2], "pid", true, set, &n_set);
	add_label(r, texts[3], "tid", true, set, &n_set);
	if (rc == 0)
		rc = read_samples(r, texts[4], t, n_set ? labels_add(&r->profile->labels, set, n_set) : 0);
	if (t == &own)
		gecko_tables_fini(&own);
	return rc;
}

typedef int visit(struct gecko_reader *r, struct str item);

static int each_item(struct gecko_reader *r, struct str array, visit *fn)
{
	struct json_reader json = json_reader_over(array);
	int rc = 0;

	if (!array.n)
		return 0;
	json_enter(&json, '[');
	while (rc == 0 && json_next_item(&json)) {
		struct str item = json_pass(&json);

		if (!json.why)
			rc = fn(r, item);
	}
	return rc < 0 ? (json_reader_fini(&json), rc) : json_reader_end(&json, r->what, r->text, r->err);
}

static uint32_t text_of(struct gecko_reader *r, struct str value)
{
	struct json_reader json = json_reader_over(value);
	uint32_t id = json_peek(&json) == JSON_STRING ?
		      strings_add(&r->profile->strings, json_take_str(&json)) : 0;

	json_reader_fini(&json);
	return id;
}

static int read_lib(struct gecko_reader *r, struct str lib)
{
	static const char *const names[] = { "path", "name", "codeId" };
	struct str texts[3];
	struct module module = { 0 };
	int rc = gecko_find_keys(r, lib, names, texts, 3);

	module.path = text_of(r, texts[0]);
	if (!module.path)
		module.path = text_of(r, texts[1]);
	module.build_id = text_of(r, texts[2]);
	return rc < 0 ? rc : gecko_append(&r->libs, frames_add_module(&r->profile->frames, &module));
}

/* Sonde's categories are its kinds; of Firefox's own, what can be told. */
static int read_category(struct gecko_reader *r, struct str category)
{
	static const char *const names[] = { "name" };
	enum frame_kind kind = FRAME_NATIVE;
	struct str text, name;
	int rc = gecko_find_keys(r, category, names, &text, 1);

	name = strings_get(&r->profile->strings, text_of(r, text));
	for (int k = 1; k < FRAME_KIND_COUNT; k++)
		if (str_eq(name, str_of(frame_kind_words((enum frame_kind)k))))
			kind = (enum frame_kind)k;
	if (str_eq(name, STR("JavaScript")))
		kind = FRAME_JIT;
	else if (str_eq(name, STR("Kernel")))
		kind = FRAME_KERNEL;
	else if (str_eq(name, STR("GC / CC")))
		kind = FRAME_RUNTIME;
	return rc < 0 ? rc : gecko_append(&r->kinds, kind);
}

static double number_of(struct str value)
{
	struct json_reader json = json_reader_over(value);
	double v = json_peek(&json) == JSON_NUMBER ? json_take_double(&json) : 0;

	json_reader_fini(&json);
	return v;
}

static int read_meta(struct gecko_reader *r, struct str meta)
{
	static const char *const names[] = { "product", "sondeTimes", "startTime", "sampleUnits", "categories" };
	struct str texts[5];
	int rc = gecko_find_keys(r, meta, names, texts, 5);
	double start = number_of(texts[2]);

	r->ours = str_eq(texts[0], STR("\"" GECKO_PRODUCT "\""));
	r->timed = !r->ours || str_eq(texts[1], STR("true"));
	r->cpu_in_us = str_contains(texts[3], STR("\"\xc2\xb5s\""));
	r->has_cpu = r->cpu_in_us || str_contains(texts[3], STR("\"ns\""));
	if (start > 0 && start < 9e12)
		r->profile->start_wall_ns = (uint64_t)(start * 1e6);
	return rc < 0 ? rc : each_item(r, texts[4], read_category);
}

static int read_file(struct gecko_reader *r)
{
	static const char *const names[] = { "meta", "libs", "shared", "threads" };
	struct str texts[4];
	int rc = gecko_find_keys(r, r->text, names, texts, 4);

	if (rc == 0)
		rc = read_meta(r, texts[0]);
	if (rc == 0)
		rc = each_item(r, texts[1], read_lib);
	if (rc == 0)
		rc = find_tables(r, texts[2], &r->shared);
	if (rc == 0 && !texts[3].n)
		rc = gecko_bad(r, r->text, "the file has no threads");
	if (rc == 0)
		rc = each_item(r, texts[3], read_thread);
	if (rc == 0 && !r->ours && r->last_ms > r->first_ms)
		r->profile->duration_ns = (uint64_t)((r->last_ms - r->first_ms) * 1e6);
	if (rc == 0 && !r->profile->n_types)
		profile_add_type(r->profile, STR("samples"), STR("count"));
	return rc;
}

int gecko_read(struct profile *profile, struct input *input, struct err *err)
{
	struct gecko_reader r = { .profile = profile, .what = input->what, .err = err, .first_ms = INFINITY };
	int rc = input_whole(input, &r.text, err);

	if (rc == 0)
		rc = read_file(&r);
	gecko_tables_fini(&r.shared);
	free(r.libs.v);
	free(r.kinds.v);
	return rc;
}
