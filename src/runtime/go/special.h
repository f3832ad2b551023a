/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/go/special.h - functions whose stack Go's table does not tell: where stacks begin, and where
 * the run-time goes from one stack to another; private to this room. */
#ifndef SONDE_RUNTIME_GO_SPECIAL_H
#define SONDE_RUNTIME_GO_SPECIAL_H

#include "base/str.h"
#include "runtime/go/rows.h"
#include "runtime/go/table.h"

/* Whether its code must be looked at. */
bool go_special_may_be(const struct go_function *function);

/* Adds the rows of such a function; false when it is an ordinary one. */
bool go_special_add(struct go_rows *rows, const struct go_table *table,
		    const struct go_function *function, struct str code);

/* What rows.c offers: a rule's number; that of an ordinary function when rsp has moved; a row; the rows
 * of Go's table. */
uint32_t go_rows_rule(struct go_rows *rows, const struct unwind_rule *rule);
uint32_t go_rows_moved(struct go_rows *rows, int32_t moved);
void go_rows_add(struct go_rows *rows, uint64_t vaddr, uint32_t rule);
void go_rows_by_table(struct go_rows *rows, const struct go_table *table,
		      const struct go_function *function);

#endif
