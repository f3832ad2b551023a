/* SPDX-License-Identifier: Apache-2.0 */
/* cli/codefile.h
 *
 * A file of code that a profile tells of, with what tells where its functions begin and end (cli/code.h). Private to
 * cli/code*.c.
 */
#ifndef SONDE_CLI_CODEFILE_H
#define SONDE_CLI_CODEFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "elf/elf.h"
#include "elf/starts.h"
#include "elf/symbols.h"
#include "runtime/go/table.h"

struct dwarf;
struct machine_code;
struct profile;

/* One file, opened once: a list. */
struct code_file {
	struct code_file *next;
	const struct profile *profile;
	uint32_t module;
	int rc;				/* why not: with .why */
	struct err why;
	bool certain;			/* its build id is that of the profile */
	struct elf elf, debug;
	struct symbols symbols, debug_symbols;
	uint32_t *names, *debug_names;	/* of each symbol: strings, once they were asked for */
	struct starts starts;
	bool is_go;
	struct go_table go;
	struct dwarf *dwarf;
};

/* .profile and .module are set, all else is zero. 0 or -errno; code_file_close(), which frees the file, in either
 * case. */
int code_file_open(struct code_file *file, struct err *err);
void code_file_close(struct code_file *file);

struct str code_file_path(const struct code_file *file);

/* NULL: no symbol is there. */
const struct symbol *code_file_symbol(const struct code_file *file, uint64_t vaddr);

/* A mapping tells live addresses, none (or one that spans everything) the file's own. */
bool code_file_vaddr(const struct code_file *file, uint64_t address, uint64_t *ret_vaddr);

/* Where the function at vaddr begins and ends: .vaddr and .size. 0 or -errno. */
int code_file_range(const struct code_file *file, uint64_t vaddr, struct machine_code *code, struct err *err);

#endif
