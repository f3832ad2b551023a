/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/v8_state.h - what a walk knows of V8; part of struct walk. */
#ifndef SONDE_WALK_V8_STATE_H
#define SONDE_WALK_V8_STATE_H

#include "abi/runtime.h"

#define WALK_V8_SLOTS 5u	/* below a frame's pointer: context or type, function, .., bytecode, offset */
#define WALK_V8_CODE_BYTES 80u	/* of code around an address */
#define WALK_V8_SEEN 2048u	/* a power of two */

struct walk_v8_state {
	uint8_t ready;		/* layout was fetched for this walk; 2: there is none */
	uint8_t zero[7];
	uint64_t function, shared, data, code, script, name;	/* of the frame at hand; no tags */
	uint64_t start;		/* of code's instructions */
	uint64_t deopt, positions;	/* code's, as read */
	uint32_t check, size, flags, zero2;
	uint64_t words[2];	/* that were made of it */
	uint64_t at[2];		/* the two that go before them (V8_AT); 0: none do */
	uint64_t native;	/* a frame that goes before all; 0: none does */
	struct walk_v8 layout;
	uint64_t around[V8_BYTES_WORDS];	/* code around an address */
	uint64_t slots[WALK_V8_SLOTS + 1];	/* from the lowest up */
	_Alignas(8) uint8_t bytes[WALK_V8_CODE_BYTES];
	uint32_t seen[WALK_V8_SEEN];	/* by hash; kept between walks */
};

#endif
