/* SPDX-License-Identifier: Apache-2.0 */
/* model/frames.h
 *
 * What a stack is made of: modules, functions and frames, each interned once.
 *
 *   module    a mapped file ("libc.so.6"), the kernel, or nothing (id 0)
 *   function  name, linkage name, source file, first line
 *   frame     one place in a stack: a function, the line in it, the address that was there
 *
 * Id 0 is "none" in all three tables. Inlined calls are frames of their own: a frame with .inlined
 * set has no return address; it shares the address of the frame that called it (its parent in the
 * stack tree). Strings are ids into the `strings` given to frames_init(), which is borrowed.
 *
 * Sticky: when memory runs out .failed is set and 0 comes back.
 */
#ifndef SONDE_MODEL_FRAMES_H
#define SONDE_MODEL_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"

/* What ran: decides a frame's colour and is named in the reports. X(ENUM, "name in files and --json",
 * "words for a person"). */
#define FRAME_KINDS(X)                                                  \
	X(NONE, "none", "")                                             \
	X(KERNEL, "kernel", "Kernel")                                   \
	X(NATIVE, "native", "Native code")                              \
	X(LIBRARY, "library", "System library")                         \
	X(JIT, "jit", "JIT compiled")                                   \
	X(C1, "c1", "JIT: C1")                                          \
	X(C2, "c2", "JIT: C2")                                          \
	X(SPARKPLUG, "sparkplug", "JIT: Sparkplug")                     \
	X(MAGLEV, "maglev", "JIT: Maglev")                              \
	X(TURBOFAN, "turbofan", "JIT: TurboFan")                        \
	X(INTERPRETED, "interpreted", "Interpreted")                    \
	X(RUNTIME, "runtime", "Runtime / GC")                           \
	X(UNKNOWN, "unknown", "Unknown (the name says why)")

enum frame_kind {
#define X(id, name, words) FRAME_##id,
	FRAME_KINDS(X)
#undef X
	FRAME_KIND_COUNT
};

/* Whether it is code of a language that its runtime interprets or compiles while it runs. */
static inline bool frame_kind_is_managed(enum frame_kind kind)
{
	return kind == FRAME_INTERPRETED || (kind >= FRAME_C1 && kind <= FRAME_TURBOFAN);
}

/* "kernel", "native", ... */
const char *frame_kind_name(enum frame_kind kind);
const char *frame_kind_words(enum frame_kind kind);

/* The kind of that name; FRAME_NONE when there is none. */
enum frame_kind frame_kind_of(struct str name);

struct module {
	uint32_t path;		/* string */
	uint32_t build_id;	/* string, hexadecimal; 0 when unknown */
	uint64_t start, limit;	/* where it was mapped; 0 when it does not matter */
	uint64_t offset;	/* in the file, of start */
};

struct function {
	uint32_t name;		/* string: demangled, what a person reads */
	uint32_t system_name;	/* string: linkage name; 0 when the same as name */
	uint32_t file;		/* string: source file; 0 when unknown */
	uint32_t start_line;	/* 0 when unknown */
};

struct frame {
	uint32_t function;	/* index into functions; 0 when only the address is known */
	uint32_t line;		/* 0 when unknown */
	uint32_t module;	/* index into modules */
	uint8_t kind;		/* enum frame_kind */
	uint8_t inlined;	/* 1: inlined into its caller */
	uint16_t column;	/* 0 when unknown */
	uint64_t address;	/* as in the ELF file (vaddr), or of the kernel; 0 when unknown */
};

struct strings;

struct frames {
	struct strings *strings;	/* borrowed */
	struct module *modules;
	struct function *functions;
	struct frame *frames;
	uint32_t n_modules, n_functions, n_frames;
	uint32_t cap_modules, cap_functions, cap_frames;
	bool failed;
	struct idindex module_index, function_index, frame_index;
};

/* Row 0 of each table is made here. */
void frames_init(struct frames *frames, struct strings *strings);
void frames_fini(struct frames *frames);

/* The id of the row equal to this one, added when it is new. */
uint32_t frames_add_module(struct frames *frames, const struct module *module);
uint32_t frames_add_function(struct frames *frames, const struct function *function);
uint32_t frames_add(struct frames *frames, const struct frame *frame);

/* The function's name; the empty string when it has none. */
struct str frame_name(const struct frames *frames, uint32_t frame);

#endif
