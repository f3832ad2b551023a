/* SPDX-License-Identifier: Apache-2.0 */
/* unwind/rows.h
 *
 * Rows on their way into a table: one u64 each, vaddr << 16 | rule, ascending.
 *
 * Invariants: addresses ascend strictly; a row's rule differs from the one before it (a row at an
 * address that has one replaces it, and goes when it then says what the one before says).
 * Memory: items is malloc's; rows_fini() frees. {0} is empty.
 */
#ifndef SONDE_UNWIND_ROWS_H
#define SONDE_UNWIND_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"

struct unwind_table;

#define ROWS_VADDR_MAX (((uint64_t)1 << 48) - 1)

struct rows {
	uint64_t *items;
	uint32_t n, cap;
	bool failed;	/* out of memory: further rows are dropped */
};

static inline uint64_t rows_vaddr(uint64_t row)
{
	return row >> 16;
}

static inline uint32_t rows_rule(uint64_t row)
{
	return row & 0xffff;
}

/* vaddr is not below the last row's. Inline: called for every row of every file. */
static inline void rows_add(struct rows *rows, uint64_t vaddr, uint32_t rule)
{
	uint32_t n = rows->n;

	if (n && rows_vaddr(rows->items[n - 1]) == vaddr)
		n--;
	if (n && rows_rule(rows->items[n - 1]) == rule) {
		rows->n = n;
		return;
	}
	if (VEC_RESERVE(&rows->items, &rows->cap, (uint64_t)n + 1) < 0) {
		rows->failed = true;
		return;
	}
	rows->items[n] = vaddr << 16 | rule;
	rows->n = n + 1;
}

void rows_fini(struct rows *rows);

/* Writes the cells (abi/unwind.h) and stats.rows and .unsupported. Rows past UNWIND_PAGES_MAX pages
 * or UNWIND_ROWS_MAX rows are left out. 0 or -ENOMEM. */
int rows_pack(const struct rows *rows, struct unwind_table *table);

#endif
