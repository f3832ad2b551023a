/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/methods.h
 *
 * Methods: class, name, source file, lines. Read once and kept: the process may end, and classes are unloaded.
 *
 *   (process, Method, check) -> id
 *
 * A method is at its place as long as its class is loaded, and what names it does not change. The check
 * (abi/runtime.h) is what the kernel saw of it: it is compared before and after.
 * Memory: strings and lines live as long as the table. Threads: one.
 */
#ifndef SONDE_RUNTIME_JVM_METHODS_H
#define SONDE_RUNTIME_JVM_METHODS_H

#include "base/arena.h"
#include "base/hash.h"
#include "runtime/jvm/lines.h"
#include "runtime/jvm/memory.h"
#include "runtime/jvm/offsets.h"

struct jvm_method {
	uint64_t address;	/* of the Method; with the next two, what it is known again by */
	uint32_t check, process;
	struct str name;	/* "work.Outer$Inner.run" */
	struct str file;	/* of the SourceFile attribute: "Outer.java" */
	struct jvm_lines lines;
	uint32_t first_line;	/* 0: not known */
};

struct jvm_methods {
	struct arena arena;
	struct jvm_method *items;	/* [0] is none */
	uint32_t n, cap;
	struct idindex index;
};

void jvm_methods_fini(struct jvm_methods *methods);

/* What jvm_check() gives of a Method now; false when it cannot be read. */
bool jvm_method_check(const struct jvm_memory *memory, const struct jvm_offsets *o, uint64_t method,
		      uint32_t *ret_check);

/* The id of the method with that check; 0 when it is another one now, or none. `process` tells address spaces
 * apart. */
uint32_t jvm_methods_read(struct jvm_methods *methods, const struct jvm_memory *memory,
			  const struct jvm_offsets *o, uint32_t process, uint64_t address, uint32_t check);

#endif
