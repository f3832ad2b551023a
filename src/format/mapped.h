/* SPDX-License-Identifier: Apache-2.0 */
/* format/mapped.h
 *
 * The end of what allocators and gperftools write: the lines of /proc/PID/maps, and live addresses that become
 * frames by them. They have a module and an address, and get their names afterwards, from the files.
 */
#ifndef SONDE_FORMAT_MAPPED_H
#define SONDE_FORMAT_MAPPED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct profile;

struct mapped {
	struct profile *profile;	/* borrowed */
	struct mapping {
		uint64_t start, limit;
		uint32_t module;
		uint8_t kind;
		bool allocator;		/* the library of an allocator, whose functions everybody calls */
	} *items;			/* ascending */
	uint32_t n, cap;
	bool failed;			/* out of memory */
};

/* {.profile = ...} knows no mapping. */
void mapped_fini(struct mapped *mapped);

/* Takes the executable mappings of the text; other lines are passed over. */
void mapped_read(struct mapped *mapped, struct str text);

/* The frame of an address; one without a module where nothing is mapped. */
uint32_t mapped_frame(const struct mapped *mapped, uint64_t address);

/* Whether the address is in the library of an allocator (jemalloc, tcmalloc). */
bool mapped_in_allocator(const struct mapped *mapped, uint64_t address);

#endif
