/* SPDX-License-Identifier: Apache-2.0 */
/* elf/starts.h
 *
 * Where functions start, as a file tells its exception handling: what is left to tell one function of
 * a stripped file from the next.
 *
 *   .eh_frame_hdr   start FDE | start FDE | ...      sorted, searched where it lies
 *                          \
 *   .eh_frame               FDE: start, size          says where the function ends
 *
 * Only a file without that table has its .eh_frame read from end to end. Code that the compiler split
 * off (main.cold) starts a function of its own.
 *
 * Sources: Linux Standard Base 5.0, "Exception Frames" (.eh_frame, .eh_frame_hdr, DW_EH_PE_*).
 */
#ifndef SONDE_ELF_STARTS_H
#define SONDE_ELF_STARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct elf;

struct starts_range {
	uint64_t start, size;
};

struct starts {
	const struct elf *elf;		/* borrowed */
	struct str table;		/* .eh_frame_hdr's; rows of two pointers */
	uint64_t table_vaddr, base;	/* base: of the header, what DW_EH_PE_datarel counts from */
	uint8_t encoding;		/* of both */
	unsigned row_bytes;		/* 0: no table, but: */
	struct starts_range *items;	/* what .eh_frame says, by start */
	uint32_t n, cap;
};

/* A file that tells nothing, or damage, gives no starts and is no error. 0 or -ENOMEM. */
int starts_load(struct starts *starts, const struct elf *elf);

/* The first vaddr of the function that holds this one; false when none does. */
bool starts_find(const struct starts *starts, uint64_t vaddr, uint64_t *ret_start);

/* The same with its size. */
bool starts_find_range(const struct starts *starts, uint64_t vaddr, struct starts_range *ret_range);

/* The functions in order, i below starts_count(); false for one that is damaged. */
uint64_t starts_count(const struct starts *starts);
bool starts_at(const struct starts *starts, uint64_t i, struct starts_range *ret_range);

void starts_fini(struct starts *starts);

#endif
