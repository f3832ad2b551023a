/* SPDX-License-Identifier: Apache-2.0 */
/* unwind/splice.h - a table in which a range of addresses is told by somebody who knows better. */
#ifndef SONDE_UNWIND_SPLICE_H
#define SONDE_UNWIND_SPLICE_H

#include <stdint.h>

struct unwind_table;

#define UNWIND_RULE_KEEP UINT32_MAX	/* what the table says already */

/* Holds from vaddr on. */
struct unwind_row {
	uint64_t vaddr;
	uint32_t rule;
};

/* Replaces what the table says of [start, end) by n rows, which ascend in it (those outside are not
 * taken). Before the first one there is no rule. A table without cells gets some. 0 or -ENOMEM (then the
 * table is as it was). */
int unwind_splice(struct unwind_table *table, uint64_t start, uint64_t end,
		  const struct unwind_row *rows, uint32_t n);

#endif
