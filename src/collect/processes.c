/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "collect/events.h"
#include "collect/processes_space.h"
#include "proc/maps.h"
#include "proc/process.h"
#include "runtime/runtime.h"

#define MISS_AGAIN_NS 10000000u	/* the first time; doubled each time that it was in vain */
#define MISS_AGAIN_MAX_NS 5000000000u

void processes_init(struct processes *processes, struct images *images, struct kernel *kernel,
		    bool all, bool eager)
{
	*processes = (struct processes){
		.images = images, .kernel = kernel, .all = all, .eager = eager,
	};
}

void processes_drop_space(struct processes *processes, struct space *space)
{
	if (!space || --space->refs)
		return;
	if (space->published && processes->kernel) {
		kernel_remove_run(processes->kernel, &space->run);
		kernel_remove_runtime(processes->kernel, space->runtime_slot);
	}
	space_free(space);
}

void processes_fini(struct processes *processes)
{
	for (uint32_t i = 0; i < processes->n; i++)
		processes_drop_space(processes, processes->items[i].space);
	free(processes->items);
	free(processes->wanted);
	idindex_fini(&processes->index);
	*processes = (struct processes){ 0 };
}

struct space *processes_own_space(struct processes *processes, struct process *process)
{
	struct space *space = process->space;

	if (!space || space->refs > 1 || space->published) {
		struct space *fresh = space_new(++processes->next_space, space);

		if (!fresh)
			return NULL;
		processes_drop_space(processes, space);
		process->space = space = fresh;
	}
	space->id = ++processes->next_space;
	space->runtime.kind = RUNTIME_NONE;	/* laid out again: more may be known now */
	process->dirty = true;
	process->misses_known = false;
	return space;
}

static bool is_file(struct str path)
{
	return str_starts(path, STR("/")) && !str_starts(path, STR("//anon"));
}

/* A process maps its jitdump executable to say that it has one (tools/perf/Documentation/
 * jitdump-specification.txt). */
static bool is_jitdump(struct str path)
{
	struct str name = str_basename(path);

	return str_starts(name, STR("jit-")) && str_ends(name, STR(".dump"));
}

/* Remembers where a mapping replaces another one. */
static void doubt_replaced(struct process *process, const struct space_map *map)
{
	const struct space *space = process->space;

	for (uint32_t i = 0; space && i < space->n; i++) {
		const struct space_map *old = &space->maps[i];
		struct process_doubt both = {
			.start = old->start > map->start ? old->start : map->start,
			.end = old->end < map->end ? old->end : map->end,
		};

		if (both.start >= both.end || (old->image == map->image && old->bias == map->bias))
			continue;
		if (process->n_doubts < PROCESS_DOUBTS) {
			process->doubts[process->n_doubts++] = both;
			continue;
		}
		/* too many to tell apart: everything from the last one on */
		process->doubts[PROCESS_DOUBTS - 1].start = 0;
		process->doubts[PROCESS_DOUBTS - 1].end = UINT64_MAX;
	}
}

/* libffi maps a page of the file it is in once more, for closures, also where that is the interpreter's. */
static bool holds_runtime(const struct runtime_file *file, const struct space_map *map)
{
	uint64_t at;

	if (file->kind != RUNTIME_PYTHON)
		return true;
	at = file->python.loops[0].start + map->bias;
	return at >= map->start && at < map->end;
}

/* Of several runtimes in one space the walk knows one: an interpreter rather than Go (whose libraries
 * are walked without, but where their stack must grow), else the last one mapped. */
static bool takes_runtime(const struct processes *processes, const struct space *space,
			  const struct space_map *map)
{
	const struct runtime_file *offered = images_get(processes->images, map->image)->runtime;
	const struct runtime_file *taken = images_get(processes->images, space->runtime_image)->runtime;

	/* V8 maps a part of its file once more, near the code that it makes */
	if (offered && offered == taken && offered->kind == RUNTIME_V8)
		return false;
	return offered && holds_runtime(offered, map) &&
	       !(offered->kind == RUNTIME_GO && taken && taken->kind != RUNTIME_GO);
}

static int add_mapping(struct processes *processes, struct process *process,
		       const struct image_query *query)
{
	struct space_map map = { .start = query->start, .end = query->end };
	const struct space_map *old = space_find(process->space, query->start);
	struct space *space;
	uint32_t image = 0;

	if (is_file(query->path) || str_eq(query->path, STR("[vdso]")))
		image = images_of_mapping(processes->images, query);
	if (str_starts(query->path, STR("[vsyscall]")))
		return 0;
	if (is_jitdump(query->path)) {
		images_set_jitdump(processes->images,
				   images_of_runtime(processes->images, process->pid,
						     str_of(process->name)), query->path);
		return 0;
	}
	map.walkable = image && images_bias(processes->images, image, query->start, query->off,
					    &map.bias);
	map.image = image;
	if (!map.walkable) {
		/* a file that is gone or damaged keeps its name; what is no file is run-time code */
		map.bias = image ? query->start - query->off : 0;
		if (!image || images_get(processes->images, image)->fd >= 0) {
			map.image = images_of_runtime(processes->images, process->pid,
						      str_of(process->name));
			map.bias = 0;
		}
	}
	if (old && old->start == map.start && old->end == map.end && old->image == map.image &&
	    old->bias == map.bias)
		return 0;
	if (map.walkable && processes->eager)
		processes_want_rows(processes, map.image);
	doubt_replaced(process, &map);
	space = processes_own_space(processes, process);
	if (!space)
		return -ENOMEM;
	if (map.walkable && takes_runtime(processes, space, &map)) {
		space->runtime_image = map.image;
		space->runtime_bias = map.bias;
		space->runtime.kind = RUNTIME_NONE;
	}
	return space_insert(space, map);
}

