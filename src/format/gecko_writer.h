/* SPDX-License-Identifier: Apache-2.0 */
/* format/gecko_writer.h
 *
 * What writing for the Firefox Profiler works on: each thread has tables of its own (gecko_tables.c), of what its
 * samples need; gecko_write.c puts samples, threads and the file around them. Private to format/gecko_*.c.
 */
#ifndef SONDE_FORMAT_GECKO_WRITER_H
#define SONDE_FORMAT_GECKO_WRITER_H

#include "format/functions.h"
#include "format/jsonfile.h"
#include "format/threads.h"

/* Which of a table of the profile a thread has, and as what. */
struct gecko_local {
	uint32_t *index;	/* there -> here + 1; 0: not in this thread */
	uint32_t *items;	/* here -> there */
	uint32_t n, cap;
};

struct gecko_writer {
	const struct profile *profile;
	struct functions functions;
	struct threads_of_samples threads;
	struct gecko_local stacks, frames, rows, modules;
	struct strings strings;		/* of the thread */
	struct jsonfile *out;
	struct json *json;
	struct buf text;
	int count_type;			/* -1: each row is one sample */
	bool is_time, is_bytes;		/* what the default type is */
};

/* Finds what the thread's tables must hold; forgets the thread before. */
void gecko_gather(struct gecko_writer *w, const struct thread_of_samples *thread);

/* The tables of that thread, as members of the object that is open. */
void gecko_add_tables(struct gecko_writer *w);

struct str gecko_module_path(const struct gecko_writer *w, uint32_t module);

#endif
