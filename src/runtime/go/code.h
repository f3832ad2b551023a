/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/go/code.h - the few instructions by which the run-time's changes of stacks are known; private
 * to this room. Functions are short and assembled by Go; docs/go.md lists them by version. */
#ifndef SONDE_RUNTIME_GO_CODE_H
#define SONDE_RUNTIME_GO_CODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Offset behind the next instruction, from `from` on, that loads rsp from memory or a register; 0: none. */
size_t go_code_after_sp_load(struct str code, size_t from);

/* Offset behind the next occurrence of the bytes; 0: none. */
size_t go_code_after(struct str code, size_t from, struct str bytes);

/* Offset behind the instruction that makes rbp the frame pointer; 0: none. *ret_slot: from rsp then. */
size_t go_code_after_frame(struct str code, int *ret_slot);

/* The same behind `mov slot(%rsp),%rbp`, by which such a frame ends (before 1.21). */
size_t go_code_after_restore(struct str code, size_t from, int slot);

#endif
