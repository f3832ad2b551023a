/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/exits.h
 *
 * Exits of optimised code. When V8 throws code away that still runs, the calls in it return to an exit instead
 * of where they came from: a few bytes behind all instructions, one for each call.
 *
 *   deoptimisation data   where exits begin, how many there are (those that no call returns to stand
 *                         first), and, of TurboFan's, where each call returned to
 *   safepoint table       behind the instructions: for each call where it returns to and where its exit is
 *
 * The second is read for Maglev, whose data say the exit once more; it is taken only if it has every exit.
 */
#ifndef SONDE_RUNTIME_V8_EXITS_H
#define SONDE_RUNTIME_V8_EXITS_H

#include "base/arena.h"
#include "runtime/v8/objects.h"

struct v8_exits {
	uint32_t at;		/* of the first that calls return to, in the instructions */
	uint32_t n;		/* 0: none, or they could not be read */
	uint32_t bytes;		/* of each */
	uint32_t *returns;	/* where each call returned to before; 0: not known; in the arena */
};

/* Of a Code object and its DeoptimizationData. */
void v8_exits_read(const struct v8_memory *memory, uint64_t code, uint64_t deopt, bool is_maglev,
		   struct arena *arena, struct v8_exits *ret_exits);

/* Where the call returned to whose exit is at `place`; `place` itself when none is there. */
uint32_t v8_exits_before(const struct v8_exits *exits, uint32_t place);

#endif
