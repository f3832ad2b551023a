/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/go/table.h
 *
 * Go's own function table ("pclntab"), which the linker puts into every Go program and library, also
 * stripped ones, since the run-time needs it: per function its name and, per address, file, line, the
 * inlined calls that led there and how far the stack pointer has moved. Go 1.18 and later.
 *
 *   header      magic, offsets of the parts; from 1.20 on another magic; from 1.26 on no text address
 *   functab     (address, record) per function, addresses relative to the text, ascending
 *   record      offsets of name and of tables (pc -> value), kind and flags
 *   pctab       the tables: (difference of value, difference of pc) until a 0
 *   moduledata  in writable data: where text and "gofunc" (the inline trees) are. In position-
 *               independent files its words are there only as relocations.
 *
 * Every byte is hostile. Memory: none; everything is lent by the elf.
 */
#ifndef SONDE_RUNTIME_GO_TABLE_H
#define SONDE_RUNTIME_GO_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct elf;

enum go_layout { GO_LAYOUT_118, GO_LAYOUT_120 };	/* the version that began it */

struct go_table {
	enum go_layout layout;
	uint64_t vaddr;		/* of the header */
	uint64_t text, text_end;	/* vaddrs of the code of functions in the table */
	uint32_t n_functions;
	struct str names, units, files, values, records;	/* parts */
	struct str inlines;	/* from "gofunc" on; empty: no inline trees */
	uint64_t module;	/* vaddr of the moduledata */
};

/* A function by its record. */
struct go_function {
	uint64_t start, end;	/* vaddrs */
	struct str name;	/* as Go writes it: "main.(*T).Method", "main.Map[...]" */
	uint32_t start_line;	/* 0: not told (before 1.20) */
	uint8_t id;		/* its meaning differs between versions; 0: an ordinary one */
	uint8_t flags;		/* GO_FLAG_* */
	uint32_t sp_values, file_values, line_values, inline_values;	/* offsets in values; 0: none */
	uint32_t unit;		/* index in units */
	uint32_t inlines;	/* offset in inlines; UINT32_MAX: none */
};

#define GO_FLAG_TOP 1u		/* nothing has called it */
#define GO_FLAG_SP_WRITE 2u	/* sets the stack pointer in ways that its table does not tell */
#define GO_FLAG_ASSEMBLY 4u

/* 0, or -ENOENT when the file has no such table (then ret_table is untouched). Reads only what tells a
 * Go file apart when it is none. */
int go_table_open(struct go_table *ret_table, struct elf *elf);

/* The i-th function of the table, in order of address. False when its record is damaged. */
bool go_table_function(const struct go_table *table, uint32_t i, struct go_function *ret_function);

/* The function that holds vaddr. */
bool go_table_find(const struct go_table *table, uint64_t vaddr, struct go_function *ret_function);

struct go_frame {
	struct str name, file;	/* file: a whole path, or one without its root (-trimpath) */
	uint32_t line, start_line;
	bool inlined;
};

#define GO_FRAMES_MAX 64u	/* nested inlined calls */

/* The frames at vaddr, innermost first; the last one is the function itself. 0 when the table says
 * nothing of it: C code has entries too where Go's own linker took it in. */
uint32_t go_table_frames(const struct go_table *table, uint64_t vaddr,
			 struct go_frame frames[GO_FRAMES_MAX]);

/* A table of values by pc: its steps in order. */
struct go_steps {
	struct str bytes;
	size_t at;
	uint64_t pc;		/* where the next step begins */
	int32_t value;
};

/* value holds in [start, end). False after the last step. */
struct go_step {
	uint64_t start, end;
	int32_t value;
};

struct go_steps go_steps_over(const struct go_table *table, uint32_t offset, uint64_t start);
bool go_steps_next(struct go_steps *steps, struct go_step *ret_step);

/* The version that the file says it was built with, as in "go1.22.12" (lent by the elf); empty: not
 * told. */
struct str go_version(struct elf *elf);

#endif
