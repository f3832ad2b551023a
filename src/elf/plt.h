/* SPDX-License-Identifier: Apache-2.0 */
/* elf/plt.h
 *
 * The entries of a file's procedure linkage tables: little jumps through a slot of the GOT, without
 * symbols of their own. What an entry calls is found by decoding it and asking which relocation
 * fills its slot, so that every linker's layout (.plt, .plt.sec, .plt.got; bfd, gold, lld, mold) is
 * read the same way.
 */
#ifndef SONDE_ELF_PLT_H
#define SONDE_ELF_PLT_H

#include <stdint.h>

#include "base/str.h"

struct elf;

struct plt_entry {
	uint64_t vaddr, size;
	struct str target;		/* "puts"; empty when the slot is filled by a resolver: */
	uint64_t resolver_vaddr;	/* R_*_IRELATIVE's addend (static programs) */
};

struct plt_entries {
	struct plt_entry *items;	/* free() ends it */
	uint32_t n, cap;
};

/* Entries that cannot be read are left out. 0 or -ENOMEM. Target names are lent by the elf. */
int plt_entries_read(struct plt_entries *entries, struct elf *elf);

#endif
