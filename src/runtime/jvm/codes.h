/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/codes.h
 *
 * Places in Java code and in HotSpot's stubs that were seen in stacks, with the methods that stand there: read at
 * first sight, since compiled code is thrown away and processes end.
 *
 *   the frame's words --jvm_codes_read()--> id --jvm_codes_place()--> frames, innermost first
 *
 * Several frames where calls were inlined.
 * Memory: all strings live as long as the table. Threads: one.
 */
#ifndef SONDE_RUNTIME_JVM_CODES_H
#define SONDE_RUNTIME_JVM_CODES_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/runtime.h"
#include "base/str.h"
#include "runtime/jvm/memory.h"
#include "runtime/jvm/offsets.h"

struct jvm_codes;

/* NULL when out of memory. */
struct jvm_codes *jvm_codes_new(void);
void jvm_codes_free(struct jvm_codes *codes);

enum jvm_tier { JVM_TIER_INTERPRETER, JVM_TIER_NATIVE, JVM_TIER_C1, JVM_TIER_C2, JVM_TIER_STUB };

/* One method at one place, or a stub. */
struct jvm_place {
	struct str name;	/* "work.Outer$Inner.run"; empty: it could not be read */
	struct str file;	/* empty: its class does not tell */
	uint32_t line;		/* 0: not known */
	uint32_t first_line;
	enum jvm_tier tier;
};

/* What the walk recorded of a frame (abi/sample.h). */
struct jvm_seen {
	uint32_t kind;		/* enum jvm_frame: interpreted, compiled or stub */
	uint64_t address;
	uint32_t check;
	uint32_t place;
	bool is_return;
};

/* The id of what was seen, read now unless it was known; 0 with *ret_fault when it is not there any more.
 * `process` tells address spaces apart. Not remembered by place: the caller does. */
uint32_t jvm_codes_read(struct jvm_codes *codes, const struct jvm_memory *memory, const struct jvm_offsets *o,
			uint32_t process, const struct jvm_seen *seen, enum jvm_fault *ret_fault);

/* How many frames stand for it: frame 0 is the innermost. 0 for an id that is none. */
uint32_t jvm_codes_frames(const struct jvm_codes *codes, uint32_t id);
struct jvm_place jvm_codes_place(const struct jvm_codes *codes, uint32_t id, uint32_t frame);

#endif
