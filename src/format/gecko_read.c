/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/jsonread.h"
#include "base/sum.h"
#include "base/vec.h"
#include "format/gecko.h"
#include "format/input.h"
#include "model/profile.h"

#define NO UINT32_MAX

struct column {
	double *v;		/* NaN: null */
	uint32_t n, cap;
};

struct ids {
	uint32_t *v;
	uint32_t n, cap;
};

/* A thread's tables, or those that all threads share: index there -> id here. */
struct tables {
	struct str strings_text, funcs_text, frames_text, stacks_text, resources_text, sources_text;
	struct ids strings, functions, modules, frames, stacks;	/* modules: of functions */
};

struct reader {
	struct profile *profile;
	const char *what;
	struct str text;
	struct err *err;
	struct ids libs;	/* modules */
	struct ids kinds;	/* category -> frame kind */
	struct tables shared;
	bool shared_read, ours, timed, cpu_in_us, has_cpu;
	int rc;
};

bool gecko_detect(struct str head)
{
	return str_starts(str_trim(head), STR("{")) &&
	       str_contains(head, STR("\"preprocessedProfileVersion\""));
}

static int bad(struct reader *r, struct str at, const char *why)
{
	return err_fail(r->err, -EBADMSG, "%s: byte %zu: %s", r->what,
			at.p ? (size_t)(at.p - r->text.p) : 0, why);
}

/* The values of those keys of an object, as text. */
static int find_keys(struct reader *r, struct str object, const char *const *names, struct str *values,
		     uint32_t n)
{
	struct json_reader json = json_reader_over(object);
	struct str key;

	for (uint32_t i = 0; i < n; i++)
		values[i] = (struct str){ 0 };
	if (!object.n)
		return 0;
	json_enter(&json, '{');
	while (json_next_key(&json, &key)) {
		uint32_t i = 0;
		struct str value;

		while (i < n && !str_eq(key, str_of(names[i])))
			i++;
		value = json_pass(&json);
		if (i < n)
			values[i] = value;
	}
	return json_reader_end(&json, r->what, r->text, r->err);
}

/* Null and text are no numbers. Of what is not there, nothing. */
static int read_column(struct reader *r, struct str text, struct column *column)
{
	struct json_reader json = json_reader_over(text);

	column->n = 0;
	if (!text.n || json_peek(&json) != JSON_ARRAY)
		return 0;
	json_enter(&json, '[');
	while (json_next_item(&json)) {
		double v = NAN;

		if (json_peek(&json) == JSON_NUMBER)
			v = json_take_double(&json);
		else
			json_pass(&json);
		if (VEC_RESERVE(&column->v, &column->cap, (uint64_t)column->n + 1) < 0) {
			json_reader_fini(&json);
			return -ENOMEM;
		}
		column->v[column->n++] = v;
	}
	return json_reader_end(&json, r->what, r->text, r->err);
}

static int read_columns(struct reader *r, struct str table, const char *const *names, struct column *columns,
			uint32_t n)
{
	struct str texts[8];
	int rc = find_keys(r, table, names, texts, n);

	for (uint32_t i = 0; i < n; i++)
		columns[i] = (struct column){ 0 };
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = read_column(r, texts[i], &columns[i]);
	return rc;
}

static void free_columns(struct column *columns, uint32_t n)
{
	while (n--)
		free(columns[n].v);
}

/* The number in a row; NO when it is none, or none that is below `limit`. */
static uint32_t cell(const struct column *column, uint32_t row, double limit)
{
	double v = row < column->n ? column->v[row] : NAN;

	return v >= 0 && v < limit && v < UINT32_MAX ? (uint32_t)v : NO;
}

static uint32_t cell_or_zero(const struct column *column, uint32_t row)
{
	uint32_t v = cell(column, row, UINT32_MAX);

	return v == NO ? 0 : v;
}

static int append(struct ids *ids, uint32_t id)
{
	if (VEC_RESERVE(&ids->v, &ids->cap, (uint64_t)ids->n + 1) < 0)
		return -ENOMEM;
	ids->v[ids->n++] = id;
	return 0;
}

static uint32_t id_at(const struct ids *ids, uint32_t i)
{
	return i < ids->n ? ids->v[i] : 0;
}

