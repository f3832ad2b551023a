/* SPDX-License-Identifier: Apache-2.0 */
/* collect/recorded.h
 *
 * Code and stacks of a recording that somebody else made (perf.data): its files as they are on this machine, each
 * believed only while it is what was mapped then, and copied stacks, walked over their rows by walk/.
 * Threads: one; each reader has its own.
 */
#ifndef SONDE_COLLECT_RECORDED_H
#define SONDE_COLLECT_RECORDED_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/sample.h"
#include "base/str.h"

struct image_query;
struct recorded;

/* NULL when out of memory. */
struct recorded *recorded_new(void);
void recorded_free(struct recorded *recorded);

/* (A file that is not at its path may be where perf keeps copies by build id: elf/buildcache.h.)
 * The image of a file that was mapped by that path, with that build id (or, without one, that inode), and not
 * written since recorded_ns (since 1970; 0: not known). 0: it is not here, or another is: *ret_trouble then
 * says so (else NULL). ret_build_id is lent. "[vdso]" is our own. */
uint32_t recorded_file(struct recorded *recorded, const struct image_query *query, uint64_t recorded_ns,
		       struct str *ret_build_id, const char **ret_trouble);

/* As images_bias(). */
bool recorded_bias(const struct recorded *recorded, uint32_t image, uint64_t start, uint64_t off,
		   uint64_t *ret_bias);

/* Walks the stack `bytes`, copied from regs[UNWIND_RSP] up. The mappings' tables are images of this; they are
 * others whenever the generation is. Frames as of walk_host_run(). */
enum walk_end recorded_walk(struct recorded *recorded, const struct walk_mapping *mappings,
			    uint32_t n_mappings, uint32_t generation, const uint64_t *regs, struct str bytes,
			    uint64_t *words, uint32_t max, uint32_t *ret_n);

#endif
