/* SPDX-License-Identifier: Apache-2.0 */
/* session/latenames.h
 *
 * A thread that is first sampled before its name can be read has the kernel's name until then. Once the recording has
 * ended, the label sets that were made in the meantime get the name that was read after them:
 *
 *   sample      1        2        3
 *   thread      "java"   "java"   "Thread-0"
 *   label set   7        9        11          7 and 9 are written as those with "Thread-0"
 *
 * A thread is (pid, tid) of a process of one name: what a process was called before it became another program has not
 * been that program's thread.
 */
#ifndef SONDE_SESSION_LATENAMES_H
#define SONDE_SESSION_LATENAMES_H

#include <stdint.h>
#include <sys/types.h>

#include "base/hash.h"
#include "model/labels.h"

struct latenames_thread {
	pid_t pid, tid;
	uint32_t process;	/* string */
	uint32_t name;		/* string */
};

struct latenames_set {
	struct latenames_thread thread;
	uint32_t set;
};

struct latenames {
	struct latenames_set *sets;	/* without a name of the program's own */
	uint32_t n_sets, cap_sets;
	struct latenames_thread *threads;	/* with one */
	uint32_t n_threads, cap_threads;
	struct idindex index;		/* of threads + 1 */
};

/* A label set made for a thread: `own` when its name is the one that the program gave it. 0 or -ENOMEM. */
int latenames_note(struct latenames *names, const struct latenames_thread *thread, bool own, uint32_t set);

/* What to write in place of each label set there is, by its number; to be freed. `key` is that of a thread's name.
 * NULL: out of memory, or nothing to replace. */
uint32_t *latenames_sets(const struct latenames *names, struct labels *labels, uint32_t key);

void latenames_fini(struct latenames *names);

#endif
