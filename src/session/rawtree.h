/* SPDX-License-Identifier: Apache-2.0 */
/* session/rawtree.h
 *
 * A recording before anything has a name: distinct frames as (image, vaddr), the tree of their stacks,
 * and how often each stack was seen by whom, and when (12 bytes a sample) as long as there
 * are no more samples than times_max.
 *
 * Naming is left to the end, when each image's addresses are known together: see session/naming.h.
 */
#ifndef SONDE_SESSION_RAWTREE_H
#define SONDE_SESSION_RAWTREE_H

#include <stdint.h>

#include "base/hash.h"
#include "collect/cpu.h"
#include "model/stacktree.h"

/* Frames that are no code: their vaddr is the enum walk_end of a stack that was cut. */
#define RAW_CUT_IMAGE UINT32_MAX

struct raw_count {
	uint32_t stack;		/* of tree */
	uint32_t label_set;	/* of the profile's labels */
	uint64_t n;
};

struct rawtree {
	struct raw_frame *frames;	/* [0] is none */
	uint32_t n_frames, cap_frames;
	struct idindex frame_index;
	struct stacktree tree;
	struct raw_count *counts;
	uint32_t n_counts, cap_counts;
	struct idindex count_index;	/* (stack, labels) -> count + 1 */
	uint32_t times_max;		/* set by who wants times; 0 (there are none) once there are more */
	uint64_t *time_ns;		/* of each sample, CLOCK_MONOTONIC */
	uint32_t *count_of;		/* its place in counts */
	uint32_t n_times, cap_times, cap_count_of;
};

/* 0 or -ENOMEM. */
int rawtree_init(struct rawtree *raw);
void rawtree_fini(struct rawtree *raw);

/* Counts one sample. A stack that does not reach its thread's root gets a frame above all others that
 * says why. 0 or -ENOMEM. */
int rawtree_add(struct rawtree *raw, const struct raw_sample *sample, uint32_t label_set);

#endif
