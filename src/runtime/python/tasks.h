/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/tasks.h
 *
 * asyncio: the task that runs a coroutine, and the tasks that wait for it.
 *
 *   main()  awaits  Task-2 (fetch)  awaits  Task-3 (read)  <- the coroutine seen in a stack
 *   chain:  Task-3, Task-2, Task-1
 *
 * 3.7 to 3.14, tasks of asyncio's C half (uvloop's too). Through what waits for a task's end: a task, a
 * gather() or a TaskGroup; the first of several.
 */
#ifndef SONDE_RUNTIME_PYTHON_TASKS_H
#define SONDE_RUNTIME_PYTHON_TASKS_H

#include "base/arena.h"
#include "runtime/python/python.h"

#define PYTHON_TASKS_MAX 20000u		/* looked at to find one */
#define PYTHON_CHAIN_MAX 64u

struct python_task {
	uint64_t task, coroutine;	/* addresses */
	struct str name;	/* "Task-3", or what the program named it; empty in 3.7 */
	struct str qualname;	/* of its coroutine: "fetch" */
};

/* chain[0]: the task of this coroutine; then who waits for it, and so on. The number of them, at most
 * PYTHON_CHAIN_MAX; 0 when no task runs it. Strings are in the arena. */
uint32_t python_task_chain(const struct python_file *file, uint64_t bias, python_read_fn read,
			   void *context, uint64_t coroutine, struct arena *arena,
			   struct python_task chain[PYTHON_CHAIN_MAX]);

/* Whether a task still runs that coroutine; a task that has ended runs none. */
bool python_task_runs(const struct python_file *file, python_read_fn read, void *context,
		      uint64_t task, uint64_t coroutine);

#endif
