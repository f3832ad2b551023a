/* SPDX-License-Identifier: Apache-2.0 */
/* collect/interpreted.h
 *
 * From the interpreted frames of a sample to code that outlives the process: the kernel half copies each
 * code object when it first meets it; one that it has not copied is read now. Both are remembered by
 * address as long as the program runs.
 *
 * A code object that the kernel half saw and we cannot find any more, or not the same, is a frame with
 * its reason, never another one's name.
 */
#ifndef SONDE_COLLECT_INTERPRETED_H
#define SONDE_COLLECT_INTERPRETED_H

#include <stdint.h>

#include "abi/runtime.h"
#include "base/hash.h"
#include "collect/cpu.h"

struct images;
struct process;
struct python_names;
struct sample_code;

struct interpreted_code {
	uint64_t address;	/* in the process */
	uint32_t check, incarnation;
	uint32_t id;		/* of the codes; 0: ... */
	uint32_t fault;		/* ... enum python_fault */
};

/* Qualified names of one program, where code objects do not have them. */
struct interpreted_names {
	uint32_t incarnation;
	struct python_names *names;
};

struct interpreted {
	struct images *images;		/* borrowed */
	struct interpreted_names *names;
	uint32_t n_names, cap_names;
	struct interpreted_code *items;
	uint32_t n, cap;
	struct idindex index;
};

void interpreted_init(struct interpreted *interpreted, struct images *images);
void interpreted_fini(struct interpreted *interpreted);

/* Takes a code object that the kernel half has copied. */
void interpreted_learn(struct interpreted *interpreted, const struct process *process,
		       const struct walk_runtime *runtime, const struct sample_code *record);

/* The frame for two words of a walk (SAMPLE_FRAME_PYTHON). `runtime` is the process's, or NULL. */
struct raw_frame interpreted_frame(struct interpreted *interpreted, const struct process *process,
				   const struct walk_runtime *runtime, const uint64_t pair[2]);

#endif
