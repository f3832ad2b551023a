/* SPDX-License-Identifier: Apache-2.0 */
/* unwind/mark.h - says of the rows of some code what else that code does (UNWIND_MARK_*). */
#ifndef SONDE_UNWIND_MARK_H
#define SONDE_UNWIND_MARK_H

#include <stdint.h>

struct unwind_rules;
struct unwind_table;

struct unwind_span {
	uint64_t start, end;	/* vaddrs */
};

/* Every rule of the rows in the spans (any order) becomes one with that mark; a span's borders become
 * rows. 0 or -ENOMEM, and the table is then as it was. */
int unwind_mark(struct unwind_table *table, struct unwind_rules *rules,
		const struct unwind_span *spans, uint32_t n, uint8_t mark);

#endif
