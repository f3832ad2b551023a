/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfdata_task.h
 *
 * Processes and threads as they are at one moment of a recording, followed from record to record in the order
 * of time.
 *
 *   thread (tid) --> name
 *   process (pid) --> space: the code it has mapped, sorted
 *
 * A space is shared by a parent and its forked children until one of them maps something. Its id is new with
 * every change: what is remembered of an address in it holds as long as the id.
 */
#ifndef SONDE_FORMAT_PERFDATA_TASK_H
#define SONDE_FORMAT_PERFDATA_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "format/code_aid.h"

#define PERFDATA_TASKS_MAX (1u << 22)
#define PERFDATA_MAPS_MAX 65536u	/* of a process; vm.max_map_count is a little less */
#define PERFDATA_EFFORT_MAX ((uint64_t)1 << 30)	/* maps moved or copied, in all */

struct perfdata_space {
	struct code_map *maps;
	uint32_t n, cap;
	uint32_t id;		/* from 1 */
	uint32_t refs;
	bool asked;		/* every map's image is known */
};

struct perfdata_process {
	uint32_t pid;		/* first, as tid below */
	uint32_t name;		/* string */
	uint32_t threads;	/* begun and not ended, as far as was told */
	bool main_ended;
	struct perfdata_space *space;	/* NULL: nothing mapped */
};

struct perfdata_thread {
	uint32_t tid;
	uint32_t name;		/* string */
	uint64_t contended_ns;	/* when it began to wait for a lock; 0: it does not */
	/* The label set that its last sample had, and what that was made of. */
	uint32_t set, set_name, set_process, set_pid, set_cpu, set_event, set_cgroup;
};

/* Items of one of these two kinds, found by the number that they begin with. */
struct perfdata_table {
	void *items;
	uint32_t n, cap;
	struct idindex index;	/* places in items and 1 */
};

struct perfdata_tasks {
	struct perfdata_table processes, threads;
	uint32_t next_space;
	uint64_t effort;
};

void perfdata_tasks_fini(struct perfdata_tasks *tasks);

/* The one of that number, known from now on. NULL: out of memory, or there are too many. Lent until the next. */
struct perfdata_process *perfdata_process(struct perfdata_tasks *tasks, uint32_t pid);
struct perfdata_thread *perfdata_thread(struct perfdata_tasks *tasks, uint32_t tid);

/* A child begins with its parent's code (unless it becomes another program at once), a thread with its
 * creator's name. 0 or -ENOMEM. */
int perfdata_tasks_fork(struct perfdata_tasks *tasks, uint32_t pid, uint32_t parent, uint32_t tid,
			uint32_t parent_tid, bool inherits);

/* A thread's new name; of another program, nothing that was mapped is there any more. 0 or -ENOMEM. */
int perfdata_tasks_name(struct perfdata_tasks *tasks, uint32_t pid, uint32_t tid, uint32_t name, bool exec);

void perfdata_tasks_exit(struct perfdata_tasks *tasks, uint32_t pid, uint32_t tid);

/* 0, -ENOMEM, or -E2BIG: more than PERFDATA_EFFORT_MAX has been spent on maps. */
int perfdata_tasks_map(struct perfdata_tasks *tasks, uint32_t pid, const struct code_map *map);

/* The map that holds an address, or NULL. */
struct code_map *perfdata_space_find(struct perfdata_space *space, uint64_t address);

#endif
