/* SPDX-License-Identifier: Apache-2.0 */
/* elf/dwarf.h
 *
 * Addresses -> functions, files, lines and inlined calls, from DWARF 2 to 5.
 *
 * A raw, linear, lazy parser made for batches: the queries are sorted, only units that hold one are
 * read, each once, and names are resolved only for hits. Split DWARF (.dwo, .dwp), dwz's alternate
 * file, compressed sections, DW_FORM_*x/strx/addrx/rnglistx and 64-bit DWARF are handled.
 *
 * Strings are lent by the dwarf (they point into its sections or its arena).
 * Threads: dwarf_resolve() may use threads of its own; one caller at a time.
 */
#ifndef SONDE_ELF_DWARF_H
#define SONDE_ELF_DWARF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct elf;
struct err;
struct dwarf;

/* One frame of an address. frames[0] of an address is the innermost inlined function, the last one
 * is the function that the linker knows. `name` is the linkage name where there is one (mangled),
 * else DW_AT_name; empty when DWARF has none (a caller then uses the symbol table). */
struct dwarf_frame {
	struct str name;
	struct str dir, file;	/* file may be absolute (dir is then empty), or relative to dir */
	uint32_t line;		/* where it is: the line table's for [0], the call site's for the rest */
	uint32_t column;
	uint32_t start_line;	/* DW_AT_decl_line of the function; 0 when unknown */
	struct str decl_file;	/* DW_AT_decl_file's base name or path; may be empty */
	struct str decl_dir;
};

struct dwarf_result {
	uint32_t *first;		/* query i's frames: frames[first[i] .. first[i+1]) */
	struct dwarf_frame *frames;
	uint32_t n, n_frames;		/* n queries */
	uint32_t cap_frames;
};

/* `elf` holds .debug_info (the separate debug file where there is one) and is borrowed for the
 * dwarf's life. `path` is where it was found: .dwo, .dwp and dwz files are looked for from there.
 * -ENOENT when it has no DWARF. A damaged unit is skipped, never fatal. */
int dwarf_open(struct dwarf **ret_dwarf, struct elf *elf, const char *path, struct err *err);
void dwarf_close(struct dwarf *dwarf);

/* vaddrs must be sorted ascending, distinct, and are looked up as they are: the caller has taken 1
 * from return addresses. 0, or -ENOMEM. */
int dwarf_resolve(struct dwarf *dwarf, const uint64_t *vaddrs, uint32_t n,
		  struct dwarf_result *ret_result, struct err *err);

/* Reads the sections that resolving these takes, for dwarf_resolve() of these and others. What goes wrong is met there
 * again. */
void dwarf_prepare(struct dwarf *dwarf, const uint64_t *vaddrs, uint32_t n);

void dwarf_result_fini(struct dwarf_result *result);

#endif
