/* SPDX-License-Identifier: Apache-2.0 */
/* unwind/unwind.h
 *
 * CFI -> compact rows: .eh_frame (and .debug_frame for what it leaves out) of one ELF file becomes
 * one table of 4-byte rows (layout: abi/unwind.h) over a dictionary of rules that all files share.
 */
#ifndef SONDE_UNWIND_UNWIND_H
#define SONDE_UNWIND_UNWIND_H

#include <stdint.h>

#include "abi/unwind.h"
#include "base/hash.h"

struct elf;
struct err;

/* Rules every dictionary begins with. */
#define UNWIND_RULE_NONE 0u
#define UNWIND_RULE_UNSUPPORTED 1u

/* The dictionary: rules only ever get added; rule 0 is UNWIND_NONE, rule 1 UNWIND_UNSUPPORTED. */
struct unwind_rules {
	struct unwind_rule *items;
	uint32_t n, cap;
	struct idindex index;
};

/* 0 or -ENOMEM. */
int unwind_rules_init(struct unwind_rules *rules);
void unwind_rules_fini(struct unwind_rules *rules);

/* The number of a rule, added when new; rule 1 when the dictionary is full. */
uint32_t unwind_rules_add(struct unwind_rules *rules, const struct unwind_rule *rule);

struct unwind_stats {
	uint32_t fdes;		/* functions described */
	uint32_t rows_raw;	/* rows that CFI holds */
	uint32_t rows;		/* rows kept */
	uint32_t unsupported;	/* kept rows that say UNWIND_UNSUPPORTED */
	uint32_t damaged;	/* CIEs and FDEs that could not be parsed */
};

struct unwind_table {
	uint64_t *cells;	/* malloc's; NULL when the file has no CFI */
	uint32_t n_cells;
	struct unwind_stats stats;
};

/* 0 (also when there is no CFI: the table is then empty), or -errno. Damaged CFI gives the rows
 * that could be read. What has no CFI and is known otherwise (entry stubs, signal trampolines,
 * PLTs, small C libraries built without it) is added here too, so that walk/ knows no file. */
int unwind_build(struct unwind_table *table, struct elf *elf, struct unwind_rules *rules,
		 struct err *err);
void unwind_table_fini(struct unwind_table *table);

/* The rule number at vaddr; 0 outside. What walk/ does in the kernel, for tests and the host. */
uint32_t unwind_find(const struct unwind_table *table, uint64_t vaddr);

#endif
