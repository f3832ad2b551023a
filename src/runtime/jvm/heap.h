/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/heap.h
 *
 * Objects in Java's heap: threads and their names.
 *
 *   word -> object -> class: String? Thread, or one that extends it? byte[]?
 *
 * The collector moves objects at any moment, and how a reference becomes an address depends on options: 32 bits with
 * a base and a shift, 64 bits, ZGC's with its colour. So each way is tried, and an object counts only where its header
 * says that it is of the class that it should be; whoever reads it looks at the reference again afterwards.
 */
#ifndef SONDE_RUNTIME_JVM_HEAP_H
#define SONDE_RUNTIME_JVM_HEAP_H

#include "base/arena.h"
#include "runtime/jvm/memory.h"
#include "runtime/jvm/offsets.h"

struct jvm_vmstructs;

enum jvm_class { JVM_CLASS_STRING, JVM_CLASS_THREAD, JVM_CLASS_BYTES };

/* Of one process. */
struct jvm_java_heap {
	struct jvm_memory memory;
	uint64_t string_klass, thread_klass;
	uint64_t narrow_base, klass_base;
	uint32_t narrow_shift, klass_shift;
	uint32_t colour_shift;		/* of ZGC's references; 0: they are addresses */
	uint32_t mark_shift;		/* where a class stands in the first word; 0: it does not */
	uint32_t klass_super, klass_helper;
	uint32_t string_value, string_coder, thread_name;
};

/* False when its classes are not loaded yet, or are not understood. */
bool jvm_heap_find(struct jvm_java_heap *ret_heap, const struct jvm_vmstructs *structs,
		   const struct jvm_offsets *o, uint64_t bias, const struct jvm_memory *memory);

/* The object that is referred to at an address, of that class; 0: none. `wide`: by 64 bits in any case (what
 * is not in the heap itself). */
uint64_t jvm_heap_object(const struct jvm_java_heap *heap, uint64_t at, bool wide, enum jvm_class class);

/* A String's text, at most `max` characters, as UTF-8; false when it is none, or was moved meanwhile. */
bool jvm_heap_text(const struct jvm_java_heap *heap, uint64_t string, uint32_t max, struct arena *arena,
		   struct str *ret_text);

#endif
