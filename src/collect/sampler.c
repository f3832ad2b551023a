/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/sampler.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/hash.h"
#include "collect/events.h"
#include "collect/handover.h"
#include "collect/stops.h"
#include "collect/traced.h"
#include "collect/tracer.h"
#include "proc/process.h"
#include "proc/procfile.h"

#define MAPS_BYTES_MAX ((size_t)64 << 20)
#define MAPS_PAUSE 30	/* reading mappings may take 1/30 of our time */
#define MAPS_STOPPED_NS 100000u	/* what reading them may take while a thread stands still ... */
#define MAPS_RESTLESS_NS 1000000000u	/* ... of a process that has changed them as recently */
#define WEIGHT_MAX 1000u	/* ticks that one long system call gives samples for */

void sampler_add_event(struct sampler *sampler, struct process_event event, const char *name)
{
	struct message *message = handover_add(sampler->handover, MESSAGE_EVENT, 0);

	if (!message)
		return;
	event.time_ns = clock_mono_ns();
	message->event = event;
	snprintf(message->name, sizeof(message->name), "%s", name);
	sampler->news = true;
}

/* Mappings */

void sampler_keep_promise(struct traced_process *process)
{
	if (process->promise)
		process->promise->kept = true;
	process->promise = NULL;
}

/* Data comes and goes all the time, code does not: the other lines are dropped. */
static void keep_executable(struct buf *buf)
{
	struct str rest = buf_str(buf);
	size_t n = 0;

	while (rest.n) {
		struct str line = str_cut(&rest, '\n');
		ptrdiff_t blank = str_find(line, ' ');

		if (blank < 0 || line.n < (size_t)blank + 5 || line.p[blank + 3] != 'x')
			continue;
		memmove(buf->p + n, line.p, line.n);
		n += line.n;
		buf->p[n++] = '\n';	/* there was one, or the buffer's end, which has been read past */
	}
	buf->n = n;
}

static void read_maps(struct sampler *sampler, struct traced_process *process)
{
	struct message *promise = process->promise;
	uint64_t before = clock_ns(CLOCK_THREAD_CPUTIME_ID), hash;
	int rc = procfile_read(&sampler->maps, MAPS_BYTES_MAX, "%d/task/%d/maps", process->pid,
			       process->promise_tid);

	if (rc == 0 && sampler->maps.n && sampler->maps.p[sampler->maps.n - 1] == '\n') {
		keep_executable(&sampler->maps);
		hash = hash_str(buf_str(&sampler->maps));
		if (hash != process->maps_hash) {
			buf_add_str(&promise->text, buf_str(&sampler->maps));
			if (process->maps_hash)
				process->changed_ns = clock_mono_ns();
			process->maps_hash = hash;
			sampler->news = true;
		}
	}
	process->maps_read_ns = promise->time_ns = clock_mono_ns();
	process->maps_cost_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - before;
	sampler_keep_promise(process);
}

static bool are_due(const struct sampler *sampler, const struct traced_process *process,
		    uint64_t now)
{
	uint64_t since = now - process->maps_read_ns;

	/* a thread that stops meanwhile must not wait for long */
	if (sampler->n_wanted && process->maps_cost_ns > MAPS_STOPPED_NS &&
	    since < MAPS_RESTLESS_NS)
		return false;
	return since >= process->maps_cost_ns * MAPS_PAUSE;
}

void sampler_read_maps(struct sampler *sampler, const struct traced *traced, bool all)
{
	uint64_t now = clock_mono_ns();

	for (uint32_t i = 0; i < traced->n_processes; i++) {
		struct traced_process *process = traced->processes[i];

		if (process->promise && (all || are_due(sampler, process, now)))
			read_maps(sampler, process);
	}
}

static bool promise_maps(struct sampler *sampler, struct traced_thread *thread)
{
	struct traced_process *process = thread->process;

	if (!process->promise) {
		process->promise = handover_add(sampler->handover, MESSAGE_MAPS, 0);
		if (process->promise)
			process->promise->pid = process->pid;
	}
	process->promise_tid = thread->tid;
	return process->promise;
}

