/* SPDX-License-Identifier: Apache-2.0 */
/* unwind/rows.h
 *
 * A table (abi/unwind.h) while it is being written: rows go straight to their final place, since
 * the page index before them is as long as the text, which is known.
 *
 * Invariants: rows come in ascending order of address; a row's rule differs from that of the one
 * before it, except for the row at the head of each page (a row at an address that has one replaces
 * it, and goes when it then says what the one before says).
 * Memory: cells is malloc's; rows_finish() gives it to the table, rows_fini() frees what was not
 * given. {0} is empty.
 */
#ifndef SONDE_UNWIND_ROWS_H
#define SONDE_UNWIND_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "abi/unwind.h"

struct unwind_table;

#define ROWS_VADDR_MAX (((uint64_t)1 << 48) - 1)

struct rows {
	uint64_t *cells;
	uint32_t n;
	uint32_t cap;		/* rows that fit, besides n_pages at heads of pages */
	uint32_t index_at, rows_at;	/* where they begin, in halves of cells */
	uint64_t first_page;
	uint32_t page, n_pages;	/* the page being written, counted from first_page */
	bool any_unsupported;	/* a row of rule 1 was added */
	bool full;		/* UNWIND_ROWS_MAX reached: the last row became "no rule" */
	bool failed;		/* out of memory; in both cases further rows are dropped */
};

/* For rows in [start, end], about `expected` of them. An end past UNWIND_PAGES_MAX pages is cut. 0
 * or -ENOMEM. */
int rows_init(struct rows *rows, uint64_t start, uint64_t end, uint64_t expected);
void rows_fini(struct rows *rows);

/* Ends the page index; fills cells, n_cells, stats.rows and stats.unsupported. 0 or -ENOMEM. */
int rows_finish(struct rows *rows, struct unwind_table *table);

/* Where the rows of a table of so many pages begin, in halves of its cells. */
uint32_t rows_first_half(uint32_t n_pages);

/* Opens the page that holds vaddr: false when there is none. */
bool rows_open_page(struct rows *rows, uint64_t vaddr);

/* False when there is no room. */
bool rows_grow(struct rows *rows);

/* Halves of cells, the even ones low: the order of 32-bit words in little-endian memory. */
static inline uint32_t rows_half(const uint64_t *cells, uint32_t i)
{
	uint32_t v;

	memcpy(&v, (const char *)cells + (size_t)i * sizeof(v), sizeof(v));
	return v;
}

static inline void rows_put_half(uint64_t *cells, uint32_t i, uint32_t v)
{
	memcpy((char *)cells + (size_t)i * sizeof(v), &v, sizeof(v));
}

/* The rule of the last row; UNWIND_RULE_NONE where there is none. */
uint32_t rows_last_rule(const struct rows *rows);

/* vaddr is not below the last row's. Inline: called for every row of every file. */
static inline void rows_add(struct rows *rows, uint64_t vaddr, uint32_t rule)
{
	uint32_t low = (uint32_t)vaddr & ((1u << UNWIND_PAGE_BITS) - 1), last, at;

	if ((!rows->n || vaddr >> UNWIND_PAGE_BITS != rows->first_page + rows->page) &&
	    !rows_open_page(rows, vaddr))
		return;
	/* Opening a page has put a row at its head: there is always a last one. */
	at = rows->rows_at + rows->n - 1;
	last = rows_half(rows->cells, at);
	if ((last & 0xffff) == low) {
		if (low && rows_half(rows->cells, at - 1) >> 16 == rule)
			rows->n--;
		else
			rows_put_half(rows->cells, at, rule << 16 | low);
	} else if (last >> 16 != rule && (rows->n < rows->cap || rows_grow(rows))) {
		rows_put_half(rows->cells, at + 1, rule << 16 | low);
		rows->n++;
	}
}

#endif
