/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/threads.h
 *
 * The names that a program gave its threads (Thread.setName), by native thread. The kernel knows the first 15 bytes
 * of most, and of the thread that runs main() only what the command is called.
 *
 *   list of JavaThreads -> OSThread           which thread it is
 *                       -> java.lang.Thread   its name
 */
#ifndef SONDE_RUNTIME_JVM_THREADS_H
#define SONDE_RUNTIME_JVM_THREADS_H

#include "base/arena.h"
#include "runtime/jvm/memory.h"
#include "runtime/jvm/offsets.h"

struct jvm_vmstructs;

#define JVM_THREADS_MAX 16384u
#define JVM_THREAD_NAME_MAX 64u		/* characters */

struct jvm_thread {
	uint64_t pthread;	/* pthread_self(): the thread pointer on x86-64 */
	uint64_t tid;		/* as the process sees it (its own namespace) */
	struct str name;	/* in the arena */
};

/* Calls `see` for each thread that has a name and that `wants` (NULL: all; it sees no name) asks for; ends early when it gives false. The
 * number seen; 0 also when HotSpot has not started yet. */
uint32_t jvm_thread_names(const struct jvm_vmstructs *structs, const struct jvm_offsets *o, uint64_t bias,
			  const struct jvm_memory *memory, struct arena *arena,
			  bool (*wants)(void *seer, const struct jvm_thread *thread),
			  bool (*see)(void *seer, const struct jvm_thread *thread), void *seer);

#endif
