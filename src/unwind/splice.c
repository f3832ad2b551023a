/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/splice.h"

#include <errno.h>
#include <stdlib.h>

#include "unwind/rows.h"
#include "unwind/unwind.h"

/* A table being read from front to back. */
struct reader {
	const uint64_t *cells;
	uint64_t first_page;
	uint32_t page, n_pages;
	uint32_t rows_at;
	uint32_t row, n_rows;
};

static struct reader read_table(const struct unwind_table *table)
{
	struct reader r = { .cells = table->cells };

	if (!r.cells)
		return r;
	r.first_page = rows_half(r.cells, 0);
	r.n_pages = rows_half(r.cells, 1);
	r.rows_at = rows_first_half(r.n_pages);
	r.n_rows = rows_half(r.cells, 2 + r.n_pages);
	return r;
}

/* The next row; false when there is none. Rows that begin pages are there too. */
static bool peek(struct reader *r, struct unwind_row *ret_row)
{
	uint32_t row;

	if (r->row >= r->n_rows)
		return false;
	while (r->page + 1 < r->n_pages && rows_half(r->cells, 3 + r->page) <= r->row)
		r->page++;
	row = rows_half(r->cells, r->rows_at + r->row);
	ret_row->vaddr = (r->first_page + r->page) << UNWIND_PAGE_BITS | (row & 0xffff);
	ret_row->rule = row >> 16;
	return true;
}

/* Copies the rows that begin before `end`. Returns the rule that holds there. */
static uint32_t copy_before(struct reader *r, uint64_t end, struct rows *out, uint32_t rule)
{
	struct unwind_row row;

	for (; peek(r, &row) && row.vaddr < end; r->row++) {
		rule = row.rule;
		if (out)
			rows_add(out, row.vaddr, rule);
	}
	return rule;
}

static void write_all(struct rows *out, struct reader *r, uint64_t start, uint64_t end,
		      const struct unwind_row *rows, uint32_t n)
{
	uint32_t below = copy_before(r, start, out, UNWIND_RULE_NONE);

	rows_add(out, start, UNWIND_RULE_NONE);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t until = i + 1 < n && rows[i + 1].vaddr < end ? rows[i + 1].vaddr : end;

		if (rows[i].vaddr < start || rows[i].vaddr >= until)
			continue;
		/* what held there: the last row at or before it */
		below = copy_before(r, rows[i].vaddr, NULL, below);
		if (rows[i].rule != UNWIND_RULE_KEEP) {
			rows_add(out, rows[i].vaddr, rows[i].rule);
			continue;
		}
		rows_add(out, rows[i].vaddr, below);
		below = copy_before(r, until, out, below);
	}
	below = copy_before(r, end, NULL, below);
	rows_add(out, end, below);
	copy_before(r, UINT64_MAX, out, below);
}

int unwind_splice(struct unwind_table *table, uint64_t start, uint64_t end,
		  const struct unwind_row *rows, uint32_t n)
{
	struct reader r = read_table(table);
	uint64_t first = start, last = end;
	struct unwind_table spliced = { .stats = table->stats };
	struct rows out;
	int rc;

	if (start >= end || end > ROWS_VADDR_MAX)
		return 0;
	if (r.n_pages && r.first_page << UNWIND_PAGE_BITS < first)
		first = r.first_page << UNWIND_PAGE_BITS;
	if (r.n_pages && ((r.first_page + r.n_pages) << UNWIND_PAGE_BITS) - 1 > last)
		last = ((r.first_page + r.n_pages) << UNWIND_PAGE_BITS) - 1;
	rc = rows_init(&out, first, last, (uint64_t)r.n_rows + n);
	if (rc < 0)
		return rc;
	out.any_unsupported = true;
	spliced.stats.unsupported = 0;
	write_all(&out, &r, start, end, rows, n);
	rc = rows_finish(&out, &spliced);
	if (rc == 0) {
		free(table->cells);
		*table = spliced;
	}
	rows_fini(&out);
	return rc;
}
