/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/v8_state.h - what a walk knows of V8; part of struct walk. */
#ifndef SONDE_WALK_V8_STATE_H
#define SONDE_WALK_V8_STATE_H

#include "abi/runtime.h"

#define WALK_V8_SLOTS 5u	/* below a frame's pointer: context or type, function, .., bytecode, offset */
#define WALK_V8_CODE_BYTES 80u	/* of code around an address */
#define WALK_V8_SEEN 2048u	/* a power of two */
#define WALK_V8_FUNCTIONS 64u	/* a power of two */
#define WALK_V8_CALLER_WORDS 32u	/* of the frame that called a regular expression; a power of two */
#define WALK_V8_HEAD_WORDS 10u	/* of an object that are read at once */

/* Objects whose map, and with it their type, is the same one again and again. */
enum walk_v8_kind { WALK_V8_FUNCTION, WALK_V8_SHARED, WALK_V8_CODE, WALK_V8_BYTECODES, WALK_V8_KINDS };

/* A Code object. */
struct walk_v8_code {
	uint64_t address;	/* 0: there is none */
	uint64_t start;		/* of its instructions */
	uint64_t deopt, positions;	/* as read */
	uint32_t size, flags;
};

/* A function that was met in a walk: a recursion meets it again. */
struct walk_v8_function {
	uint64_t walk;		/* the walk's number: it is not known in others */
	uint64_t asked;		/* as the frame has it */
	uint64_t function, shared, data, script, name;	/* function, shared: no tags */
	uint64_t bytecodes;	/* a word of a frame that is such an object; 0: none was seen */
	uint32_t check;
	uint32_t codes_known;	/* bits: of `codes` */
	struct walk_v8_code codes[2];	/* that it has now; of its data */
};

struct walk_v8_state {
	uint8_t ready;		/* layout was fetched for this walk; 2: there is none */
	uint8_t zero[7];
	uint64_t walk;		/* how many there have been */
	uint64_t code;		/* the Code of the frame at hand; 0: not known */
	uint64_t table;		/* the dispatch table, in this walk; 0: not asked yet */
	uint64_t maps[WALK_V8_KINDS];	/* in this walk the last one of each kind; 0: none yet */
	uint32_t head_bytes[WALK_V8_KINDS];	/* of each kind, what is read at once */
	uint32_t slot;		/* in `functions`, of the frame at hand */
	uint32_t i_caller;	/* the next word of `caller` */
	uint64_t words[2];	/* that were made of it */
	uint64_t at[2];		/* the two that go before them (V8_AT); 0: none do */
	uint64_t native;	/* a frame that goes before all; 0: none does */
	struct walk_v8 layout;
	uint64_t around[V8_BYTES_WORDS];	/* code around an address */
	uint64_t slots[WALK_V8_SLOTS + 1];	/* from the lowest up */
	uint64_t caller[WALK_V8_CALLER_WORDS];	/* from the stack pointer up */
	_Alignas(8) uint8_t bytes[WALK_V8_CODE_BYTES];
	uint64_t head[WALK_V8_HEAD_WORDS];	/* of an object */
	struct walk_v8_code regexp;	/* code of a regular expression that was looked at */
	struct walk_v8_function functions[WALK_V8_FUNCTIONS];	/* by hash */
	uint32_t seen[WALK_V8_SEEN];	/* by hash; kept between walks */
};

#endif