static int read_strings(struct reader *r, struct tables *t)
{
	struct json_reader json = json_reader_over(t->strings_text);
	int rc = 0;

	json_enter(&json, '[');
	while (rc == 0 && json_next_item(&json))
		rc = append(&t->strings, strings_add(&r->profile->strings, json_take_str(&json)));
	return rc < 0 ? (json_reader_fini(&json), rc) : json_reader_end(&json, r->what, r->text, r->err);
}

static int read_functions(struct reader *r, struct tables *t)
{
	static const char *const names[] = { "name", "fileName", "lineNumber", "resource", "source" };
	static const char *const resource_names[] = { "lib" }, *const source_names[] = { "filename" };
	struct column c[5], lib[1] = { { 0 } }, sources[1] = { { 0 } };
	int rc = read_columns(r, t->funcs_text, names, c, 5);

	if (rc == 0)
		rc = read_columns(r, t->resources_text, resource_names, lib, 1);
	if (rc == 0)
		rc = read_columns(r, t->sources_text, source_names, sources, 1);
	for (uint32_t i = 0; rc == 0 && i < c[0].n; i++) {
		uint32_t resource = cell(&c[3], i, lib[0].n);
		uint32_t module = resource == NO ? NO : cell(&lib[0], resource, r->libs.n);
		uint32_t source = cell(&c[4], i, sources[0].n);	/* since version 58; before, .fileName */
		struct function function = {
			.name = id_at(&t->strings, cell(&c[0], i, t->strings.n)),
			.file = id_at(&t->strings, source == NO ? cell(&c[1], i, t->strings.n) :
							  cell(&sources[0], source, t->strings.n)),
			.start_line = cell_or_zero(&c[2], i),
		};

		if (!function.name)
			function.name = strings_add(&r->profile->strings, STR("[unknown]"));
		rc = append(&t->functions, frames_add_function(&r->profile->frames, &function));
		if (rc == 0)
			rc = append(&t->modules, module == NO ? 0 : r->libs.v[module]);
	}
	free_columns(c, 5);
	free_columns(lib, 1);
	free_columns(sources, 1);
	return rc;
}

static int read_frames(struct reader *r, struct tables *t)
{
	static const char *const names[] = { "func", "line", "column", "address", "category", "inlineDepth",
					     "lib" };
	struct column c[7];
	int rc = read_columns(r, t->frames_text, names, c, 7);

	for (uint32_t i = 0; rc == 0 && i < c[0].n; i++) {
		uint32_t func = cell(&c[0], i, t->functions.n), category = cell(&c[4], i, r->kinds.n);
		uint32_t lib = cell(&c[6], i, r->libs.n);	/* since version 70; before, the function's resource's */
		struct frame frame = { .kind = FRAME_NATIVE, .line = cell_or_zero(&c[1], i) };
		double address = i < c[3].n ? c[3].v[i] : -1;

		if (func == NO) {
			rc = bad(r, t->frames_text, "a frame is of no function of the file");
			break;
		}
		frame.function = t->functions.v[func];
		frame.module = lib == NO ? t->modules.v[func] : r->libs.v[lib];
		frame.column = (uint16_t)cell_or_zero(&c[2], i);
		frame.inlined = cell_or_zero(&c[5], i) > 0;
		if (address > 0 && address < 0x1p53)
			frame.address = (uint64_t)address;
		if (category != NO)
			frame.kind = (uint8_t)r->kinds.v[category];
		rc = append(&t->frames, frames_add(&r->profile->frames, &frame));
	}
	free_columns(c, 7);
	return rc;
}

/* The caller's stack; NO: there is none, or (*ret_wrong) none that stands before. Since version 66 it is told by how
 * far before it stands, 0: none. */
static uint32_t prefix_of(const struct column *prefix, const struct column *offset, uint32_t i, bool *ret_wrong)
{
	const struct column *column = offset->n ? offset : prefix;
	uint32_t v = cell(column, i, UINT32_MAX);

	*ret_wrong = v == NO ? column == offset || (i < column->n && !isnan(column->v[i])) : false;
	if (v == NO || (column == offset && v == 0))
		return NO;
	*ret_wrong = column == offset ? v > i : v >= i;
	return *ret_wrong ? NO : column == offset ? i - v : v;
}

