/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/cpu.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "collect/copier.h"
#include "collect/events.h"
#include "collect/images.h"
#include "collect/kernel.h"
#include "collect/processes.h"
#include "collect/records.h"
#include "collect/stopped.h"
#include "collect/tracer.h"
#include "proc/maps.h"
#include "proc/process.h"

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

struct cpu_collector {
	struct images images;
	struct processes processes;
	struct events events;
	struct kernel *kernel;		/* the first tier ... */
	struct copier *copier;		/* ... or the second ... */
	struct tracer *tracer;		/* ... or the third, which takes interpreted frames by ... */
	struct stopped *stopped;	/* ... this */
	char reason[1024];		/* why not the first (and the second) */
	struct records *records;
	struct pollfd *polls;
	uint32_t n_polls;
	uint32_t pause_us;
	uint64_t spread_ns;	/* of wakes by the ring */
	uint64_t woken_ns;	/* when it was, last */
	uint64_t own_until_ns;	/* till then we come at our own times */
	uint32_t wakes;		/* how often */
	bool all;
};

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

/* Tells the tracer which interpreters there are. */
static void tell_runtimes(struct cpu_collector *cpu)
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
	tell_runtimes(cpu);
	return rc < 0 || last ? rc : processes_publish(&cpu->processes);
}

/* Without its mappings a process would be all unknown addresses: better said at once. A process that
 * cannot be read for another reason is ending. */
static int check_readable(pid_t pid, struct err *err)
{
	struct proc_maps maps;
	int rc = proc_maps_read(&maps, pid, err);

	proc_maps_fini(&maps);
	if (rc == -EPERM || rc == -EACCES)
		return rc;
	err_clear(err);
	return 0;
}

static int add_targets(struct cpu_collector *cpu, const struct cpu_options *options, struct err *err)
{
	struct pid_list list = { 0 };
	int rc = 0;

	for (uint32_t i = 0; i < options->n_pids && rc == 0; i++) {
		if (!options->awaits_exec)
			rc = check_readable(options->pids[i], err);
		if (rc == 0 && cpu->kernel)
			rc = kernel_add_target(cpu->kernel, options->pids[i], options->awaits_exec);
		if (rc == 0 && !processes_get(&cpu->processes, options->pids[i]))
			rc = -ENOMEM;
	}
	if (rc < 0 || options->mode == TARGET_TGIDS)
		return rc;
	rc = process_list_all(&list, NULL);
	for (uint32_t i = 0; i < list.n && rc == 0; i++)
		if (!processes_get(&cpu->processes, list.items[i]))
			rc = -ENOMEM;
	pid_list_fini(&list);
	return rc;
}

/* So that the programs need not be loaded again when the first process turns out to have one. Of all
 * processes some have Python or Go; V8's steps, which take several times as long to verify, can wait. */
static uint32_t expected_runtimes(struct cpu_collector *cpu, const struct cpu_options *options)
{
	uint32_t found = cpu->all ? RUNTIME_BIT(RUNTIME_PYTHON) | RUNTIME_BIT(RUNTIME_GO) : 0;

	if (options->preload)
		found |= processes_runtime_kinds(&cpu->processes, getpid(), str_of(options->preload));
	for (uint32_t i = 0; !options->awaits_exec && i < options->n_pids; i++)
		found |= processes_runtime_kinds(&cpu->processes, options->pids[i], (struct str){ 0 });
	return found;
}

/* Everything is set up before the first tick, so that none comes too early to be understood. */
static int start_kernel(struct cpu_collector *cpu, const struct cpu_options *options,
			struct err *err)
{
	struct kernel_options kernel_options = {
		.rate_hz = options->rate_hz, .mode = options->mode, .cgroup_id = options->cgroup_id,
		.ring_bytes = options->ring_bytes,
		.measure_walks = options->measure_walks,
	};
	int rc;

	processes_init(&cpu->processes, &cpu->images, NULL, cpu->all, !cpu->all);
	kernel_options.runtimes = expected_runtimes(cpu, options);
	rc = kernel_open(&cpu->kernel, &kernel_options, err);
	if (rc == 0)
		rc = events_start(&cpu->events, err);
	if (rc < 0)
		return rc;
	cpu->processes.kernel = cpu->kernel;
	if (options->preload)
		processes_preload(&cpu->processes, str_of(options->preload));
	rc = add_targets(cpu, options, err);
	if (rc == 0)
		rc = processes_publish(&cpu->processes);
	return rc < 0 ? rc : kernel_start(cpu->kernel, err);
}

