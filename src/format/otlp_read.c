/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/sum.h"
#include "base/vec.h"
#include "format/batch.h"
#include "format/input.h"
#include "format/module_kind.h"
#include "format/otlp.h"
#include "format/proto.h"
#include "model/profile.h"

#define LINES_MAX 4096u			/* of one location */
#define FRAMES_PER_BYTE 64u		/* more than this many for each byte of the file is a bomb */

const struct otlp_name otlp_names[] = {
	{ "thread.name", "thread" },
	{ "thread.id", "tid" },
	{ "process.pid", "pid" },
	{ "process.executable.name", "process" },
	{ NULL, NULL }
};

struct table {			/* of the dictionary: index there -> what it is here */
	uint32_t *items;
	uint32_t n, cap;
};

struct span {
	uint32_t first, n;
};

struct reader {
	struct profile *profile;
	const char *what;
	struct str bytes;
	struct err *err;
	struct table strings, functions, modules, kinds;	/* kinds: of modules' and locations' frames */
	struct table stacks;
	struct label *attributes;
	uint32_t n_attributes, cap_attributes;
	struct span *locations;		/* into frames, outermost first */
	uint32_t n_locations, cap_locations;
	struct table frames;
	uint64_t frames_left;
	bool old;			/* samples are 1.9's */
	bool timed;			/* every sample says when */
	uint64_t start;			/* the earliest time of a profile */
	struct label resource[LABELS_PER_SET_MAX];
	uint32_t n_resource;
	int64_t period;			/* of the profile at hand, where samples are to be told as times */
	uint32_t type, time_type;	/* of its values; UINT32_MAX: none */
	struct idindex rows;		/* (stack, labels, time) -> row + 1, once there is more than one type */
	uint32_t n_indexed;
};

static int bad(struct reader *r, const char *at, const char *why)
{
	return err_fail(r->err, -EBADMSG, "%s: byte %zu: %s", r->what, at ? (size_t)(at - r->bytes.p) : 0, why);
}

/* A message whose first field is a message ResourceProfiles: its first is a resource or scopes, which
 * pprof's ValueType, numbers only, has not. */
bool otlp_detect(struct str head)
{
	struct cursor c = cursor_over(head);
	uint8_t tag = cursor_u8(&c), inner;

	cursor_uleb(&c);
	inner = cursor_u8(&c);
	return !c.failed && tag == (OTLP_RESOURCE_PROFILES << 3 | PROTO_BYTES) &&
	       (inner == (OTLP_RESOURCE << 3 | PROTO_BYTES) || inner == (OTLP_SCOPE_PROFILES << 3 | PROTO_BYTES));
}

typedef int visit(struct reader *r, struct str body);

/* Each field of that number in a message. */
static int each(struct reader *r, struct str message, uint32_t number, visit *fn)
{
	struct cursor c = cursor_over(message);
	struct proto_field f;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f))
		if (f.number == number && f.wire == PROTO_BYTES)
			rc = fn(r, f.bytes);
	return rc == 0 && c.failed ? bad(r, message.p, "a message is cut short") : rc;
}

static int append(struct table *table, uint32_t item)
{
	if (VEC_RESERVE(&table->items, &table->cap, (uint64_t)table->n + 1) < 0)
		return -ENOMEM;
	table->items[table->n++] = item;
	return 0;
}

static int look_up(struct reader *r, const struct table *table, const char *at, uint64_t index,
		   uint32_t *ret_item)
{
	*ret_item = 0;
	if (index >= table->n && index)
		return bad(r, at, "an index is outside its table of the dictionary");
	*ret_item = index < table->n ? table->items[index] : 0;
	return 0;
}

static int add_string(struct reader *r, struct str body)
{
	return append(&r->strings, strings_add(&r->profile->strings, body));
}

/* Which of the model's keys it is. */
static uint32_t key_of(struct reader *r, uint32_t key)
{
	struct str name = strings_get(&r->profile->strings, key);

	for (size_t i = 0; otlp_names[i].theirs; i++)
		if (str_eq(name, str_of(otlp_names[i].theirs)))
			return strings_add(&r->profile->strings, str_of(otlp_names[i].ours));
	return key;
}

