/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/copier.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <asm/perf_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/err.h"
#include "base/vec.h"
#include "collect/events.h"
#include "collect/perfring.h"
#include "proc/process.h"

#define RING_PAGES 128	/* half a MiB on each CPU: what every user may lock */
#define STACK_BYTES 32768u	/* of a sample; the kernel's limit is just below 64 KiB */

#define REGS_MASK ((1u << PERF_REG_X86_AX) | (1u << PERF_REG_X86_BX) | (1u << PERF_REG_X86_CX) | \
		   (1u << PERF_REG_X86_DX) | (1u << PERF_REG_X86_SI) | (1u << PERF_REG_X86_DI) | \
		   (1u << PERF_REG_X86_BP) | (1u << PERF_REG_X86_SP) | (1u << PERF_REG_X86_IP) | \
		   (0xffu << PERF_REG_X86_R8))

/* The registers of REGS_MASK in the order of their bits. */
static const uint8_t reg_order[] = {
	UNWIND_RAX, UNWIND_RBX, UNWIND_RCX, UNWIND_RDX, UNWIND_RSI, UNWIND_RDI, UNWIND_RBP,
	UNWIND_RSP, UNWIND_RIP, UNWIND_R8, UNWIND_R9, UNWIND_R10, UNWIND_R11, UNWIND_R12,
	UNWIND_R13, UNWIND_R14, UNWIND_R15
};

struct thread_name {
	pid_t tid;
	char comm[16];
};

#define NAMES 256u

struct copier {
	struct copier_options options;
	struct events *events;
	struct perfring *rings;	/* one a CPU; the first event there owns it */
	uint32_t n_rings;
	int *fds;		/* the other events, which write into those rings */
	uint32_t n_fds, cap_fds;
	bool kernel;
	uint64_t recorded, lost;
	struct sample_copy **pending;	/* samples of this drain */
	uint32_t n_pending, cap_pending;
	struct thread_name names[NAMES];
	uint8_t touched[STACK_BYTES];
};

static int open_event(const struct copier *copier, pid_t tid, int cpu)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = copier->options.rate_hz,
		.sample_type = (copier->kernel ? PERF_SAMPLE_CALLCHAIN : 0) |
			       PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
		.sample_regs_user = REGS_MASK,
		.sample_stack_user = STACK_BYTES,
		.exclude_callchain_user = 1,
		.exclude_kernel = !copier->kernel,
		.exclude_hv = 1,
		.inherit = 1,
		.wakeup_watermark = RING_PAGES * 4096 / 4,
		.disabled = 1,
		.enable_on_exec = copier->options.awaits_exec,
	};

	events_want(&attr);
	return (int)syscall(SYS_perf_event_open, &attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* The first event on a CPU gets a ring, later ones write into it. */
static int add_event(struct copier *copier, int fd, uint32_t cpu)
{
	if (copier->rings[cpu].fd < 0)
		return perfring_open(&copier->rings[cpu], fd, RING_PAGES);
	if (VEC_RESERVE(&copier->fds, &copier->cap_fds, (uint64_t)copier->n_fds + 1) < 0 ||
	    ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, copier->rings[cpu].fd) < 0) {
		close(fd);
		return -ENOMEM;
	}
	copier->fds[copier->n_fds++] = fd;
	return 0;
}

