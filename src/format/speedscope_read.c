/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/jsonread.h"
#include "base/sum.h"
#include "base/vec.h"
#include "format/input.h"
#include "format/speedscope.h"
#include "format/threads.h"
#include "model/profile.h"

struct one {			/* of the file's profiles */
	struct str text;	/* its object */
	struct str samples, weights, events;	/* arrays in it */
	uint32_t type;
	uint32_t label_set;
	double scale;		/* to the unit that is kept */
	double start;
	bool timed;
};

struct reader {
	struct profile *profile;
	const char *what;
	struct str text;
	struct err *err;
	uint32_t *frames;	/* the file's index -> frame */
	uint32_t n_frames, cap_frames;
	struct one *profiles;
	uint32_t n_profiles, cap_profiles;
	double start;		/* the earliest */
	bool ours;		/* Sonde wrote it */
	bool timed;
	uint32_t *stack;	/* of open frames' stacks, for events */
	uint32_t cap_stack;
};

static const struct {
	const char *name, *type, *unit;
	double scale;
	bool time;
} units[] = {
	{ "nanoseconds", "time", "nanoseconds", 1, true },
	{ "microseconds", "time", "nanoseconds", 1e3, true },
	{ "milliseconds", "time", "nanoseconds", 1e6, true },
	{ "seconds", "time", "nanoseconds", 1e9, true },
	{ "bytes", "space", "bytes", 1, false },
	{ "none", "samples", "count", 1, false },
};

bool speedscope_detect(struct str head)
{
	head = str_trim(head);
	return str_starts(head, STR("{")) && str_contains(head, STR("speedscope.app/file-format-schema"));
}

static void read_frame(struct reader *r, struct json_reader *json)
{
	struct strings *strings = &r->profile->strings;
	struct function function = { 0 };
	struct frame frame = { .kind = FRAME_NATIVE };
	struct str key;

	json_enter(json, '{');
	while (json_next_key(json, &key)) {
		if (str_eq(key, STR("name")))
			function.name = strings_add(strings, json_take_str(json));
		else if (str_eq(key, STR("file")))
			function.file = strings_add(strings, json_take_str(json));
		else if (str_eq(key, STR("line")))
			function.start_line = json_take_index(json, UINT32_MAX, "a line that is none");
		else if (str_eq(key, STR("col")))
			frame.column = (uint16_t)json_take_index(json, UINT32_MAX, "a column that is none");
		else
			json_pass(json);
	}
	if (!function.name)
		function.name = strings_add(strings, STR("[unknown]"));
	frame.function = frames_add_function(&r->profile->frames, &function);
	r->frames[r->n_frames++] = frames_add(&r->profile->frames, &frame);
}

static int read_frames(struct reader *r, struct str shared)
{
	struct json_reader json = json_reader_over(shared);
	struct str key;

	json_enter(&json, '{');
	while (json_next_key(&json, &key)) {
		if (!str_eq(key, STR("frames"))) {
			json_pass(&json);
			continue;
		}
		json_enter(&json, '[');
		while (json_next_item(&json)) {
			if (VEC_RESERVE(&r->frames, &r->cap_frames, (uint64_t)r->n_frames + 1) < 0)
				return json_reader_fini(&json), -ENOMEM;
			read_frame(r, &json);
		}
	}
	return json_reader_end(&json, r->what, r->text, r->err);
}

/* The value type of a unit; of a file of ours also by the name that comes before its thread's. */
static uint32_t type_of(struct reader *r, struct json_reader *json, struct one *one, struct str unit,
			struct str *name)
{
	struct str type = { 0 };
	size_t n = 0;
	int at;