/* AnyValue: text and whole numbers have a place in a label; .key 0 when it has neither. */
static int read_value(struct reader *r, struct str body, struct label *label)
{
	struct cursor c = cursor_over(body);
	struct proto_field f;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_ANY_STRING && f.wire == PROTO_BYTES)
			label->str = strings_add(&r->profile->strings, f.bytes);
		else if (f.number == OTLP_ANY_STRING_INDEX)
			rc = look_up(r, &r->strings, body.p, f.value, &label->str);
		else if (f.number == OTLP_ANY_INT || f.number == OTLP_ANY_BOOL)
			label->num = (int64_t)f.value;
		else
			label->key = 0;
	}
	return rc == 0 && c.failed ? bad(r, body.p, "a value is cut short") : rc;
}

static int add_attribute(struct reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct label label = { 0 };
	struct proto_field f;
	struct str value = { 0 };
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_ATTRIBUTE_KEY)
			rc = look_up(r, &r->strings, body.p, f.value, &label.key);
		else if (f.number == OTLP_ATTRIBUTE_UNIT)
			rc = look_up(r, &r->strings, body.p, f.value, &label.unit);
		else if (f.number == OTLP_ATTRIBUTE_VALUE)
			value = f.bytes;
	}
	if (rc == 0 && c.failed)
		rc = bad(r, body.p, "an attribute is cut short");
	if (rc == 0)
		rc = read_value(r, value, &label);
	label.key = label.key ? key_of(r, label.key) : 0;
	if (label.str)
		label.unit = 0;
	if (rc < 0 || VEC_RESERVE(&r->attributes, &r->cap_attributes, (uint64_t)r->n_attributes + 1) < 0)
		return rc < 0 ? rc : -ENOMEM;
	r->attributes[r->n_attributes++] = label;
	return 0;
}

typedef int visit_index(struct reader *r, const char *at, uint64_t index, void *context);

/* A repeated number, packed or not. */
static int each_index(struct reader *r, const struct proto_field *f, const char *at, visit_index *fn,
		      void *context)
{
	struct cursor c = cursor_over(f->bytes);
	int rc = 0;

	if (f->wire != PROTO_BYTES)
		return fn(r, at, f->value, context);
	while (rc == 0 && cursor_more(&c))
		rc = fn(r, at, cursor_uleb(&c), context);
	return rc == 0 && c.failed ? bad(r, at, "a list of numbers is cut short") : rc;
}

static bool has_key(const struct reader *r, uint64_t index, const char *key)
{
	return index < r->n_attributes &&
	       str_eq(strings_get(&r->profile->strings, r->attributes[index].key), str_of(key));
}

static int take_build_id(struct reader *r, const char *at, uint64_t index, void *context)
{
	struct module *module = context;

	if (index >= r->n_attributes && index)
		return bad(r, at, "an index is outside its table of the dictionary");
	if (has_key(r, index, OTLP_BUILD_ID))
		module->build_id = r->attributes[index].str;
	return 0;
}

static int add_mapping(struct reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct module module = { 0 };
	struct proto_field f;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_MAPPING_START)
			module.start = f.value;
		else if (f.number == OTLP_MAPPING_LIMIT)
			module.limit = f.value;
		else if (f.number == OTLP_MAPPING_OFFSET)
			module.offset = f.value;
		else if (f.number == OTLP_MAPPING_FILE)
			rc = look_up(r, &r->strings, body.p, f.value, &module.path);
		else if (f.number == OTLP_MAPPING_ATTRIBUTES)
			rc = each_index(r, &f, body.p, take_build_id, &module);
	}
	if (rc == 0 && c.failed)
		rc = bad(r, body.p, "a mapping is cut short");
	if (rc == 0)
		rc = append(&r->modules, frames_add_module(&r->profile->frames, &module));
	return rc < 0 ? rc : append(&r->kinds, module_kind(strings_get(&r->profile->strings, module.path)));
}

static uint32_t line_number(uint64_t v)
{
	return v <= UINT32_MAX ? (uint32_t)v : 0;
}

static int add_function(struct reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct function function = { 0 };
	struct proto_field f;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_FUNCTION_NAME)
			rc = look_up(r, &r->strings, body.p, f.value, &function.name);
		else if (f.number == OTLP_FUNCTION_SYSTEM_NAME)
			rc = look_up(r, &r->strings, body.p, f.value, &function.system_name);
		else if (f.number == OTLP_FUNCTION_FILE)
			rc = look_up(r, &r->strings, body.p, f.value, &function.file);
		else if (f.number == OTLP_FUNCTION_START_LINE)
			function.start_line = line_number(f.value);
	}
	if (rc == 0 && c.failed)
		rc = bad(r, body.p, "a function is cut short");
	if (!function.name)
		function.name = function.system_name;
	if (function.system_name == function.name)
		function.system_name = 0;
	return rc < 0 ? rc : append(&r->functions, frames_add_function(&r->profile->frames, &function));
}