static int add_mappings(struct processes *processes, struct process *process,
			const struct proc_maps *maps)
{
	int rc = 0;

	for (uint32_t i = 0; i < maps->n; i++) {
		const struct proc_map *m = &maps->items[i];

		if (m->executable && add_mapping(processes, process, &(struct image_query){
				.pid = process->pid, .start = m->start, .end = m->end,
				.off = m->off, .path = m->path, .dev_major = m->dev_major,
				.dev_minor = m->dev_minor, .inode = m->inode,
			}) < 0)
			rc = -ENOMEM;
	}
	return rc;
}

static bool scan(struct processes *processes, struct process *process)
{
	struct proc_maps maps = { 0 };
	uint32_t before = process->space ? process->space->id : 0;

	process->scanned = true;
	if (proc_maps_read(&maps, process->pid, NULL) < 0)
		return false;
	add_mappings(processes, process, &maps);
	proc_maps_fini(&maps);
	return (process->space ? process->space->id : 0) != before;
}

uint32_t processes_runtime_kinds(struct processes *processes, pid_t pid, struct str path)
{
	struct image_query query = { .pid = pid, .path = path };
	struct proc_maps maps = { 0 };
	struct image *image;
	uint32_t found = 0;

	if (path.n) {
		image = images_get(processes->images, images_of_mapping(processes->images, &query));
		if (image->runtime)
			return RUNTIME_BIT(image->runtime->kind);
		return image->elf.n_segments ? runtime_launched(&image->elf) : 0;
	}
	if (proc_maps_read(&maps, pid, NULL) < 0)
		return 0;
	for (uint32_t i = 0; i < maps.n; i++) {
		const struct proc_map *m = &maps.items[i];

		if (!m->executable || !is_file(m->path))
			continue;
		query = (struct image_query){
			.pid = pid, .start = m->start, .end = m->end, .off = m->off, .path = m->path,
			.dev_major = m->dev_major, .dev_minor = m->dev_minor, .inode = m->inode,
		};
		image = images_get(processes->images, images_of_mapping(processes->images, &query));
		if (image->runtime)
			found |= RUNTIME_BIT(image->runtime->kind);
	}
	proc_maps_fini(&maps);
	return found;
}

bool processes_rescan(struct processes *processes, struct process *process)
{
	bool found = scan(processes, process);

	process->missed_ns = 0;
	if (found)
		process->miss_again_ns = 0;
	if (!found && !process->misses_known) {
		process->misses_known = true;
		process->dirty = true;
	}
	return found;
}

void processes_missed(struct process *process, uint64_t now_ns)
{
	if (!process->misses_known)
		return;
	if (!process->missed_ns)
		process->missed_ns = now_ns;
	if (process->miss_again_ns < MISS_AGAIN_NS)
		process->miss_again_ns = MISS_AGAIN_NS;
	if (now_ns - process->missed_ns < process->miss_again_ns || now_ns < process->missed_ns)
		return;
	process->miss_again_ns *= 2;
	if (process->miss_again_ns > MISS_AGAIN_MAX_NS)
		process->miss_again_ns = MISS_AGAIN_MAX_NS;
	process->misses_known = false;
	process->dirty = true;
}

struct process *processes_find(const struct processes *processes, pid_t pid)
{
	uint64_t hash = hash_u64((uint64_t)pid, 0);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&processes->index, hash, &step)))
		if (processes->items[id - 1].pid == pid)
			return &processes->items[id - 1];
	return NULL;
}

static struct process *add_process(struct processes *processes, pid_t pid)
{
	struct process *process;

	if (VEC_RESERVE(&processes->items, &processes->cap, (uint64_t)processes->n + 1) < 0 ||
	    idindex_add(&processes->index, hash_u64((uint64_t)pid, 0), processes->n + 1) < 0)
		return NULL;
	process = &processes->items[processes->n++];
	*process = (struct process){ .pid = pid, .incarnation = ++processes->next_incarnation };
	return process;
}

static void set_name(struct process *process, struct str name)
{
	size_t n = name.n < sizeof(process->name) ? name.n : sizeof(process->name) - 1;

	memset(process->name, 0, sizeof(process->name));
	memcpy(process->name, name.p, n);
}

struct process *processes_get(struct processes *processes, pid_t pid)
{
	struct process *process = processes_find(processes, pid);

