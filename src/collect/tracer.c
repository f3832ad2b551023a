/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/tracer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "collect/events.h"
#include "collect/handover.h"
#include "collect/sampler.h"
#include "collect/stops.h"
#include "collect/traced.h"
#include "proc/process.h"

#define PUBLISH_NS 20000000u	/* the session is woken no more often without need */
#define LAST_STOPS_MS 20	/* what has been asked to stop at the end is waited for */
#define PRIORITY (-10)
#define ASK_AGAIN_TICKS 8

/* A process at its end waits for its samples to be drained; no longer than this. */
#define HELD_MS_MAX 200
#define HELD_MAX 16u

struct tracer {
	struct tracer_options options;
	pthread_t thread;
	bool started, stopped;
	int timer_fd, signal_fd, quit_fd;
	int drained_fd;		/* an eventfd: of those held, so many need wait no longer */
	sem_t ready;
	int rc;			/* of the tracing thread's beginning, with its sentence */
	struct err err;
	sigset_t old_mask;
	struct handover handover;
	/* the tracing thread's own, until it has ended: */
	struct traced traced;
	struct sampler sampler;
	uint64_t published_ns;
	struct stop held[HELD_MAX];	/* at their ends, the first to come first */
	uint32_t n_held;
	uint64_t held_until_ns;
};

/* Threads and processes that come and go */

static void remove_thread(struct tracer *tracer, struct traced_thread *thread)
{
	struct traced_process *process = thread->process;

	sampler_lose(&tracer->sampler, thread);
	if (process->n_threads == 1)
		sampler_keep_promise(process);
	traced_remove(&tracer->traced, thread);
}

static void add_unknown(struct tracer *tracer, pid_t tid)
{
	pid_t pid = traced_find(&tracer->traced, tid) ? 0 : process_of_thread(tid);

	if (pid)
		traced_add(&tracer->traced, pid, tid);
}

static void on_new(struct tracer *tracer, const struct traced_thread *parent, pid_t tid)
{
	struct traced_thread *child;

	add_unknown(tracer, tid);
	child = traced_find(&tracer->traced, tid);
	if (!child || child->process == parent->process)
		return;
	child->process->awaits_exec = parent->process->awaits_exec;
	sampler_add_event(&tracer->sampler, (struct process_event){
		.kind = PROCESS_FORKED, .pid = (uint32_t)child->process->pid, .tid = (uint32_t)tid,
		.parent_pid = (uint32_t)parent->process->pid,
	}, "");
}

/* The thread that called execve is now the process's first and only one. */
static void on_exec(struct tracer *tracer, pid_t pid)
{
	struct traced_process *process = traced_find_process(&tracer->traced, pid);
	struct traced_thread *leader = traced_find(&tracer->traced, pid);

	if (!process)
		return;
	if (!leader)
		leader = traced_add(&tracer->traced, pid, pid);
	if (!leader)
		return;
	for (uint32_t i = tracer->traced.n_threads; i-- > 0;) {
		struct traced_thread *thread = tracer->traced.threads[i];

		if (thread->process == process && thread != leader)
			remove_thread(tracer, thread);
	}
	sampler_lose(&tracer->sampler, leader);	/* it has ended, as the program that it was */
	runclock_close(&leader->clock);
	runclock_open(&leader->clock, pid, pid);
	sampler_keep_promise(process);	/* the old program's mappings are gone */
	process->maps_hash = process->maps_read_ns = process->maps_cost_ns = 0;
	process->awaits_exec = process->keeps_memory = process->wants_ending = false;
	process_comm(pid, pid, process->comm);
	sampler_add_event(&tracer->sampler, (struct process_event){
		.kind = PROCESS_EXECED, .pid = (uint32_t)pid, .tid = (uint32_t)pid,
	}, process->comm);
}

static void on_ended(struct tracer *tracer, pid_t tid)
{
	struct traced_thread *thread = traced_find(&tracer->traced, tid);

	if (!thread)
		return;
	if (tid == thread->process->pid)
		sampler_add_event(&tracer->sampler, (struct process_event){
			.kind = PROCESS_EXITED, .pid = (uint32_t)tid, .tid = (uint32_t)tid,
		}, "");
	remove_thread(tracer, thread);
}