static int add_thread(struct copier *copier, pid_t tid)
{
	for (uint32_t cpu = 0; cpu < copier->n_rings; cpu++) {
		int fd = open_event(copier, tid, (int)cpu), rc;

		if (fd < 0 && errno == ENODEV)
			continue;	/* offline */
		if (fd < 0)
			return -errno;
		rc = add_event(copier, fd, cpu);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int add_process(struct copier *copier, pid_t pid)
{
	struct pid_list threads = { 0 };
	int rc = process_threads(&threads, pid, NULL);

	for (uint32_t i = 0; i < threads.n && rc == 0; i++) {
		rc = add_thread(copier, threads.items[i]);
		if (rc == -ESRCH && threads.n > 1)
			rc = 0;	/* that thread has ended meanwhile */
	}
	pid_list_fini(&threads);
	return rc;
}

static void each_event(const struct copier *copier, unsigned long request)
{
	for (uint32_t i = 0; i < copier->n_rings; i++)
		if (copier->rings[i].fd >= 0)
			ioctl(copier->rings[i].fd, request, 0);
	for (uint32_t i = 0; i < copier->n_fds; i++)
		ioctl(copier->fds[i], request, 0);
}

static void close_events(struct copier *copier)
{
	for (uint32_t i = 0; i < copier->n_rings; i++)
		perfring_close(&copier->rings[i]);
	for (uint32_t i = 0; i < copier->n_fds; i++)
		close(copier->fds[i]);
	copier->n_fds = 0;
}

static int add_all(struct copier *copier)
{
	int rc = 0;

	for (uint32_t i = 0; i < copier->options.n_pids && rc == 0; i++)
		rc = add_process(copier, copier->options.pids[i]);
	if (rc < 0)
		close_events(copier);
	return rc;
}

/* One answer of the kernel has several reasons: what it says to an event on ourselves tells which. */
static int refused(const struct copier *copier, int rc, struct err *err)
{
	int fd;

	if (rc != -EACCES && rc != -EPERM)
		return err_fail(err, rc, "perf_event_open failed: %s", err_text(rc));
	fd = open_event(copier, 0, -1);
	if (fd >= 0) {
		close(fd);
		return err_fail(err, rc, "another user's processes can be profiled by root only (or with "
				"CAP_PERFMON and CAP_SYS_PTRACE)");
	}
	return err_fail(err, rc, "perf events are forbidden to this user (perf_event_open: %s): by the "
			"sysctl kernel.perf_event_paranoid above 2, or by a container's filter",
			err_text(rc));
}

int copier_start(struct copier **ret_copier, const struct copier_options *options,
		 struct events *events, struct err *err)
{
	struct copier *copier = calloc(1, sizeof(*copier));
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int rc = -ENOMEM;

	if (!copier)
		return -ENOMEM;
	copier->options = *options;
	copier->events = events;
	copier->kernel = true;
	copier->rings = calloc((size_t)cpus, sizeof(*copier->rings));
	for (long i = 0; copier->rings && i < cpus; i++)
		copier->rings[copier->n_rings++].fd = -1;
	if (copier->rings)
		rc = add_all(copier);
	if (rc == -EACCES || rc == -EPERM) {	/* perf_event_paranoid is 2: user space alone */
		copier->kernel = false;
		rc = add_all(copier);
	}
	if (rc < 0) {
		rc = refused(copier, rc, err);
		copier_close(copier);
		return rc;
	}
	if (!options->awaits_exec)
		each_event(copier, PERF_EVENT_IOC_ENABLE);
	*ret_copier = copier;
	return 0;
}

uint32_t copier_rings(const struct copier *copier)
{
	return copier->n_rings;
}

int copier_fd(const struct copier *copier, uint32_t ring)
{
	return copier->rings[ring].fd;
}

/* A thread's name is not in the record: it is asked for when the thread is first seen. */
static void name_thread(struct copier *copier, struct sample_hdr *hdr)
{
	struct thread_name *name = &copier->names[hdr->tid % NAMES];

	if (name->tid != (pid_t)hdr->tid) {
		name->tid = (pid_t)hdr->tid;
		memset(name->comm, 0, sizeof(name->comm));
		process_comm((pid_t)hdr->tgid, (pid_t)hdr->tid, name->comm);
	}
	memcpy(hdr->comm, name->comm, sizeof(hdr->comm));
}

/* Kernel addresses of a call chain; its markers (PERF_CONTEXT_*) are the top 4,096 values. */
static void take_chain(struct sample_copy *copy, struct cursor *c)
{
	uint64_t n = cursor_u64(c);

	for (uint64_t i = 0; i < n && !c->failed; i++) {
		uint64_t address = cursor_u64(c);

		if (address < (uint64_t)PERF_CONTEXT_MAX &&
		    copy->hdr.n_kernel < SAMPLE_KERNEL_FRAMES_MAX)
			copy->kernel[copy->hdr.n_kernel++] = address;
	}
}

/* The kernel ends a copy where a page of the stack is not there: one that nothing has been written to, in the middle of
 * a frame with a large array. Reading it puts it there, all zeros, and the next copies go on behind it. */
static void touch_missing(struct copier *copier, const struct sample_copy *copy)
{
	uint32_t n = copy->hdr.stack_bytes;

	if (n < STACK_BYTES)
		(void)!process_read((pid_t)copy->hdr.tgid, copy->regs[UNWIND_RSP] + n, copier->touched, STACK_BYTES - n);
}

/* PERF_RECORD_SAMPLE with our sample_type: tid, time, cpu, chain, registers, stack. */
static bool parse_sample(struct copier *copier, struct cursor *c, struct sample_copy *copy)
{
	struct sample_hdr *hdr = &copy->hdr;
	uint64_t abi, size, dynamic;
	struct str stack;

	*hdr = (struct sample_hdr){ .kind = SAMPLE_COPIED };
	hdr->tgid = cursor_u32(c);
	hdr->tid = cursor_u32(c);
	hdr->time_ns = cursor_u64(c);
	hdr->cpu = (uint16_t)cursor_u32(c);
	cursor_skip(c, 4);
	if (copier->kernel)
		take_chain(copy, c);
	abi = cursor_u64(c);
	memset(copy->regs, 0, sizeof(copy->regs));
	for (size_t i = 0; abi && i < sizeof(reg_order); i++)
		copy->regs[reg_order[i]] = cursor_u64(c);
	size = cursor_u64(c);
	stack = cursor_bytes(c, size);
	dynamic = size ? cursor_u64(c) : 0;
	if (c->failed || stack.n > SAMPLE_COPY_MAX)
		return false;
	hdr->stack_bytes = (uint32_t)(dynamic < stack.n ? dynamic : stack.n);
	copy->far_bytes = 0;
	if (hdr->stack_bytes)
		memcpy(copy->stack, stack.p, hdr->stack_bytes);
	touch_missing(copier, copy);
	name_thread(copier, hdr);
	return hdr->tid != 0;
}

static int add_sample(struct copier *copier, struct str record)
{
	struct cursor c = cursor_over(str_skip(record, 8));
	struct sample_copy *copy = malloc(offsetof(struct sample_copy, stack) + record.n);

	if (!copy || VEC_RESERVE(&copier->pending, &copier->cap_pending,
				 (uint64_t)copier->n_pending + 1) < 0) {
		free(copy);
		return -ENOMEM;
	}
	if (parse_sample(copier, &c, copy))
		copier->pending[copier->n_pending++] = copy;
	else
		free(copy);
	return 0;
}

static int take_record(void *context, struct str record)
{
	struct copier *copier = context;
	struct cursor c = cursor_over(record);
	uint32_t type = cursor_u32(&c);

	if (type == PERF_RECORD_SAMPLE)
		return add_sample(copier, record);
	if (type == PERF_RECORD_LOST) {	/* id, lost */
		cursor_skip(&c, 12);
		copier->lost += cursor_u64(&c);
	}
	return events_add_record(copier->events, record);
}

static int by_time(const void *left, const void *right)
{
	const struct sample_copy *a = *(struct sample_copy *const *)left;
	const struct sample_copy *b = *(struct sample_copy *const *)right;

	return (a->hdr.time_ns > b->hdr.time_ns) - (a->hdr.time_ns < b->hdr.time_ns);
}

int copier_drain(struct copier *copier,
		 int (*handle)(void *context, const struct sample_hdr *record, size_t bytes),
		 void *context)
{
	uint64_t now = clock_mono_ns();
	int rc = 0;

	events_begin(copier->events);
	for (uint32_t i = 0; i < copier->n_rings && rc == 0; i++)
		if (copier->rings[i].page)
			rc = perfring_drain(&copier->rings[i], take_record, copier);
	events_sort(copier->events, now);
	qsort(copier->pending, copier->n_pending, sizeof(*copier->pending), by_time);
	for (uint32_t i = 0; i < copier->n_pending; i++) {
		struct sample_copy *copy = copier->pending[i];

		if (rc == 0)
			rc = handle(context, &copy->hdr,
				    offsetof(struct sample_copy, stack) + copy->hdr.stack_bytes);
		copier->recorded += rc == 0;
		free(copy);
	}
	copier->n_pending = 0;
	return rc;
}

void copier_stop(struct copier *copier)
{
	each_event(copier, PERF_EVENT_IOC_DISABLE);
}

void copier_counters(const struct copier *copier, struct cpu_counters *ret_counters)
{
	*ret_counters = (struct cpu_counters){
		.events = copier->recorded + copier->lost, .recorded = copier->recorded,
		.copied = copier->recorded,
	};
	ret_counters->drops[DROP_RING_FULL] = copier->lost;
}

bool copier_sees_kernel(const struct copier *copier)
{
	return copier->kernel;
}

void copier_close(struct copier *copier)
{
	if (!copier)
		return;
	close_events(copier);
	free(copier->rings);
	free(copier->fds);
	free(copier->pending);
	free(copier);
}
