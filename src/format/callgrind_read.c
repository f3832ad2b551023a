/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/vec.h"
#include "format/callgrind.h"
#include "format/callgraph.h"
#include "format/input.h"
#include "model/profile.h"

#define EVENTS_MAX (VALUE_TYPES_MAX - 1u)	/* and the calls */
#define NAME_IDS_MAX (1u << 24)

/* "(12) name" gives a name a number, and "(12)" stands for it afterwards. */
struct names {
	uint32_t *strings;	/* number -> string */
	uint32_t cap;
};

struct reader {
	struct profile *profile;
	struct callgraph graph;
	const char *what;
	struct err *err;
	uint64_t line;
	struct names files, functions, objects;
	uint32_t file, function_name, object;		/* strings: where costs belong now */
	uint32_t in_file;				/* "fi=": of the lines, when they are inlined */
	uint32_t call_file, call_function, call_object;
	uint32_t function;				/* of the graph; UINT32_MAX: none yet */
	bool is_call;					/* the next costs are a call's */
	double calls;
	bool with_instr, with_line;			/* what positions a line of costs begins with */
	struct str units[EVENTS_MAX];			/* of the text */
	uint32_t n_units, n_events;
	uint64_t position[2];
	double *called;					/* function -> how often */
	uint32_t cap_called;
};

static int bad(struct reader *r, const char *why)
{
	return err_fail(r->err, -EBADMSG, "%s:%llu: %s", r->what, (unsigned long long)r->line, why);
}

bool callgrind_detect(struct str head)
{
	while (head.p) {
		struct str line = str_trim(str_cut(&head, '\n'));

		if (str_starts(line, STR("events:")) || str_starts(line, STR("# callgrind format")))
			return true;
		if (line.n && line.p[0] != '#' && !str_starts(line, STR("version:")) &&
		    !str_starts(line, STR("creator:")) && !str_starts(line, STR("positions:")) &&
		    !str_starts(line, STR("pid:")) && !str_starts(line, STR("cmd:")) &&
		    !str_starts(line, STR("part:")) && !str_starts(line, STR("desc:")) &&
		    !str_starts(line, STR("thread:")) && !str_starts(line, STR("event:")))
			return false;
	}
	return false;
}

static int read_name(struct reader *r, struct names *names, struct str text, uint32_t *ret_string)
{
	struct strings *strings = &r->profile->strings;
	ptrdiff_t end = str_find(text, ')');
	uint64_t id;

	text = str_trim(text);
	if (!str_starts(text, STR("(")) || end < 0 ||
	    str_parse_u64(str_skip(str_head(text, (size_t)end), 1), 10, &id) < 0) {
		*ret_string = strings_add(strings, text);
		return 0;
	}
	if (id >= NAME_IDS_MAX)
		return bad(r, "a name has a number above 16777215");
	text = str_trim(str_skip(text, (size_t)end + 1));
	if (id >= names->cap && VEC_RESERVE(&names->strings, &names->cap, id + 1) < 0)
		return -ENOMEM;
	if (text.n)
		names->strings[id] = strings_add(strings, text);
	else if (!names->strings[id])
		return bad(r, "a number stands for a name that was not given");
	*ret_string = names->strings[id];
	return 0;
}

/* "???" is what Callgrind does not know. */
static uint32_t known(struct reader *r, uint32_t string)
{
	return str_eq(strings_get(&r->profile->strings, string), STR("???")) ? 0 : string;
}

static uint32_t make_function(struct reader *r, uint32_t name, uint32_t file, uint32_t object)
{
	struct function function = { .name = name, .file = known(r, file) };
	struct module module = { .path = known(r, object) };
	struct frame frame = { .kind = FRAME_NATIVE };

	if (!function.name)
		function.name = strings_add(&r->profile->strings, STR("[unknown]"));
	frame.function = frames_add_function(&r->profile->frames, &function);
	frame.module = frames_add_module(&r->profile->frames, &module);
	return callgraph_function(&r->graph, frames_add(&r->profile->frames, &frame));
}

