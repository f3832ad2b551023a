/* SPDX-License-Identifier: Apache-2.0 */
/* collect/stops.h
 *
 * ptrace(2) as far as the third tier needs it: threads that we have seized, and the moments at which they
 * stand still.
 *
 * What keeps the target unharmed:
 * - PTRACE_SEIZE stops nothing, and there is no detaching: when the tracing thread ends (or Sonde is
 *   killed), the kernel lets go of all threads, and wakes none that sleeps or runs.
 * - A stop is looked at and not consumed (WNOWAIT) before its thread goes on. So the kernel still holds the
 *   signal that a thread has stopped for, and delivers it should we die just then.
 * - Some system calls end with EINTR when a thread is stopped in them, or when a signal that the process
 *   ignores wakes it (which happens to a traced process only). stops_resume() makes them start again.
 *
 * Threads: all calls for a thread come from the one that has seized it.
 */
#ifndef SONDE_COLLECT_STOPS_H
#define SONDE_COLLECT_STOPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

enum stop_kind {
	STOP_TRAP,	/* we have asked for it, or a new thread is about to begin */
	STOP_SIGNAL,	/* a signal is about to be delivered */
	STOP_GROUP,	/* stopped as by SIGSTOP, until SIGCONT */
	STOP_NEW,	/* it has made a thread or process: other */
	STOP_EXEC,	/* it has become another program; other: the thread that has called execve */
	STOP_ENDING,	/* it is about to end, its memory still there; only after stops_want_ending() */
	STOP_ENDED,	/* it is no more */
};

struct stop {
	enum stop_kind kind;
	pid_t tid, other;
	int signal;
};

/* Begins to trace. 0 or -errno. */
int stops_seize(pid_t tid);

/* Asks for a stop. False when the thread is gone. */
bool stops_ask(pid_t tid);

/* Of a stopped thread: it is to stop once more when it is about to end, and so are the threads that it makes from
 * now on. */
void stops_want_ending(pid_t tid);

/* The next thing that has happened to one of our threads (tid 0: any), without waiting for it. False when
 * nothing has. */
bool stops_next(pid_t tid, struct stop *ret_stop);

/* The registers of a stopped thread. False when it has been killed meanwhile; *ret_compat when it runs
 * 32-bit code (the registers are then not filled in). */
bool stops_registers(pid_t tid, struct user_regs_struct *ret_regs, bool *ret_compat);

/* Lets the thread go on as if nothing had been; of one that has ended, forgets it. */
void stops_resume(const struct stop *stop);

/* Leaves the thread where it stands, and stops_next() at that: it is resumed later. What it has stopped for is not a
 * signal. */
void stops_keep(const struct stop *stop);

/* Whether a system call that ends with EINTR may simply be made again. */
bool stops_may_restart(uint64_t syscall);

/* Whether this process may call ptrace(2) at all (a seccomp filter may forbid it). */
bool stops_permitted(void);

#endif
