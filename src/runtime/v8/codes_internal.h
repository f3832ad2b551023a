/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/codes_internal.h
 *
 * What codes.c (reading), codes_seen.c (is it what the kernel half saw?) and codes_place.c (where an instruction
 * stands) share.
 */
#ifndef SONDE_RUNTIME_V8_CODES_INTERNAL_H
#define SONDE_RUNTIME_V8_CODES_INTERNAL_H

#include "base/arena.h"
#include "base/hash.h"
#include "runtime/v8/codes.h"
#include "runtime/v8/exits.h"
#include "runtime/v8/functions.h"
#include "runtime/v8/identity.h"
#include "runtime/v8/positions.h"
#include "runtime/v8/wasm.h"

/* A function that code is of. */
struct of_function {
	uint32_t id;		/* 0: it could not be read */
	uint32_t n_wanted;
	const struct v8_identity *wanted;	/* in the arena: what is known by these at the end counts, where something is */
};

struct inlined {
	struct v8_position caller;
	struct of_function function;
};

struct code {
	enum v8_tier tier;
	struct of_function function;
	struct str positions;		/* source position table: of the bytecode, or of optimised code */
	struct str offsets, bytecodes;	/* Sparkplug */
	struct inlined *inlined;	/* in the arena */
	uint32_t n_inlined;
	struct v8_exits exits;
	uint64_t wasm_native;	/* WebAssembly: the module, ... */
	uint32_t wasm_function, process;	/* ... and which function of it */
	bool incomplete;	/* where a frame stands in it could not be read */
	int32_t length;		/* of the bytecode; 0: not known */
	enum v8_fault fault;	/* where there is no function */
	const struct v8_objects *objects;	/* in the arena: for the lengths of bytecodes */
};

/* A function that was read, and is to be remembered once it is believed. */
struct fresh {
	struct v8_identity identity;
	uint32_t function;
};

/* Where the bytecode of a function comes from in its text: the same whenever V8 makes it anew. */
struct table {
	struct str positions;
	int32_t length;		/* of the bytecode; 0: no table */
};

struct v8_codes {
	struct arena arena;
	struct v8_scripts scripts;
	struct v8_classes classes;	/* of the scripts */
	struct v8_function *functions;	/* [0] is none */
	uint32_t n_functions, cap_functions;
	struct table *tables;		/* of a function that was believed, by its id */
	uint32_t cap_tables;
	struct code *items;		/* [0] is none */
	uint32_t n, cap;
	const struct v8_objects *objects;	/* the last one copied */
	struct v8_identities identities;	/* of functions */
	struct v8_wasm wasm;
	struct idindex wasm_index;	/* of its functions that are among the items */
	struct fresh *fresh;		/* of the last reading */
	uint32_t n_fresh, cap_fresh;
	struct table fresh_table;
	uint32_t fresh_table_of;
};

/* A function that optimised code has a literal of; 0: there is none. */
uint64_t v8_literal_at(const struct v8_memory *memory, uint64_t literals, uint32_t index);

/* The function that optimised code is of; 0: none. */
uint64_t v8_optimised_function(const struct v8_memory *memory, uint64_t deopt);

/* The check of what stands there now; false when that is none of its kind. */
bool v8_seen_check(const struct v8_memory *memory, const struct v8_seen *seen, uint32_t *ret_check);

#endif
