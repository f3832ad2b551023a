/* SPDX-License-Identifier: Apache-2.0 */
/* collect/v8.h
 *
 * From V8's frames of a sample to functions that outlive the process: the kernel half copies what names a
 * function when it first meets it; the rest, and what it has not copied, is read of the process, and
 * taken only when what the kernel saw is still there afterwards.
 */
#ifndef SONDE_COLLECT_V8_H
#define SONDE_COLLECT_V8_H

#include <stdint.h>

#include "abi/runtime.h"
#include "base/hash.h"
#include "collect/cpu.h"

struct images;
struct process;
struct sample_v8;
struct v8_objects;

struct v8_known {
	uint64_t address;	/* in the process */
	uint32_t check, kind, incarnation;
	uint32_t id;		/* of the codes; 0: ... */
	uint32_t fault;		/* ... enum v8_fault */
	uint32_t place;		/* V8_AT: in the code */
	uint32_t tries;		/* how often it was read, or looked for, ... */
	uint32_t met;		/* ... and met, in vain */
};

struct v8_frames {
	struct images *images;	/* borrowed */
	struct v8_known *items;
	uint32_t n, cap;
	struct idindex index;
};

void v8_frames_init(struct v8_frames *frames, struct images *images);
void v8_frames_fini(struct v8_frames *frames);

/* Takes what the kernel half has copied. */
void v8_frames_learn(struct v8_frames *frames, const struct process *process,
		     const struct v8_objects *objects, const struct sample_v8 *record);

/* The frame for the words of a walk (SAMPLE_FRAME_V8): two, and with V8_AT, two more. `objects` is the
 * layout of the process's V8, or NULL; `thread` runs them. The number of words that were taken, 0 when some are missing. */
uint32_t v8_frame_of(struct v8_frames *frames, const struct process *process, uint32_t thread,
		     const struct v8_objects *objects, const uint64_t *words, uint32_t n_words,
		     struct raw_frame *ret_frame);

#endif
