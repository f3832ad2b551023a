/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/rows.h"

#include <errno.h>
#include <stdlib.h>

#include "unwind/memory.h"
#include "unwind/unwind.h"

#define ROWS_AT_LEAST 64

/* Cells of a table: its head, the page index, the rows. */
static size_t index_cells(uint32_t n_pages)
{
	return ((size_t)n_pages + 2) / 2;
}

uint32_t rows_first_half(uint32_t n_pages)
{
	return 2 + 2 * (uint32_t)index_cells(n_pages);
}

static size_t table_cells(uint32_t n_pages, uint32_t n_rows)
{
	return 1 + index_cells(n_pages) + ((size_t)n_rows + 1) / 2;
}

static bool resize(struct rows *rows, uint32_t cap)
{
	size_t n_cells = table_cells(rows->n_pages, cap + rows->n_pages);
	uint64_t *cells = memory_resize(rows->cells, n_cells * sizeof(*cells));

	if (!cells)
		return false;
	rows->cells = cells;
	rows->cap = cap;
	return true;
}

int rows_init(struct rows *rows, uint64_t start, uint64_t end, uint64_t expected)
{
	uint64_t last;

	*rows = (struct rows){ .index_at = 2 };
	rows->first_page = start >> UNWIND_PAGE_BITS;
	last = (end >> UNWIND_PAGE_BITS) - rows->first_page;
	rows->n_pages = (last < UNWIND_PAGES_MAX ? (uint32_t)last : UNWIND_PAGES_MAX - 1) + 1;
	rows->rows_at = rows_first_half(rows->n_pages);
	if (expected < ROWS_AT_LEAST)
		expected = ROWS_AT_LEAST;
	if (expected > UNWIND_ROWS_MAX - rows->n_pages)
		expected = UNWIND_ROWS_MAX - rows->n_pages;
	return resize(rows, (uint32_t)expected) ? 0 : -ENOMEM;
}

void rows_fini(struct rows *rows)
{
	free(rows->cells);
	*rows = (struct rows){ 0 };
}

bool rows_grow(struct rows *rows)
{
	uint32_t max = UNWIND_ROWS_MAX - rows->n_pages;
	uint32_t cap = rows->cap * 2 < max ? rows->cap * 2 : max;

	if (rows->full || rows->failed)
		return false;
	if (rows->n < max) {
		rows->failed = !resize(rows, cap);
		return !rows->failed;
	}
	rows->full = true;
	rows_put_half(rows->cells, rows->rows_at + rows->n - 1,
		      rows_half(rows->cells, rows->rows_at + rows->n - 1) & 0xffff);
	return false;
}

uint32_t rows_last_rule(const struct rows *rows)
{
	return rows->n ? rows_half(rows->cells, rows->rows_at + rows->n - 1) >> 16 : UNWIND_RULE_NONE;
}

/* Begins the pages up to `page`, each with a row at low half 0 that says what holds there. */
static void begin_pages(struct rows *rows, uint32_t page)
{
	uint32_t rule = UNWIND_RULE_NONE, next = 0;

	if (rows->n) {
		rule = rows_half(rows->cells, rows->rows_at + rows->n - 1) >> 16;
		next = rows->page + 1;
	}
	for (; next <= page; next++) {
		rows_put_half(rows->cells, rows->index_at + next, rows->n);
		rows_put_half(rows->cells, rows->rows_at + rows->n++, rule << 16);
		rows->page = next;
	}
}

bool rows_open_page(struct rows *rows, uint64_t vaddr)
{
	uint64_t page = (vaddr >> UNWIND_PAGE_BITS) - rows->first_page;

	if (page >= rows->n_pages || rows->full || rows->failed)
		return false;
	begin_pages(rows, (uint32_t)page);
	return true;
}

/* What was allocated and not written. */
static void clear_odd_halves(struct rows *rows)
{
	if (rows->n_pages % 2 == 0)
		rows_put_half(rows->cells, rows->rows_at - 1, 0);
	if (rows->n % 2)
		rows_put_half(rows->cells, rows->rows_at + rows->n, 0);
}

int rows_finish(struct rows *rows, struct unwind_table *table)
{
	size_t n_cells;
	uint64_t *smaller;

	if (rows->failed)
		return -ENOMEM;
	begin_pages(rows, rows->n_pages - 1);
	rows_put_half(rows->cells, rows->index_at + rows->n_pages, rows->n);
	clear_odd_halves(rows);
	rows->cells[0] = (uint64_t)rows->n_pages << 32 | rows->first_page;
	for (uint32_t i = 0; rows->any_unsupported && i < rows->n; i++)
		table->stats.unsupported += rows_half(rows->cells, rows->rows_at + i) >> 16 ==
					    UNWIND_RULE_UNSUPPORTED;
	n_cells = table_cells(rows->n_pages, rows->n);
	smaller = realloc(rows->cells, n_cells * sizeof(*smaller));
	table->cells = smaller ? smaller : rows->cells;
	table->n_cells = (uint32_t)n_cells;
	table->stats.rows = rows->n;
	rows->cells = NULL;
	return 0;
}

uint32_t unwind_find(const struct unwind_table *table, uint64_t vaddr)
{
	uint64_t page = vaddr >> UNWIND_PAGE_BITS;
	uint32_t low = (uint32_t)vaddr & ((1u << UNWIND_PAGE_BITS) - 1);
	uint32_t n_pages, rows_at, first, last;

	if (!table->cells)
		return UNWIND_RULE_NONE;
	n_pages = rows_half(table->cells, 1);
	page -= rows_half(table->cells, 0);
	if (page >= n_pages)
		return UNWIND_RULE_NONE;
	rows_at = rows_first_half(n_pages);
	first = rows_half(table->cells, 2 + (uint32_t)page);
	last = rows_half(table->cells, 3 + (uint32_t)page);
	/* The row sought is in [first, last): the page's first one has low half 0. */
	while (last - first > 1) {
		uint32_t middle = first + (last - first) / 2;

		if ((rows_half(table->cells, rows_at + middle) & 0xffff) <= low)
			first = middle;
		else
			last = middle;
	}
	return rows_half(table->cells, rows_at + first) >> 16;
}

void unwind_table_fini(struct unwind_table *table)
{
	free(table->cells);
	*table = (struct unwind_table){ 0 };
}
