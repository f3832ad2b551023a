/* SPDX-License-Identifier: Apache-2.0 */
/* collect/runclock.h
 *
 * Which ticks of a timer hit a thread that is on a CPU: what a kernel's CPU timer knows by itself, told
 * from /proc/PID/task/TID/{schedstat,stat} for a profiler that only has a clock of its own.
 *
 * A thread in state R either runs or waits for a CPU, and only its next stop tells which: the scheduler
 * counts a wait when it is over (schedstat). A stopped thread that has had no turn since the tick has been
 * running at it; one that had to wait has been running only if its wait began at the tick (our own waking
 * took the CPU from it). One that was waiting gives no sample: where threads wait, above all behind the
 * system calls that they slept in, is not where they spend their time.
 *
 * When we look late at a thread that has stopped, its wait seems to have begun later than it did, and with
 * it that it had been running; so no thread gets more samples than the CPU time that it has used since we
 * know it, which is exact when it stands still.
 *
 * (The run time beside it in schedstat is of no use here: a running thread's is only brought up to date
 * at the scheduler's tick, 1 to 10 ms, so that bursts shorter than that would be missed.)
 *
 * Where the kernel does not count waits, what its coarse run times do not explain of the ticks in state R
 * has been waiting: each such tick then gives a share of a sample, and what is not a whole one is carried
 * to the next.
 */
#ifndef SONDE_COLLECT_RUNCLOCK_H
#define SONDE_COLLECT_RUNCLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

/* What the kernel says of a thread at one tick. */
struct runclock_reading {
	uint64_t run_ns;	/* exact for a thread that stands still */
	uint64_t wait_ns;	/* for a CPU, since it began */
	uint64_t turns;		/* times it got one */
	bool counted;		/* the scheduler counts these three; else only cpu_ns is known */
	uint64_t cpu_ns;	/* user and system time, in whole clock ticks */
	char state;
	char comm[16];
};

struct runclock {
	pid_t pid, tid;
	int schedstat_fd, stat_fd;	/* -1: opened at each reading */
	struct runclock_reading last;
	bool seen;			/* there has been a reading */
	uint32_t idle;			/* ticks without a turn */
	int64_t recent_ready, recent_wait;	/* not counted: time in state R, fading sums */
	uint32_t credit;		/* of a sample, in 1/RUNCLOCK_WHOLE */
	uint64_t tick_ns;		/* of the last tick that chose it */
	uint32_t late;			/* ticks that we came too late for, but those missed */
	uint64_t period_ns, first_run_ns;	/* of the timer; run_ns when it was opened */
	uint64_t taken, missed;		/* ticks: samples, and lost ones */
};

#define RUNCLOCK_WHOLE 65536u
#define RUNCLOCK_SLACK_NS 40000u	/* between a timer's expiry and our first look at the clock */

/* The timer's period and what has passed of it. */
struct runclock_now {
	uint64_t ns, period_ns;
	uint32_t ticks;		/* since the last call: 1, more when we were late */
};

void runclock_open(struct runclock *clock, pid_t pid, pid_t tid);
void runclock_close(struct runclock *clock);

/* One tick: true when the thread may be running, and shall be stopped. */
bool runclock_tick(struct runclock *clock, const struct runclock_now *now);

/* Whether a thread so chosen, which now stands still, was running at the tick. *ret_throughout: and from
 * then on until it stopped. */
bool runclock_was_running(struct runclock *clock, uint64_t stop_ns, bool *ret_throughout);

/* How many more of the ticks that we came too late for have hit the thread: as many as the CPU time that it
 * has used, since we know it, is ahead of its samples. */
uint32_t runclock_take_missed(struct runclock *clock, uint64_t period_ns);

/* The two judgements alone. */
bool runclock_judge(struct runclock *clock, const struct runclock_reading *reading,
		    const struct runclock_now *now);
bool runclock_judge_stop(const struct runclock *clock, const struct runclock_reading *reading,
			 uint64_t stop_ns, bool *ret_throughout);

/* The text of the two files; false when they are not as expected. */
bool runclock_parse_schedstat(struct str text, struct runclock_reading *reading);
bool runclock_parse_stat(struct str text, uint64_t tick_ns, struct runclock_reading *reading);

#endif