/* Ends */

/* Its first thread outlives the others in one thing: by its number memory is read. It may be asleep for good. */
static void want_ending(struct traced_process *process, const struct stop *stop)
{
	if (!process->keeps_memory || process->wants_ending)
		return;
	if (stop->tid != process->pid) {
		stops_ask(process->pid);	/* and again at the next sample's stop, until it has come */
		return;
	}
	stops_want_ending(stop->tid);
	process->wants_ending = true;
}

static void let_go(struct tracer *tracer, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		stops_resume(&tracer->held[i]);
	tracer->n_held -= n;
	memmove(tracer->held, tracer->held + n, tracer->n_held * sizeof(*tracer->held));
}

/* Whether the thread stays where it is: until the session has walked what was taken of its process so far. */
static bool hold(struct tracer *tracer, const struct stop *stop, struct traced_process *process)
{
	struct user_regs_struct regs;
	bool compat;

	if (stop->tid != process->pid || !process->keeps_memory || tracer->n_held == HELD_MAX ||
	    !stops_registers(stop->tid, &regs, &compat) || compat || regs.orig_rax == SYS_exit)
		return false;	/* (or it leaves the process to its other threads) */
	process->promise_tid = stop->tid;
	sampler_read_maps(&tracer->sampler, &tracer->traced, true);
	if (!handover_add(&tracer->handover, MESSAGE_ENDING, 0))
		return false;
	stops_keep(stop);
	tracer->held[tracer->n_held++] = *stop;
	tracer->held_until_ns = clock_mono_ns() + HELD_MS_MAX * 1000000u;
	handover_publish(&tracer->handover, false);
	return true;
}

static void on_ending(struct tracer *tracer, const struct stop *stop, struct traced_thread *thread, uint32_t weight)
{
	if (weight)
		sampler_add(&tracer->sampler, thread, weight);
	if (!hold(tracer, stop, thread->process))
		stops_resume(stop);
}

/* Stops */

static void on_stop(struct tracer *tracer, const struct stop *stop)
{
	struct traced_thread *thread = traced_find(&tracer->traced, stop->tid);
	uint32_t weight = 0;

	/* any stop does; the one that was asked for is then not coming any more */
	if (thread && thread->wanted && stop->kind != STOP_ENDED && stop->kind != STOP_EXEC)
		weight = sampler_take(&tracer->sampler, thread);
	if (stop->kind == STOP_EXEC)
		on_exec(tracer, stop->tid);
	else if (stop->kind != STOP_ENDED && thread)
		want_ending(thread->process, stop);
	if (stop->kind == STOP_ENDING && thread) {
		on_ending(tracer, stop, thread, weight);
		return;
	}
	stops_resume(stop);
	if (weight)
		sampler_add(&tracer->sampler, thread, weight);
	if (stop->kind == STOP_ENDED)
		on_ended(tracer, stop->tid);
	else
		add_unknown(tracer, stop->tid);
	if (stop->kind == STOP_NEW && stop->other && thread)
		on_new(tracer, thread, stop->other);
}

/* Our own child is its parent's to wait for: until that has been done it stands in everybody's way. */
static bool is_left_to_its_parent(struct tracer *tracer, const struct stop *stop)
{
	const struct traced_process *process = traced_find_process(&tracer->traced, stop->tid);

	if (stop->kind != STOP_ENDED)
		return false;
	if (process && process->ours) {
		on_ended(tracer, stop->tid);
		return true;
	}
	for (uint32_t i = 0; i < tracer->options.n_pids; i++)
		if (tracer->options.awaits_exec && tracer->options.pids[i] == stop->tid)
			return true;
	return false;
}

