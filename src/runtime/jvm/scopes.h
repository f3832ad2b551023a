/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/scopes.h
 *
 * What HotSpot keeps beside compiled code to give it up at any moment: for places in the code, the methods that
 * stand there, innermost first, and where in each.
 *
 *   instruction -> PcDesc -> scope: method, bytecode, the scope that it is inlined in -> ...
 *
 * The tables are copied whole at first sight of the code, since it may be thrown away.
 */
#ifndef SONDE_RUNTIME_JVM_SCOPES_H
#define SONDE_RUNTIME_JVM_SCOPES_H

#include <stdint.h>

#include "base/arena.h"
#include "runtime/jvm/memory.h"
#include "runtime/jvm/offsets.h"

#define JVM_INLINED_MAX 64u	/* methods at one place; HotSpot's own limits are below */

struct jvm_pc {
	int32_t off;	/* of the instruction, from where the code begins */
	int32_t scope;	/* 0: none */
};

struct jvm_scopes {
	struct jvm_pc *pcs;	/* in the order of instructions */
	uint32_t n_pcs;
	struct str data;	/* the scopes */
	uint64_t *metadata;	/* pointers; methods among others */
	uint32_t n_metadata;
};

struct jvm_scope {
	uint32_t metadata;	/* index; UINT32_MAX: no method */
	int32_t bci;		/* negative: before the first bytecode */
};

/* The tables of an nmethod at `address`, whose first bytes have been read; empty ones where it has none. */
void jvm_scopes_read(struct jvm_scopes *ret_scopes, const struct jvm_memory *memory,
		     const struct jvm_offsets *o, uint64_t address, struct str nmethod, struct arena *arena);

/* The methods at the place of one PcDesc, innermost first. Their number; 0 when there are none. */
uint32_t jvm_scopes_chain(const struct jvm_scopes *scopes, uint32_t base, uint32_t pc,
			  struct jvm_scope chain[JVM_INLINED_MAX]);

/* The first PcDesc at an offset or behind it: of a return address that is the call's. Their number when there is none. */
uint32_t jvm_scopes_at(const struct jvm_scopes *scopes, uint32_t off);

/* The first one behind an offset: the next by address to an instruction that begins there (runtime/jvm/flow.h has the
 * next that will be run into). */
uint32_t jvm_scopes_after(const struct jvm_scopes *scopes, uint32_t off);

/* Like jvm_scopes_chain(); the outermost method alone where the tables end before that PcDesc. 0 when they do not tell. */
uint32_t jvm_scopes_find(const struct jvm_scopes *scopes, uint32_t base, uint32_t pc,
			 struct jvm_scope chain[JVM_INLINED_MAX]);

#endif