	if (r->ours) {	/* "sched:sched_switch: app (1234)" */
		while (n < name->n && !str_starts(str_skip(*name, n), STR(": ")))
			n++;
		type = str_head(*name, n);
		*name = n < name->n ? str_trim(str_skip(*name, n + 2)) : (struct str){ 0 };
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!str_eq(unit, str_of(units[i].name)))
			continue;
		one->scale = units[i].scale;
		one->timed = units[i].time && !r->ours;
		if (!type.n)
			type = str_of(units[i].type);
		unit = str_of(units[i].unit);
		at = profile_type_at(r->profile, type, unit);
		if (at < 0)
			json_reader_fail(json, "profiles of more than 32 kinds of values");
		return at < 0 ? 0 : (uint32_t)at;
	}
	json_reader_fail(json, "a unit that speedscope does not know");
	return 0;
}

/* What the profile is, without its samples. */
static void read_head(struct reader *r, struct json_reader *json)
{
	struct one one = { 0 };
	struct str key, unit = STR("none"), name = { 0 };
	const char *begin;

	json_peek(json);
	begin = json->p;
	json_enter(json, '{');
	while (json_next_key(json, &key)) {
		if (str_eq(key, STR("name")))
			name = strings_get(&r->profile->strings,
					   strings_add(&r->profile->strings, json_take_str(json)));
		else if (str_eq(key, STR("unit")))
			unit = strings_get(&r->profile->strings,
					   strings_add(&r->profile->strings, json_take_str(json)));
		else if (str_eq(key, STR("startValue")))
			one.start = json_take_double(json);
		else if (str_eq(key, STR("samples")))
			one.samples = json_pass(json);
		else if (str_eq(key, STR("weights")))
			one.weights = json_pass(json);
		else if (str_eq(key, STR("events")))
			one.events = json_pass(json);
		else
			json_pass(json);
	}
	if (!one.samples.n && !one.events.n)
		json_reader_fail(json, "a profile without samples or events");
	one.text = str_over(begin, (size_t)(json->p - begin));
	one.type = type_of(r, json, &one, unit, &name);
	one.start *= one.scale;
	one.label_set = thread_of_samples_label(r->profile, name);
	r->profiles[r->n_profiles++] = one;
}

static int read_heads(struct reader *r, struct str profiles)
{
	struct json_reader json = json_reader_over(profiles);

	json_enter(&json, '[');
	while (json_next_item(&json)) {
		if (VEC_RESERVE(&r->profiles, &r->cap_profiles, (uint64_t)r->n_profiles + 1) < 0)
			return json_reader_fini(&json), -ENOMEM;
		read_head(r, &json);
	}
	r->timed = r->n_profiles > 0;
	for (uint32_t i = 0; i < r->n_profiles; i++) {
		r->timed &= r->profiles[i].timed;
		if (i == 0 || r->profiles[i].start < r->start)
			r->start = r->profiles[i].start;
		if (r->n_profiles == 1 && !r->ours)
			r->profiles[i].label_set = 0;	/* its name is the file's, and no thread's */
	}
	return json_reader_end(&json, r->what, r->text, r->err);
}

static void add_sample(struct reader *r, const struct one *one, uint32_t stack, double at, double weight)
{
	int64_t values[VALUE_TYPES_MAX] = { 0 };
	int64_t time = sum_round(at - r->start);

	values[one->type] = sum_round(weight);
	if (!values[one->type])
		return;
	if (r->timed)
		profile_add_at(r->profile, stack, one->label_set, time < 0 ? 0 : (uint64_t)time, values);
	else
		profile_add(r->profile, stack, one->label_set, values);
}

static uint32_t read_stack(struct reader *r, struct json_reader *json)
{
	uint32_t stack = 0, depth = 0, frame;

	json_enter(json, '[');
	while (json_next_item(json)) {
		frame = json_take_index(json, r->n_frames, "a stack names a frame that is not there");
		if (++depth > 1u << 20)
			json_reader_fail(json, "a stack of more than 1048576 frames");
		if (!json->why)
			stack = stacktree_push(&r->profile->tree, stack, r->frames[frame]);
	}
	return stack;
}

