/* SPDX-License-Identifier: Apache-2.0 */
/* collect/tasks.h
 *
 * The asyncio tasks that were sampled, as labels: "task" (its name) and "awaited by" (who waits for it).
 *
 * A walk tells the outermost coroutine of a stack; its task is looked for in the process when that
 * coroutine is first met, for which the kernel half wakes us. Coroutines come and go, and another may
 * be where one was: a task counts for a sample only if it still had this coroutine when it was looked at
 * after the sample.
 */
#ifndef SONDE_COLLECT_TASKS_H
#define SONDE_COLLECT_TASKS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"

struct images;
struct process;
struct raw_label;
struct sample_hdr;
struct walk_runtime;

struct task_seen {
	uint64_t coroutine, task;	/* addresses; task 0: none runs it */
	uint32_t incarnation;
	uint32_t set;			/* of labels; 0: none */
	uint64_t looked_ns;		/* when it was last found so */
};

struct task_set {
	const struct raw_label *labels;	/* the arena's */
	uint32_t n;
	uint64_t hash;
};

struct tasks {
	struct images *images;		/* borrowed */
	struct task_seen *items;
	uint32_t n, cap;
	struct idindex index;		/* (incarnation, coroutine) -> item + 1 */
	struct task_set *sets;		/* each distinct one once */
	uint32_t n_sets, cap_sets;
	struct idindex set_index;
	struct arena arena;
	uint64_t next_ns;	/* no search before */
	uint64_t lost;	/* samples whose task had ended before it was looked at */
};

void tasks_init(struct tasks *tasks, struct images *images);
void tasks_fini(struct tasks *tasks);

/* The label set of a sample's task: an id from 1 on; 0: no task, or it could not be told any more. */
uint32_t tasks_labels(struct tasks *tasks, const struct process *process,
		      const struct walk_runtime *runtime, const struct sample_hdr *hdr);

#endif
