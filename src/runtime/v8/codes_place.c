/* SPDX-License-Identifier: Apache-2.0 */
/* From an instruction to the functions and lines it is of. */
#include "abi/sample.h"
#include "runtime/v8/codes_internal.h"

/* The position of an instruction; false when there is none. */
static bool find_position(const struct code *code, struct str positions, uint32_t place, bool is_return,
			  struct v8_position *ret_position)
{
	uint32_t bytecode;

	if (place == SAMPLE_V8_PLACE_MAX)
		return false;
	switch (code->tier) {
	case V8_TIER_IGNITION:
		return v8_positions_find(code->objects, positions, place, ret_position);
	case V8_TIER_SPARKPLUG:
		/* a bytecode's machine code ends where a call of it returns to */
		return v8_bytecode_find(code->objects, code->offsets, code->bytecodes,
					is_return ? place : place + 1, &bytecode) &&
		       v8_positions_find(code->objects, positions, bytecode, ret_position);
	case V8_TIER_MAGLEV:
	case V8_TIER_TURBOFAN:
		if (is_return)
			place = v8_exits_before(&code->exits, place);
		return v8_positions_find(code->objects, code->positions, is_return && place ? place - 1 : place,
					 ret_position);
	case V8_TIER_NONE:
		break;
	}
	return false;
}

/* The function's id; 0: none. What was read and believed at any time counts more than what was read just then. */
static uint32_t function_of(const struct v8_codes *codes, const struct of_function *function)
{
	uint32_t known = v8_identities_find(&codes->identities, function->wanted, function->n_wanted);

	return known ? known : function->id;
}

/* Its table of positions; another one's of the same function where it could not be read. */
static struct str positions_of(const struct v8_codes *codes, const struct code *code, uint32_t function)
{
	const struct table *table;

	if (code->positions.n || function >= codes->cap_tables)
		return code->positions;
	table = &codes->tables[function];
	return table->length && (!code->length || code->length == table->length) ? table->positions : code->positions;
}

static struct v8_place place_in(const struct v8_codes *codes, const struct code *code,
				uint32_t function_id, int32_t offset)
{
	const struct v8_function *function = &codes->functions[function_id];
	struct v8_place place = { .tier = code->tier };

	place.name = function->name;
	place.first_line = function->line;
	if (function->script) {
		const struct v8_script *script =
			&codes->scripts.items[v8_scripts_whole(&codes->scripts, function->script)];

		place.file = script->name;
		v8_script_place(script, offset, &place.line, &place.column);
	}
	return place;
}

uint32_t v8_codes_place(const struct v8_codes *codes, uint32_t id, uint32_t place, bool is_return,
			struct v8_place places[V8_INLINED_MAX])
{
	struct v8_position position = { V8_NO_POSITION, V8_NOT_INLINED };
	const struct code *code;
	uint32_t n = 0, function;

	if (!id || id >= codes->n)
		return 0;
	code = &codes->items[id];
	function = function_of(codes, &code->function);
	if (!function)
		return 0;
	if (!find_position(code, positions_of(codes, code, function), place, is_return, &position))
		position = (struct v8_position){ V8_NO_POSITION, V8_NOT_INLINED };
	while (position.inlining >= 0 && n < V8_INLINED_MAX - 1) {
		const struct inlined *inlined;

		if ((uint32_t)position.inlining >= code->n_inlined) {
			places[n++] = (struct v8_place){ .tier = code->tier };
			position = (struct v8_position){ V8_NO_POSITION, V8_NOT_INLINED };
			break;
		}
		inlined = &code->inlined[position.inlining];
		places[n++] = place_in(codes, code, function_of(codes, &inlined->function), position.offset);
		/* a call is inlined into one that was before it: no loops */
		if (inlined->caller.inlining >= position.inlining)
			position = (struct v8_position){ V8_NO_POSITION, V8_NOT_INLINED };
		else
			position = inlined->caller;
	}
	places[n++] = place_in(codes, code, function, position.offset);
	return n;
}
