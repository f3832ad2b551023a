/* SPDX-License-Identifier: Apache-2.0 */
/* Input: flags (1: into .debug_frame, 2: no section headers, 4: a head section named ".plt"), the
 * text's length (16 bits), text, CFI bytes. What is built must be a well-formed table. */
#include <stdlib.h>

#include "base/cursor.h"
#include "elf/elf.h"
#include "unwind/made_elf.h"
#include "unwind/unwind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t half(const uint64_t *cells, uint32_t i)
{
	return (uint32_t)(cells[i / 2] >> (i % 2 * 32));
}

static void require(bool cond)
{
	if (!cond)
		abort();
}

/* The layout, read as abi/unwind.h has it. */
static void check_table(const struct unwind_table *table, const struct unwind_rules *rules)
{
	uint32_t n_pages = (uint32_t)(table->cells[0] >> 32);
	const uint64_t *index = table->cells + 1, *rows = index + (n_pages + 2) / 2;
	uint32_t n = half(index, n_pages);

	require(n_pages && n_pages <= UNWIND_PAGES_MAX && n <= UNWIND_ROWS_MAX);
	require(n == table->stats.rows && half(index, 0) == 0);
	require(table->n_cells == 1 + (n_pages + 2) / 2 + (n + 1) / 2);
	for (uint32_t page = 0; page < n_pages; page++) {
		uint32_t first = half(index, page), end = half(index, page + 1);

		require(first < end && end <= n && (half(rows, first) & 0xffff) == 0);
		for (uint32_t i = first; i < end; i++) {
			require(half(rows, i) >> 16 < rules->n);
			require(i == first ||
				(half(rows, i - 1) & 0xffff) < (half(rows, i) & 0xffff));
		}
	}
}

static void check_lookups(const struct unwind_table *table, const struct unwind_rules *rules)
{
	for (uint64_t vaddr = MADE_TEXT - 64; vaddr < MADE_TEXT + MADE_TEXT_SIZE; vaddr += 61)
		require(unwind_find(table, vaddr) < rules->n);
	require(unwind_find(table, 0) == UNWIND_RULE_NONE);
	require(unwind_find(table, UINT64_MAX) == UNWIND_RULE_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(str_over(data, size));
	uint8_t flags = cursor_u8(&c);
	uint16_t text_n = cursor_u16(&c);
	struct str cfi;
	struct made_elf made = { .entry = MADE_TEXT, .no_sections = flags & 2 };
	struct buf file = { 0 };
	struct elf elf = { 0 };
	struct unwind_rules rules = { 0 };
	struct unwind_table table = { 0 };

	made.text = cursor_bytes(&c, text_n < cursor_left(&c) ? text_n : cursor_left(&c));
	cfi = cursor_bytes(&c, cursor_left(&c));
	if (flags & 1)
		made.debug_frame = cfi;
	else
		made.eh_frame = cfi;
	if (flags & 4) {
		made.head_name = ".plt";
		made.head_size = made.text.n;
	}
	made_elf_write(&made, &file);
	if (unwind_rules_init(&rules) == 0 &&
	    elf_open_bytes(&elf, buf_str(&file), "fuzz", NULL) == 0 &&
	    unwind_build(&table, &elf, &rules, NULL) == 0) {
		if (table.cells)
			check_table(&table, &rules);
		check_lookups(&table, &rules);
	}
	unwind_table_fini(&table);
	unwind_rules_fini(&rules);
	elf_close(&elf);
	buf_fini(&file);
	return 0;
}
