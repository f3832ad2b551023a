/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>

#include "base/err.h"
#include "format/callgraph.h"
#include "format/input.h"
#include "format/marshal.h"
#include "format/pstats.h"
#include "model/profile.h"

enum { CALLS, WALL };	/* value types */

struct reader {
	struct profile *profile;
	struct marshal m;
	struct callgraph graph;
	const struct marshal_node *wrong;	/* the first that is not as pstats writes it; NULL: none is */
};

/* A dictionary whose first key is a tuple of three, the first of which is text. */
bool pstats_detect(struct str head)
{
	struct cursor c = cursor_over(head);
	uint8_t dict = cursor_u8(&c) & 0x7f, tuple = cursor_u8(&c) & 0x7f;
	uint32_t n = tuple == ')' ? cursor_u8(&c) : tuple == '(' ? cursor_u32(&c) : 0;
	uint8_t text = cursor_u8(&c) & 0x7f;

	if (dict == '{' && head.n == 2 && head.p[1] == '0')
		return true;	/* nothing was called */
	return !c.failed && dict == '{' && n == 3 && strchr("zZaAustR", text) && text;
}

static const uint32_t *items_of(struct reader *r, uint32_t node, enum marshal_kind kind, uint32_t n)
{
	const struct marshal_node *object = &r->m.nodes[node];

	if (object->kind != kind || (n && object->n != n)) {
		if (!r->wrong)
			r->wrong = object;
		return NULL;
	}
	return object->n ? r->m.items + object->first : NULL;
}

/* (file, line, name); what is built in has the file "~". */
static uint32_t function_of(struct reader *r, uint32_t node)
{
	const uint32_t *items = items_of(r, node, MARSHAL_TUPLE, 3);
	struct strings *strings = &r->profile->strings;
	struct function function = { 0 };
	struct frame frame = { .kind = FRAME_NATIVE };
	struct str file;
	double line;

	if (!items)
		return 0;
	file = r->m.nodes[items[0]].text;
	line = marshal_number(&r->m, items[1]);
	function.name = strings_add(strings, r->m.nodes[items[2]].text);
	if (!str_eq(file, STR("~"))) {
		frame.kind = FRAME_INTERPRETED;
		function.file = strings_add(strings, file);
		function.start_line = line > 0 && line < UINT32_MAX ? (uint32_t)line : 0;
	}
	if (!function.name)
		function.name = strings_add(strings, STR("[unknown]"));
	frame.function = frames_add_function(&r->profile->frames, &function);
	return callgraph_function(&r->graph, frames_add(&r->profile->frames, &frame));
}

/* What an int64_t can hold, of a number that may be none. */
static double held(double v)
{
	return v > 0 ? fmin(v, 9e18) : 0;
}

static void read_callers(struct reader *r, uint32_t callee, uint32_t node)
{
	const uint32_t *items = items_of(r, node, MARSHAL_DICT, 0), *numbers;

	for (uint32_t i = 0; items && i + 1 < r->m.nodes[node].n; i += 2) {
		uint32_t caller = function_of(r, items[i]);
		double values[2];

		numbers = r->m.nodes[items[i + 1]].kind == MARSHAL_TUPLE ?
			  items_of(r, items[i + 1], MARSHAL_TUPLE, 4) : NULL;
		if (r->wrong)
			return;
		/* the module "profile" only counts the calls */
		values[CALLS] = held(marshal_number(&r->m, numbers ? numbers[1] : items[i + 1]));
		values[WALL] = numbers ? held(marshal_number(&r->m, numbers[3]) * 1e9) : 0;
		callgraph_call(&r->graph, caller, callee, values);
	}
}

static void read_function(struct reader *r, uint32_t key, uint32_t value)
{
	uint32_t function = function_of(r, key);
	const uint32_t *items = items_of(r, value, MARSHAL_TUPLE, 5);
	double values[2];

	if (!items)
		return;
	values[CALLS] = held(marshal_number(&r->m, items[1]));
	values[WALL] = held(marshal_number(&r->m, items[2]) * 1e9);
	callgraph_self(&r->graph, function, 0, values);
	read_callers(r, function, items[4]);
}

static int read_file(struct reader *r, struct str bytes, const char *what, struct err *err)
{
	uint32_t top = marshal_read(&r->m, bytes);
	const uint32_t *items = NULL;

	if (r->m.out_of_memory)
		return -ENOMEM;
	if (top == UINT32_MAX)
		return err_fail(err, -EBADMSG, "%s: byte %zu: %s", what, cursor_pos(&r->m.c), r->m.why);
	items = items_of(r, top, MARSHAL_DICT, 0);
	for (uint32_t i = 0; items && !r->wrong && i + 1 < r->m.nodes[top].n; i += 2)
		read_function(r, items[i], items[i + 1]);
	if (r->wrong)
		return err_fail(err, -EBADMSG, "%s: byte %zu: a function or its numbers are not as pstats writes them",
				what, r->wrong->at);
	return callgraph_finish(&r->graph);
}

int pstats_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile,
			    .graph = { .profile = profile, .counts = 1u << CALLS } };
	struct str bytes;
	int rc = input_whole(input, &bytes, err);

	profile_add_type(profile, STR("calls"), STR("count"));
	profile->default_type = profile_add_type(profile, STR("wall"), STR("nanoseconds"));
	if (rc == 0)
		rc = read_file(&r, bytes, input->what, err);
	marshal_fini(&r.m);
	callgraph_fini(&r.graph);
	return rc;
}
