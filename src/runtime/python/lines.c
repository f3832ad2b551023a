/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: CPython's Objects/lnotab_notes.txt of 3.6 to 3.10, Objects/locations.md (later
 * InternalDocs/code_objects.md) from 3.11 on. */
#include "runtime/python/lines.h"

#include "base/cursor.h"

static uint32_t line_or_none(int64_t line)
{
	return line > 0 && line <= INT32_MAX ? (uint32_t)line : 0;
}

static uint32_t line_of_lnotab(struct str table, int64_t line, int64_t at)
{
	struct cursor c = cursor_over(table);
	int64_t address = 0;

	while (cursor_left(&c) >= 2) {
		address += cursor_u8(&c);
		if (address > at)
			break;
		line += cursor_s8(&c);
	}
	return line_or_none(line);
}

#define NO_LINE_10 (-128)

static uint32_t line_of_10(struct str table, int64_t line, int64_t at)
{
	struct cursor c = cursor_over(table);
	int64_t end = 0;

	while (cursor_left(&c) >= 2) {
		int8_t delta;

		end += cursor_u8(&c);
		delta = cursor_s8(&c);
		if (delta != NO_LINE_10)
			line += delta;
		if (at < end)
			return delta == NO_LINE_10 ? 0 : line_or_none(line);
	}
	return 0;
}

enum { LOCATION_ONE_LINE_0 = 10, LOCATION_ONE_LINE_2 = 12, LOCATION_NO_COLUMNS = 13,
       LOCATION_LONG = 14, LOCATION_NONE = 15 };

/* Six bits a byte, the least first; bits past the 32nd are dropped. */
static uint32_t read_varint(struct cursor *c)
{
	uint32_t value = 0;

	for (unsigned shift = 0; shift < 60; shift += 6) {
		uint8_t byte = cursor_u8(c);

		if (shift < 32)
			value |= (uint32_t)(byte & 0x3f) << shift;
		if (!(byte & 0x40))
			return value;
	}
	cursor_fail(c);
	return 0;
}

static int64_t read_signed(struct cursor *c)
{
	uint32_t value = read_varint(c);

	return value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
}

/* By how much the line moves; the columns are passed over. */
static int64_t read_location(struct cursor *c, unsigned kind)
{
	int64_t delta = 0;

	if (kind == LOCATION_NONE)
		return 0;
	if (kind == LOCATION_LONG || kind == LOCATION_NO_COLUMNS) {
		delta = read_signed(c);
		for (unsigned i = 0; kind == LOCATION_LONG && i < 3; i++)
			read_varint(c);
	} else if (kind >= LOCATION_ONE_LINE_0) {
		delta = kind - LOCATION_ONE_LINE_0;
		cursor_skip(c, 2);
	} else {
		cursor_skip(c, 1);
	}
	return delta;
}

static uint32_t line_of_11(struct str table, int64_t line, int64_t at)
{
	struct cursor c = cursor_over(table);
	int64_t end = 0;

	while (cursor_more(&c)) {
		uint8_t head = cursor_u8(&c);
		unsigned kind = head >> 3 & 15;

		if (!(head & 0x80))
			return 0;
		line += read_location(&c, kind);
		end += (head & 7) + 1;
		if (at < end)
			return kind == LOCATION_NONE || c.failed ? 0 : line_or_none(line);
	}
	return 0;
}

uint32_t python_line_of(unsigned minor, struct str table, uint32_t first_line, int32_t instr)
{
	int64_t line = (int32_t)first_line;

	if (instr < 0)
		return line_or_none(line);
	if (minor <= 9)
		return line_of_lnotab(table, line, instr);
	if (minor == 10)
		return line_of_10(table, line, (int64_t)instr * 2);
	return line_of_11(table, line, instr);
}