static int read_stacks(struct reader *r, struct tables *t)
{
	static const char *const names[] = { "prefix", "frame", "prefixOffset" };
	struct column c[3];
	int rc = read_columns(r, t->stacks_text, names, c, 3);

	if (rc == 0 && c[1].n && !c[0].n && !c[2].n)
		rc = bad(r, t->stacks_text, "stacks without the column of their callers");

	for (uint32_t i = 0; rc == 0 && i < c[1].n; i++) {
		bool wrong;
		uint32_t frame = cell(&c[1], i, t->frames.n), prefix = prefix_of(&c[0], &c[2], i, &wrong);

		if (frame == NO)
			rc = bad(r, t->stacks_text, "a stack has a frame that is not there");
		else if (wrong)
			rc = bad(r, t->stacks_text, "a stack stands before that of its caller");
		else
			rc = append(&t->stacks, stacktree_push(&r->profile->tree,
							       prefix == NO ? 0 : t->stacks.v[prefix],
							       t->frames.v[frame]));
	}
	free_columns(c, 3);
	return rc;
}

static int read_tables(struct reader *r, struct tables *t)
{
	int rc = read_strings(r, t);

	if (rc == 0)
		rc = read_functions(r, t);
	if (rc == 0)
		rc = read_frames(r, t);
	return rc < 0 ? rc : read_stacks(r, t);
}

static void tables_fini(struct tables *t)
{
	free(t->strings.v);
	free(t->functions.v);
	free(t->modules.v);
	free(t->frames.v);
	free(t->stacks.v);
}

