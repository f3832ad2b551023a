/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: V8's src/codegen/source-position-table.cc, source-position.h, src/base/vlq.h,
 * src/baseline/bytecode-offset-iterator.h, src/interpreter/bytecodes.h. */
#include "runtime/v8/positions.h"

#include "base/cursor.h"

#define WIDE 0u		/* prefixes: Wide, ExtraWide, and the debugger's two */
#define PREFIXES 4u

static int64_t signed_vlq(struct cursor *c)
{
	uint64_t v = cursor_uleb(c);

	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

struct v8_position v8_position_of(uint64_t raw)
{
	struct v8_position position = {
		(int32_t)(raw >> 1 & 0x3fffffff) - 1, (int32_t)(raw >> 31 & 0xffff) - 1,
	};

	if (raw & 1)	/* of a file of V8's, not of the script */
		position.offset = V8_NO_POSITION;
	return position;
}

/* How many instructions further the next entry is. A sign tells a statement from an expression; since
 * 14, two bits say that and whether a debugger may stop there. */
static uint64_t instructions(const struct v8_objects *objects, struct cursor *c)
{
	int64_t by;

	if (objects->position_flags)
		return cursor_uleb(c) >> 2;
	by = signed_vlq(c);
	return (uint64_t)(by < 0 ? -(by + 1) : by);
}

bool v8_positions_find(const struct v8_objects *objects, struct str table, uint32_t at,
		       struct v8_position *ret_position)
{
	struct cursor c = cursor_over(table);
	uint64_t raw = 0;
	int64_t code = -1;	/* the function's entry, before its first instruction */
	bool found = false;

	while (cursor_more(&c)) {
		uint64_t by = instructions(objects, &c);
		int64_t to = signed_vlq(&c);

		if (c.failed || by > INT32_MAX)
			return false;
		code += (int64_t)by;
		if (code > (int64_t)at)
			break;
		raw += (uint64_t)to;
		*ret_position = v8_position_of(raw);
		found = true;
	}
	return found;
}

/* Bytes of the bytecode at the cursor, with its prefix; 0 when it is none. */
static uint32_t bytecode_bytes(const struct v8_objects *objects, struct str bytecodes, uint32_t at)
{
	const uint8_t *p = (const uint8_t *)bytecodes.p;
	uint32_t scale = 0, prefix = 0;

	if (at >= bytecodes.n)
		return 0;
	if (p[at] < PREFIXES) {
		scale = 1 + (p[at] & 1);
		prefix = 1;
	}
	if (at + prefix >= bytecodes.n || p[at + prefix] >= objects->n_bytecodes)
		return 0;
	return prefix + objects->bytecode_bytes[scale][p[at + prefix]];
}

bool v8_bytecode_find(const struct v8_objects *objects, struct str offsets, struct str bytecodes,
		      uint32_t at, uint32_t *ret_bytecode)
{
	struct cursor c = cursor_over(offsets);
	/* the first entry is the prologue's */
	uint64_t end = cursor_uleb(&c);
	uint32_t bytecode = 0;

	if (!objects->n_bytecodes || c.failed || at <= end)
		return false;
	while (cursor_more(&c)) {
		uint32_t bytes = bytecode_bytes(objects, bytecodes, bytecode);

		end += cursor_uleb(&c);
		if (c.failed || !bytes)
			return false;
		if (at <= end) {
			*ret_bytecode = bytecode;
			return true;
		}
		bytecode += bytes;
	}
	return false;
}
