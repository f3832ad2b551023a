/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: V8's src/objects/deoptimization-data.h, src/codegen/safepoint-table.h,
 * src/codegen/maglev-safepoint-table.h, and running processes. */
#include "runtime/v8/exits.h"

#include <string.h>

#include "base/cursor.h"

#define EXITS_MAX 4096u
#define ENTRY_WORDS 3u		/* of the data: bytecode, translation, where */
#define TABLE_BYTES 8192u	/* of a safepoint table that are read */

/* The exits' numbers and places, without where calls returned to; false when the data are none. */
static bool read_head(const struct v8_memory *memory, uint64_t deopt, struct v8_exits *exits,
		      uint32_t *ret_first)
{
	const struct v8_objects *o = memory->objects;
	unsigned at = o->array_data + (o->deopt_inlining + 1) * 8u;
	int32_t start, n_others, n, length;

	if (!v8_smi(memory, deopt, o->array_length, &length) || !v8_smi(memory, deopt, at, &start) ||
	    !v8_smi(memory, deopt, at + 8, &n_others) || !v8_smi(memory, deopt, at + 16, &n) ||
	    start < 0 || start > INT32_MAX / 2 || n_others < 0 || n <= 0 ||
	    (uint32_t)n_others > EXITS_MAX || (uint32_t)n > EXITS_MAX ||
	    length < (int32_t)(o->deopt_inlining + 4u + ((uint32_t)n_others + (uint32_t)n) * ENTRY_WORDS))
		return false;
	exits->bytes = o->exit_bytes;
	exits->at = (uint32_t)start + (uint32_t)n_others * exits->bytes;
	exits->n = (uint32_t)n;
	*ret_first = at + 24 + (uint32_t)n_others * ENTRY_WORDS * 8;
	return true;
}

static void read_data(const struct v8_memory *memory, uint64_t deopt, uint32_t first,
		      struct v8_exits *exits)
{
	for (uint32_t i = 0; i < exits->n; i++) {
		int32_t to;

		if (v8_smi(memory, deopt, first + (i * ENTRY_WORDS + 2) * 8, &to) && to > 0 &&
		    (uint32_t)to < exits->at)
			exits->returns[i] = (uint32_t)to;
	}
}

static uint32_t number(struct cursor *c, uint32_t n_bytes)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < n_bytes; i++)
		value |= (uint32_t)cursor_u8(c) << (8 * i);
	return value;
}

/* A safepoint table whose entries begin at the cursor; true when each exit is of one of them. */
static bool read_entries(struct cursor c, uint32_t n, uint32_t config, struct v8_exits *exits)
{
	uint32_t registers = config >> 1 & 7, pc_bytes = config >> 4 & 7, index_bytes = config >> 7 & 7;
	uint32_t n_found = 0;

	if (!(config & 1) || pc_bytes > 4 || index_bytes > 4 || n > EXITS_MAX)
		return false;
	memset(exits->returns, 0, exits->n * sizeof(*exits->returns));
	for (uint32_t i = 0; i < n && !c.failed; i++) {
		uint32_t pc = number(&c, pc_bytes), exit, i_exit;

		cursor_skip(&c, index_bytes);
		exit = number(&c, pc_bytes);
		cursor_skip(&c, 1 + registers);		/* spill slots, registers */
		if (!exit)	/* it is kept with one more */
			continue;
		i_exit = (exit - 1 - exits->at) / exits->bytes;
		if (exit - 1 < exits->at || (exit - 1 - exits->at) % exits->bytes ||
		    i_exit >= exits->n || exits->returns[i_exit] || !pc || pc >= exits->at)
			return false;
		exits->returns[i_exit] = pc;
		n_found++;
	}
	return !c.failed && n_found == exits->n;
}

/* Its head has one or two words less in some versions: only one way to read it can fit all exits. */
static bool read_table(const struct v8_memory *memory, uint64_t code, struct v8_exits *exits)
{
	const struct v8_objects *o = memory->objects;
	uint32_t n_before = o->version >= 1300 ? 1 : 0, size, n, config, got = TABLE_BYTES;
	char bytes[TABLE_BYTES];
	uint64_t start = code + o->code_start;
	struct cursor c;

	if (!v8_field_u32(memory, code, o->code_size, &size) ||
	    (!o->code_inside && !v8_field(memory, code, o->code_start, &start)))
		return false;
	while (!memory->read(memory->context, bytes, got, start + size))
		if ((got /= 2) < 64)
			return false;
	c = cursor_over(str_over(bytes, got));
	cursor_skip(&c, n_before * 4);
	n = cursor_u32(&c);
	config = cursor_u32(&c);
	for (int words = 0; words < 4; words++) {
		if (read_entries(c, n, config, exits))
			return true;
		cursor_skip(&c, 4);
	}
	return false;
}

void v8_exits_read(const struct v8_memory *memory, uint64_t code, uint64_t deopt, bool is_maglev,
		   struct arena *arena, struct v8_exits *ret_exits)
{
	struct v8_exits exits = { 0 };
	uint32_t first;

	*ret_exits = (struct v8_exits){ 0 };
	if (!read_head(memory, deopt, &exits, &first))
		return;
	exits.returns = arena_array(arena, exits.n, sizeof(*exits.returns));
	if (!exits.returns)
		return;
	if (!is_maglev)
		read_data(memory, deopt, first, &exits);
	else if (!read_table(memory, code, &exits))
		return;
	*ret_exits = exits;
}

uint32_t v8_exits_before(const struct v8_exits *exits, uint32_t place)
{
	uint32_t exit;

	if (!exits->n || place < exits->at)
		return place;
	exit = (place - exits->at) / exits->bytes;
	return exit < exits->n && exits->returns[exit] ? exits->returns[exit] : place;
}
