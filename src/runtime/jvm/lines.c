/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/jvm/lines.h"

#include "runtime/jvm/packed.h"

#define WIDE 0xff	/* two packed numbers follow */

/* The next row; false at the end, and (cursor failed) where there is no row. */
static bool next_row(struct cursor *c, uint32_t base, int64_t *bci, int64_t *line)
{
	uint8_t byte = cursor_u8(c);

	if (!byte || c->failed)
		return false;
	if (byte == WIDE) {
		*bci += jvm_packed_signed(c, base);
		*line += jvm_packed_signed(c, base);
	} else {
		*bci += byte >> 3;
		*line += byte & 7;
	}
	return !c->failed;
}

/* Their number; -1 when they are none. `out` may be NULL. */
static int64_t take_rows(struct str bytes, uint32_t base, uint32_t code_size, struct jvm_line *out)
{
	struct cursor c = cursor_over(bytes);
	int64_t bci = 0, line = 0, n = 0;

	for (; next_row(&c, base, &bci, &line); n++) {
		if (bci < 0 || bci >= code_size || bci > UINT16_MAX || line < 0 || line > UINT16_MAX)
			return -1;
		if (out)
			out[n] = (struct jvm_line){ (uint16_t)bci, (uint16_t)line };
	}
	return c.failed ? -1 : n;
}

struct jvm_lines jvm_lines_read(struct str bytes, uint32_t base, uint32_t code_size, struct arena *arena)
{
	struct jvm_lines lines = { 0 };
	int64_t n = take_rows(bytes, base, code_size, NULL);

	if (n <= 0)
		return lines;
	lines.items = arena_array(arena, (size_t)n, sizeof(*lines.items));
	if (!lines.items)
		return lines;
	lines.n = (uint32_t)take_rows(bytes, base, code_size, lines.items);
	return lines;
}

/* Rows need not be in the order of bytecodes (javac's are not where code is copied: finally). */
uint32_t jvm_lines_find(const struct jvm_lines *lines, uint32_t bci)
{
	uint32_t best_bci = 0, line = 0;

	for (uint32_t i = 0; i < lines->n; i++) {
		const struct jvm_line *row = &lines->items[i];

		if (row->bci == bci)
			return row->line;
		if (row->bci < bci && row->bci >= best_bci) {
			best_bci = row->bci;
			line = row->line;
		}
	}
	return line;
}
