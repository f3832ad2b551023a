/* SPDX-License-Identifier: Apache-2.0 */
/* format/pprof_path.h
 *
 * A stack's location ids as pprof has them: varints, innermost first.
 *
 *   last row   main  parse  emit        bytes  [           emit parse main]
 *   this row   main  parse  lex         bytes  [            lex parse main]
 *
 * They are put together from the end of `bytes` towards its beginning, and the next row takes over
 * all that it shares with the last one.
 *
 * Memory: zeroed, with what is borrowed set, is an empty path.
 * Threads: one; what is borrowed is only read.
 */
#ifndef SONDE_FORMAT_PPROF_PATH_H
#define SONDE_FORMAT_PPROF_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct pprof_locations;

/* A location id as a varint, ready to be copied; what it does not need stands before it. */
struct pprof_code {
	char bytes[7];
	uint8_t n;
};

struct pprof_path {
	const uint32_t *parent;		/* of a stack, in the profile; borrowed, like: */
	const struct pprof_locations *locations;
	const struct pprof_code *codes;
	struct pprof_step {
		uint32_t stack;
		size_t outside;		/* bytes at the end that are its callers' */
		size_t n;		/* and its own with them */
	} *steps;			/* outermost first; steps[0] is the empty stack */
	uint32_t n, cap;
	uint32_t *pending, cap_pending;
	char *bytes;
	uint32_t cap_bytes;
};

/* Every location's code, by chain; to be freed. NULL when out of memory. */
struct pprof_code *pprof_codes_of(const struct pprof_locations *locations);

/* Goes to another stack: its ids, lent until the next call. False when out of memory. */
bool pprof_path_go(struct pprof_path *path, uint32_t stack, struct str *ret_ids);

void pprof_path_fini(struct pprof_path *path);

#endif
