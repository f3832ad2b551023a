/* SPDX-License-Identifier: Apache-2.0 */
/* collect/traced.h
 *
 * The threads that the third tier traces, and their processes.
 *
 *   traced_thread (tid) --> traced_process (pid), which is there for as long as one of its threads is
 *
 * Threads: the tracing one.
 */
#ifndef SONDE_COLLECT_TRACED_H
#define SONDE_COLLECT_TRACED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/runclock.h"

struct message;

struct traced_process {
	pid_t pid;
	uint32_t n_threads, at;		/* at: in traced.processes */
	bool ours;			/* our own child, whose end its parent waits for */
	bool awaits_exec;		/* not the command yet: gives no samples */
	char comm[16];			/* as last told */
	bool keeps_memory;		/* its samples need its memory when they are walked */
	bool wants_ending;		/* its first thread has been asked to stop before it ends */
	struct message *promise;	/* its mappings as of a time after its last samples; or NULL */
	pid_t promise_tid;		/* a thread to read them through */
	uint64_t maps_hash, maps_read_ns;
	uint64_t maps_cost_ns;		/* CPU time that the last reading took */
	uint64_t changed_ns;		/* when they were last found changed, but for the first time */
	struct traced_process *next;	/* of the same hash */
};

struct traced_thread {
	pid_t tid;
	uint32_t at;			/* in traced.threads */
	struct traced_process *process;
	struct runclock clock;
	bool wanted;			/* asked to stop, for a sample */
	uint32_t ticks;			/* and these have passed: 1, more when the stop is long in coming */
	struct traced_thread *next;	/* of the same hash */
};

#define TRACED_BUCKETS 4096u

struct traced {
	struct traced_thread **threads;
	uint32_t n_threads, cap_threads;
	struct traced_process **processes;
	uint32_t n_processes, cap_processes;
	struct traced_thread *thread_buckets[TRACED_BUCKETS];
	struct traced_process *process_buckets[TRACED_BUCKETS];
};

struct traced_thread *traced_find(const struct traced *traced, pid_t tid);
struct traced_process *traced_find_process(const struct traced *traced, pid_t pid);

/* Adds a thread (that is not there), and its process when it is the first. NULL when out of memory. */
struct traced_thread *traced_add(struct traced *traced, pid_t pid, pid_t tid);

/* Removes a thread, and its process with the last one: its promise must have been kept before. */
void traced_remove(struct traced *traced, struct traced_thread *thread);

void traced_fini(struct traced *traced);

#endif