/* A process that loads and unloads code as it goes has its mappings read while its thread stands still:
 * read later, they would leave too much in doubt. */
static bool read_restless_maps(struct sampler *sampler, struct traced_thread *thread)
{
	struct traced_process *process = thread->process;

	if (process->changed_ns && process->maps_cost_ns < MAPS_STOPPED_NS &&
	    clock_mono_ns() - process->changed_ns < MAPS_RESTLESS_NS &&
	    promise_maps(sampler, thread))
		read_maps(sampler, process);
	else
		return false;
	return true;
}

/* Samples */

static void set_registers(struct sample_copy *copy, const struct user_regs_struct *regs)
{
	uint64_t *to = copy->regs;

	to[UNWIND_RAX] = regs->rax;
	to[UNWIND_RBX] = regs->rbx;
	to[UNWIND_RCX] = regs->rcx;
	to[UNWIND_RDX] = regs->rdx;
	to[UNWIND_RSI] = regs->rsi;
	to[UNWIND_RDI] = regs->rdi;
	to[UNWIND_RBP] = regs->rbp;
	to[UNWIND_RSP] = regs->rsp;
	to[UNWIND_R8] = regs->r8;
	to[UNWIND_R9] = regs->r9;
	to[UNWIND_R10] = regs->r10;
	to[UNWIND_R11] = regs->r11;
	to[UNWIND_R12] = regs->r12;
	to[UNWIND_R13] = regs->r13;
	to[UNWIND_R14] = regs->r14;
	to[UNWIND_R15] = regs->r15;
	to[UNWIND_RIP] = regs->rip;
	/* in a system call, rip is behind the instruction that made it; but execve() goes on at a program's
	 * first instruction */
	copy->hdr.user_return = (int64_t)regs->orig_rax >= 0 && regs->orig_rax != SYS_execve &&
				regs->orig_rax != SYS_execveat;
}

/* The kernel half's copy_far_stack() (bpf/copy.h). */
static void copy_far_stack(pid_t tid, struct sample_copy *copy)
{
	uint64_t sp = copy->regs[UNWIND_RSP], fp = copy->regs[UNWIND_RBP];
	uint32_t near = copy->hdr.stack_bytes;
	ssize_t n = 0;

	copy->far_bytes = 0;
	for (int hop = 0; hop < SAMPLE_FAR_HOPS && fp - sp < near && near - (fp - sp) >= 8; hop++)
		memcpy(&fp, copy->stack + (fp - sp), 8);
	copy->far_at = fp;
	if (fp - sp >= near && fp && !(fp & 7))
		n = process_read(tid, fp, copy->stack + near, SAMPLE_FAR_MAX);
	copy->far_bytes = n > 0 ? (uint64_t)n : 0;
}

/* While the thread stands still: as little as can be. False when there is nothing to be had. */
static bool copy_thread(struct sampler *sampler, const struct traced_thread *thread)
{
	struct sample_copy *copy = &sampler->copy;
	struct user_regs_struct regs;
	struct tracer_view view;
	bool compat;
	ssize_t n;

	if (!stops_registers(thread->tid, &regs, &compat))
		return false;
	copy->hdr = (struct sample_hdr){
		.kind = compat ? SAMPLE_WALKED : SAMPLE_COPIED, .time_ns = clock_mono_ns(),
		.tgid = (uint32_t)thread->process->pid, .tid = (uint32_t)thread->tid,
		.end = compat ? WALK_COMPAT : WALK_COMPLETE,
	};
	buf_clear(&sampler->more);
	if (compat)
		return true;
	set_registers(copy, &regs);
	n = process_read(thread->tid, regs.rsp, copy->stack, SAMPLE_COPY_MAX);
	copy->hdr.stack_bytes = n > 0 ? (uint32_t)n : 0;
	copy_far_stack(thread->tid, copy);
	if (!sampler->options->while_stopped)
		return true;
	view = (struct tracer_view){ .pid = thread->process->pid, .tid = thread->tid,
				     .fs_base = regs.fs_base, .copy = copy, .hdr = &copy->hdr,
				     .more = &sampler->more };
	sampler->options->while_stopped(sampler->options->context, &view);
	thread->process->keeps_memory = view.keeps_memory;
	return true;
}

