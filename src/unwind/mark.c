/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/mark.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/rows.h"
#include "unwind/unwind.h"

/* Walks a table's rows in order; the heads of pages are rows too. */
struct reader {
	const struct unwind_table *table;
	uint32_t n_pages, rows_at, n_rows;
	uint64_t first_page;
	uint32_t page, row;
};

static struct reader reader_over(const struct unwind_table *table)
{
	struct reader r = { .table = table };

	r.first_page = rows_half(table->cells, 0);
	r.n_pages = rows_half(table->cells, 1);
	r.rows_at = 2 + 2 * ((r.n_pages + 2) / 2);
	r.n_rows = rows_half(table->cells, 2 + r.n_pages);
	return r;
}

static bool reader_next(struct reader *r, uint64_t *ret_vaddr, uint32_t *ret_rule)
{
	uint32_t row;

	if (r->row == r->n_rows)
		return false;
	while (rows_half(r->table->cells, 3 + r->page) <= r->row)
		r->page++;
	row = rows_half(r->table->cells, r->rows_at + r->row++);
	*ret_vaddr = (r->first_page + r->page) << UNWIND_PAGE_BITS | (row & 0xffff);
	*ret_rule = row >> 16;
	return true;
}

static int by_start(const void *left, const void *right)
{
	const struct unwind_span *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/* The spans, sorted, those that overlap joined. Returns how many are left. */
static uint32_t tidy(struct unwind_span *spans, uint32_t n)
{
	uint32_t kept = 0;

	qsort(spans, n, sizeof(*spans), by_start);
	for (uint32_t i = 0; i < n; i++) {
		if (spans[i].start >= spans[i].end)
			continue;
		if (kept && spans[i].start <= spans[kept - 1].end) {
			if (spans[i].end > spans[kept - 1].end)
				spans[kept - 1].end = spans[i].end;
		} else {
			spans[kept++] = spans[i];
		}
	}
	return kept;
}

static uint32_t marked(struct unwind_rules *rules, uint32_t number, uint8_t mark)
{
	struct unwind_rule rule = rules->items[number];

	rule.kind |= mark;
	return unwind_rules_add(rules, &rule);
}

/* Adds rows for [from, to), all of one rule, marked where a span holds them. */
static void add_range(struct rows *rows, struct unwind_rules *rules, uint64_t from, uint64_t to,
		      uint32_t rule, const struct unwind_span *spans, uint32_t n, uint8_t mark)
{
	uint32_t i = 0;

	while (from < to) {
		while (i < n && spans[i].end <= from)
			i++;
		if (i == n || spans[i].start >= to) {
			rows_add(rows, from, rule);
			return;
		}
		if (from < spans[i].start) {
			rows_add(rows, from, rule);
			from = spans[i].start;
		}
		rows_add(rows, from, marked(rules, rule, mark));
		from = spans[i].end;
	}
}

static int rebuild(struct unwind_table *table, struct unwind_rules *rules,
		   const struct unwind_span *spans, uint32_t n, uint8_t mark)
{
	struct reader reader = reader_over(table);
	uint64_t end = ((reader.first_page + reader.n_pages) << UNWIND_PAGE_BITS) - 1, from, next;
	struct unwind_table fresh = { .stats = table->stats };
	struct rows rows;
	uint32_t rule, next_rule;
	bool more = reader_next(&reader, &from, &rule);
	int rc = rows_init(&rows, reader.first_page << UNWIND_PAGE_BITS, end, reader.n_rows + 64);

	while (rc == 0 && more) {
		more = reader_next(&reader, &next, &next_rule);
		if (!more)
			next = end + 1;
		add_range(&rows, rules, from, next, rule, spans, n, mark);
		from = next;
		rule = next_rule;
	}
	if (rc == 0)
		rc = rows_finish(&rows, &fresh);
	rows_fini(&rows);
	if (rc == 0) {
		free(table->cells);
		*table = fresh;
	}
	return rc;
}

int unwind_mark(struct unwind_table *table, struct unwind_rules *rules,
		const struct unwind_span *spans, uint32_t n, uint8_t mark)
{
	struct unwind_span *sorted;
	int rc;

	if (!table->cells || !n)
		return 0;
	sorted = calloc(n, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, spans, n * sizeof(*spans));
	rc = rebuild(table, rules, sorted, tidy(sorted, n), mark);
	free(sorted);
	return rc;
}
