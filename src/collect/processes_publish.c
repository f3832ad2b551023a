/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel half is told of processes: their mappings, the layout of their runtime, the rows of their files. */
#include "collect/processes.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/vec.h"
#include "collect/processes_space.h"
#include "proc/process.h"
#include "runtime/runtime.h"

#define DOUBT_NS 200000000u	/* between two layouts of a runtime */
#define RETIRE_NS 1000000000u
#define AWAIT_NS 10000000000u	/* for a runtime to make room for its code */

void processes_want_rows(struct processes *processes, uint32_t id)
{
	struct image *image = images_get(processes->images, id);

	if (image->rows != ROWS_NONE || !image->elf.n_segments)
		return;
	if (VEC_RESERVE(&processes->wanted, &processes->cap_wanted,
			(uint64_t)processes->n_wanted + 1) < 0)
		return;
	image->rows = ROWS_WANTED;
	processes->wanted[processes->n_wanted++] = id;
}

static int publish_rows(struct processes *processes)
{
	uint32_t n = processes->n_wanted;

	for (uint32_t i = 0; i < n; i++)
		images_build_rows(processes->images, processes->wanted[i]);
	processes->n_wanted = 0;
	return n && processes->kernel ?
	       kernel_add_rows(processes->kernel, processes->images, processes->wanted, n) : 0;
}

bool processes_have_rows(struct processes *processes, uint32_t image)
{
	processes_want_rows(processes, image);
	images_build_rows(processes->images, image);
	return images_get(processes->images, image)->rows == ROWS_BUILT;
}

/* The C half of asyncio is a file of its own, or (static builds) a part of the interpreter's. */
static bool has_asyncio(const struct processes *processes, const struct space *space)
{
	const struct image *image = images_get(processes->images, space->runtime_image);

	for (uint32_t i = 0; i < space->n; i++)
		if (str_starts(str_basename(images_get(processes->images, space->maps[i].image)->path),
			       STR("_asyncio.")))
			return true;
	return image->runtime->kind == RUNTIME_PYTHON && image->runtime->python.has_asyncio;
}

const struct walk_runtime *processes_runtime(struct processes *processes, struct process *process)
{
	struct space *space = process->space;
	const struct image *image;

	if (!space || !space->runtime_image)
		return NULL;
	image = images_get(processes->images, space->runtime_image);
	if (space->runtime.kind == RUNTIME_NONE) {
		if (!runtime_layout(image->runtime, space->runtime_bias, process_read_whole,
				    &process->pid, &space->runtime))
			space->runtime.kind = RUNTIME_NONE;
		else if (space->runtime.kind == RUNTIME_PYTHON)
			space->runtime.python.tasks = has_asyncio(processes, space);
	}
	return space->runtime.kind == RUNTIME_NONE ? NULL : &space->runtime;
}

void processes_doubt_runtime(struct processes *processes, struct process *process)
{
	uint64_t now = clock_mono_ns();

	if (!process->space || !process->space->runtime_image || now < process->doubted_ns + DOUBT_NS)
		return;
	process->doubted_ns = now;
	processes_own_space(processes, process);	/* under a new id: published and told again */
}

/* Whether it has a runtime that will have its layout soon: until then its run-time code is no one's that the
 * kernel could walk. */
static bool awaits_runtime(struct processes *processes, struct process *process)
{
	const struct runtime_file *file = process_runtime_file(processes->images, process);
	uint64_t now = clock_mono_ns();

	if (!file || processes_runtime(processes, process) || !runtime_comes_later(file))
		return false;
	if (!process->awaited_ns)
		process->awaited_ns = now;
	return now - process->awaited_ns < AWAIT_NS;
}

static int publish_space(struct processes *processes, struct process *process)
{
	struct space *space = process->space;
	const struct walk_runtime *runtime = processes_runtime(processes, process);
	const struct runtime_file *file = process_runtime_file(processes->images, process);
	uint32_t n;
	const struct walk_mapping *mappings = space_walk_mappings(space, &n);
	int rc = mappings ? kernel_add_run(processes->kernel, mappings, n, &space->run) : -ENOMEM;

	space->published = rc == 0;
	if (rc == 0 && file && processes->broken == 0)
		processes->broken = kernel_enable_runtime(processes->kernel, file->kind);
	if (rc == 0 && runtime)
		space->runtime_slot = kernel_add_runtime(processes->kernel, runtime);
	process->awaits_runtime = awaits_runtime(processes, process);
	return rc;
}

/* What an ended process had mapped is not needed once its last samples have been read. */
static void retire(struct processes *processes, struct process *process)
{
	if (clock_mono_ns() - process->exited_ns < RETIRE_NS || kill(process->pid, 0) == 0)
		return;
	if (processes->kernel)
		kernel_remove_process(processes->kernel, process->pid);
	processes_drop_space(processes, process->space);
	process->space = NULL;
	process->dirty = false;
}

/* Rows last: handing them over waits for every CPU, 10 ms and more. Until then stacks are copied, and
 * from processes that are known with their interpreted frames. */
int processes_publish(struct processes *processes)
{
	for (uint32_t i = 0; processes->kernel && i < processes->n; i++) {
		struct process *process = &processes->items[i];

		if (process->exited && process->space)
			retire(processes, process);
		if (process->awaits_runtime && !process->exited && process->space &&
		    !awaits_runtime(processes, process))
			processes_own_space(processes, process);	/* published again, with it or without */
		if (!process->dirty || !process->space || !process->space->n)
			continue;
		if (!process->space->published && publish_space(processes, process) < 0)
			continue;	/* no room: its stacks go on being copied */
		process->dirty = false;
		if (!process->exited)
			kernel_set_process(processes->kernel, process->pid, &process->space->run,
					   process->space->runtime_slot,
					   (process->misses_known ? WALK_PROCESS_MISSES_KNOWN : 0) |
					   (process->awaits_runtime ? WALK_PROCESS_RUNTIME_AWAITED : 0));
	}
	return processes->broken ? processes->broken : publish_rows(processes);
}
