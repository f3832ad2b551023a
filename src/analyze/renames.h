/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/renames.h
 *
 * Modules that the other side has by another name (bench-old, bench-new). Each function that was found to be one
 * though its modules differ votes for a pair; what most of a module's functions say holds for all of it.
 *
 *   app-1 app-2      app-1 app-2      app-1 libz.so      settled: app-1 is app-2
 *
 * Memory: malloc's; strings are borrowed.
 */
#ifndef SONDE_ANALYZE_RENAMES_H
#define SONDE_ANALYZE_RENAMES_H

#include <stdint.h>

#include "base/str.h"

struct rename {
	struct str from, to;
	uint32_t votes;
};

struct renames {
	struct rename *items;
	uint32_t n, cap;
};

/* 0 or -ENOMEM. */
int renames_vote(struct renames *renames, struct str from, struct str to);

/* Leaves one for each module, sorted: that with the most votes, of equal ones the first by name. */
void renames_settle(struct renames *renames);

/* After settling: the module's other name, or its own where it has none. */
struct str renames_get(const struct renames *renames, struct str module);

void renames_fini(struct renames *renames);

#endif
