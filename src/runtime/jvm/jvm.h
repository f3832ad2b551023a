/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/jvm.h
 *
 * HotSpot (JDK 11 and later): recognised by content, laid out for the walker.
 *
 *   jvm_detect()   of a file, once: does it hold HotSpot (whatever it is called, whoever loads it)
 *   jvm_layout()   of an address space: where its code is and how it is described (abi/runtime.h)
 *
 * What HotSpot says of itself (vmstructs.h) can be read only where it is loaded, and is read once: it holds
 * for the file. Memory of the process is hostile: it may hold anything and change at any moment.
 */
#ifndef SONDE_RUNTIME_JVM_JVM_H
#define SONDE_RUNTIME_JVM_JVM_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/runtime.h"
#include "runtime/jvm/memory.h"
#include "runtime/jvm/vmstructs.h"

struct elf;
struct jvm_offsets;
struct jvm_self;

struct jvm_file {
	struct jvm_places places;
	struct jvm_self *self;	/* what it says of itself, once that was read */
};

/* A file whose tables are there. False: out of memory. jvm_file_fini() frees. */
bool jvm_file_init(struct jvm_file *ret_file, const struct jvm_places *places);

/* False: no HotSpot, or out of memory. jvm_file_fini() frees. */
bool jvm_detect(struct jvm_file *ret_file, struct elf *elf);
void jvm_file_fini(struct jvm_file *file);

/* Whether the program will load HotSpot (`java` and its like, by their launcher library). */
bool jvm_is_launcher(struct elf *elf);

/* Whether jvm_layout() may succeed later: what HotSpot says of itself is not what stands in the way. */
bool jvm_comes_later(const struct jvm_file *file);

/* What the library that is mapped with this bias says of itself; NULL when it does not do so yet. Lent by the
 * file. */
const struct jvm_vmstructs *jvm_file_structs(const struct jvm_file *file, uint64_t bias, jvm_read_fn read,
					     void *context);

/* Where what names a frame is in its structures; NULL when it does not tell yet, or not all. Lent by the file. */
const struct jvm_offsets *jvm_file_offsets(const struct jvm_file *file, uint64_t bias, jvm_read_fn read,
					   void *context);

/* False: it has not made room for its code yet, or describes itself in ways that we do not know. */
bool jvm_layout(const struct jvm_file *file, uint64_t bias, jvm_read_fn read, void *context,
		struct walk_jvm *ret_jvm);

#endif
