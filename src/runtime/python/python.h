/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/python.h
 *
 * CPython 3.6 and later: recognised by content, laid out for the walker.
 *
 *   python_detect()   of a file, once: is this an interpreter, which one, where is its loop
 *   python_layout()   of an address space: what the walk must know (abi/runtime.h)
 *
 * A code object's name and lines: runtime/python/codes.h. Memory of the process is hostile: it may
 * hold anything and change at any moment.
 */
#ifndef SONDE_RUNTIME_PYTHON_PYTHON_H
#define SONDE_RUNTIME_PYTHON_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/runtime.h"
#include "runtime/python/offsets.h"

struct elf;

#define PYTHON_LOOPS_MAX 64

/* What a file that holds an interpreter says of it; vaddrs. */
struct python_file {
	uint8_t minor;			/* of 3.MINOR; 0: no interpreter */
	bool free_threaded;
	bool musl;			/* linked against musl */
	bool has_asyncio;		/* its C half is built in */
	struct python_offsets offsets;	/* what the file says of itself, else its version's */
	uint64_t runtime;		/* _PyRuntime (>= 3.7) */
	uint64_t current, key, interpreters;	/* 3.6: _PyThreadState_Current, autoTLSkey, interp_head */
	struct python_loop {		/* code of _PyEval_EvalFrameDefault, .cold parts too; or what begins a
					 * run, runtime/python/tail.h */
		uint64_t start, end;
	} loops[PYTHON_LOOPS_MAX];
	uint32_t n_loops;
	uint64_t tail_table;		/* of the functions that are its instructions; 0: it has a loop */
};

/* By content (sections, symbols, strings), never by name. Cheap for files that are none. False: not
 * an interpreter, or one whose loop or state cannot be found. */
bool python_detect(struct python_file *ret_file, struct elf *elf);

/* Whether a program does nothing but start an interpreter that is in a library (bin/python3 of a shared
 * build). */
bool python_is_launcher(struct elf *elf);

/* Another process's memory: true when all n bytes were read. */
typedef bool (*python_read_fn)(void *context, void *out, size_t n, uint64_t address);

/* The layout of the interpreter that is mapped with this bias (address = vaddr + bias), which may not
 * have begun to run: then what only a running one tells is taken from the version. `read` may be NULL
 * (nothing can be read yet). False: a version that is not known and does not describe itself. */
bool python_layout(const struct python_file *file, uint64_t bias, python_read_fn read, void *context,
		   struct walk_python *ret_python);

#endif
