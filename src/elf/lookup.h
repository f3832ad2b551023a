/* SPDX-License-Identifier: Apache-2.0 */
/* elf/lookup.h
 *
 * One symbol by its name, code or data, without reading the table: cheap enough to ask of every file
 * that is mapped.
 *
 *   .dynsym   by .gnu.hash, a few cache lines; from end to end only where that is missing
 *   .symtab   its names are searched for the bytes, and only when they are there the symbols are read
 *
 * Sources: System V gABI, "Symbol Table"; the GNU hash table as glibc's dl-lookup.c reads it.
 */
#ifndef SONDE_ELF_LOOKUP_H
#define SONDE_ELF_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct elf;

struct elf_symbol {
	struct str name;	/* lent by the elf */
	uint64_t vaddr, size;
	uint8_t type;		/* STT_* */
};

/* Defined and exported, else defined at all. False when neither. */
bool elf_lookup(struct elf *elf, struct str name, struct elf_symbol *ret_symbol);

/* Shows every symbol of .symtab whose name begins so; ends early when `see` gives false. */
void elf_lookup_each(struct elf *elf, struct str prefix,
		     bool (*see)(void *context, const struct elf_symbol *symbol), void *context);

#endif
