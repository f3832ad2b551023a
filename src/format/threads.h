/* SPDX-License-Identifier: Apache-2.0 */
/* format/threads.h
 *
 * Which samples are one thread's, for the formats that hold threads apart: by the labels "process",
 * "pid", "thread" and "tid", where there are any.
 */
#ifndef SONDE_FORMAT_THREADS_H
#define SONDE_FORMAT_THREADS_H

#include "model/profile.h"

struct buf;

struct thread_of_samples {
	struct str process, thread;	/* names, borrowed from the profile; empty: not known */
	int64_t pid, tid;		/* 0: not known */
	uint32_t first, n;		/* its samples, in .order */
};

struct threads_of_samples {
	struct thread_of_samples *items;
	uint32_t n, cap;
	uint32_t *of_set;		/* label set -> index into items */
	uint32_t *order;		/* samples, those of a thread beside each other */
};

/* In the order of their first sample. 0 or -ENOMEM; threads_of_samples_fini() in either case. */
int threads_of_samples_init(struct threads_of_samples *threads, const struct profile *profile);
void threads_of_samples_fini(struct threads_of_samples *threads);

/* "worker (1234)", "worker", "1234", or nothing. */
void thread_of_samples_add_name(const struct thread_of_samples *thread, struct buf *out);

/* The label set that those words stand for: the inverse. */
uint32_t thread_of_samples_label(struct profile *profile, struct str name);

#endif
