/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/sum.h"
#include "format/input.h"
#include "format/otlp.h"
#include "format/otlp_reader.h"

#define FRAMES_PER_BYTE 64u		/* more than this many for each byte of the file is a bomb */

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

/* Of all samples: 1.9 had the values where 1.10 has attributes, and these where it has the link. */
static int look_at_sample(struct otlp_reader *r, struct str body)
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

static int look_at_profile(struct otlp_reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct proto_field f;
	uint64_t start = 0;

	while (proto_next(&c, &f))
		if (f.number == OTLP_TIME)
			start = f.value;
	if (start && (!r->start || start < r->start))
		r->start = start;
	return otlp_each(r, body, OTLP_SAMPLES, look_at_sample);
}

static int look_at_scope(struct otlp_reader *r, struct str body)
{
	return otlp_each(r, body, OTLP_PROFILES, look_at_profile);
}

static int look_at_resource(struct otlp_reader *r, struct str body)
{
	return otlp_each(r, body, OTLP_SCOPE_PROFILES, look_at_scope);
}

struct sample {
	uint32_t stack;
	struct label set[LABELS_PER_SET_MAX];
	uint32_t n_set;
	int64_t sum;
	uint32_t n_values, n_times;
	struct proto_field values, times;	/* the last ones, which mostly are all */
};

static int add_label(struct otlp_reader *r, const char *at, uint64_t index, void *context)
{
	struct sample *sample = context;

	if (index >= r->n_attributes && index)
		return otlp_bad(r, at, "an index is outside its table of the dictionary");
	if (index < r->n_attributes && r->attributes[index].key && sample->n_set < LABELS_PER_SET_MAX)
		sample->set[sample->n_set++] = r->attributes[index];
	return 0;
}

static int add_value(struct otlp_reader *r, const char *at, uint64_t value, void *context)
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
static uint32_t row_of_other_type(struct otlp_reader *r, uint32_t stack, uint32_t set, uint64_t time)
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

static void add_row_at(struct otlp_reader *r, uint32_t stack, uint32_t set, uint64_t time, const int64_t *values)
{
	uint32_t row = row_of_other_type(r, stack, set, time);

	if (row == UINT32_MAX)
		profile_add_at(r->profile, stack, set, time, values);
	else
		profile_add_to(r->profile, row, values);
}

static void add_row(struct otlp_reader *r, const struct sample *sample, uint32_t set, uint64_t time, int64_t value)
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
static void add_timed(struct otlp_reader *r, const struct sample *sample, uint32_t set)
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

static int read_sample(struct otlp_reader *r, struct str body)
{
	struct sample sample = { .n_set = r->n_resource };
	struct cursor c = cursor_over(body);
	struct proto_field f;
	uint32_t set;
	int rc = 0;

	memcpy(sample.set, r->resource, r->n_resource * sizeof(sample.set[0]));
	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_STACK) {
			rc = otlp_look_up(r, &r->stacks, body.p, f.value, &sample.stack);
		} else if (f.number == (r->old ? OTLP_OLD_ATTRIBUTES : OTLP_SAMPLE_ATTRIBUTES)) {
			rc = otlp_each_index(r, &f, body.p, add_label, &sample);
		} else if (f.number == (r->old ? OTLP_OLD_VALUES : OTLP_VALUES)) {
			sample.values = f;
			rc = otlp_each_index(r, &f, body.p, add_value, &sample);
		} else if (f.number == OTLP_TIMESTAMPS) {
			sample.times = f;
			sample.n_times = f.wire == PROTO_BYTES ? (uint32_t)(f.bytes.n / 8) : 1;
		}
	}
	if (rc == 0 && c.failed)
		rc = otlp_bad(r, body.p, "a sample is cut short");
	if (rc < 0)
		return rc;
	set = sample.n_set ? labels_add(&r->profile->labels, sample.set, sample.n_set) : 0;
	if (r->timed && sample.n_times)
		add_timed(r, &sample, set);
	else if (sample.n_values || sample.n_times)
		add_row(r, &sample, set, r->start, sample.n_values ? sample.sum : sample.n_times);
	return 0;
}