static int start_copier(struct cpu_collector *cpu, const struct cpu_options *options,
			struct err *err)
{
	struct copier_options copier_options = {
		.rate_hz = options->rate_hz, .pids = options->pids, .n_pids = options->n_pids,
		.awaits_exec = options->awaits_exec,
	};
	int rc;

	processes_init(&cpu->processes, &cpu->images, NULL, false, false);
	rc = copier_start(&cpu->copier, &copier_options, &cpu->events, err);
	return rc < 0 ? rc : add_targets(cpu, options, err);
}

static int start_tracer(struct cpu_collector *cpu, const struct cpu_options *options,
			struct err *err)
{
	struct tracer_options tracer_options = {
		.rate_hz = options->rate_hz, .pids = options->pids, .n_pids = options->n_pids,
		.awaits_exec = options->awaits_exec,
	};
	int rc;

	processes_init(&cpu->processes, &cpu->images, NULL, false, false);
	rc = add_targets(cpu, options, err);
	cpu->stopped = stopped_new();
	if (rc == 0 && !cpu->stopped)
		rc = -ENOMEM;
	tracer_options.while_stopped = stopped_take;
	tracer_options.context = cpu->stopped;
	tell_runtimes(cpu);
	return rc < 0 ? rc : tracer_start(&cpu->tracer, &tracer_options, err);
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

static bool is_refusal(int rc)
{
	return rc == -EPERM || rc == -EACCES || rc == -ENOTSUP || rc == -ENOSYS;
}

/* So that the next way can be tried. */
static void stop_tier(struct cpu_collector *cpu)
{
	processes_fini(&cpu->processes);
	events_stop(&cpu->events);
	kernel_close(cpu->kernel);
	copier_close(cpu->copier);
	cpu->kernel = NULL;
	cpu->copier = NULL;
}

/* The first tier; when it is not permitted or not possible here, the second, and then the third. */
static int start_tier(struct cpu_collector *cpu, const struct cpu_options *options, struct err *err)
{
	struct err first = { 0 }, second = { 0 }, third = { 0 };
	int rc = start_kernel(cpu, options, &first), rc_second, rc_third;

	if (rc == 0)
		return 0;
	if (!is_refusal(rc))
		return err_fail(err, rc, "%s", first.text[0] ? first.text : err_text(rc));
	if (options->mode != TARGET_TGIDS)
		return err_fail(err, rc, "%.480s; and without BPF only one's own processes can be "
				"followed (-p, -n, -- COMMAND), not the whole machine or a control "
				"group", first.text);
	stop_tier(cpu);
	rc_second = start_copier(cpu, options, &second);
	if (rc_second == 0) {
		snprintf(cpu->reason, sizeof(cpu->reason), "%s", first.text);
		return 0;
	}
	if (!strcmp(first.text, second.text))
		return err_fail(err, rc, "%s", first.text);
	if (rc_second == -ESRCH)
		return err_fail(err, rc_second, "%s", second.text);
	stop_tier(cpu);
	rc_third = start_tracer(cpu, options, &third);
	if (rc_third < 0)
		return err_fail(err, rc, "%.400s; second, %.250s; third, %.200s", first.text,
				second.text, third.text);
	snprintf(cpu->reason, sizeof(cpu->reason), "%.480s; second, %.400s", first.text, second.text);
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
		rc = start_tier(cpu, options, err);
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

enum cpu_tier cpu_tier(const struct cpu_collector *cpu)
{
	if (cpu->kernel)
		return CPU_TIER_BPF;
	if (cpu->tracer)
		return CPU_TIER_PTRACE;
	return copier_sees_kernel(cpu->copier) ? CPU_TIER_COPY : CPU_TIER_COPY_USER;
}

const char *cpu_tier_name(enum cpu_tier tier)
{
	switch (tier) {
	case CPU_TIER_BPF:
		return "bpf";
	case CPU_TIER_COPY:
		return "perf (own processes, stacks copied)";
	case CPU_TIER_COPY_USER:
		return "perf, user space only (own processes, stacks copied, no kernel time)";
	case CPU_TIER_PTRACE:
		return "ptrace (own processes, stopped for each sample, no kernel frames)";
	}
	return "";
}

const char *cpu_tier_limits(enum cpu_tier tier)
{
	switch (tier) {
	case CPU_TIER_BPF:
		break;
	case CPU_TIER_COPY:
	case CPU_TIER_COPY_USER:
		return "perf events: only your own processes, with stacks copied";
	case CPU_TIER_PTRACE:
		return "ptrace: only your own processes, each thread stopped for a moment at each of "
		       "its samples, no kernel frames";
	}
	return "";
}

const char *cpu_tier_reason(const struct cpu_collector *cpu)
{
	return cpu->reason;
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
