/* SPDX-License-Identifier: Apache-2.0 */
/* collect/goroutine.h
 *
 * The pprof labels of the goroutines that were sampled. A set is read out of its process the first time
 * that it is seen, and remembered by where it was and what was in it.
 */
#ifndef SONDE_COLLECT_GOROUTINE_H
#define SONDE_COLLECT_GOROUTINE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"

struct process;
struct raw_label;
struct sample_hdr;
struct walk_runtime;

struct goroutine_set {
	uint64_t at;
	uint32_t check, incarnation;
	const struct raw_label *labels;	/* the arena's */
	uint32_t n;
};

struct goroutines {
	struct goroutine_set *items;
	uint32_t n, cap;
	struct idindex index;
	struct arena arena;
	uint64_t lost;	/* sets that had changed or gone before they were read */
};

/* {0} is empty. */
void goroutines_fini(struct goroutines *goroutines);

/* The label set of a sample's goroutine: an id from 1 on, always the same for the same set; 0: none, or
 * it could not be read. */
uint32_t goroutines_labels(struct goroutines *goroutines, const struct process *process,
			   const struct walk_runtime *runtime, const struct sample_hdr *hdr);

#endif
