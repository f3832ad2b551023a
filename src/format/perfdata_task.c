/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfdata_task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bisect.h"
#include "base/vec.h"

static void space_drop(struct perfdata_space *space)
{
	if (!space || --space->refs)
		return;
	free(space->maps);
	free(space);
}

static void table_fini(struct perfdata_table *table)
{
	free(table->items);
	idindex_fini(&table->index);
}

void perfdata_tasks_fini(struct perfdata_tasks *tasks)
{
	struct perfdata_process *processes = tasks->processes.items;

	for (uint32_t i = 0; i < tasks->processes.n; i++)
		space_drop(processes[i].space);
	table_fini(&tasks->processes);
	table_fini(&tasks->threads);
	*tasks = (struct perfdata_tasks){ 0 };
}

/* The item of that number, all zero but for it where it is new. NULL: out of memory, or there are too many. */
static void *item_of(struct perfdata_table *table, size_t bytes, uint32_t number)
{
	uint64_t hash = hash_u64(number, 0);
	uint32_t step = 0, id;
	char *item;

	while ((id = idindex_probe(&table->index, hash, &step))) {
		item = (char *)table->items + (id - 1) * bytes;
		if (!memcmp(item, &number, sizeof(number)))
			return item;
	}
	if (table->n == PERFDATA_TASKS_MAX ||
	    ((uint64_t)table->n + 1 > table->cap &&
	     vec_reserve(&table->items, &table->cap, (uint64_t)table->n + 1, bytes) < 0) ||
	    idindex_add(&table->index, hash, table->n + 1) < 0)
		return NULL;
	item = (char *)table->items + table->n++ * bytes;
	memset(item, 0, bytes);
	memcpy(item, &number, sizeof(number));
	return item;
}

struct perfdata_process *perfdata_process(struct perfdata_tasks *tasks, uint32_t pid)
{
	return item_of(&tasks->processes, sizeof(struct perfdata_process), pid);
}

struct perfdata_thread *perfdata_thread(struct perfdata_tasks *tasks, uint32_t tid)
{
	return item_of(&tasks->threads, sizeof(struct perfdata_thread), tid);
}

int perfdata_tasks_fork(struct perfdata_tasks *tasks, uint32_t pid, uint32_t parent, uint32_t tid,
			uint32_t parent_tid, bool inherits)
{
	struct perfdata_thread *thread = perfdata_thread(tasks, parent_tid);
	struct perfdata_process *process = perfdata_process(tasks, parent);
	struct perfdata_space *space = process ? process->space : NULL;
	uint32_t name = thread ? thread->name : 0, process_name = process ? process->name : 0;

	process = perfdata_process(tasks, pid);
	thread = perfdata_thread(tasks, tid);
	if (!process || !thread)
		return -ENOMEM;
	thread->name = name;
	if (pid == parent) {
		process->threads++;
		return 0;
	}
	if (inherits && space)
		space->refs++;
	space_drop(process->space);
	*process = (struct perfdata_process){ .pid = pid, .name = process_name, .threads = 1,
					      .space = inherits ? space : NULL };
	return 0;
}

int perfdata_tasks_name(struct perfdata_tasks *tasks, uint32_t pid, uint32_t tid, uint32_t name, bool exec)
{
	struct perfdata_process *process = perfdata_process(tasks, pid);
	struct perfdata_thread *thread = perfdata_thread(tasks, tid);

	if (!process || !thread)
		return -ENOMEM;
	thread->name = name;
	if (pid == tid)
		process->name = name;
	if (exec) {
		space_drop(process->space);
		process->space = NULL;
	}
	return 0;
}

/* A process keeps its code for as long as one of its threads may still be sampled. */
void perfdata_tasks_exit(struct perfdata_tasks *tasks, uint32_t pid, uint32_t tid)
{
	struct perfdata_process *process = perfdata_process(tasks, pid);

	if (!process)
		return;
	if (process->threads)
		process->threads--;
	if (pid == tid)
		process->main_ended = true;
	if (!process->main_ended || process->threads)
		return;
	space_drop(process->space);
	process->space = NULL;
}

/* The process's space for writing: its own. */
static struct perfdata_space *own_space(struct perfdata_tasks *tasks, struct perfdata_process *process)
{
	struct perfdata_space *space = process->space, *fresh;

	if (space && space->refs == 1)
		return space;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return NULL;
	fresh->refs = 1;
	if (space && space->n) {
		if (VEC_RESERVE(&fresh->maps, &fresh->cap, (uint64_t)space->n + 2) < 0) {
			free(fresh);
			return NULL;
		}
		memcpy(fresh->maps, space->maps, space->n * sizeof(*space->maps));
		fresh->n = space->n;
		tasks->effort += space->n;
	}
	space_drop(space);
	process->space = fresh;
	return fresh;
}

/* The first map that ends behind the address. */
static uint32_t first_behind(const struct perfdata_space *space, uint64_t address)
{
	return BISECT(space->n, i, space->maps[i].end <= address);
}

struct code_map *perfdata_space_find(struct perfdata_space *space, uint64_t address)
{
	uint32_t i = space ? first_behind(space, address) : 0;

	return space && i < space->n && space->maps[i].start <= address ? &space->maps[i] : NULL;
}

/* What is left of a map from `start` on. */
static struct code_map part_behind(struct code_map map, uint64_t start)
{
	map.off += start - map.start;
	map.start = start;
	return map;
}

/* Puts a map in; what it covers of older ones is theirs no more. There is room for two more. */
static void insert(struct perfdata_tasks *tasks, struct perfdata_space *space, const struct code_map *map)
{
	uint32_t first = first_behind(space, map->start), end = first, n = 0;
	struct code_map parts[3];

	while (end < space->n && space->maps[end].start < map->end)
		end++;
	if (first < end && space->maps[first].start < map->start) {
		parts[n] = space->maps[first];
		parts[n++].end = map->start;
	}
	parts[n++] = *map;
	if (first < end && space->maps[end - 1].end > map->end)
		parts[n++] = part_behind(space->maps[end - 1], map->end);
	memmove(space->maps + first + n, space->maps + end, (space->n - end) * sizeof(*space->maps));
	memcpy(space->maps + first, parts, n * sizeof(*parts));
	tasks->effort += space->n - end + 1;
	space->n += n - (end - first);
}

int perfdata_tasks_map(struct perfdata_tasks *tasks, uint32_t pid, const struct code_map *map)
{
	struct perfdata_process *process = perfdata_process(tasks, pid);
	struct perfdata_space *space;

	if (!process)
		return -ENOMEM;
	if (map->start >= map->end || (process->space && process->space->n >= PERFDATA_MAPS_MAX))
		return 0;
	space = own_space(tasks, process);
	if (!space || VEC_RESERVE(&space->maps, &space->cap, (uint64_t)space->n + 2) < 0)
		return -ENOMEM;
	insert(tasks, space, map);
	space->id = ++tasks->next_space;
	space->asked = false;
	return tasks->effort > PERFDATA_EFFORT_MAX ? -E2BIG : 0;
}