static void handle_stops(struct tracer *tracer)
{
	struct stop stop;

	while (stops_next(0, &stop)) {
		if (!is_left_to_its_parent(tracer, &stop)) {
			on_stop(tracer, &stop);
			continue;
		}
		for (uint32_t i = tracer->traced.n_threads; i-- > 0;)
			while (i < tracer->traced.n_threads &&
			       stops_next(tracer->traced.threads[i]->tid, &stop))
				on_stop(tracer, &stop);
		return;
	}
}

/* Ticks */

static void on_tick(struct tracer *tracer, const struct runclock_now *now)
{
	for (uint32_t i = 0; i < tracer->traced.n_threads; i++) {
		struct traced_thread *thread = tracer->traced.threads[i];

		if (thread->wanted) {
			thread->ticks += now->ticks;
			if (thread->ticks % ASK_AGAIN_TICKS == 0)
				stops_ask(thread->tid);	/* another stop may have taken its place */
			continue;
		}
		if (thread->process->awaits_exec || !runclock_tick(&thread->clock, now) ||
		    !stops_ask(thread->tid))
			continue;
		sampler_want(&tracer->sampler, thread);
		handle_stops(tracer);	/* the ones before have stopped by now */
	}
}

/* Beginning and end */

static int seize_thread(struct tracer *tracer, pid_t pid, pid_t tid)
{
	struct traced_thread *thread;
	int rc = stops_seize(tid);

	if (rc == -EPERM) {
		/* a thread that one of ours has just made is ours already, even before either of them has told it */
		handle_stops(tracer);
		if (traced_find(&tracer->traced, tid) || process_tracer(tid) == gettid())
			return 0;
	}
	thread = rc == 0 ? traced_add(&tracer->traced, pid, tid) : NULL;
	if (!thread)
		return rc ? rc : -ENOMEM;
	thread->process->ours = thread->process->awaits_exec = tracer->options.awaits_exec;
	return 0;
}

/* Until a look at the list finds no thread that is not seized: what those make is seized by the kernel. */
static int seize_process(struct tracer *tracer, pid_t pid)
{
	struct pid_list threads = { 0 };
	bool found = true;
	int rc = 0;

	while (rc == 0 && found) {
		found = false;
		rc = process_threads(&threads, pid, NULL);
		for (uint32_t i = 0; i < threads.n && rc == 0; i++) {
			if (traced_find(&tracer->traced, threads.items[i]))
				continue;
			rc = seize_thread(tracer, pid, threads.items[i]);
			if (rc == -ESRCH && threads.n > 1)
				rc = 0;	/* it has ended meanwhile */
			else
				found = true;
		}
	}
	pid_list_fini(&threads);
	return rc;
}

/* One answer of the kernel has several reasons. */
static int refused(pid_t pid, int rc, struct err *err)
{
	pid_t other = process_tracer(pid);
	char scope = '0';
	FILE *file;

	if (rc != -EPERM && rc != -EACCES && rc != -ENOSYS)
		return err_fail(err, rc, "ptrace failed: %s", err_text(rc));
	if (!stops_permitted())
		return err_fail(err, rc, "ptrace: a filter forbids this system call here");
	if (other)
		return err_fail(err, rc, "ptrace: process %d is traced by process %d (a debugger?)", pid,
				other);
	file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	if (file) {
		scope = (char)fgetc(file);
		fclose(file);
	}
	if (scope != '0')
		return err_fail(err, rc, "ptrace: %s; the sysctl kernel.yama.ptrace_scope is %c: only "
				"-- COMMAND, or CAP_SYS_PTRACE", err_text(rc), scope);
	return err_fail(err, rc, "ptrace: %s; another user's processes need root, or CAP_SYS_PTRACE",
			err_text(rc));
}

static int seize_all(struct tracer *tracer, struct err *err)
{
	char byte;
	int rc = 0;

	for (uint32_t i = 0; i < tracer->options.n_pids && rc == 0; i++) {
		pid_t pid = tracer->options.pids[i];

		rc = seize_process(tracer, pid);
		if (rc < 0)
			return refused(pid, rc, err);
	}
	/* of nothing there is: that it may not be called is told before that */
	rc = (int)process_read(getpid(), (uint64_t)(uintptr_t)&byte, &byte, 1);
	return rc < 0 ? err_fail(err, rc, "process_vm_readv: %s", err_text(rc)) : 0;
}

