/* SPDX-License-Identifier: Apache-2.0 */
/* collect/tracer.h
 *
 * The third tier: for containers that permit neither BPF nor perf_event_open(2). A timer of our own; at
 * each tick those threads of the target that are running are stopped with ptrace(2) for the moment it
 * takes to copy their registers and the top of their stack, and go on; the host walks the copy with the
 * same walk/.
 *
 * It cannot see: other users' processes, the kernel's frames (its time counts for the caller of the system
 * call), signal handlers' callers when they run on a stack of their own.
 * Which ticks give a sample: collect/runclock.h. How the target is kept unharmed: collect/stops.h.
 *
 * Threads: one of its own, which makes all ptrace calls, so that a stopped thread never waits for whoever
 * names frames or writes files; the caller's gets what it has collected. While it runs, SIGCHLD is
 * blocked in both, and waitpid() on a traced child of ours also tells of its stops (cli/child.c).
 */
#ifndef SONDE_COLLECT_TRACER_H
#define SONDE_COLLECT_TRACER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/sample.h"
#include "base/str.h"

struct buf;
struct err;
struct process_event;
struct tracer;

/* A thread that stands still: what it has in memory can be read with process_read() and belongs
 * together. */
struct tracer_view {
	pid_t pid, tid;
	uint64_t fs_base;		/* its thread-local storage */
	const struct sample_copy *copy;	/* registers and stack */
	struct sample_hdr *hdr;		/* of the sample's record: n_user, gil, activity, labels may be set */
	struct buf *more;		/* hdr.n_user words added here follow the stack in the record */
	/* To be set where a sample can be walked only as long as its process has memory: it then waits at its
	 * end, for a moment, until all its samples have been drained. */
	bool keeps_memory;
};

struct tracer_options {
	uint32_t rate_hz;
	const pid_t *pids;	/* lent until tracer_start() returns */
	uint32_t n_pids;
	bool awaits_exec;	/* our own children: count from their next exec on */
	/* NULL, or called in the tracing thread for each sample while its thread stands still: every
	 * microsecond in it is one that the target loses. */
	void (*while_stopped)(void *context, struct tracer_view *view);
	void *context;
};

/* Seizes every thread of the processes; what they start is followed. -EPERM, ... with a sentence. */
int tracer_start(struct tracer **ret_tracer, const struct tracer_options *options, struct err *err);

/* A descriptor to poll. */
int tracer_fd(const struct tracer *tracer);

/* Takes what has been collected, in the order of time. A negative result ends it and is returned. */
struct tracer_handlers {
	/* The record that the kernel half would have sent (SAMPLE_COPIED, or one without user frames). */
	int (*sample)(void *context, const struct sample_hdr *record, size_t bytes);
	/* A process was made, became another program, was renamed, ended. */
	int (*event)(void *context, const struct process_event *event);
	/* The executable lines of /proc/PID/maps, where they differ from those told last. The samples up
	 * to until_ns that follow were taken somewhere between the two readings. */
	int (*maps)(void *context, pid_t pid, struct str text, uint64_t until_ns);
};
int tracer_drain(struct tracer *tracer, const struct tracer_handlers *handlers, void *context);

/* No more samples, and the target is let go; what has been collected can still be drained. */
void tracer_stop(struct tracer *tracer);

/* After tracer_stop(): events = recorded + drops. */
void tracer_counters(const struct tracer *tracer, struct cpu_counters *ret_counters);

/* Stops first when that has not been done. NULL is legal. */
void tracer_close(struct tracer *tracer);

#endif