/* "cpu: nanoseconds" of a line "desc: unit cpu: nanoseconds", which only Sonde writes */
static struct str unit_of(const struct reader *r, struct str type)
{
	for (uint32_t i = 0; i < r->n_units; i++) {
		struct str unit = r->units[i];

		if (str_eq(str_cut(&unit, ':'), type))
			return str_trim(unit);
	}
	return STR("count");
}

static int read_events(struct reader *r, struct str text)
{
	if (r->n_events)
		return 0;	/* of a further part: the same ones */
	for (text = str_trim(text); text.n; text = str_trim(text)) {
		struct str name = str_cut(&text, ' ');

		if (r->n_events == EVENTS_MAX)
			return bad(r, "more than 31 kinds of events");
		profile_add_type(r->profile, name, unit_of(r, name));
		r->n_events++;
	}
	if (!r->n_events)
		return bad(r, "no events");
	profile_add_type(r->profile, STR("calls"), STR("count"));
	r->graph.counts = 1u << r->n_events;
	return 0;
}

static int read_header(struct reader *r, struct str key, struct str value)
{
	value = str_trim(value);
	if (str_eq(key, STR("events")))
		return read_events(r, value);
	if (str_eq(key, STR("positions"))) {
		r->with_instr = str_contains(value, STR("instr"));
		r->with_line = str_contains(value, STR("line"));
	} else if (str_eq(key, STR("desc")) && str_starts(value, STR("unit "))) {
		if (r->n_units < EVENTS_MAX)
			r->units[r->n_units++] = str_skip(value, 5);
	} else if (str_eq(key, STR("cmd"))) {
		struct buf comment = { 0 };

		buf_addf(&comment, "sonde: target command %.*s", STR_ARG(value));
		profile_add_comment(r->profile, buf_str(&comment));
		buf_fini(&comment);
	}
	return 0;
}

/* "16", "0x1f", "+3", "-3", "*": to the last one. */
static int read_position(struct reader *r, struct str text, uint64_t *position)
{
	bool plus = str_starts(text, STR("+")), minus = str_starts(text, STR("-"));
	uint64_t v;
	int rc;

	if (str_eq(text, STR("*")))
		return 0;
	text = str_skip(text, plus || minus);
	rc = str_starts(text, STR("0x")) ? str_parse_u64(str_skip(text, 2), 16, &v) :
					   str_parse_u64(text, 10, &v);
	if (rc < 0)
		return bad(r, "expected a position and costs");
	*position = plus ? *position + v : minus ? *position - v : v;
	return 0;
}

static int read_values(struct reader *r, struct str text, double *values)
{
	for (uint32_t t = 0; t <= r->n_events; t++)
		values[t] = 0;
	for (uint32_t t = 0; text.n; t++) {
		struct str word = str_cut(&text, ' ');
		uint64_t v;

		text = str_trim(text);
		if (t == r->n_events)
			return bad(r, "more costs than events");
		if (str_parse_u64(word, 10, &v) < 0)
			return bad(r, "a cost that is no number");
		values[t] = (double)v;
	}
	return 0;
}

static int count_calls(struct reader *r, uint32_t callee)
{
	if (VEC_RESERVE(&r->called, &r->cap_called, (uint64_t)callee + 1) < 0)
		return -ENOMEM;
	r->called[callee] += r->calls;
	return 0;
}

static int take_call(struct reader *r, double *values)
{
	uint32_t callee = make_function(r, r->call_function, r->call_file, r->call_object);

	r->is_call = false;
	r->call_file = r->file;
	r->call_object = r->object;
	values[r->n_events] = r->calls;
	callgraph_call(&r->graph, r->function, callee, values);
	return count_calls(r, callee);
}

static int read_costs(struct reader *r, struct str line)
{
	double values[VALUE_TYPES_MAX];
	uint64_t *at = r->position;
	int rc = 0;

	if (!r->n_events)
		return bad(r, "costs stand before the line 'events:'");
	if (r->function == UINT32_MAX)
		return bad(r, "costs stand before the first 'fn='");
	if (r->with_instr) {
		rc = read_position(r, str_cut(&line, ' '), &at[0]);
		line = str_trim(line);
	}
	if (rc == 0 && r->with_line) {
		rc = read_position(r, str_cut(&line, ' '), &at[1]);
		line = str_trim(line);
	}
	if (rc == 0)
		rc = read_values(r, line, values);
	if (rc < 0)
		return rc;
	if (r->is_call)
		return take_call(r, values);
	callgraph_self(&r->graph, r->function,
		       r->with_line && r->in_file == r->file && at[1] <= UINT32_MAX ? (uint32_t)at[1] : 0,
		       values);
	return 0;
}

