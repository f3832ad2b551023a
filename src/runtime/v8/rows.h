/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/rows.h
 *
 * Unwind rows for V8's builtins: they are in the file's text, and no CFI is about them. They are few kinds
 * of instructions, which tell where the frame is at each: not there yet, or there, or left again; what
 * a jump through a register reaches is taken to be as most of the function.
 */
#ifndef SONDE_RUNTIME_V8_ROWS_H
#define SONDE_RUNTIME_V8_ROWS_H

#include <stdint.h>

#include "abi/unwind.h"

struct elf;
struct v8_file;

/* A rule holds from an address on; addresses ascend. */
typedef void (*v8_row_fn)(void *context, uint64_t vaddr, const struct unwind_rule *rule);

/* 0 or -ENOMEM. */
int v8_rows_make(const struct v8_file *file, struct elf *elf, v8_row_fn add, void *context);

#endif
