/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/chunks.h
 *
 * Where the frames of a virtual thread are that are not on its carrier's stack (JDK 21 and later).
 *
 *   ContinuationEntry (stack) -> jdk.internal.vm.Continuation -> its tail, a StackChunk -> its parent ...
 *
 * When one goes on after it has waited, a few of its frames are put back on the stack, and the others stay in
 * chunks on the heap until they are returned to. Both classes are ordinary ones for HotSpot: their fields are
 * where their InstanceKlass says.
 */
#ifndef SONDE_RUNTIME_JVM_CHUNKS_H
#define SONDE_RUNTIME_JVM_CHUNKS_H

#include "abi/runtime.h"
#include "runtime/jvm/memory.h"

struct jvm_file;

/* Fills in the members of *jvm that are about chunks; leaves them (chunk_klass 0) where there are none, or none
 * that we know, or none yet. */
void jvm_chunks_find(struct walk_jvm *jvm, const struct jvm_file *file, uint64_t bias,
		     const struct jvm_memory *memory);

#endif
