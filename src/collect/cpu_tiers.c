/* SPDX-License-Identifier: Apache-2.0 */
/* The tiers of the CPU event: the first that this machine and user allow is started, and why not the ones before is kept. */
#include "collect/cpu_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/maps.h"
#include "proc/process.h"

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
	cpu_tell_runtimes(cpu);
	return rc < 0 ? rc : tracer_start(&cpu->tracer, &tracer_options, err);
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

int cpu_start_tier(struct cpu_collector *cpu, const struct cpu_options *options, struct err *err)
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