static int read_calls(struct reader *r, struct str value)
{
	uint64_t calls;

	if (str_parse_u64(str_cut(&value, ' '), 10, &calls) < 0)
		return bad(r, "expected 'calls=COUNT POSITION'");
	r->calls = (double)calls;
	r->is_call = true;
	return 0;
}

static int begin_function(struct reader *r, struct str value)
{
	int rc = read_name(r, &r->functions, value, &r->function_name);

	if (rc < 0)
		return rc;
	r->function = make_function(r, r->function_name, r->file, r->object);
	r->in_file = r->file;
	r->call_file = r->file;
	r->call_object = r->object;
	return 0;
}

static int read_assignment(struct reader *r, struct str key, struct str value)
{
	int rc = 0;

	if (str_eq(key, STR("fn")))
		return begin_function(r, value);
	if (str_eq(key, STR("calls")))
		return read_calls(r, value);
	if (str_eq(key, STR("fl"))) {
		rc = read_name(r, &r->files, value, &r->file);
		r->in_file = r->call_file = r->file;
	} else if (str_eq(key, STR("fi")) || str_eq(key, STR("fe"))) {
		rc = read_name(r, &r->files, value, &r->in_file);
	} else if (str_eq(key, STR("ob"))) {
		rc = read_name(r, &r->objects, value, &r->object);
		r->call_object = r->object;
	} else if (str_eq(key, STR("cfn"))) {
		rc = read_name(r, &r->functions, value, &r->call_function);
	} else if (str_eq(key, STR("cfi")) || str_eq(key, STR("cfl"))) {
		rc = read_name(r, &r->files, value, &r->call_file);
	} else if (str_eq(key, STR("cob"))) {
		rc = read_name(r, &r->objects, value, &r->call_object);
	}
	return rc;	/* "jump=", "jcnd=", ... have no place here */
}

static int read_line(struct reader *r, struct str line)
{
	ptrdiff_t equals, colon;

	line = str_trim(line);
	if (!line.n || line.p[0] == '#')
		return 0;
	if ((line.p[0] >= '0' && line.p[0] <= '9') || line.p[0] == '+' || line.p[0] == '-' ||
	    line.p[0] == '*')
		return read_costs(r, line);
	equals = str_find(line, '=');
	colon = str_find(line, ':');
	if (equals > 0 && (colon < 0 || equals < colon))
		return read_assignment(r, str_head(line, (size_t)equals), str_skip(line, (size_t)equals + 1));
	if (colon > 0)
		return read_header(r, str_head(line, (size_t)colon), str_skip(line, (size_t)colon + 1));
	return bad(r, "expected costs, 'key=value' or 'key: value'");
}

static int finish(struct reader *r)
{
	if (!r->n_events)
		return err_fail(r->err, -EBADMSG, "%s has no line 'events:'", r->what);
	for (uint32_t i = 0; i < r->graph.n_functions && i < r->cap_called; i++) {
		double values[VALUE_TYPES_MAX] = { 0 };

		values[r->n_events] = r->called[i];
		if (r->called[i] > 0)
			callgraph_self(&r->graph, i, 0, values);
	}
	return callgraph_finish(&r->graph);
}

int callgrind_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile, .what = input->what, .err = err, .with_line = true,
			    .graph = { .profile = profile }, .function = UINT32_MAX };
	struct str text;
	int rc = input_whole(input, &text, err);

	while (rc == 0 && text.p) {
		r.line++;
		rc = read_line(&r, str_cut(&text, '\n'));
		if (r.graph.failed)
			rc = -ENOMEM;
	}
	if (rc == 0)
		rc = finish(&r);
	callgraph_fini(&r.graph);
	free(r.files.strings);
	free(r.functions.strings);
	free(r.objects.strings);
	free(r.called);
	return rc;
}
