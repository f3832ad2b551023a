/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/cpu.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/err.h"
#include "collect/cpu_state.h"

/* A sample's time is read before its walk, a side-band record's when it is written: a record younger
 * than a sample that is still under way must wait for it. */
#define EVENT_DELAY_NS 2000000u

/* Side-band records wake us, but never more often than this: what arrives meanwhile is copied. They
 * are the whole machine's: while none is about a target, others' programs that start and end shall
 * not keep us busy. */
#define WAKE_PAUSE_TARGET_US 500
#define WAKE_PAUSE_OTHERS_US 256000
#define WAKE_PAUSE_ALL_US 20000

/* What the ring wakes us for comes right behind a tick. Done at once and again and again, our work would take the CPU from
 * the target's threads where no tick looks, and they would have more samples than CPU time: a wake that soon follows another
 * waits for a part of a tick's period, a different one each time. Where ticks are that close, waking itself takes too much
 * behind them: then we do not listen to the ring for a while, and look at it at times of our own. */
#define WAKE_SOON_NS 20000000u
#define WAKE_SPREAD_MAX_NS 2500000u
#define WAKE_OWN_TIMES_NS 100000000u
#define GOLDEN 2654435769u	/* 2^32 / 1.618: its multiples are spread evenly, however many there are */

#define PRIORITY (-10)

/* What we wait for; those without a descriptor are -1. */
enum { POLL_RING, POLL_WATCHED, POLL_EVENTS };

static int apply_events(struct cpu_collector *cpu, uint64_t until_ns)
{
	const struct process_event *event;
	int rc = 0;

	while (rc == 0 && (event = events_take(&cpu->events, until_ns)))
		rc = processes_apply(&cpu->processes, event);
	return rc;
}

static int take_record(void *context, const struct sample_hdr *hdr, size_t bytes)
{
	struct cpu_collector *cpu = context;
	int rc = 0;

	if (!records_well_formed(hdr, bytes))
		return 0;
	/* all that the process did before this tick is in the event rings by now: read and apply it */
	if (cpu->kernel && hdr->time_ns > cpu->events.drained_ns)
		rc = events_drain(&cpu->events);
	if (rc == 0)
		rc = apply_events(cpu, hdr->time_ns);
	return rc ? rc : records_take(cpu->records, hdr);
}

static int take_event(void *context, const struct process_event *event)
{
	return processes_apply(&((struct cpu_collector *)context)->processes, event);
}

static int take_maps(void *context, pid_t pid, struct str text, uint64_t until_ns)
{
	return processes_remap(&((struct cpu_collector *)context)->processes, pid, text, until_ns);
}

static int drain_collector(struct cpu_collector *cpu)
{
	static const struct tracer_handlers handlers = {
		.sample = take_record, .event = take_event, .maps = take_maps,
	};

	if (cpu->kernel)
		return kernel_drain(cpu->kernel, take_record, cpu);
	return cpu->copier ? copier_drain(cpu->copier, take_record, cpu) :
			     tracer_drain(cpu->tracer, &handlers, cpu);
}

void cpu_tell_runtimes(struct cpu_collector *cpu)
{
	for (uint32_t i = 0; cpu->stopped && i < cpu->processes.n; i++) {
		struct process *process = &cpu->processes.items[i];

		if (process->space && process->told_space != process->space->id) {
			process->told_space = process->space->id;
			stopped_tell(cpu->stopped, process->pid,
				     processes_runtime(&cpu->processes, process));
		}
	}
}

/* Reads everything there is, in the order of time, and tells the kernel half what it should know. */
static int drain(struct cpu_collector *cpu, bool last)
{
	int rc = drain_collector(cpu);

	if (rc == 0 && cpu->kernel)
		rc = events_drain(&cpu->events);
	if (rc == 0)
		rc = apply_events(cpu, last ? UINT64_MAX : cpu->events.drained_ns - EVENT_DELAY_NS);
	cpu_tell_runtimes(cpu);
	return rc < 0 || last ? rc : processes_publish(&cpu->processes);
}