	if (process)
		return process;
	process = add_process(processes, pid);
	if (!process)
		return NULL;
	process_name(process->pid, process->name);
	scan(processes, process);
	return process;
}

int processes_remap(struct processes *processes, pid_t pid, struct str text, uint64_t until_ns)
{
	struct process *process = processes_find(processes, pid);
	struct proc_maps maps = { 0 };
	int rc;

	if (!process)
		process = add_process(processes, pid);
	if (!process)
		return -ENOMEM;
	process->scanned = true;
	process->n_doubts = 0;
	process->doubt_ns = until_ns;
	if (!process->name[0])
		process_name(process->pid, process->name);
	rc = proc_maps_parse(&maps, text, NULL);
	if (rc == 0)
		rc = add_mappings(processes, process, &maps);
	proc_maps_fini(&maps);
	return rc == -ENOMEM ? rc : 0;	/* lines that are none leave us with what we knew */
}

bool processes_doubtful(const struct process *process, uint64_t address, uint64_t time_ns)
{
	if (time_ns > process->doubt_ns)
		return false;
	for (uint32_t i = 0; i < process->n_doubts; i++)
		if (address >= process->doubts[i].start && address < process->doubts[i].end)
			return true;
	return false;
}

/* A process begins again: another program, or another process under a pid used before. */
static void forget(struct processes *processes, struct process *process)
{
	processes_drop_space(processes, process->space);
	process->space = NULL;
	process->incarnation = ++processes->next_incarnation;
	process->dirty = true;
	process->misses_known = false;
	process->exited = false;
	process->awaited_ns = 0;
}

static int apply_fork(struct processes *processes, const struct process_event *event)
{
	struct process *parent, *child;

	if (event->pid == event->parent_pid)
		return 0;	/* a thread */
	parent = processes->all ? processes_get(processes, (pid_t)event->parent_pid) :
				  processes_find(processes, (pid_t)event->parent_pid);
	if (!parent)
		return 0;
	processes->applied++;
	child = processes_find(processes, (pid_t)event->pid);
	if (!child)
		child = add_process(processes, (pid_t)event->pid);
	if (!child)
		return -ENOMEM;
	forget(processes, child);
	parent = processes_find(processes, (pid_t)event->parent_pid);	/* it may have moved */
	memcpy(child->name, parent->name, sizeof(child->name));
	child->space = parent->space;
	child->scanned = true;
	if (child->space)
		child->space->refs++;
	/* the kernel half has done both by itself; this only mends a reused pid */
	if (processes->kernel && !processes->all)
		kernel_add_target(processes->kernel, child->pid, false);
	return 0;
}

int processes_apply(struct processes *processes, const struct process_event *event)
{
	struct process *process;

	if (event->kind == PROCESS_FORKED)
		return apply_fork(processes, event);
	if (event->kind == PROCESS_EVENTS_LOST) {
		processes->lost += event->lost;
		for (uint32_t i = 0; i < processes->n; i++)
			if (!processes->items[i].exited)
				scan(processes, &processes->items[i]);
		return 0;
	}
	process = processes_find(processes, (pid_t)event->pid);
	if (!process && processes->all && event->kind != PROCESS_EXITED)
		process = add_process(processes, (pid_t)event->pid);
	if (!process)
		return 0;
	processes->applied++;
	switch (event->kind) {
	case PROCESS_MAPPED:
		return add_mapping(processes, process, &(struct image_query){
			.pid = process->pid, .start = event->start, .end = event->end,
			.off = event->off, .path = event->path, .build_id = event->build_id,
			.build_id_n = event->build_id_n, .dev_major = event->dev_major,
			.dev_minor = event->dev_minor, .inode = event->inode,
		});
	case PROCESS_EXECED:
		forget(processes, process);
		process->scanned = true;	/* all its mappings come as events */
		set_name(process, event->path);
		break;
	case PROCESS_RENAMED:
		if (event->pid == event->tid && !process_is_thread_name(event->path))
			set_name(process, event->path);
		break;
	case PROCESS_EXITED:
		process->exited |= event->pid == event->tid;
		process->exited_ns = event->time_ns;
		break;
	case PROCESS_FORKED:
	case PROCESS_EVENTS_LOST:
		break;
	}
	return 0;
}

void processes_preload(struct processes *processes, struct str path)
{
	struct proc_maps maps = { 0 };
	struct image_query query = { .pid = getpid(), .path = path };

	processes_want_rows(processes, images_of_mapping(processes->images, &query));
	if (proc_maps_read(&maps, query.pid, NULL) < 0)
		return;
	for (uint32_t i = 0; i < maps.n; i++) {
		const struct proc_map *m = &maps.items[i];

		if (!m->executable || !is_file(m->path))
			continue;
		query.start = m->start;
		query.end = m->end;
		query.path = m->path;
		query.inode = m->inode;
		query.dev_major = m->dev_major;
		query.dev_minor = m->dev_minor;
		processes_want_rows(processes, images_of_mapping(processes->images, &query));
	}
	proc_maps_fini(&maps);
}
