/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/traced.h"

#include <stdlib.h>

#include "base/vec.h"
#include "proc/process.h"

static uint32_t bucket(pid_t id)
{
	return (uint32_t)id & (TRACED_BUCKETS - 1);
}

struct traced_thread *traced_find(const struct traced *traced, pid_t tid)
{
	struct traced_thread *thread = traced->thread_buckets[bucket(tid)];

	while (thread && thread->tid != tid)
		thread = thread->next;
	return thread;
}

struct traced_process *traced_find_process(const struct traced *traced, pid_t pid)
{
	struct traced_process *process = traced->process_buckets[bucket(pid)];

	while (process && process->pid != pid)
		process = process->next;
	return process;
}

static struct traced_process *add_process(struct traced *traced, pid_t pid)
{
	struct traced_process *process;

	if (VEC_RESERVE(&traced->processes, &traced->cap_processes,
			(uint64_t)traced->n_processes + 1) < 0)
		return NULL;
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->pid = pid;
	process->at = traced->n_processes;
	process_comm(pid, pid, process->comm);
	process->next = traced->process_buckets[bucket(pid)];
	traced->process_buckets[bucket(pid)] = process;
	traced->processes[traced->n_processes++] = process;
	return process;
}

static void remove_process(struct traced *traced, struct traced_process *process)
{
	struct traced_process **link = &traced->process_buckets[bucket(process->pid)];

	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	traced->processes[process->at] = traced->processes[--traced->n_processes];
	traced->processes[process->at]->at = process->at;
	free(process);
}

struct traced_thread *traced_add(struct traced *traced, pid_t pid, pid_t tid)
{
	struct traced_process *process = traced_find_process(traced, pid);
	struct traced_thread *thread;

	if (VEC_RESERVE(&traced->threads, &traced->cap_threads, (uint64_t)traced->n_threads + 1) < 0)
		return NULL;
	thread = calloc(1, sizeof(*thread));
	if (thread && !process)
		process = add_process(traced, pid);
	if (!thread || !process) {
		free(thread);
		return NULL;
	}
	thread->tid = tid;
	thread->process = process;
	thread->at = traced->n_threads;
	runclock_open(&thread->clock, pid, tid);
	thread->next = traced->thread_buckets[bucket(tid)];
	traced->thread_buckets[bucket(tid)] = thread;
	traced->threads[traced->n_threads++] = thread;
	process->n_threads++;
	return thread;
}

void traced_remove(struct traced *traced, struct traced_thread *thread)
{
	struct traced_thread **link = &traced->thread_buckets[bucket(thread->tid)];
	struct traced_process *process = thread->process;

	while (*link != thread)
		link = &(*link)->next;
	*link = thread->next;
	traced->threads[thread->at] = traced->threads[--traced->n_threads];
	traced->threads[thread->at]->at = thread->at;
	runclock_close(&thread->clock);
	free(thread);
	if (--process->n_threads == 0)
		remove_process(traced, process);
}

void traced_fini(struct traced *traced)
{
	while (traced->n_threads)
		traced_remove(traced, traced->threads[traced->n_threads - 1]);
	free(traced->threads);
	free(traced->processes);
	*traced = (struct traced){ 0 };
}