static void clear_fd(int fd, uint64_t *ret_value)
{
	struct signalfd_siginfo info;
	ssize_t n = read(fd, &info, ret_value ? sizeof(*ret_value) : sizeof(info));

	if (ret_value) {
		*ret_value = 0;
		if (n == sizeof(*ret_value))
			memcpy(ret_value, &info, sizeof(*ret_value));
	}
}

static void finish(struct tracer *tracer)
{
	struct pollfd poll_fd = { .fd = tracer->signal_fd, .events = POLLIN };
	uint64_t until = clock_mono_ns() + LAST_STOPS_MS * 1000000u;

	while (tracer->sampler.n_wanted && clock_mono_ns() < until) {
		poll(&poll_fd, 1, 1);
		clear_fd(tracer->signal_fd, NULL);
		handle_stops(tracer);
	}
	let_go(tracer, tracer->n_held);
	sampler_read_maps(&tracer->sampler, &tracer->traced, true);
	for (uint32_t i = 0; i < tracer->traced.n_processes; i++)
		sampler_keep_promise(tracer->traced.processes[i]);
	for (uint32_t i = 0; i < tracer->traced.n_threads; i++)
		sampler_count_missed(&tracer->sampler, tracer->traced.threads[i]);
	handover_publish(&tracer->handover, true);
}

static void let_drained_go(struct tracer *tracer, bool told, uint64_t now_ns)
{
	uint64_t n = 0;

	if (told)
		clear_fd(tracer->drained_fd, &n);
	if (now_ns >= tracer->held_until_ns)
		n = tracer->n_held;
	let_go(tracer, n < tracer->n_held ? (uint32_t)n : tracer->n_held);
}

static void run(struct tracer *tracer)
{
	struct pollfd fds[4] = {
		{ .fd = tracer->timer_fd, .events = POLLIN },
		{ .fd = tracer->signal_fd, .events = POLLIN },
		{ .fd = tracer->quit_fd, .events = POLLIN },
		{ .fd = tracer->drained_fd, .events = POLLIN },
	};

	while (!fds[2].revents) {
		struct runclock_now now = { .period_ns = 1000000000u / tracer->options.rate_hz };
		uint64_t ticks = 0;

		if (poll(fds, 4, tracer->n_held ? HELD_MS_MAX : -1) < 0)
			continue;
		now.ns = clock_mono_ns();
		let_drained_go(tracer, fds[3].revents, now.ns);
		if (fds[1].revents)
			clear_fd(tracer->signal_fd, NULL);
		handle_stops(tracer);
		if (fds[0].revents)
			clear_fd(tracer->timer_fd, &ticks);
		if (ticks) {
			now.ticks = ticks < UINT32_MAX ? (uint32_t)ticks : UINT32_MAX;
			on_tick(tracer, &now);
			handle_stops(tracer);
		}
		sampler_read_maps(&tracer->sampler, &tracer->traced, false);
		if (tracer->sampler.news || now.ns - tracer->published_ns > PUBLISH_NS) {
			handover_publish(&tracer->handover, false);
			tracer->published_ns = now.ns;
			tracer->sampler.news = false;
		}
	}
	finish(tracer);
}

static int start_timer(struct tracer *tracer)
{
	long period = 1000000000 / (long)tracer->options.rate_hz;
	struct itimerspec timer = {
		.it_interval = { period / 1000000000, period % 1000000000 },
		.it_value = { period / 1000000000, period % 1000000000 },
	};

	return timerfd_settime(tracer->timer_fd, 0, &timer, NULL) < 0 ? -errno : 0;
}

static void *trace(void *context)
{
	struct tracer *tracer = context;
	int rc = seize_all(tracer, &tracer->err);

	/* a stopped thread waits for us; not permitted without privileges, and then as it was */
	(void)!setpriority(PRIO_PROCESS, 0, PRIORITY);
	if (rc == 0)
		rc = start_timer(tracer);
	tracer->rc = rc;
	sem_post(&tracer->ready);
	if (rc == 0)
		run(tracer);
	return NULL;	/* and with this thread all tracing ends */
}

