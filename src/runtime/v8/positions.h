/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/positions.h
 *
 * From an instruction to a place in the source, by the tables that V8 keeps with code.
 *
 *   source positions   pairs (instruction, position), each after the one before, signed VLQ;
 *                      of bytecode and of optimised code
 *   bytecode offsets   bytes of machine code that each bytecode became, unsigned VLQ; of Sparkplug
 *
 * A position is a character of the script, and in optimised code also which inlined call it is of.
 */
#ifndef SONDE_RUNTIME_V8_POSITIONS_H
#define SONDE_RUNTIME_V8_POSITIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "runtime/v8/objects.h"

#define V8_NO_POSITION (-1)
#define V8_NOT_INLINED (-1)

struct v8_position {
	int32_t offset;		/* of the character; V8_NO_POSITION: none, or it is a place of V8's own */
	int32_t inlining;	/* index of the inlined call, V8_NOT_INLINED */
};

struct v8_position v8_position_of(uint64_t raw);

/* The position of the instruction at `at`: the last one at or before it. False: none, or the table is
 * damaged up to there. */
bool v8_positions_find(const struct v8_objects *objects, struct str table, uint32_t at,
		       struct v8_position *ret_position);

/* The bytecode that the machine code `at` bytes behind the start of Sparkplug's belongs to; a return
 * address belongs to the one before it, which is where it ends. False: none (the prologue), or the tables
 * do not fit together. */
bool v8_bytecode_find(const struct v8_objects *objects, struct str offsets, struct str bytecodes,
		      uint32_t at, uint32_t *ret_bytecode);

#endif
