/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/runclock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

#define FADE 32	/* ticks in state R that the recent share looks back on */
#define IDLE_TICKS 16	/* without a turn: its state is not read again before the next one */

/* Fields of a stat file, counted from 1 (proc(5)). */
enum { STAT_STATE = 3, STAT_UTIME = 14, STAT_STIME = 15 };

static int open_file(const struct runclock *clock, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", clock->pid, clock->tid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

void runclock_close(struct runclock *clock)
{
	if (clock->schedstat_fd >= 0)
		close(clock->schedstat_fd);
	if (clock->stat_fd >= 0)
		close(clock->stat_fd);
	clock->schedstat_fd = clock->stat_fd = -1;
}

static struct str read_file(const struct runclock *clock, int fd, const char *name, char *text,
			    size_t size)
{
	bool ours = fd < 0;
	ssize_t n;

	if (ours)
		fd = open_file(clock, name);
	n = fd < 0 ? -1 : pread(fd, text, size, 0);
	if (ours && fd >= 0)
		close(fd);
	return n > 0 ? str_over(text, (size_t)n) : (struct str){ 0 };
}

bool runclock_parse_schedstat(struct str text, struct runclock_reading *reading)
{
	struct str rest = str_trim(text);

	if (str_parse_u64(str_cut(&rest, ' '), 10, &reading->run_ns) < 0 ||
	    str_parse_u64(str_cut(&rest, ' '), 10, &reading->wait_ns) < 0 ||
	    str_parse_u64(str_trim(rest), 10, &reading->turns) < 0)
		return false;
	/* "0 0 0" is what a kernel says that does not count (no CONFIG_SCHEDSTATS) */
	reading->counted = reading->turns > 0;
	return true;
}

bool runclock_parse_stat(struct str text, uint64_t tick_ns, struct runclock_reading *reading)
{
	ptrdiff_t left = str_find(text, '('), right = str_rfind(text, ')');
	uint64_t value, ticks = 0;
	struct str comm, rest;

	if (left < 0 || right < left || text.n < (size_t)right + 3)
		return false;
	comm = str_head(str_over(text.p + left + 1, (size_t)(right - left - 1)), 15);
	memset(reading->comm, 0, sizeof(reading->comm));
	memcpy(reading->comm, comm.p, comm.n);
	rest = str_skip(text, (size_t)right + 2);
	reading->state = rest.p[0];
	for (int field = STAT_STATE; field <= STAT_STIME; field++) {
		struct str word = str_cut(&rest, ' ');

		if (field < STAT_UTIME)
			continue;
		if (str_parse_u64(word, 10, &value) < 0)
			return false;
		ticks += value;
	}
	reading->cpu_ns = ticks * tick_ns;
	return true;
}

/* Not counted: adds what has passed since the last reading. Only ticks in state R age the sums, so that
 * they always hold the last FADE of those. */
static void add_recent(struct runclock *clock, const struct runclock_reading *reading,
		       const struct runclock_now *now)
{
	int64_t ready_ns = 0, run_ns = (int64_t)(reading->cpu_ns - clock->last.cpu_ns);

	if (reading->state == 'R') {
		ready_ns = (int64_t)(now->period_ns * (clock->seen ? now->ticks : 1));
		clock->recent_ready -= clock->recent_ready / FADE;
		clock->recent_wait -= clock->recent_wait / FADE;
	}
	if (!clock->seen)
		run_ns = (int64_t)(8 * now->period_ns);	/* its first step comes late */
	clock->recent_ready += ready_ns;
	clock->recent_wait += ready_ns - run_ns;
}

/* The chance that a tick in state R has hit running code, in 1/RUNCLOCK_WHOLE. */
static uint32_t share(const struct runclock *clock)
{
	if (clock->recent_wait <= 0)
		return RUNCLOCK_WHOLE;
	if (clock->recent_wait >= clock->recent_ready)
		return 0;
	return (uint32_t)((double)(clock->recent_ready - clock->recent_wait) /
			  (double)clock->recent_ready * RUNCLOCK_WHOLE);
}

bool runclock_judge(struct runclock *clock, const struct runclock_reading *reading,
		    const struct runclock_now *now)
{
	bool slept = reading->state != 'R' && clock->seen && reading->turns == clock->last.turns;

	if (!reading->counted)
		add_recent(clock, reading, now);
	clock->idle = slept ? clock->idle + 1 : 0;
	clock->period_ns = now->period_ns;
	clock->seen = true;
	clock->last = *reading;
	clock->tick_ns = now->ns;
	clock->late += now->ticks - 1;
	if (reading->state != 'R' || reading->counted)
		return reading->state == 'R';
	clock->credit += share(clock);
	if (clock->credit < RUNCLOCK_WHOLE)
		return false;
	clock->credit -= RUNCLOCK_WHOLE;
	return true;
}

bool runclock_judge_stop(const struct runclock *clock, const struct runclock_reading *reading,
			 uint64_t stop_ns, bool *ret_throughout)
{
	uint64_t waited_ns = reading->wait_ns - clock->last.wait_ns;

	*ret_throughout = reading->turns == clock->last.turns;
	return !reading->counted || *ret_throughout ||
	       stop_ns - waited_ns + RUNCLOCK_SLACK_NS >= clock->tick_ns;
}

static void read_schedstat(const struct runclock *clock, struct runclock_reading *reading)
{
	char text[128];

	runclock_parse_schedstat(read_file(clock, clock->schedstat_fd, "schedstat", text,
					   sizeof(text)), reading);
}

void runclock_open(struct runclock *clock, pid_t pid, pid_t tid)
{
	struct runclock_reading reading = { 0 };

	/* threads that live for less than a period must not all give a sample, nor all none */
	*clock = (struct runclock){
		.pid = pid, .tid = tid, .credit = hash_u64((uint64_t)tid, 0) & (RUNCLOCK_WHOLE - 1),
	};
	/* kept open while descriptors last: a reading is then one system call */
	clock->schedstat_fd = open_file(clock, "schedstat");
	clock->stat_fd = open_file(clock, "stat");
	read_schedstat(clock, &reading);
	clock->first_run_ns = reading.run_ns;
}

bool runclock_tick(struct runclock *clock, const struct runclock_now *now)
{
	struct runclock_reading reading = { 0 };
	char text[1024];

	read_schedstat(clock, &reading);
	if (reading.counted && clock->idle >= IDLE_TICKS && reading.turns == clock->last.turns)
		return false;	/* most threads sleep most of the time */
	if (!runclock_parse_stat(read_file(clock, clock->stat_fd, "stat", text, sizeof(text)),
				 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK), &reading))
		return false;
	return runclock_judge(clock, &reading, now);
}

bool runclock_was_running(struct runclock *clock, uint64_t stop_ns, bool *ret_throughout)
{
	struct runclock_reading reading = { 0 };

	read_schedstat(clock, &reading);
	if (!runclock_judge_stop(clock, &reading, stop_ns, ret_throughout) ||
	    (reading.counted && clock->period_ns &&
	     clock->taken > (reading.run_ns - clock->first_run_ns) / clock->period_ns))
		return false;
	clock->taken++;
	clock->last.run_ns = reading.run_ns;
	return true;
}

uint32_t runclock_take_missed(struct runclock *clock, uint64_t period_ns)
{
	uint64_t ran_ns = clock->last.run_ns > clock->first_run_ns ?
				  clock->last.run_ns - clock->first_run_ns : 0;
	uint64_t used = ran_ns / period_ns, known = clock->taken + clock->missed;
	uint32_t missed = used > known ? clock->late : 0;

	if (missed && used - known < missed)
		missed = (uint32_t)(used - known);
	clock->late -= missed;
	clock->missed += missed;
	return missed;
}
