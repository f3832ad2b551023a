/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a file of OpenTelemetry's profiles, as the model's ids. */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/vec.h"
#include "format/batch.h"
#include "format/module_kind.h"
#include "format/otlp.h"
#include "format/otlp_reader.h"

#define LINES_MAX 4096u			/* of one location */

const struct otlp_name otlp_names[] = {
	{ "thread.name", "thread" },
	{ "thread.id", "tid" },
	{ "process.pid", "pid" },
	{ "process.executable.name", "process" },
	{ NULL, NULL }
};

int otlp_bad(struct otlp_reader *r, const char *at, const char *why)
{
	return err_fail(r->err, -EBADMSG, "%s: byte %zu: %s", r->what, at ? (size_t)(at - r->bytes.p) : 0, why);
}

int otlp_each(struct otlp_reader *r, struct str message, uint32_t number, otlp_visit *fn)
{
	struct cursor c = cursor_over(message);
	struct proto_field f;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f))
		if (f.number == number && f.wire == PROTO_BYTES)
			rc = fn(r, f.bytes);
	return rc == 0 && c.failed ? otlp_bad(r, message.p, "a message is cut short") : rc;
}

static int append(struct otlp_table *table, uint32_t item)
{
	if (VEC_RESERVE(&table->items, &table->cap, (uint64_t)table->n + 1) < 0)
		return -ENOMEM;
	table->items[table->n++] = item;
	return 0;
}

int otlp_look_up(struct otlp_reader *r, const struct otlp_table *table, const char *at, uint64_t index,
		   uint32_t *ret_item)
{
	*ret_item = 0;
	if (index >= table->n && index)
		return otlp_bad(r, at, "an index is outside its table of the dictionary");
	*ret_item = index < table->n ? table->items[index] : 0;
	return 0;
}

static int add_string(struct otlp_reader *r, struct str body)
{
	return append(&r->strings, strings_add(&r->profile->strings, body));
}

uint32_t otlp_key_of(struct otlp_reader *r, uint32_t key)
{
	struct str name = strings_get(&r->profile->strings, key);

	for (size_t i = 0; otlp_names[i].theirs; i++)
		if (str_eq(name, str_of(otlp_names[i].theirs)))
			return strings_add(&r->profile->strings, str_of(otlp_names[i].ours));
	return key;
}

int otlp_read_value(struct otlp_reader *r, struct str body, struct label *label)
{
	struct cursor c = cursor_over(body);
	struct proto_field f;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_ANY_STRING && f.wire == PROTO_BYTES)
			label->str = strings_add(&r->profile->strings, f.bytes);
		else if (f.number == OTLP_ANY_STRING_INDEX)
			rc = otlp_look_up(r, &r->strings, body.p, f.value, &label->str);
		else if (f.number == OTLP_ANY_INT || f.number == OTLP_ANY_BOOL)
			label->num = (int64_t)f.value;
		else
			label->key = 0;
	}
	return rc == 0 && c.failed ? otlp_bad(r, body.p, "a value is cut short") : rc;
}

static int add_attribute(struct otlp_reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct label label = { 0 };
	struct proto_field f;
	struct str value = { 0 };
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_ATTRIBUTE_KEY)
			rc = otlp_look_up(r, &r->strings, body.p, f.value, &label.key);
		else if (f.number == OTLP_ATTRIBUTE_UNIT)
			rc = otlp_look_up(r, &r->strings, body.p, f.value, &label.unit);
		else if (f.number == OTLP_ATTRIBUTE_VALUE)
			value = f.bytes;
	}
	if (rc == 0 && c.failed)
		rc = otlp_bad(r, body.p, "an attribute is cut short");
	if (rc == 0)
		rc = otlp_read_value(r, value, &label);
	label.key = label.key ? otlp_key_of(r, label.key) : 0;
	if (label.str)
		label.unit = 0;
	if (rc < 0 || VEC_RESERVE(&r->attributes, &r->cap_attributes, (uint64_t)r->n_attributes + 1) < 0)
		return rc < 0 ? rc : -ENOMEM;
	r->attributes[r->n_attributes++] = label;
	return 0;
}