static int add_line(struct reader *r, struct str body, struct frame *frame)
{
	struct cursor c = cursor_over(body);
	struct proto_field f;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_LINE_FUNCTION)
			rc = look_up(r, &r->functions, body.p, f.value, &frame->function);
		else if (f.number == OTLP_LINE_LINE)
			frame->line = line_number(f.value);
		else if (f.number == OTLP_LINE_COLUMN)
			frame->column = f.value <= UINT16_MAX ? (uint16_t)f.value : 0;
	}
	return rc == 0 && c.failed ? bad(r, body.p, "a line is cut short") : rc;
}

/* Sonde's own word for what ran, or else what OpenTelemetry's profiler says. Of what it calls native the
 * mapping says whether it is a library. */
static int take_kind(struct reader *r, const char *at, uint64_t index, void *context)
{
	struct frame *frame = context;
	struct str value;

	if (index >= r->n_attributes && index)
		return bad(r, at, "an index is outside its table of the dictionary");
	value = index < r->n_attributes ? strings_get(&r->profile->strings, r->attributes[index].str) :
					  (struct str){ 0 };
	if (has_key(r, index, OTLP_FRAME_KIND))
		frame->kind = (uint8_t)frame_kind_of(value);
	else if (has_key(r, index, OTLP_FRAME_TYPE) && !str_eq(value, STR("native")) &&
		 !str_eq(value, STR("go")) && !str_eq(value, STR("rust")))
		frame->kind = str_eq(value, STR("kernel")) ? FRAME_KERNEL : FRAME_INTERPRETED;
	return 0;
}

static int add_frames(struct reader *r, struct frame *lines, uint32_t n, const struct frame *common)
{
	struct span span = { r->frames.n, n ? n : 1 };
	int rc = 0;

	for (uint32_t i = n; rc == 0 && i-- > 0;) {	/* outermost first */
		lines[i].module = common->module;
		lines[i].kind = common->kind;
		lines[i].address = common->address;
		lines[i].inlined = i + 1 < n;
		rc = append(&r->frames, frames_add(&r->profile->frames, &lines[i]));
	}
	if (n == 0)
		rc = append(&r->frames, frames_add(&r->profile->frames, common));
	if (rc < 0 || VEC_RESERVE(&r->locations, &r->cap_locations, (uint64_t)r->n_locations + 1) < 0)
		return -ENOMEM;
	r->locations[r->n_locations++] = span;
	return 0;
}

static int add_location(struct reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct frame common = { .kind = FRAME_NATIVE }, *lines = NULL;
	struct proto_field f;
	uint32_t n = 0, cap = 0, kind = FRAME_NATIVE;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_LOCATION_MAPPING) {
			rc = look_up(r, &r->modules, body.p, f.value, &common.module);
			if (rc == 0 && r->kinds.n)
				rc = look_up(r, &r->kinds, body.p, f.value, &kind);
			common.kind = (uint8_t)kind;
		} else if (f.number == OTLP_LOCATION_ADDRESS) {
			common.address = f.value;
		} else if (f.number == OTLP_LOCATION_LINES && n == LINES_MAX) {
			rc = bad(r, body.p, "a location of more than 4096 lines");
		} else if (f.number == OTLP_LOCATION_LINES) {
			rc = VEC_RESERVE(&lines, &cap, (uint64_t)n + 1) < 0 ? -ENOMEM :
			     add_line(r, f.bytes, &lines[n++]);
		}
	}
	if (rc == 0 && c.failed)
		rc = bad(r, body.p, "a location is cut short");
	for (c = cursor_over(body); rc == 0 && proto_next(&c, &f);)
		if (f.number == OTLP_LOCATION_ATTRIBUTES)
			rc = each_index(r, &f, body.p, take_kind, &common);
	if (rc == 0)
		rc = add_frames(r, lines, n, &common);
	free(lines);
	return rc;
}

static int add_place(struct reader *r, const char *at, uint64_t index, void *context)
{
	struct table *places = context;

	if (index >= r->n_locations)
		return bad(r, at, "an index is outside its table of the dictionary");
	if (r->locations[index].n > r->frames_left)
		return bad(r, at, "stacks of more than 64 frames for each byte of the file");
	r->frames_left -= r->locations[index].n;
	return places->n >= STACK_FRAMES_MAX ? bad(r, at, "a stack of more than 1048576 frames") :
	       append(places, (uint32_t)index);
}

