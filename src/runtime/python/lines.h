/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/lines.h
 *
 * The line of an instruction, by the table that a code object has for it.
 *
 *   <= 3.9    co_lnotab     (bytes of code, signed lines) each after the one before
 *   3.10      co_linetable  (bytes of code, signed lines or none) each before
 *   >= 3.11   co_linetable  entries of a kind, code units and what changes; columns are passed over
 */
#ifndef SONDE_RUNTIME_PYTHON_LINES_H
#define SONDE_RUNTIME_PYTHON_LINES_H

#include <stdint.h>

#include "base/str.h"

/* `instr` is what the walk recorded (abi/sample.h): f_lasti as it is up to 3.10 (bytes, code units in
 * 3.10), code units after. Below 0: not begun, the first line. 0: no line, or a damaged table. */
uint32_t python_line_of(unsigned minor, struct str table, uint32_t first_line, int32_t instr);

#endif