int otlp_each_index(struct otlp_reader *r, const struct proto_field *f, const char *at, otlp_visit_index *fn,
		      void *context)
{
	struct cursor c = cursor_over(f->bytes);
	int rc = 0;

	if (f->wire != PROTO_BYTES)
		return fn(r, at, f->value, context);
	while (rc == 0 && cursor_more(&c))
		rc = fn(r, at, cursor_uleb(&c), context);
	return rc == 0 && c.failed ? otlp_bad(r, at, "a list of numbers is cut short") : rc;
}

static bool has_key(const struct otlp_reader *r, uint64_t index, const char *key)
{
	return index < r->n_attributes &&
	       str_eq(strings_get(&r->profile->strings, r->attributes[index].key), str_of(key));
}

static int take_build_id(struct otlp_reader *r, const char *at, uint64_t index, void *context)
{
	struct module *module = context;

	if (index >= r->n_attributes && index)
		return otlp_bad(r, at, "an index is outside its table of the dictionary");
	if (has_key(r, index, OTLP_BUILD_ID))
		module->build_id = r->attributes[index].str;
	return 0;
}

static int add_mapping(struct otlp_reader *r, struct str body)
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
			rc = otlp_look_up(r, &r->strings, body.p, f.value, &module.path);
		else if (f.number == OTLP_MAPPING_ATTRIBUTES)
			rc = otlp_each_index(r, &f, body.p, take_build_id, &module);
	}
	if (rc == 0 && c.failed)
		rc = otlp_bad(r, body.p, "a mapping is cut short");
	if (rc == 0)
		rc = append(&r->modules, frames_add_module(&r->profile->frames, &module));
	return rc < 0 ? rc : append(&r->kinds, module_kind(strings_get(&r->profile->strings, module.path)));
}

static uint32_t line_number(uint64_t v)
{
	return v <= UINT32_MAX ? (uint32_t)v : 0;
}

static int add_function(struct otlp_reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct function function = { 0 };
	struct proto_field f;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_FUNCTION_NAME)
			rc = otlp_look_up(r, &r->strings, body.p, f.value, &function.name);
		else if (f.number == OTLP_FUNCTION_SYSTEM_NAME)
			rc = otlp_look_up(r, &r->strings, body.p, f.value, &function.system_name);
		else if (f.number == OTLP_FUNCTION_FILE)
			rc = otlp_look_up(r, &r->strings, body.p, f.value, &function.file);
		else if (f.number == OTLP_FUNCTION_START_LINE)
			function.start_line = line_number(f.value);
	}
	if (rc == 0 && c.failed)
		rc = otlp_bad(r, body.p, "a function is cut short");
	if (!function.name)
		function.name = function.system_name;
	if (function.system_name == function.name)
		function.system_name = 0;
	return rc < 0 ? rc : append(&r->functions, frames_add_function(&r->profile->frames, &function));
}

static int add_line(struct otlp_reader *r, struct str body, struct frame *frame)
{
	struct cursor c = cursor_over(body);
	struct proto_field f;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_LINE_FUNCTION)
			rc = otlp_look_up(r, &r->functions, body.p, f.value, &frame->function);
		else if (f.number == OTLP_LINE_LINE)
			frame->line = line_number(f.value);
		else if (f.number == OTLP_LINE_COLUMN)
			frame->column = f.value <= UINT16_MAX ? (uint16_t)f.value : 0;
	}
	return rc == 0 && c.failed ? otlp_bad(r, body.p, "a line is cut short") : rc;
}

/* Sonde's own word for what ran, or else what OpenTelemetry's profiler says. Of what it calls native the
 * mapping says whether it is a library. */
static int take_kind(struct otlp_reader *r, const char *at, uint64_t index, void *context)
{
	struct frame *frame = context;
	struct str value;

	if (index >= r->n_attributes && index)
		return otlp_bad(r, at, "an index is outside its table of the dictionary");
	value = index < r->n_attributes ? strings_get(&r->profile->strings, r->attributes[index].str) :
					  (struct str){ 0 };
	if (has_key(r, index, OTLP_FRAME_KIND))
		frame->kind = (uint8_t)frame_kind_of(value);
	else if (has_key(r, index, OTLP_FRAME_TYPE) && !str_eq(value, STR("native")) &&
		 !str_eq(value, STR("go")) && !str_eq(value, STR("rust")))
		frame->kind = str_eq(value, STR("kernel")) ? FRAME_KERNEL : FRAME_INTERPRETED;
	return 0;
}