static int read_samples(struct reader *r, const struct one *one)
{
	struct json_reader stacks = json_reader_over(one->samples);
	struct json_reader weights = json_reader_over(one->weights);
	bool weighted = one->weights.n > 0;
	double at = one->start;
	int rc, rc_weights;

	json_enter(&stacks, '[');
	if (weighted)
		json_enter(&weights, '[');
	while (json_next_item(&stacks)) {
		uint32_t stack = read_stack(r, &stacks);
		double weight = one->scale;

		if (weighted && !json_next_item(&weights))
			json_reader_fail(&stacks, "more stacks than weights");
		else if (weighted)
			weight = json_take_double(&weights) * one->scale;
		if (stacks.why || weights.why)
			break;
		add_sample(r, one, stack, at, weight);
		at += weight;
	}
	rc = json_reader_end(&stacks, r->what, r->text, r->err);
	rc_weights = json_reader_end(&weights, r->what, r->text, rc ? NULL : r->err);
	return rc ? rc : rc_weights;
}

struct event {
	struct str type;
	uint32_t frame;
	double at;
};

static struct event read_event(struct reader *r, struct json_reader *json)
{
	struct event event = { .frame = UINT32_MAX };
	struct str key;

	json_enter(json, '{');
	while (json_next_key(json, &key)) {
		if (str_eq(key, STR("type")))
			event.type = str_eq(json_take_str(json), STR("O")) ? STR("O") : STR("C");
		else if (str_eq(key, STR("frame")))
			event.frame = json_take_index(json, r->n_frames,
						      "an event names a frame that is not there");
		else if (str_eq(key, STR("at")))
			event.at = json_take_double(json);
		else
			json_pass(json);
	}
	if (event.frame == UINT32_MAX)
		json_reader_fail(json, "an event without a frame");
	return event;
}

/* Between two events what is open is running. */
static int read_events(struct reader *r, const struct one *one)
{
	struct json_reader json = json_reader_over(one->events);
	uint32_t depth = 0, stack = 0;
	double last = one->start;

	json_enter(&json, '[');
	while (json_next_item(&json)) {
		struct event event = read_event(r, &json);
		double at = event.at * one->scale;

		if (json.why)
			break;
		if (depth && at > last)
			add_sample(r, one, stack, last, at - last);
		last = at;
		if (VEC_RESERVE(&r->stack, &r->cap_stack, (uint64_t)depth + 1) < 0)
			return json_reader_fini(&json), -ENOMEM;
		if (str_eq(event.type, STR("O"))) {
			r->stack[depth++] = stack;
			stack = stacktree_push(&r->profile->tree, stack, r->frames[event.frame]);
		} else if (!depth || r->profile->tree.frame[stack] != r->frames[event.frame]) {
			json_reader_fail(&json, "an event closes a frame that is not the innermost open one");
		} else {
			stack = r->stack[--depth];
		}
	}
	return json_reader_end(&json, r->what, r->text, r->err);
}

static int read_file(struct reader *r)
{
	struct json_reader json = json_reader_over(r->text);
	struct str key, shared = { 0 }, profiles = { 0 };
	int rc;

	json_enter(&json, '{');
	while (json_next_key(&json, &key)) {
		if (str_eq(key, STR("shared")))
			shared = json_pass(&json);
		else if (str_eq(key, STR("profiles")))
			profiles = json_pass(&json);
		else if (str_eq(key, STR("exporter")))
			r->ours = str_starts(json_take_str(&json), STR("sonde"));
		else
			json_pass(&json);
	}
	if (!json.why && (!shared.n || !profiles.n))
		json_reader_fail(&json, shared.n ? "the file has no profiles" : "the file has no frames");
	rc = json_reader_end(&json, r->what, r->text, r->err);
	if (rc == 0)
		rc = read_frames(r, shared);
	if (rc == 0)
		rc = read_heads(r, profiles);
	for (uint32_t i = 0; rc == 0 && i < r->n_profiles; i++)
		rc = r->profiles[i].events.n ? read_events(r, &r->profiles[i]) :
					       read_samples(r, &r->profiles[i]);
	return rc;
}

int speedscope_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile, .what = input->what, .err = err };
	int rc = input_whole(input, &r.text, err);

	if (rc == 0)
		rc = read_file(&r);
	free(r.frames);
	free(r.profiles);
	free(r.stack);
	return rc;
}
