/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/threadnames.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/vec.h"
#include "collect/images.h"
#include "collect/processes.h"
#include "proc/process.h"
#include "runtime/jvm/threads.h"
#include "runtime/python/threads.h"
#include "runtime/runtime.h"
#include "runtime/v8/workers.h"

#define ASK_AGAIN_NS 4000000ull	/* for a thread that had no name; then twice as long, ... */
#define ASK_DOUBLINGS 8			/* ... up to a second: most get theirs right after they start */
#define START_SLACK_NS 50000000u	/* starting times are counted in hundredths of a second */
#define PACE 50				/* times the CPU time of reading, until the next reading */

void threadnames_init(struct threadnames *names, struct processes *processes)
{
	*names = (struct threadnames){ .processes = processes };
}

void threadnames_fini(struct threadnames *names)
{
	free(names->items);
	free(names->pending);
	free(names->paces);
	idindex_fini(&names->index);
	arena_fini(&names->arena);
	*names = (struct threadnames){ 0 };
}

static struct threadname *find(const struct threadnames *names, uint32_t incarnation, pid_t tid)
{
	uint64_t hash = hash_u64(incarnation, (uint64_t)tid);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&names->index, hash, &step)))
		if (names->items[id - 1].incarnation == incarnation &&
		    names->items[id - 1].tid == tid)
			return &names->items[id - 1];
	return NULL;
}

static struct threadname *add(struct threadnames *names, uint32_t incarnation, pid_t tid)
{
	if (VEC_RESERVE(&names->items, &names->cap, (uint64_t)names->n + 1) < 0 ||
	    idindex_add(&names->index, hash_u64(incarnation, (uint64_t)tid), names->n + 1) < 0)
		return NULL;
	names->items[names->n] = (struct threadname){ .incarnation = incarnation, .tid = tid };
	return &names->items[names->n++];
}

static struct threadnames_pace *pace_of(struct threadnames *names, uint32_t incarnation)
{
	for (uint32_t i = 0; i < names->n_paces; i++)
		if (names->paces[i].incarnation == incarnation)
			return &names->paces[i];
	if (VEC_RESERVE(&names->paces, &names->cap_paces, (uint64_t)names->n_paces + 1) < 0)
		return NULL;
	names->paces[names->n_paces] = (struct threadnames_pace){ .incarnation = incarnation };
	return &names->paces[names->n_paces++];
}

struct search {
	struct threadnames *names;
	uint32_t incarnation;
	pid_t tid;
	uint64_t thread_pointer;
	const char *found;
};

static const char *keep(struct search *search, struct str name)
{
	if (name.n >= THREAD_NAME_BYTES)
		name.n = THREAD_NAME_BYTES - 1;
	return arena_dup(&search->names->arena, name).p;
}

static void add_pending(struct search *search, const struct python_thread *thread)
{
	struct threadnames *names = search->names;

	if (VEC_RESERVE(&names->pending, &names->cap_pending, (uint64_t)names->n_pending + 1) < 0)
		return;
	names->pending[names->n_pending++] = (struct threadname_pending){
		.incarnation = search->incarnation, .thread_pointer = thread->pthread,
		.name = keep(search, thread->name), .read_ns = clock_mono_ns(),
	};
}

/* The name that was read with another thread's, if this thread was there then: a later one may have its
 * thread pointer. */
static const char *take_pending(struct threadnames *names, uint32_t incarnation, pid_t tid,
				uint64_t thread_pointer)
{
	uint64_t start_ns = process_start_ticks(tid) * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));

	for (uint32_t i = names->n_pending; start_ns && i-- > 0;) {
		const struct threadname_pending *p = &names->pending[i];

		if (p->incarnation == incarnation && p->thread_pointer == thread_pointer)
			return p->read_ns > start_ns + START_SLACK_NS ? p->name : NULL;
	}
	return NULL;
}

/* The thread pointer tells the one sought for certain, also in another pid namespace. The others that
 * tell their tid need not be looked for later. */
