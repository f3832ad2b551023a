/* SPDX-License-Identifier: Apache-2.0 */
/* collect/jvm.h
 *
 * From HotSpot's frames of a sample to methods that outlive the process: what names them is read of the process
 * when a place is first seen, and taken only when what the kernel saw is still there afterwards.
 */
#ifndef SONDE_COLLECT_JVM_H
#define SONDE_COLLECT_JVM_H

#include <stdint.h>

#include "abi/runtime.h"
#include "base/hash.h"
#include "collect/cpu.h"

struct images;
struct process;

struct jvm_known {
	uint64_t words[2];	/* as the walk recorded them */
	uint32_t incarnation;	/* of the process */
	uint32_t id;		/* of the codes; 0: ... */
	uint32_t fault;		/* ... enum jvm_fault */
};

struct jvm_frames {
	struct images *images;	/* borrowed */
	struct jvm_known *items;
	uint32_t n, cap;
	struct idindex index;
};

void jvm_frames_init(struct jvm_frames *frames, struct images *images);
void jvm_frames_fini(struct jvm_frames *frames);

/* The frame for two words of a walk (SAMPLE_FRAME_JVM). */
struct raw_frame jvm_frame_of(struct jvm_frames *frames, const struct process *process,
			      const uint64_t words[2]);

#endif
