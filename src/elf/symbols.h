/* SPDX-License-Identifier: Apache-2.0 */
/* elf/symbols.h
 *
 * The functions of an ELF file by address: .symtab, else .dynsym (else both), and names of PLT
 * entries ("puts@plt"). Sorted columns; a lookup is one binary search.
 */
#ifndef SONDE_ELF_SYMBOLS_H
#define SONDE_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct elf;
struct err;

struct symbol {
	uint64_t vaddr, size;	/* never 0: an unsized symbol reaches to the next one of its
				 * section, or to the section's end */
	struct str name;	/* as in the file (mangled, version cut off); lent by the elf */
};

struct symbols {
	struct symbol *items;	/* sorted by vaddr; of several at one vaddr the best one is kept:
				 * sized before unsized, global before weak before local, then
				 * fewer leading underscores and the shorter name */
	uint32_t *outer;	/* where to look when an address is past item i: the nearest earlier
				 * symbol that ends later, + 1; 0 when there is none */
	uint32_t n;
	bool dynamic_only;	/* no .symtab: static functions have no names here */
};

/* STT_FUNC, STT_GNU_IFUNC and untyped symbols in executable sections; unsized ones inside a sized
 * one (assembly labels) are left out. Damaged tables give fewer symbols, not an error. 0 or
 * -ENOMEM. */
int symbols_load(struct symbols *symbols, struct elf *elf, struct err *err);
void symbols_fini(struct symbols *symbols);

/* The symbol that holds vaddr, or NULL. An address past a sized symbol's end is nobody's,
 * unless an enclosing symbol holds it too. */
const struct symbol *symbols_find(const struct symbols *symbols, uint64_t vaddr);

#endif