static int add_stack(struct reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct table places = { 0 };
	struct proto_field f;
	uint32_t stack = 0;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f))
		if (f.number == OTLP_STACK_LOCATIONS)
			rc = each_index(r, &f, body.p, add_place, &places);
	if (rc == 0 && c.failed)
		rc = bad(r, body.p, "a stack is cut short");
	for (uint32_t i = places.n; rc == 0 && i-- > 0;) {
		struct span span = r->locations[places.items[i]];

		for (uint32_t k = 0; k < span.n; k++)
			if (r->frames.items[span.first + k])
				stack = stacktree_push(&r->profile->tree, stack,
						       r->frames.items[span.first + k]);
	}
	free(places.items);
	return rc < 0 ? rc : append(&r->stacks, stack);
}

/* Each table needs those before it. */
static int read_dictionary(struct reader *r, struct str body)
{
	static const struct {
		uint32_t number;
		visit *fn;
	} tables[] = {
		{ OTLP_STRINGS, add_string }, { OTLP_ATTRIBUTES, add_attribute },
		{ OTLP_MAPPINGS, add_mapping }, { OTLP_FUNCTIONS, add_function },
		{ OTLP_LOCATIONS, add_location }, { OTLP_STACKS, add_stack },
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(tables) / sizeof(tables[0]); i++)
		rc = each(r, body, tables[i].number, tables[i].fn);
	return rc;
}

/* Of all samples: 1.9 had the values where 1.10 has attributes, and these where it has the link. */
static int look_at_sample(struct reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct proto_field f;
	bool two = false, four = false, five = false;

	while (proto_next(&c, &f)) {
		four |= f.number == OTLP_VALUES;
		two |= f.number == OTLP_OLD_VALUES;
		five |= f.number == OTLP_TIMESTAMPS;
		if (f.number == OTLP_OLD_ATTRIBUTES && f.wire == PROTO_BYTES)
			r->old = true;
	}
	r->old |= two && !four && !five;
	r->timed &= five;
	return 0;
}

static int look_at_profile(struct reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct proto_field f;
	uint64_t start = 0;

	while (proto_next(&c, &f))
		if (f.number == OTLP_TIME)
			start = f.value;
	if (start && (!r->start || start < r->start))
		r->start = start;
	return each(r, body, OTLP_SAMPLES, look_at_sample);
}

static int look_at_scope(struct reader *r, struct str body)
{
	return each(r, body, OTLP_PROFILES, look_at_profile);
}

static int look_at_resource(struct reader *r, struct str body)
{
	return each(r, body, OTLP_SCOPE_PROFILES, look_at_scope);
}

struct sample {
	uint32_t stack;
	struct label set[LABELS_PER_SET_MAX];
	uint32_t n_set;
	int64_t sum;
	uint32_t n_values, n_times;
	struct proto_field values, times;	/* the last ones, which mostly are all */
};

static int add_label(struct reader *r, const char *at, uint64_t index, void *context)
{
	struct sample *sample = context;

	if (index >= r->n_attributes && index)
		return bad(r, at, "an index is outside its table of the dictionary");
	if (index < r->n_attributes && r->attributes[index].key && sample->n_set < LABELS_PER_SET_MAX)
		sample->set[sample->n_set++] = r->attributes[index];
	return 0;
}

static int add_value(struct reader *r, const char *at, uint64_t value, void *context)
{
	struct sample *sample = context;

	(void)r;
	(void)at;
	sample->n_values++;
	sum_add(&sample->sum, (int64_t)value);
	return 0;
}

static uint64_t hash_row(uint32_t stack, uint32_t set, uint64_t time)
{
	return hash_u64((uint64_t)stack << 32 | set, time);
}

/* A message Profile has one type of values: what is one sample comes once for each type. The row that it is in
 * already, with nothing of this type yet; or UINT32_MAX. */
static uint32_t row_of_other_type(struct reader *r, uint32_t stack, uint32_t set, uint64_t time)
{
	const struct profile *p = r->profile;
	uint32_t id, step = 0;

	if (p->n_types < 2)
		return UINT32_MAX;
	for (; r->n_indexed < p->n; r->n_indexed++) {
		uint32_t i = r->n_indexed;

		if (idindex_add(&r->rows, hash_row(p->stack[i], p->label_set[i], p->time_ns[i]), i + 1) < 0) {
			r->profile->failed = true;
			return UINT32_MAX;
		}
	}
	while ((id = idindex_probe(&r->rows, hash_row(stack, set, time), &step)))
		if (p->stack[id - 1] == stack && p->label_set[id - 1] == set && p->time_ns[id - 1] == time &&
		    !profile_value(p, id - 1, r->type))
			return id - 1;
	return UINT32_MAX;
}

