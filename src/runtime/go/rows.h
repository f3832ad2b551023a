/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/go/rows.h
 *
 * Unwind rows for Go code, from Go's own table: how far the stack pointer has moved is told there for
 * every instruction, so that a stack is right in prologues and leaf functions too, and without debug
 * information. What writes the stack pointer (the run-time's changes of stacks) is known by its code.
 *
 *   after the pushes so far, `moved` bytes in all:   CFA = rsp + moved + 8
 *   moved > 0: the caller's rbp is at CFA - 16
 */
#ifndef SONDE_RUNTIME_GO_ROWS_H
#define SONDE_RUNTIME_GO_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/unwind.h"
#include "base/hash.h"

struct elf;
struct go_table;

#define GO_RULE_KEEP UINT32_MAX	/* not Go's: what the file's CFI says */

struct go_row {
	uint64_t vaddr;
	uint32_t rule;		/* in rules, or GO_RULE_KEEP */
};

/* Rows of [start, end), ascending and distinct in address; neighbours differ in rule. {0} is empty. */
struct go_rows {
	struct go_row *items;
	struct unwind_rule *rules;
	uint32_t n, cap, n_rules, cap_rules;
	uint64_t start, end;
	struct idindex index;
	uint32_t moved_rules[256];	/* + 1: those of small frames, by words moved */
	bool failed;
};

/* 0 or -ENOMEM. */
int go_rows_make(struct go_rows *rows, const struct go_table *table, const struct elf *elf);
void go_rows_fini(struct go_rows *rows);

#endif