static int read_type(struct otlp_reader *r, struct str body, uint32_t *ret_type, uint32_t *ret_unit)
{
	struct cursor c = cursor_over(body);
	struct proto_field f;
	int rc = 0;

	*ret_type = *ret_unit = 0;
	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_TYPE)
			rc = otlp_look_up(r, &r->strings, body.p, f.value, ret_type);
		else if (f.number == OTLP_UNIT)
			rc = otlp_look_up(r, &r->strings, body.p, f.value, ret_unit);
	}
	return rc;
}

/* The column of that type, added when it is new. */
static int column(struct otlp_reader *r, uint32_t type, uint32_t unit, uint32_t *ret_column)
{
	const struct strings *strings = &r->profile->strings;
	struct str name = strings_get(strings, unit);
	int at = profile_type_at(r->profile, strings_get(strings, type),
				 str_eq(name, STR("ns")) ? STR("nanoseconds") : name);

	if (at < 0)
		return otlp_bad(r, NULL, "profiles of more than 32 kinds of values");
	*ret_column = (uint32_t)at;
	return 0;
}

/* Samples that were taken every so many nanoseconds are told as time too. */
static int choose_types(struct otlp_reader *r, uint32_t type, uint32_t unit, uint32_t period_type,
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

static int read_profile(struct otlp_reader *r, struct str body)
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
	return rc < 0 ? rc : otlp_each(r, body, OTLP_SAMPLES, read_sample);
}

static int read_scope(struct otlp_reader *r, struct str body)
{
	return otlp_each(r, body, OTLP_PROFILES, read_profile);
}

static int read_resource_attribute(struct otlp_reader *r, struct str body)
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
			rc = otlp_look_up(r, &r->strings, body.p, f.value, &label.key);
		else if (f.number == OTLP_VALUE)
			value = f.bytes;
	}
	if (rc == 0)
		rc = otlp_read_value(r, value, &label);
	if (rc == 0 && label.key && r->n_resource < LABELS_PER_SET_MAX) {
		label.key = otlp_key_of(r, label.key);
		r->resource[r->n_resource++] = label;
	}
	return rc;
}

static int read_resource_message(struct otlp_reader *r, struct str body)
{
	return otlp_each(r, body, OTLP_RESOURCE_ATTRIBUTES, read_resource_attribute);
}

static int read_resource(struct otlp_reader *r, struct str body)
{
	int rc;

	r->n_resource = 0;
	rc = otlp_each(r, body, OTLP_RESOURCE, read_resource_message);
	return rc < 0 ? rc : otlp_each(r, body, OTLP_SCOPE_PROFILES, read_scope);
}

static int read_file(struct otlp_reader *r)
{
	int rc = otlp_each(r, r->bytes, OTLP_DICTIONARY, otlp_read_dictionary);

	/* since 1.8 there is one at least, which stands for none */
	if (rc == 0 && !r->stacks.n && r->n_locations > 1)
		return err_fail(r->err, -EBADMSG, "%s is of OpenTelemetry's profiles before 1.8, which had no table of stacks, and "
				"is not read: let the program write another format (async-profiler: jfr)", r->what);
	if (rc == 0)
		rc = otlp_each(r, r->bytes, OTLP_RESOURCE_PROFILES, look_at_resource);
	r->profile->start_wall_ns = r->start;
	if (rc == 0)
		rc = otlp_each(r, r->bytes, OTLP_RESOURCE_PROFILES, read_resource);
	if (rc == 0 && !r->profile->n_types)
		profile_add_type(r->profile, STR("samples"), STR("count"));
	return rc;
}

int otlp_read(struct profile *profile, struct input *input, struct err *err)
{
	struct otlp_reader *r = calloc(1, sizeof(*r));
	int rc = r ? 0 : -ENOMEM;

	if (rc == 0) {
		*r = (struct otlp_reader){ .profile = profile, .what = input->what, .err = err, .timed = true };
		rc = input_whole(input, &r->bytes, err);
	}
	if (rc == 0) {
		r->frames_left = (uint64_t)r->bytes.n * FRAMES_PER_BYTE;
		rc = read_file(r);
	}
	if (r) {
		struct otlp_table *tables[] = { &r->strings, &r->functions, &r->modules, &r->kinds, &r->stacks,
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
