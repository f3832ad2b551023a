/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/machine.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "collect/copier.h"
#include "collect/events.h"
#include "collect/images.h"
#include "collect/kernel.h"
#include "collect/processes.h"
#include "collect/tracer.h"
#include "proc/process.h"

static bool try_bpf(struct err *err)
{
	struct kernel_options options = { .rate_hz = 99, .mode = TARGET_TGIDS };
	struct events events = { 0 };
	struct kernel *kernel = NULL;
	int rc = kernel_open(&kernel, &options, err);

	if (rc == 0)
		rc = events_start(&events, err);
	if (rc == 0)
		rc = kernel_start(kernel, err);
	events_stop(&events);
	kernel_close(kernel);
	return rc == 0;
}

static bool try_perf(bool *ret_kernel, struct err *err)
{
	pid_t self = getpid();
	struct copier_options options = { .rate_hz = 99, .pids = &self, .n_pids = 1 };
	struct events events = { 0 };
	struct copier *copier = NULL;
	bool works = copier_start(&copier, &options, &events, err) == 0;

	if (works)
		*ret_kernel = copier_sees_kernel(copier);
	copier_close(copier);
	events_stop(&events);
	return works;
}

/* On a child of ours that does nothing: one's own processes at least. */
static bool try_ptrace(struct err *err)
{
	pid_t child = fork();
	struct tracer_options options = { .rate_hz = 99, .pids = &child, .n_pids = 1 };
	struct tracer *tracer = NULL;
	bool works;

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (child < 0) {
		err_set(err, "cannot start a process to try it on: %s", err_text(-errno));
		return false;
	}
	works = tracer_start(&tracer, &options, err) == 0;
	tracer_close(tracer);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return works;
}

void machine_try_tiers(struct machine_tiers *ret_tiers)
{
	*ret_tiers = (struct machine_tiers){ 0 };
	ret_tiers->bpf = try_bpf(&ret_tiers->bpf_why);
	ret_tiers->perf = try_perf(&ret_tiers->perf_kernel, &ret_tiers->perf_why);
	ret_tiers->ptrace = try_ptrace(&ret_tiers->ptrace_why);
}

int machine_measure_rows(struct machine_rows *ret_rows, struct err *err)
{
	struct processes processes = { 0 };
	struct images images;
	struct pid_list list = { 0 };
	uint64_t before;
	int rc = images_init(&images);

	*ret_rows = (struct machine_rows){ 0 };
	processes_init(&processes, &images, NULL, true, true);
	if (rc == 0)
		rc = process_list_all(&list, err);
	for (uint32_t i = 0; i < list.n && rc == 0; i++)
		if (!processes_get(&processes, list.items[i]))
			rc = -ENOMEM;
	before = clock_mono_ns();
	if (rc == 0)
		rc = processes_publish(&processes);
	ret_rows->build_ns = clock_mono_ns() - before;
	for (uint32_t i = 0; i < images.n; i++) {
		ret_rows->files += images.items[i].n_cells > 0;
		ret_rows->rows += images.items[i].stats.rows;
		ret_rows->fdes += images.items[i].stats.fdes;
		ret_rows->bytes += (uint64_t)images.items[i].n_cells * 8;
	}
	for (uint32_t i = 0; i < processes.n; i++)
		ret_rows->processes += processes.items[i].space && processes.items[i].space->n;
	ret_rows->rules = images.rules.n;
	pid_list_fini(&list);
	processes_fini(&processes);
	images_fini(&images);
	return rc;
}