static bool take(void *context, const struct python_thread *thread)
{
	struct search *search = context;
	bool sought = search->thread_pointer ? thread->pthread == search->thread_pointer :
					       thread->tid == (uint64_t)search->tid;
	struct threadname *other;

	if (sought) {
		search->found = keep(search, thread->name);
	} else if (!thread->tid) {
		add_pending(search, thread);
	} else if (thread->tid <= INT32_MAX &&
		   !find(search->names, search->incarnation, (pid_t)thread->tid)) {
		other = add(search->names, search->incarnation, (pid_t)thread->tid);
		if (other)
			other->name = keep(search, thread->name);
	}
	return true;
}

/* Names are some ten reads each: those that are known are not read again. */
static bool wants_java(void *context, const struct jvm_thread *thread)
{
	const struct search *search = context;
	const struct threadname *known = NULL;

	if (search->thread_pointer && thread->pthread == search->thread_pointer)
		return true;
	if (thread->tid <= INT32_MAX)
		known = find(search->names, search->incarnation, (pid_t)thread->tid);
	return !known || !known->name;
}

static bool take_java(void *context, const struct jvm_thread *thread)
{
	struct python_thread same = { thread->pthread, thread->tid, thread->name };

	return take(context, &same);
}

static void read_java_names(const struct jvm_file *file, uint64_t bias, pid_t *pid, struct arena *scratch,
			    struct search *search)
{
	const struct jvm_vmstructs *structs = jvm_file_structs(file, bias, process_read_whole, pid);
	const struct jvm_offsets *offsets = jvm_file_offsets(file, bias, process_read_whole, pid);
	struct jvm_memory memory = { process_read_whole, pid };

	if (structs && offsets)
		(void)jvm_thread_names(structs, offsets, bias, &memory, scratch, wants_java, take_java, search);
}

/* Of the thread sought alone. */
static void read_worker_name(const struct v8_file *file, uint64_t bias, pid_t *pid, struct arena *scratch, struct search *search)
{
	struct v8_memory memory = { process_read_whole, pid, &file->objects, NULL };
	struct str name;

	if (file->worker && v8_worker_name(&memory, search->thread_pointer, file->worker + bias, scratch, &name))
		search->found = keep(search, name);
}

static const char *read_name(struct threadnames *names, const struct process *process, pid_t tid,
			     uint64_t thread_pointer)
{
	const struct runtime_file *file = process_runtime_file(names->processes->images, process);
	struct search search = { names, process->incarnation, tid, thread_pointer, NULL };
	struct arena scratch = { 0 };
	pid_t pid = process->pid;

	names->n_pending = 0;	/* as of now they are all read again */
	if (file && file->kind == RUNTIME_PYTHON)
		python_thread_names(&file->python, process->space->runtime_bias,
				    process_read_whole, &pid, &scratch, take, &search);
	else if (file && file->kind == RUNTIME_JVM)
		read_java_names(&file->jvm, process->space->runtime_bias, &pid, &scratch, &search);
	else if (file && file->kind == RUNTIME_V8)
		read_worker_name(&file->v8, process->space->runtime_bias, &pid, &scratch, &search);
	arena_fini(&scratch);
	return search.found;
}

const char *threadnames_find(struct threadnames *names, const struct process *process, pid_t tid,
			     uint64_t thread_pointer)
{
	struct threadname *name = find(names, process->incarnation, tid);
	struct threadnames_pace *pace;
	const char *found;
	uint64_t now, began, cost;

	if (!process->space || !process->space->runtime_image)
		return NULL;
	if (name && name->name)
		return name->name;
	now = clock_mono_ns();
	if (name && now - name->asked_ns < ASK_AGAIN_NS << name->asked)
		return NULL;
	if (!name && names->n_pending) {
		found = take_pending(names, process->incarnation, tid, thread_pointer);
		name = found ? add(names, process->incarnation, tid) : NULL;
		if (name)
			return name->name = found;
	}
	pace = pace_of(names, process->incarnation);
	if (!pace || now < pace->next_ns)
		return NULL;
	if (!name)
		name = add(names, process->incarnation, tid);
	if (!name)
		return NULL;
	name->asked_ns = now;
	if (name->asked < ASK_DOUBLINGS)
		name->asked++;
	began = clock_ns(CLOCK_THREAD_CPUTIME_ID);	/* beside a load time passes that is not ours */
	found = read_name(names, process, tid, thread_pointer);
	cost = clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
	pace->next_ns = now + cost * PACE;
	name = find(names, process->incarnation, tid);	/* the items may have moved */
	name->name = found;
	return found;
}