static void add_poll(struct cpu_collector *cpu, int fd)
{
	cpu->polls[cpu->n_polls++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static int make_polls(struct cpu_collector *cpu)
{
	uint32_t n = cpu->kernel ? cpu->events.n_rings : cpu->copier ? copier_rings(cpu->copier) : 0;

	cpu->polls = calloc(n + 2, sizeof(*cpu->polls));
	if (!cpu->polls)
		return -ENOMEM;
	add_poll(cpu, cpu->kernel ? kernel_fd(cpu->kernel) :
			cpu->tracer ? tracer_fd(cpu->tracer) : -1);
	add_poll(cpu, -1);	/* POLL_WATCHED */
	for (uint32_t i = 0; i < n; i++)
		add_poll(cpu, cpu->kernel ? events_fd(&cpu->events, i) : copier_fd(cpu->copier, i));
	return 0;
}

/* Every mapped file is held open; the soft limit is for programs that use select(). */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int cpu_start(struct cpu_collector **ret_cpu, const struct cpu_options *options,
	      cpu_sample_fn handle, void *context, struct err *err)
{
	struct cpu_collector *cpu = calloc(1, sizeof(*cpu));
	int rc = cpu ? images_init(&cpu->images) : -ENOMEM;

	if (rc < 0)
		goto out;
	raise_file_limit();
	cpu->all = options->mode != TARGET_TGIDS;
	cpu->pause_us = WAKE_PAUSE_TARGET_US;
	cpu->spread_ns = 1000000000u / (options->rate_hz ? options->rate_hz : 1);
	if (cpu->spread_ns > WAKE_SPREAD_MAX_NS)
		cpu->spread_ns = WAKE_SPREAD_MAX_NS;
	cpu->records = records_new(&cpu->images, &cpu->processes, handle, context);
	rc = cpu->records ? 0 : -ENOMEM;
	if (rc == 0)
		rc = cpu_start_tier(cpu, options, err);
	if (rc == 0) {
		records_set_tier(cpu->records, cpu_tier(cpu));
		rc = make_polls(cpu);
	}
	/* on a machine with more work than CPUs the ring would fill while we wait for our turn; we need
	 * little time, but soon. Not permitted without privileges, and then as it was. */
	if (rc == 0)
		(void)!setpriority(PRIO_PROCESS, 0, PRIORITY);
out:
	if (rc < 0) {
		err_set(err, "cannot start profiling: %s", err_text(rc));
		cpu_close(cpu);
	} else {
		*ret_cpu = cpu;
	}
	return rc;
}

void cpu_watch(struct cpu_collector *cpu, int fd)
{
	cpu->polls[POLL_WATCHED].fd = fd;
}

/* Lets a little more gather before side-band records are read; samples with copied stacks end that. */
static void pause_a_little(struct cpu_collector *cpu, int timeout_ms)
{
	uint64_t us = cpu->all ? WAKE_PAUSE_ALL_US : cpu->pause_us;
	struct timespec pause;

	if (us > (uint64_t)timeout_ms * 1000)
		us = (uint64_t)timeout_ms * 1000;
	pause = (struct timespec){ .tv_nsec = (long)us * 1000 };
	ppoll(cpu->polls, POLL_EVENTS, &pause, NULL);
	cpu->pause_us = cpu->pause_us * 2 < WAKE_PAUSE_OTHERS_US ? cpu->pause_us * 2 :
								   WAKE_PAUSE_OTHERS_US;
}

/* Part of a tick's period, a different one at each call. */
static struct timespec part_of_period(struct cpu_collector *cpu)
{
	return (struct timespec){
		.tv_nsec = (long)(cpu->spread_ns * (uint32_t)(++cpu->wakes * GOLDEN) >> 32),
	};
}

static void spread_wakes(struct cpu_collector *cpu)
{
	uint64_t now = clock_mono_ns();
	struct timespec pause = part_of_period(cpu);

	if (now - cpu->woken_ns < WAKE_SOON_NS) {
		if (cpu->spread_ns < WAKE_SPREAD_MAX_NS)
			cpu->own_until_ns = now + WAKE_OWN_TIMES_NS;
		nanosleep(&pause, NULL);
	}
	cpu->woken_ns = now;
}

/* Waits for three quarters of a period in the mean, and not for the ring. */
static int wait_own_time(struct cpu_collector *cpu)
{
	struct pollfd *ring = &cpu->polls[POLL_RING];
	struct timespec pause = part_of_period(cpu);
	int fd = ring->fd, n;

	pause.tv_nsec += (long)cpu->spread_ns / 4;
	ring->fd = -1;
	n = ppoll(cpu->polls, cpu->n_polls, &pause, NULL);
	ring->fd = fd;
	return n;
}

int cpu_poll(struct cpu_collector *cpu, int timeout_ms)
{
	uint64_t before = cpu->processes.applied;
	bool own = cpu->own_until_ns && clock_mono_ns() < cpu->own_until_ns;
	int n = own ? wait_own_time(cpu) : poll(cpu->polls, cpu->n_polls, timeout_ms), rc;

	if (n > 0 && !cpu->polls[POLL_RING].revents && !cpu->polls[POLL_WATCHED].revents)
		pause_a_little(cpu, timeout_ms);
	if (n > 0 && cpu->kernel && cpu->polls[POLL_RING].revents)	/* at first, or in the pause */
		spread_wakes(cpu);
	rc = drain(cpu, false);
	/* the second tier's rings hold stacks: they fill within a few of the long pauses */
	if (cpu->processes.applied != before || cpu->copier)
		cpu->pause_us = WAKE_PAUSE_TARGET_US;
	return rc;
}

int cpu_stop(struct cpu_collector *cpu, struct cpu_totals *ret_totals)
{
	int rc;

	*ret_totals = (struct cpu_totals){ 0 };
	if (cpu->kernel)
		kernel_stop(cpu->kernel);
	else if (cpu->copier)
		copier_stop(cpu->copier);
	else
		tracer_stop(cpu->tracer);
	rc = drain(cpu, true);
	if (cpu->kernel) {
		kernel_counters(cpu->kernel, &ret_totals->counters);
		ret_totals->table_bytes = kernel_table_bytes(cpu->kernel);
	} else if (cpu->copier) {
		copier_counters(cpu->copier, &ret_totals->counters);
	} else {
		tracer_counters(cpu->tracer, &ret_totals->counters);
	}
	ret_totals->lost_labels = records_lost_labels(cpu->records);
	ret_totals->lost_events = cpu->processes.lost;
	return rc;
}

struct images *cpu_images(struct cpu_collector *cpu)
{
	return &cpu->images;
}

void cpu_close(struct cpu_collector *cpu)
{
	if (!cpu)
		return;
	processes_fini(&cpu->processes);
	events_stop(&cpu->events);
	kernel_close(cpu->kernel);
	copier_close(cpu->copier);
	tracer_close(cpu->tracer);
	stopped_free(cpu->stopped);
	images_fini(&cpu->images);
	records_free(cpu->records);
	free(cpu->polls);
	free(cpu);
}
