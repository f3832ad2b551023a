/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/threads.h
 *
 * The names that a program gave its threads: threading.Thread(name=...), by native thread id.
 *
 *   sys.modules["threading"]._active   {pthread: Thread}
 *   Thread._name                       "worker-3"
 *   Thread._native_id                  from 3.8 on; before, only whose thread pointer it is is known
 */
#ifndef SONDE_RUNTIME_PYTHON_THREADS_H
#define SONDE_RUNTIME_PYTHON_THREADS_H

#include "base/arena.h"
#include "runtime/python/python.h"

#define PYTHON_THREADS_MAX 4096

struct python_thread {
	uint64_t pthread;	/* pthread_self(): the thread pointer on x86-64 */
	uint64_t tid;		/* as the process sees it (its own namespace); 0: not known */
	struct str name;	/* in the arena */
};

/* Calls `see` for each thread that has a name; ends early when it gives false. The number seen; 0 also when
 * the program does not use threading, or what is there is not what it should be. */
uint32_t python_thread_names(const struct python_file *file, uint64_t bias, python_read_fn read,
			     void *context, struct arena *arena,
			     bool (*see)(void *seer, const struct python_thread *thread), void *seer);

#endif
