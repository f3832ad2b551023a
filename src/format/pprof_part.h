/* SPDX-License-Identifier: Apache-2.0 */
/* format/pprof_part.h
 *
 * A run of a pprof file's samples, read into a batch of its own.
 *
 *   file    ... | sample sample sample | sample sample sample | ...
 *                 part 0 -> batch        part 1 -> batch            at the same time
 *
 * pprof_samples.c reads one; pprof_parts.c cuts them, starts threads, and joins what came out in the order of
 * the file. Label sets are numbered in each part by itself and get the profile's numbers then.
 *
 * Threads: a part is one thread's; the reader that they share is only read.
 */
#ifndef SONDE_FORMAT_PPROF_PART_H
#define SONDE_FORMAT_PPROF_PART_H

#include "base/err.h"
#include "format/pprof_reader.h"

#define PPROF_PARTS 2
#define PPROF_SEEN_LABELS 1024

struct pprof_sample;

struct pprof_part {
	const struct pprof_reader *reader;
	size_t begin, end;		/* of its fields, in the file */
	size_t stopped;			/* fields before it are done: less than end when the batch is full */
	int rc;				/* 0, or -errno with a sentence: */
	struct err err;
	struct batch batch;
	struct labels labels;
	uint64_t frames;		/* that its samples unfold to */
	uint64_t labels_dropped;
	struct pprof_seen_labels {
		struct str bytes;	/* a sample's labels in the file */
		uint32_t set;
	} seen_labels[PPROF_SEEN_LABELS];	/* by hash */
	struct pprof_seen_stack {	/* by hash, where a sample's locations were seen before */
		const char *bytes;	/* in the file; NULL: none */
		uint32_t n_bytes;
		uint32_t stack;		/* number in the batch */
		uint32_t n_frames;
	} *seen_stacks;
	size_t n_seen_stacks;
	struct pprof_sample *waiting;	/* whose stacks are about to be looked for there */
	uint32_t n_waiting;
	uint32_t *stack;		/* one sample's words, innermost first */
	uint32_t cap_stack;
};

/* Reads it, to .end or until the batch is full. */
void pprof_part_read(struct pprof_part *part);

/* "its samples unfold to far more frames ...": what reader->frames_left counts is used up. */
int pprof_part_too_many(const struct pprof_reader *r, struct err *err, const char *at);

#endif