static int add_frames(struct otlp_reader *r, struct frame *lines, uint32_t n, const struct frame *common)
{
	struct otlp_span span = { r->frames.n, n ? n : 1 };
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

static int add_location(struct otlp_reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct frame common = { .kind = FRAME_NATIVE }, *lines = NULL;
	struct proto_field f;
	uint32_t n = 0, cap = 0, kind = FRAME_NATIVE;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == OTLP_LOCATION_MAPPING) {
			rc = otlp_look_up(r, &r->modules, body.p, f.value, &common.module);
			if (rc == 0 && r->kinds.n)
				rc = otlp_look_up(r, &r->kinds, body.p, f.value, &kind);
			common.kind = (uint8_t)kind;
		} else if (f.number == OTLP_LOCATION_ADDRESS) {
			common.address = f.value;
		} else if (f.number == OTLP_LOCATION_LINES && n == LINES_MAX) {
			rc = otlp_bad(r, body.p, "a location of more than 4096 lines");
		} else if (f.number == OTLP_LOCATION_LINES) {
			rc = VEC_RESERVE(&lines, &cap, (uint64_t)n + 1) < 0 ? -ENOMEM :
			     add_line(r, f.bytes, &lines[n++]);
		}
	}
	if (rc == 0 && c.failed)
		rc = otlp_bad(r, body.p, "a location is cut short");
	for (c = cursor_over(body); rc == 0 && proto_next(&c, &f);)
		if (f.number == OTLP_LOCATION_ATTRIBUTES)
			rc = otlp_each_index(r, &f, body.p, take_kind, &common);
	if (rc == 0)
		rc = add_frames(r, lines, n, &common);
	free(lines);
	return rc;
}

static int add_place(struct otlp_reader *r, const char *at, uint64_t index, void *context)
{
	struct otlp_table *places = context;

	if (index >= r->n_locations)
		return otlp_bad(r, at, "an index is outside its table of the dictionary");
	if (r->locations[index].n > r->frames_left)
		return otlp_bad(r, at, "stacks of more than 64 frames for each byte of the file");
	r->frames_left -= r->locations[index].n;
	return places->n >= STACK_FRAMES_MAX ? otlp_bad(r, at, "a stack of more than 1048576 frames") :
	       append(places, (uint32_t)index);
}

static int add_stack(struct otlp_reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct otlp_table places = { 0 };
	struct proto_field f;
	uint32_t stack = 0;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f))
		if (f.number == OTLP_STACK_LOCATIONS)
			rc = otlp_each_index(r, &f, body.p, add_place, &places);
	if (rc == 0 && c.failed)
		rc = otlp_bad(r, body.p, "a stack is cut short");
	for (uint32_t i = places.n; rc == 0 && i-- > 0;) {
		struct otlp_span span = r->locations[places.items[i]];

		for (uint32_t k = 0; k < span.n; k++)
			if (r->frames.items[span.first + k])
				stack = stacktree_push(&r->profile->tree, stack,
						       r->frames.items[span.first + k]);
	}
	free(places.items);
	return rc < 0 ? rc : append(&r->stacks, stack);
}

int otlp_read_dictionary(struct otlp_reader *r, struct str body)
{
	static const struct {
		uint32_t number;
		otlp_visit *fn;
	} tables[] = {
		{ OTLP_STRINGS, add_string }, { OTLP_ATTRIBUTES, add_attribute },
		{ OTLP_MAPPINGS, add_mapping }, { OTLP_FUNCTIONS, add_function },
		{ OTLP_LOCATIONS, add_location }, { OTLP_STACKS, add_stack },
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(tables) / sizeof(tables[0]); i++)
		rc = otlp_each(r, body, tables[i].number, tables[i].fn);
	return rc;
}
