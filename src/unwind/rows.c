/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/rows.h"

#include <errno.h>
#include <stdlib.h>

#include "unwind/unwind.h"

#define PAGE_MASK ((1u << UNWIND_PAGE_BITS) - 1)

void rows_fini(struct rows *rows)
{
	free(rows->items);
	*rows = (struct rows){ 0 };
}

/* How many rows and pages the table gets. A page needs a row of its own at low half 0 unless one
 * stands there. */
struct extent {
	uint32_t rows_in;	/* of those given */
	uint32_t rows_out;
	uint32_t first_page, n_pages;
};

static uint32_t page_of(uint64_t row)
{
	return (uint32_t)(rows_vaddr(row) >> UNWIND_PAGE_BITS);
}

static struct extent measure(const struct rows *rows)
{
	struct extent e = { .first_page = page_of(rows->items[0]) };
	uint64_t out = 0;

	for (; e.rows_in < rows->n; e.rows_in++) {
		uint64_t row = rows->items[e.rows_in];
		uint32_t pages = page_of(row) - e.first_page + 1;

		/* New pages, one of which may begin with this very row. */
		out += pages - e.n_pages;
		if (pages == e.n_pages || (rows_vaddr(row) & PAGE_MASK))
			out++;
		if (pages > UNWIND_PAGES_MAX || out > UNWIND_ROWS_MAX)
			break;
		e.n_pages = pages;
		e.rows_out = (uint32_t)out;
	}
	return e;
}

/* Halves of cells, the even ones low. */
static void put_half(uint64_t *cells, uint32_t i, uint32_t v)
{
	cells[i / 2] |= (uint64_t)v << (i % 2 * 32);
}

static uint32_t half(const uint64_t *cells, uint32_t i)
{
	return (uint32_t)(cells[i / 2] >> (i % 2 * 32));
}

static void put_row(struct unwind_table *table, uint64_t *cells, uint32_t i, uint32_t low,
		    uint32_t rule)
{
	put_half(cells, i, rule << 16 | low);
	table->stats.unsupported += rule == UNWIND_RULE_UNSUPPORTED;
}

static void fill(const struct rows *rows, struct extent e, struct unwind_table *table)
{
	uint64_t *page_cells = table->cells + 1;
	uint64_t *row_cells = page_cells + (e.n_pages + 2) / 2;
	uint32_t page = 0, n = 0, rule = UNWIND_RULE_NONE;

	for (uint32_t i = 0; i < e.rows_in; i++) {
		uint64_t row = rows->items[i];
		uint32_t low = (uint32_t)rows_vaddr(row) & PAGE_MASK;
		uint32_t pages = page_of(row) - e.first_page + 1;

		for (; page < pages; page++) {
			put_half(page_cells, page, n);
			if (page + 1 < pages || low)
				put_row(table, row_cells, n++, 0, rule);
		}
		rule = rows_rule(row);
		put_row(table, row_cells, n++, low, rule);
	}
	put_half(page_cells, e.n_pages, n);
}

int rows_pack(const struct rows *rows, struct unwind_table *table)
{
	struct extent e;
	uint32_t n_cells;

	if (!rows->n)
		return 0;
	e = measure(rows);
	n_cells = 1 + (e.n_pages + 2) / 2 + (e.rows_out + 1) / 2;
	table->cells = calloc(n_cells, sizeof(*table->cells));
	if (!table->cells)
		return -ENOMEM;
	table->n_cells = n_cells;
	table->cells[0] = (uint64_t)e.n_pages << 32 | e.first_page;
	fill(rows, e, table);
	table->stats.rows = e.rows_out;
	return 0;
}

uint32_t unwind_find(const struct unwind_table *table, uint64_t vaddr)
{
	uint64_t page = vaddr >> UNWIND_PAGE_BITS;
	uint32_t low = (uint32_t)vaddr & PAGE_MASK, n_pages, first, last;
	const uint64_t *pages, *rows;

	if (!table->cells)
		return UNWIND_RULE_NONE;
	n_pages = (uint32_t)(table->cells[0] >> 32);
	page -= (uint32_t)table->cells[0];
	if (page >= n_pages)
		return UNWIND_RULE_NONE;
	pages = table->cells + 1;
	rows = pages + (n_pages + 2) / 2;
	first = half(pages, (uint32_t)page);
	last = half(pages, (uint32_t)page + 1);
	/* The row sought is in [first, last): the page's first one has low half 0. */
	while (last - first > 1) {
		uint32_t middle = first + (last - first) / 2;

		if ((half(rows, middle) & 0xffff) <= low)
			first = middle;
		else
			last = middle;
	}
	return half(rows, first) >> 16;
}

void unwind_table_fini(struct unwind_table *table)
{
	free(table->cells);
	*table = (struct unwind_table){ 0 };
}
