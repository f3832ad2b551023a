/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/runtime.h
 *
 * The language runtimes we know: what a file is found to be, and what that means for an address space.
 *
 * Each language has a folder: detect it by content, find its layout, name its frames. This is the
 * table that the rest of the taking wing asks, so that nothing else knows a language.
 */
#ifndef SONDE_RUNTIME_RUNTIME_H
#define SONDE_RUNTIME_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/runtime.h"
#include "runtime/go/go.h"
#include "runtime/jvm/jvm.h"
#include "runtime/python/python.h"
#include "runtime/v8/v8.h"

struct elf;

/* What a file that holds a runtime says of it. */
struct runtime_file {
	enum runtime_kind kind;
	union {
		struct python_file python;
		struct go_file go;
		struct v8_file v8;
		struct jvm_file jvm;
	};
};

/* NULL when the file holds none that we know (or memory ran out); runtime_file_free(). *ret_interpreter: the file's
 * own functions interpret a program's, or start what does. */
struct runtime_file *runtime_detect(struct elf *elf, bool *ret_interpreter);

/* The runtimes (RUNTIME_BIT) that a program will load, whose own file holds none. */
uint32_t runtime_launched(struct elf *elf);

/* Whether a layout that cannot be told may be told later. */
bool runtime_comes_later(const struct runtime_file *file);

void runtime_file_free(struct runtime_file *file);

/* What the walk must know where that file is mapped with this bias; memory of the process is read with
 * `read`. False: it cannot be told. */
bool runtime_layout(const struct runtime_file *file, uint64_t bias, python_read_fn read,
		    void *context, struct walk_runtime *ret_runtime);

#endif
