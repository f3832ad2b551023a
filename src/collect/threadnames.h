/* SPDX-License-Identifier: Apache-2.0 */
/* collect/threadnames.h
 *
 * The names that a program gave its threads in its own language (threading.Thread(name=...)), which
 * the kernel mostly does not know.
 *
 * They are read from the process when a thread is first sampled, all of them at once, and again for a
 * thread without one, but so seldom that reading takes at most a fiftieth of the time.
 */
#ifndef SONDE_COLLECT_THREADNAMES_H
#define SONDE_COLLECT_THREADNAMES_H

#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/hash.h"

struct process;
struct processes;

#define THREAD_NAME_BYTES 64

struct threadname {
	uint32_t incarnation;	/* of the process */
	pid_t tid;
	const char *name;	/* in the arena; NULL: it has none */
	uint64_t asked_ns;
	uint32_t asked;		/* how often, in vain */
};

/* One that was read with the others and does not tell its tid (before 3.8). */
struct threadname_pending {
	uint32_t incarnation;
	uint64_t thread_pointer;
	const char *name;
	uint64_t read_ns;
};

struct threadnames_pace {
	uint32_t incarnation;
	uint64_t next_ns;	/* not read again before */
};

struct threadnames {
	struct processes *processes;	/* borrowed */
	struct threadname *items;
	uint32_t n, cap;
	struct idindex index;		/* (incarnation, tid) -> item + 1 */
	struct threadname_pending *pending;
	uint32_t n_pending, cap_pending;
	struct threadnames_pace *paces;
	uint32_t n_paces, cap_paces;
	struct arena arena;
};

void threadnames_init(struct threadnames *names, struct processes *processes);
void threadnames_fini(struct threadnames *names);

/* The name of a thread whose process has a language runtime; NULL when it has none. `thread_pointer` tells
 * it from others where its language does not know tids. Lent until threadnames_fini(). */
const char *threadnames_find(struct threadnames *names, const struct process *process, pid_t tid,
			     uint64_t thread_pointer);

#endif
