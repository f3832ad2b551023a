/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/threads.h
 *
 * Who ran: the threads that samples are labelled with, and what each cost.
 *
 * Threads are told apart by the labels pid, tid, process and thread; whatever a sample lacks is
 * unknown (has_pid, has_tid, an empty name). Memory: malloc's; names are lent by the profile.
 */
#ifndef SONDE_ANALYZE_THREADS_H
#define SONDE_ANALYZE_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct err;
struct filter;
struct profile;

struct thread_row {
	struct str process, thread;
	int64_t pid, tid;
	bool has_pid, has_tid;
	uint64_t samples;	/* see samples_kept() */
	int64_t value;		/* of the type asked for */
	uint32_t was;		/* private */
};

struct threads {
	struct thread_row *rows;	/* threads_init(): by value, largest first */
	uint32_t n, cap;
	uint32_t *of_set;		/* label set id -> row, for sets that a kept sample has */
	int64_t total;			/* of value, over all kept samples */
	uint64_t samples;
};

/* Rows of threads that a kept sample has. 0, -EINVAL (no such value type) or -ENOMEM. */
int threads_init(struct threads *threads, const struct profile *profile,
		 const struct filter *filter, uint32_t type, struct err *err);
void threads_fini(struct threads *threads);

/* The value type that counts samples ("samples" in "count"), or -1. */
int samples_type(const struct profile *profile);

/* How many samples the kept rows stand for: the sum of samples_type(), or their number. */
uint64_t samples_kept(const struct profile *profile, const struct filter *filter);

/* The sum of a value over the kept rows. */
int64_t kept_total(const struct profile *profile, const struct filter *filter, uint32_t type);

/* Whether one of them is below zero, as a difference has it: no picture can draw that. */
bool kept_negative(const struct profile *profile, const struct filter *filter, uint32_t type);

#endif