static int open_fds(struct tracer *tracer, const sigset_t *child)
{
	int rc = handover_init(&tracer->handover);

	tracer->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	tracer->signal_fd = signalfd(-1, child, SFD_CLOEXEC | SFD_NONBLOCK);
	tracer->quit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	tracer->drained_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rc == 0 && (tracer->timer_fd < 0 || tracer->signal_fd < 0 || tracer->quit_fd < 0 ||
			tracer->drained_fd < 0))
		rc = -errno;
	return rc;
}

int tracer_start(struct tracer **ret_tracer, const struct tracer_options *options, struct err *err)
{
	struct tracer *tracer = calloc(1, sizeof(*tracer));
	pid_t *pids = calloc(options->n_pids + 1u, sizeof(*pids));
	sigset_t child;
	int rc = -ENOMEM;

	if (!tracer || !pids) {
		free(tracer);
		free(pids);
		return -ENOMEM;
	}
	tracer->options = *options;
	if (options->n_pids)
		memcpy(pids, options->pids, options->n_pids * sizeof(*pids));
	tracer->options.pids = pids;
	tracer->sampler.options = &tracer->options;
	tracer->sampler.handover = &tracer->handover;
	sem_init(&tracer->ready, 0, 0);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &child, &tracer->old_mask);
	rc = open_fds(tracer, &child);
	if (rc == 0)
		rc = -pthread_create(&tracer->thread, NULL, trace, tracer);
	if (rc == 0) {
		tracer->started = true;
		while (sem_wait(&tracer->ready) < 0)
			;
		rc = tracer->rc;
	}
	if (rc < 0) {
		err_set(err, "%s", tracer->err.text[0] ? tracer->err.text : err_text(rc));
		tracer_close(tracer);
		return rc;
	}
	*ret_tracer = tracer;
	return 0;
}

int tracer_fd(const struct tracer *tracer)
{
	return tracer->handover.fd;
}

int tracer_drain(struct tracer *tracer, const struct tracer_handlers *handlers, void *context)
{
	struct message *message;
	int rc = 0;

	while (rc == 0 && (message = handover_take(&tracer->handover))) {
		switch (message->kind) {
		case MESSAGE_SAMPLE:
			rc = handlers->sample(context, (const struct sample_hdr *)message->data,
					      message->bytes);
			break;
		case MESSAGE_MAPS:
			if (message->text.n)
				rc = handlers->maps(context, message->pid, buf_str(&message->text),
						    message->time_ns);
			break;
		case MESSAGE_EVENT:
			message->event.path = str_of(message->name);
			rc = handlers->event(context, &message->event);
			break;
		case MESSAGE_ENDING:
			(void)!eventfd_write(tracer->drained_fd, 1);
			break;
		}
		message_free(message);
	}
	return rc;
}

void tracer_stop(struct tracer *tracer)
{
	if (!tracer->started || tracer->stopped)
		return;
	(void)!eventfd_write(tracer->quit_fd, 1);
	pthread_join(tracer->thread, NULL);
	tracer->stopped = true;
}

void tracer_counters(const struct tracer *tracer, struct cpu_counters *ret_counters)
{
	*ret_counters = tracer->sampler.counters;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void tracer_close(struct tracer *tracer)
{
	if (!tracer)
		return;
	tracer_stop(tracer);
	pthread_sigmask(SIG_SETMASK, &tracer->old_mask, NULL);
	traced_fini(&tracer->traced);
	handover_fini(&tracer->handover);
	close_fd(tracer->timer_fd);
	close_fd(tracer->signal_fd);
	close_fd(tracer->quit_fd);
	close_fd(tracer->drained_fd);
	sem_destroy(&tracer->ready);
	sampler_fini(&tracer->sampler);
	free((void *)tracer->options.pids);
	free(tracer);
}
