/* SPDX-License-Identifier: Apache-2.0 */
/* symbol/file_object.h
 *
 * A mapped file (or the vDSO) and what is read of it. file_object.c finds the file, makes sure that it is the one
 * that was mapped, and loads what lies beside it; file_names.c names its addresses. Nobody else includes this:
 * the way in is symbol/object.h.
 */
#ifndef SONDE_SYMBOL_FILE_OBJECT_H
#define SONDE_SYMBOL_FILE_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "elf/dwarf.h"
#include "elf/elf.h"
#include "elf/starts.h"
#include "elf/symbols.h"
#include "runtime/go/table.h"
#include "symbol/object.h"

struct file_object {
	struct symbol_object object;
	int fd;				/* -1: none */
	char *path, *root;		/* of a file */
	char *bytes;			/* of the vDSO */
	size_t n_bytes;
	char build_id[64];		/* as the kernel reported it */
	size_t build_id_bytes;
	uint64_t stamp_bytes, stamp_mtime_ns;	/* when it was mapped; 0, 0: not told */
	bool system;			/* a library that came with the system */
	bool interpreter;		/* it interprets other code */
	bool without_lines;		/* only symbol tables are asked */

	bool loaded;
	const char *trouble;		/* why nothing can be named; NULL: it can */
	struct elf elf, debug;		/* debug is closed when the file holds all. */
	struct symbols symbols, debug_symbols;
	struct dwarf *dwarf;		/* NULL: none */
	bool is_go;
	struct go_table go;
	struct arena go_names;		/* those that are not in the file as they are shown */
	bool starts_loaded;
	struct starts starts;		/* for what has no name */
};

/* Of struct symbol_source: they are called once it is loaded. */
void file_object_prepare(struct symbol_object *object, const uint64_t *vaddrs, uint32_t n);
void file_object_name(struct symbol_object *object, struct naming *naming, const uint64_t *vaddrs, uint32_t n);

#endif