/* When the thread is on its way again. */
static enum drop_reason add_sample(struct sampler *sampler, struct traced_thread *thread)
{
	struct sample_copy *copy = &sampler->copy;
	size_t n = sizeof(copy->hdr), more = sampler->more.n;
	struct message *message;

	memcpy(copy->hdr.comm, thread->clock.last.comm, sizeof(copy->hdr.comm));
	if (copy->hdr.kind == SAMPLE_COPIED)
		n = offsetof(struct sample_copy, stack) + copy->hdr.stack_bytes + copy->far_bytes;
	if (more > UINT32_MAX - n || sampler->more.failed)
		more = copy->hdr.n_user = 0;
	if (!sampler->fresh && !promise_maps(sampler, thread))
		return DROP_RING_FULL;
	message = handover_add(sampler->handover, MESSAGE_SAMPLE, (uint32_t)(n + more));
	if (!message)
		return DROP_RING_FULL;
	memcpy(message->data, copy, n);
	if (more)
		memcpy(message->data + n, sampler->more.p, more);
	return DROP_REASON_COUNT;
}

static void count(struct sampler *sampler, enum drop_reason drop)
{
	sampler->counters.events++;
	if (drop == DROP_REASON_COUNT) {
		sampler->counters.recorded++;
		sampler->counters.copied++;
	} else {
		sampler->counters.drops[drop]++;
	}
}

static void unwant(struct sampler *sampler, struct traced_thread *thread)
{
	sampler->n_wanted -= thread->wanted;
	thread->wanted = false;
}

static void tell_name(struct sampler *sampler, struct traced_thread *thread)
{
	struct traced_process *process = thread->process;
	const char *comm = thread->clock.last.comm;

	if (thread->tid != process->pid || !comm[0] || !strcmp(comm, process->comm))
		return;
	memcpy(process->comm, comm, sizeof(process->comm));
	sampler_add_event(sampler, (struct process_event){
		.kind = PROCESS_RENAMED, .pid = (uint32_t)process->pid, .tid = (uint32_t)thread->tid,
	}, comm);
}

void sampler_count_missed(struct sampler *sampler, struct traced_thread *thread)
{
	uint32_t missed = runclock_take_missed(&thread->clock,
					       1000000000u / sampler->options->rate_hz);

	sampler->counters.events += missed;
	sampler->counters.drops[DROP_TICK_LATE] += missed;
}

/* For the thread that has stopped, its sample in sampler->copy: the weight it has, 0 for none. */
static uint32_t take_sample(struct sampler *sampler, struct traced_thread *thread)
{
	bool throughout;

	if (!runclock_was_running(&thread->clock, clock_mono_ns(), &throughout))
		return 0;
	sampler_count_missed(sampler, thread);
	sampler->fresh = read_restless_maps(sampler, thread);
	if (!copy_thread(sampler, thread))
		return 0;
	/* it has been in one system call for all of them */
	return !throughout ? 1 : thread->ticks < WEIGHT_MAX ? thread->ticks : WEIGHT_MAX;
}

uint32_t sampler_take(struct sampler *sampler, struct traced_thread *thread)
{
	uint32_t weight = take_sample(sampler, thread);

	thread->clock.taken += weight > 1 ? weight - 1 : 0;
	unwant(sampler, thread);
	return weight;
}

void sampler_add(struct sampler *sampler, struct traced_thread *thread, uint32_t weight)
{
	tell_name(sampler, thread);
	while (weight-- > 0)
		count(sampler, add_sample(sampler, thread));
}

void sampler_want(struct sampler *sampler, struct traced_thread *thread)
{
	thread->wanted = true;
	thread->ticks = 1;
	sampler->n_wanted++;
}

void sampler_lose(struct sampler *sampler, struct traced_thread *thread)
{
	sampler_count_missed(sampler, thread);
	if (thread->wanted)
		count(sampler, DROP_THREAD_GONE);
	unwant(sampler, thread);
}

void sampler_fini(struct sampler *sampler)
{
	buf_fini(&sampler->maps);
	buf_fini(&sampler->more);
}
