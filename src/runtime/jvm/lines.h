/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/lines.h
 *
 * The LineNumberTable of a method, as HotSpot keeps it behind the bytecodes (oops/compressedLineStream):
 * differences of (bytecode index, line), a byte for most, ended by a zero byte.
 */
#ifndef SONDE_RUNTIME_JVM_LINES_H
#define SONDE_RUNTIME_JVM_LINES_H

#include <stdint.h>

#include "base/arena.h"

struct jvm_line {
	uint16_t bci, line;
};

struct jvm_lines {
	struct jvm_line *items;
	uint32_t n;
};

/* Takes the rows off the front of `bytes`. No row at all when the bytes are no such table: a bytecode beyond
 * code_size, a line that no class file can have, no end. */
struct jvm_lines jvm_lines_read(struct str bytes, uint32_t base, uint32_t code_size, struct arena *arena);

/* The line of a bytecode: of the last row at or before it. 0: none. */
uint32_t jvm_lines_find(const struct jvm_lines *lines, uint32_t bci);

#endif