static int find_tables(struct reader *r, struct str object, struct tables *t)
{
	static const char *const names[] = { "stringArray", "stringTable", "funcTable", "frameTable",
					     "stackTable", "resourceTable", "sources" };
	struct str texts[7];
	int rc = find_keys(r, object, names, texts, 7);

	*t = (struct tables){ .strings_text = texts[0].n ? texts[0] : texts[1], .funcs_text = texts[2],
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

static void add_samples(struct reader *r, const struct tables *t, const struct column *c, double weight_scale,
			uint32_t label_set)
{
	uint32_t n = c[STACK].n;
	double at = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t stack = cell(&c[STACK], i, t->stacks.n);
		double cpu = i < c[CPU].n && !isnan(c[CPU].v[i]) ? c[CPU].v[i] : 0;
		int64_t values[2];

		at = i < c[TIME].n ? c[TIME].v[i] : i < c[DELTA].n ? at + c[DELTA].v[i] : at;
		values[COUNT_TYPE] = i < c[WEIGHT].n ? sum_round(c[WEIGHT].v[i] * weight_scale) : 1;
		values[CPU_TYPE] = sum_round(cpu * (r->cpu_in_us ? 1e3 : 1));
		if (stack == NO || !(values[COUNT_TYPE] || (r->has_cpu && values[CPU_TYPE])))
			continue;	/* the thread did not run, or began */
		if (r->timed)
			profile_add_at(r->profile, t->stacks.v[stack], label_set,
				       at > 0 && at < 9e12 ? (uint64_t)(at * 1e6 + 0.5) : 0, values);
		else
			profile_add(r->profile, t->stacks.v[stack], label_set, values);
	}
}

/* What the weights are. All threads' are taken to be of the first one's kind. */
static double choose_type(struct reader *r, struct str weight_type)
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

static int read_samples(struct reader *r, struct str object, const struct tables *t, uint32_t label_set)
{
	static const char *const names[N_COLUMNS] = { "stack", "time", "timeDeltas", "weight", "threadCPUDelta" };
	static const char *const type_names[] = { "weightType" };
	struct column c[N_COLUMNS];
	struct str weight_type;
	int rc = read_columns(r, object, names, c, N_COLUMNS);

	if (rc == 0)
		rc = find_keys(r, object, type_names, &weight_type, 1);
	if (rc == 0)
		add_samples(r, t, c, choose_type(r, weight_type), label_set);
	free_columns(c, N_COLUMNS);
	return rc;
}

/* A label of text or of a number; a number in quotes is one. */
static void add_label(struct reader *r, struct str value, const char *key, bool number, struct label *set,
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
	if (number && str_parse_u64(text, 10, &v) == 0 && v <= INT64_MAX)
		label.num = (int64_t)v;
	else if (!number)
		label.str = strings_add(&r->profile->strings, text);
	if (label.num || label.str)
		set[(*n)++] = label;
	json_reader_fini(&json);
}

static int read_thread(struct reader *r, struct str thread)
{
	static const char *const names[] = { "name", "processName", "pid", "tid", "samples" };
	struct str texts[5];
	struct tables own, *t = &own;
	struct label set[4];
	uint32_t n_set = 0;
	int rc = find_keys(r, thread, names, texts, 5);

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
		rc = t->strings_text.n ? read_tables(r, t) : bad(r, thread, "a thread without strings");
	r->shared_read |= t == &r->shared;
	add_label(r, texts[0], "thread", false, set, &n_set);
	add_label(r, texts[1], "process", false, set, &n_set);
	add_label(r, texts[2], "pid", true, set, &n_set);
	add_label(r, texts[3], "tid", true, set, &n_set);
	if (rc == 0)
		rc = read_samples(r, texts[4], t, n_set ? labels_add(&r->profile->labels, set, n_set) : 0);
	if (t == &own)
		tables_fini(&own);
	return rc;
}

typedef int visit(struct reader *r, struct str item);

static int each_item(struct reader *r, struct str array, visit *fn)
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

static uint32_t text_of(struct reader *r, struct str value)
{
	struct json_reader json = json_reader_over(value);
	uint32_t id = json_peek(&json) == JSON_STRING ?
		      strings_add(&r->profile->strings, json_take_str(&json)) : 0;

	json_reader_fini(&json);
	return id;
}

static int read_lib(struct reader *r, struct str lib)
{
	static const char *const names[] = { "path", "name", "codeId" };
	struct str texts[3];
	struct module module = { 0 };
	int rc = find_keys(r, lib, names, texts, 3);

	module.path = text_of(r, texts[0]);
	if (!module.path)
		module.path = text_of(r, texts[1]);
	module.build_id = text_of(r, texts[2]);
	return rc < 0 ? rc : append(&r->libs, frames_add_module(&r->profile->frames, &module));
}

/* Sonde's categories are its kinds; of Firefox's own, what can be told. */
static int read_category(struct reader *r, struct str category)
{
	static const char *const names[] = { "name" };
	enum frame_kind kind = FRAME_NATIVE;
	struct str text, name;
	int rc = find_keys(r, category, names, &text, 1);

	name = strings_get(&r->profile->strings, text_of(r, text));
	for (int k = 1; k < FRAME_KIND_COUNT; k++)
		if (str_eq(name, str_of(frame_kind_words((enum frame_kind)k))))
			kind = (enum frame_kind)k;
	if (str_eq(name, STR("JavaScript")))
		kind = FRAME_JIT;
	else if (str_eq(name, STR("GC / CC")))
		kind = FRAME_RUNTIME;
	return rc < 0 ? rc : append(&r->kinds, kind);
}

static double number_of(struct str value)
{
	struct json_reader json = json_reader_over(value);
	double v = json_peek(&json) == JSON_NUMBER ? json_take_double(&json) : 0;

	json_reader_fini(&json);
	return v;
}

static int read_meta(struct reader *r, struct str meta)
{
	static const char *const names[] = { "product", "sondeTimes", "startTime", "sampleUnits", "categories" };
	struct str texts[5];
	int rc = find_keys(r, meta, names, texts, 5);
	double start = number_of(texts[2]);

	r->ours = str_eq(texts[0], STR("\"" GECKO_PRODUCT "\""));
	r->timed = !r->ours || str_eq(texts[1], STR("true"));
	r->cpu_in_us = str_contains(texts[3], STR("\"\xc2\xb5s\""));
	r->has_cpu = r->cpu_in_us || str_contains(texts[3], STR("\"ns\""));
	if (start > 0 && start < 9e12)
		r->profile->start_wall_ns = (uint64_t)(start * 1e6);
	return rc < 0 ? rc : each_item(r, texts[4], read_category);
}

static int read_file(struct reader *r)
{
	static const char *const names[] = { "meta", "libs", "shared", "threads" };
	struct str texts[4];
	int rc = find_keys(r, r->text, names, texts, 4);

	if (rc == 0)
		rc = read_meta(r, texts[0]);
	if (rc == 0)
		rc = each_item(r, texts[1], read_lib);
	if (rc == 0)
		rc = find_tables(r, texts[2], &r->shared);
	if (rc == 0 && !texts[3].n)
		rc = bad(r, r->text, "the file has no threads");
	if (rc == 0)
		rc = each_item(r, texts[3], read_thread);
	if (rc == 0 && !r->profile->n_types)
		profile_add_type(r->profile, STR("samples"), STR("count"));
	return rc;
}

int gecko_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile, .what = input->what, .err = err };
	int rc = input_whole(input, &r.text, err);

	if (rc == 0)
		rc = read_file(&r);
	tables_fini(&r.shared);
	free(r.libs.v);
	free(r.kinds.v);
	return rc;
}
