/* SPDX-License-Identifier: Apache-2.0 */
/* base/ahead.h
 *
 * A mapped file that is read from front to back: a thread has the pages ready before they are read, and gives back
 * those behind.
 *
 *   |-- given back --|-- AHEAD_KEPT --|passed ... reached|---- AHEAD_BYTES, ready ----|
 *
 * A page fault for every 64 KiB is a tenth of what reading perf.data takes, unmapping what was mapped so a twentieth.
 * All of it is a wish: what is not ready, or is looked at again, is got as ever.
 * Threads: one reader.
 */
#ifndef SONDE_BASE_AHEAD_H
#define SONDE_BASE_AHEAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define AHEAD_BYTES ((size_t)32 << 20)
#define AHEAD_KEPT ((size_t)8 << 20)

struct ahead {
	struct str file;
	size_t reached, passed;	/* by the reader; atomic */
	bool stop;		/* atomic */
	bool running;
	pthread_t thread;
};

/* Begins; `file` is mapped from a file and stays so until ahead_stop(). Without a second processor, a thread, or much to
 * read nothing happens. {0} may be told of and stopped too. */
void ahead_start(struct ahead *ahead, struct str file);
void ahead_stop(struct ahead *ahead);

/* The reader is at p; of what lies before it some may be looked at again. (p may be anywhere.) */
static inline void ahead_reached(struct ahead *ahead, const char *p)
{
	if ((size_t)(p - ahead->file.p) < ahead->file.n)
		__atomic_store_n(&ahead->reached, (size_t)(p - ahead->file.p), __ATOMIC_RELAXED);
}

/* Nothing before p will be looked at again. */
static inline void ahead_passed(struct ahead *ahead, const char *p)
{
	if ((size_t)(p - ahead->file.p) < ahead->file.n)
		__atomic_store_n(&ahead->passed, (size_t)(p - ahead->file.p), __ATOMIC_RELAXED);
}

#endif
