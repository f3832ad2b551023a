/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/flow.h
 *
 * Which place of compiled code comes next when an interrupted instruction goes on. HotSpot keeps places where a
 * thread can be stopped and nowhere else, so an instruction between two counts for the one that follows. By address
 * that may be one behind a loop's end, in another method; in the order of execution it is one in the loop:
 *
 *   loop:  mov, add        -> the poll
 *          poll            place: burn(), inlined in run()
 *          dec, jg loop    -> the poll again, and not the call
 *          call            place: run()
 *
 * Jumps back are taken to be taken, and conditional ones ahead not to be. Instructions: elf/x86.h.
 */
#ifndef SONDE_RUNTIME_JVM_FLOW_H
#define SONDE_RUNTIME_JVM_FLOW_H

#include <stdint.h>

#include "runtime/jvm/memory.h"
#include "runtime/jvm/scopes.h"

/* Compiled code in the memory of a process; bytes behind its end may be there, of anything. */
struct jvm_flow {
	const struct jvm_memory *memory;
	uint64_t code;		/* what offsets count from */
	uint32_t bytes;
};

/* The index in scopes->pcs of the place that an interrupted instruction counts for; that of the next one by
 * address where the code does not tell, scopes->n_pcs when there is none. */
uint32_t jvm_flow_next(const struct jvm_flow *flow, const struct jvm_scopes *scopes, uint32_t off);

#endif