static void add_row_at(struct reader *r, uint32_t stack, uint32_t set, uint64_t time, const int64_t *values)
{
	uint32_t row = row_of_other_type(r, stack, set, time);

	if (row == UINT32_MAX)
		profile_add_at(r->profile, stack, set, time, values);
	else
		profile_add_to(r->profile, row, values);
}

static void add_row(struct reader *r, const struct sample *sample, uint32_t set, uint64_t time, int64_t value)
{
	int64_t values[VALUE_TYPES_MAX] = { 0 };

	values[r->type] = value;
	if (r->time_type != UINT32_MAX)
		values[r->time_type] = sum_times(value, r->period);
	if (r->timed)
		add_row_at(r, sample->stack, set, time > r->start ? time - r->start : 0, values);
	else
		profile_add(r->profile, sample->stack, set, values);
}

/* One row for each time; where there are as many values, each is that time's. */
static void add_timed(struct reader *r, const struct sample *sample, uint32_t set)
{
	struct cursor times = cursor_over(sample->times.bytes), values = cursor_over(sample->values.bytes);
	bool pairs = sample->values.wire == PROTO_BYTES && sample->n_values == sample->n_times;
	uint32_t n = sample->n_times;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t time = sample->times.wire == PROTO_BYTES ? cursor_u64(&times) : sample->times.value;
		int64_t value = pairs ? (int64_t)cursor_uleb(&values) : !sample->n_values ? 1 :
				i == 0 ? sample->sum : 0;

		if (value)
			add_row(r, sample, set, time, value);
	}
}

static int read_sample(struct reader *r, struct str body)
{
	struct sample sample = { .n_set = r->n_resource };
	struct cursor c = cursor_over(body);
	struct proto_field f;
	uint32_t set;
	int rc = 0;

	memcpy(sample.set, r->resource, r->n_resource * sizeof(sample.set[0]));
	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_STACK) {
			rc = look_up(r, &r->stacks, body.p, f.value, &sample.stack);
		} else if (f.number == (r->old ? OTLP_OLD_ATTRIBUTES : OTLP_SAMPLE_ATTRIBUTES)) {
			rc = each_index(r, &f, body.p, add_label, &sample);
		} else if (f.number == (r->old ? OTLP_OLD_VALUES : OTLP_VALUES)) {
			sample.values = f;
			rc = each_index(r, &f, body.p, add_value, &sample);
		} else if (f.number == OTLP_TIMESTAMPS) {
			sample.times = f;
			sample.n_times = f.wire == PROTO_BYTES ? (uint32_t)(f.bytes.n / 8) : 1;
		}
	}
	if (rc == 0 && c.failed)
		rc = bad(r, body.p, "a sample is cut short");
	if (rc < 0)
		return rc;
	set = sample.n_set ? labels_add(&r->profile->labels, sample.set, sample.n_set) : 0;
	if (r->timed && sample.n_times)
		add_timed(r, &sample, set);
	else if (sample.n_values || sample.n_times)
		add_row(r, &sample, set, r->start, sample.n_values ? sample.sum : sample.n_times);
	return 0;
}

static int read_type(struct reader *r, struct str body, uint32_t *ret_type, uint32_t *ret_unit)
{
	struct cursor c = cursor_over(body);
	struct proto_field f;
	int rc = 0;

	*ret_type = *ret_unit = 0;
	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_TYPE)
			rc = look_up(r, &r->strings, body.p, f.value, ret_type);
		else if (f.number == OTLP_UNIT)
			rc = look_up(r, &r->strings, body.p, f.value, ret_unit);
	}
	return rc;
}

/* The column of that type, added when it is new. */
static int column(struct reader *r, uint32_t type, uint32_t unit, uint32_t *ret_column)
{
	const struct strings *strings = &r->profile->strings;
	struct str name = strings_get(strings, unit);
	int at = profile_type_at(r->profile, strings_get(strings, type),
				 str_eq(name, STR("ns")) ? STR("nanoseconds") : name);

	if (at < 0)
		return bad(r, NULL, "profiles of more than 32 kinds of values");
	*ret_column = (uint32_t)at;
	return 0;
}

