/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/tasks.h"

#include <stdlib.h>

#include "abi/sample.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/vec.h"
#include "collect/cpu.h"
#include "collect/images.h"
#include "collect/processes.h"
#include "proc/process.h"
#include "runtime/python/tasks.h"
#include "runtime/runtime.h"

#define SEEN_MAX (1u << 20)
#define AWAITED_BYTES_MAX 512
#define PACE 20			/* times what a search took, until the next one */
#define NONE_FOR_NS 1000000000u	/* a coroutine without a task is looked at again after this */

void tasks_init(struct tasks *tasks, struct images *images)
{
	*tasks = (struct tasks){ .images = images };
}

void tasks_fini(struct tasks *tasks)
{
	free(tasks->items);
	free(tasks->sets);
	idindex_fini(&tasks->index);
	idindex_fini(&tasks->set_index);
	arena_fini(&tasks->arena);
	*tasks = (struct tasks){ 0 };
}

static struct str name_of(const struct python_task *task)
{
	return task->name.n ? task->name : task->qualname;
}

/* "Task-2 (fetch) < Task-1 (main)": who waits, and for whom. */
static void describe_waiters(struct buf *buf, const struct python_task *chain, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		buf_add_str(buf, i > 1 ? STR(" < ") : STR(""));
		buf_add_str(buf, name_of(&chain[i]));
		if (chain[i].name.n && chain[i].qualname.n)
			buf_addf(buf, " (%.*s)", STR_ARG(chain[i].qualname));
	}
}

static uint32_t add_set(struct tasks *tasks, struct str name, struct str waiters)
{
	uint64_t hash = hash_u64(hash_str(name), hash_str(waiters));
	struct raw_label *labels;
	uint32_t step = 0, id;

	while ((id = idindex_probe(&tasks->set_index, hash, &step)))
		if (tasks->sets[id - 1].hash == hash)
			return id;
	labels = arena_array(&tasks->arena, 2, sizeof(*labels));
	if (!labels || VEC_RESERVE(&tasks->sets, &tasks->cap_sets, (uint64_t)tasks->n_sets + 1) < 0 ||
	    idindex_add(&tasks->set_index, hash, tasks->n_sets + 1) < 0)
		return 0;
	labels[0] = (struct raw_label){ STR("task"), arena_dup(&tasks->arena, name) };
	labels[1] = (struct raw_label){ STR("awaited by"), arena_dup(&tasks->arena, waiters) };
	tasks->sets[tasks->n_sets++] = (struct task_set){
		.labels = labels, .n = waiters.n ? 2 : 1, .hash = hash,
	};
	return tasks->n_sets;
}

/* Looks for the task that runs the coroutine now. */
static void look(struct tasks *tasks, const struct process *process, struct task_seen *seen)
{
	const struct image *image = images_get(tasks->images, process->space->runtime_image);
	struct python_task chain[PYTHON_CHAIN_MAX];
	struct buf waiters = { .max = AWAITED_BYTES_MAX };
	struct arena scratch = { 0 };
	pid_t pid = process->pid;
	uint64_t from_ns = clock_mono_ns();
	uint32_t n = 0;

	seen->task = 0;
	seen->set = 0;
	if (image->runtime && image->runtime->kind == RUNTIME_PYTHON)
		n = python_task_chain(&image->runtime->python, process->space->runtime_bias,
				      process_read_whole, &pid, seen->coroutine, &scratch, chain);
	if (n) {
		describe_waiters(&waiters, chain, n);
		seen->set = add_set(tasks, name_of(&chain[0]), buf_str(&waiters));
		if (python_task_runs(&image->runtime->python, process_read_whole, &pid,
				     chain[0].task, seen->coroutine))
			seen->task = chain[0].task;
	}
	seen->looked_ns = clock_mono_ns();
	tasks->next_ns = seen->looked_ns + (seen->looked_ns - from_ns) * PACE;
	buf_fini(&waiters);
	arena_fini(&scratch);
}

static struct task_seen *find(struct tasks *tasks, const struct process *process, uint64_t coroutine)
{
	uint64_t hash = hash_u64(coroutine, process->incarnation);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&tasks->index, hash, &step)))
		if (tasks->items[id - 1].coroutine == coroutine &&
		    tasks->items[id - 1].incarnation == process->incarnation)
			return &tasks->items[id - 1];
	if (tasks->n == SEEN_MAX ||
	    VEC_RESERVE(&tasks->items, &tasks->cap, (uint64_t)tasks->n + 1) < 0 ||
	    idindex_add(&tasks->index, hash, tasks->n + 1) < 0)
		return NULL;
	tasks->items[tasks->n] = (struct task_seen){
		.coroutine = coroutine, .incarnation = process->incarnation,
	};
	return &tasks->items[tasks->n++];
}

uint32_t tasks_labels(struct tasks *tasks, const struct process *process,
		      const struct walk_runtime *runtime, const struct sample_hdr *hdr)
{
	const struct image *image;
	struct task_seen *seen;
	pid_t pid = process->pid;

	if (!hdr->activity || !runtime || runtime->kind != RUNTIME_PYTHON || !runtime->python.tasks ||
	    !process->space)
		return 0;
	seen = find(tasks, process, hdr->activity);
	if (!seen)
		return 0;
	if (hdr->time_ns < seen->looked_ns)
		return seen->task ? seen->set : 0;
	image = images_get(tasks->images, process->space->runtime_image);
	if (seen->task && image->runtime &&
	    python_task_runs(&image->runtime->python, process_read_whole, &pid, seen->task,
			     seen->coroutine)) {
		seen->looked_ns = clock_mono_ns();
		return seen->set;
	}
	if (seen->task) {	/* it may have been this task's last step, or another's first */
		seen->task = 0;
		seen->looked_ns = 0;
		tasks->lost++;
		return 0;
	}
	if ((seen->looked_ns && hdr->time_ns - seen->looked_ns < NONE_FOR_NS) ||
	    clock_mono_ns() < tasks->next_ns)
		return 0;
	look(tasks, process, seen);
	return seen->task ? seen->set : 0;
}