/* Samples that were taken every so many nanoseconds are told as time too. */
static int choose_types(struct reader *r, uint32_t type, uint32_t unit, uint32_t period_type,
			uint32_t period_unit)
{
	struct strings *strings = &r->profile->strings;
	struct str clock = strings_get(strings, period_unit);
	int rc = column(r, type ? type : strings_add(strings, STR("samples")),
			unit ? unit : strings_add(strings, STR("count")), &r->type);

	r->time_type = UINT32_MAX;
	if (rc < 0 || r->period <= 0 || !period_type || !str_eq(strings_get(strings, unit), STR("count")) ||
	    !(str_eq(clock, STR("nanoseconds")) || str_eq(clock, STR("ns"))))
		return rc;
	rc = column(r, period_type, period_unit, &r->time_type);
	if (rc == 0)
		r->profile->default_type = r->time_type;
	return rc;
}

static int read_profile(struct reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct proto_field f;
	uint32_t type = 0, unit = 0, period_type = 0, period_unit = 0;
	int rc = 0;

	r->period = 0;
	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_SAMPLE_TYPE)
			rc = read_type(r, f.bytes, &type, &unit);
		else if (f.number == OTLP_PERIOD_TYPE)
			rc = read_type(r, f.bytes, &period_type, &period_unit);
		else if (f.number == OTLP_PERIOD)
			r->period = (int64_t)f.value;
		else if (f.number == OTLP_DURATION && f.value > r->profile->duration_ns)
			r->profile->duration_ns = f.value;
	}
	if (rc == 0)
		rc = choose_types(r, type, unit, period_type, period_unit);
	if (rc == 0 && r->period > 0) {
		r->profile->period = r->period;
		r->profile->period_type = (struct value_type){ period_type, period_unit };
	}
	return rc < 0 ? rc : each(r, body, OTLP_SAMPLES, read_sample);
}

static int read_scope(struct reader *r, struct str body)
{
	return each(r, body, OTLP_PROFILES, read_profile);
}

static int read_resource_attribute(struct reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct label label = { 0 };
	struct proto_field f;
	struct str value = { 0 };
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_KEY && f.wire == PROTO_BYTES)
			label.key = strings_add(&r->profile->strings, f.bytes);
		else if (f.number == OTLP_KEY_STRING)
			rc = look_up(r, &r->strings, body.p, f.value, &label.key);
		else if (f.number == OTLP_VALUE)
			value = f.bytes;
	}
	if (rc == 0)
		rc = read_value(r, value, &label);
	if (rc == 0 && label.key && r->n_resource < LABELS_PER_SET_MAX) {
		label.key = key_of(r, label.key);
		r->resource[r->n_resource++] = label;
	}
	return rc;
}

static int read_resource_message(struct reader *r, struct str body)
{
	return each(r, body, OTLP_RESOURCE_ATTRIBUTES, read_resource_attribute);
}

static int read_resource(struct reader *r, struct str body)
{
	int rc;

	r->n_resource = 0;
	rc = each(r, body, OTLP_RESOURCE, read_resource_message);
	return rc < 0 ? rc : each(r, body, OTLP_SCOPE_PROFILES, read_scope);
}

static int read_file(struct reader *r)
{
	int rc = each(r, r->bytes, OTLP_DICTIONARY, read_dictionary);

	if (rc == 0)
		rc = each(r, r->bytes, OTLP_RESOURCE_PROFILES, look_at_resource);
	r->profile->start_wall_ns = r->start;
	if (rc == 0)
		rc = each(r, r->bytes, OTLP_RESOURCE_PROFILES, read_resource);
	if (rc == 0 && !r->profile->n_types)
		profile_add_type(r->profile, STR("samples"), STR("count"));
	return rc;
}

int otlp_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader *r = calloc(1, sizeof(*r));
	int rc = r ? 0 : -ENOMEM;

	if (rc == 0) {
		*r = (struct reader){ .profile = profile, .what = input->what, .err = err, .timed = true };
		rc = input_whole(input, &r->bytes, err);
	}
	if (rc == 0) {
		r->frames_left = (uint64_t)r->bytes.n * FRAMES_PER_BYTE;
		rc = read_file(r);
	}
	if (r) {
		struct table *tables[] = { &r->strings, &r->functions, &r->modules, &r->kinds, &r->stacks,
					   &r->frames };

		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
			free(tables[i]->items);
		free(r->attributes);
		free(r->locations);
		idindex_fini(&r->rows);
	}
	free(r);
	return rc;
}
