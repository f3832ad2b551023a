/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: CPython's Modules/_asynciomodule.c (TaskObj, FutureObj), Lib/asyncio/tasks.py (_current_tasks,
 * _all_tasks, _scheduled_tasks, _eager_tasks, gather), taskgroups.py (_parent_task), Lib/_weakrefset.py,
 * Include/cpython/setobject.h, pycore_tstate.h (3.14). The offsets were measured in each version:
 * docs/python.md. */
#include "runtime/python/tasks.h"

#include <stdio.h>

#include "runtime/python/dict.h"
#include "runtime/python/interpreters.h"

#define BASES_MAX 4		/* classes derived from Task, each from the one before */
#define CALLBACKS_MAX 16
#define TSTATES_MAX 4096

#define TYPE_BASE 240		/* tp_base, after what begins every object */

/* Bytes into TaskObj; the callbacks are where every Future has them. */
struct layout {
	uint8_t coroutine, name, awaited_by, awaited_by_is_set, node;
};

#define CALLBACK 24
#define CALLBACKS 40

static const struct layout layouts[] = {
	[7] = { .coroutine = 112 },
	[8] = { .coroutine = 112, .name = 120 },
	[9] = { .coroutine = 152, .name = 160 },
	[10] = { .coroutine = 160, .name = 168 },
	[11] = { .coroutine = 136, .name = 144 },
	[12] = { .coroutine = 136, .name = 144 },
	[13] = { .coroutine = 120, .name = 128 },
	[14] = { .coroutine = 128, .name = 136, .awaited_by = 96, .awaited_by_is_set = 109,
		 .node = 152 },
};

/* 3.14 keeps tasks in lists: of the thread's state (the running one just before), of the interpreter. */
#define TSTATE_TASKS_FROM 808	/* where the running one is looked for: patch releases move it */
#define TSTATE_TASKS_TO 936

struct finder {
	const struct python_file *file;
	const struct layout *layout;
	struct python_memory memory;
	struct python_shape shape;
	uint64_t wanted;	/* coroutine */
	uint64_t interp;
	uint32_t left;
};

static uint64_t word(const struct finder *f, uint64_t address)
{
	return address ? python_word(&f->memory, address) : 0;
}

/* Of the C type, or of a class derived from it. */
static bool is_derived(const struct finder *f, uint64_t object, struct str name)
{
	uint64_t type = word(f, object + f->shape.object_bytes - 8);
	char text[64];

	for (unsigned i = 0; type && object && i < BASES_MAX; i++) {
		uint64_t at = word(f, type + f->shape.object_bytes + 8);

		if (at && python_read(&f->memory, text, name.n + 1, at) && !text[name.n] &&
		    str_eq(str_over(text, name.n), name))
			return true;
		type = word(f, type + f->shape.object_bytes + TYPE_BASE);
	}
	return false;
}

static bool is_task(const struct finder *f, uint64_t object)
{
	return is_derived(f, object, STR("_asyncio.Task"));
}

static bool is_wanted(struct finder *f, uint64_t task)
{
	if (!task || !f->left)
		return false;
	f->left--;
	return word(f, task + f->layout->coroutine) == f->wanted && is_task(f, task);
}

/* ---- every task there is, the running ones first */

static uint64_t find_in_values(struct finder *f, uint64_t address)
{
	struct python_dict dict;
	uint64_t key, task;

	if (python_dict_open(&dict, &f->memory, f->shape, address))
		while (f->left && python_dict_next(&dict, &f->memory, &key, &task))
			if (is_wanted(f, task))
				return task;
	return 0;
}

/* A set: entries used so far, members, mask, table of (object, hash). */
static uint64_t find_in_set(struct finder *f, uint64_t set, bool weak)
{
	uint64_t head[4];

	if (!set || !python_read(&f->memory, head, sizeof(head), set + f->shape.object_bytes) ||
	    head[2] >= UINT32_MAX)
		return 0;
	for (uint64_t i = 0; i <= head[2] && i < 4 * (uint64_t)PYTHON_TASKS_MAX && f->left; i++) {
		uint64_t task = word(f, head[3] + i * 16);

		if (task && weak)
			task = word(f, task + f->shape.object_bytes);	/* wr_object */
		if (is_wanted(f, task))
			return task;
	}
	return 0;
}

static uint64_t find_in_module(struct finder *f)
{
	uint64_t module = python_module_dict(f->file, &f->memory, f->interp, STR("asyncio.tasks"));
	const char *weak = f->shape.minor >= 12 ? "_scheduled_tasks" : "_all_tasks";
	uint64_t task, set;

	if (!module)
		return 0;
	task = find_in_values(f, python_dict_find(&f->memory, f->shape, module,
						  STR("_current_tasks")));
	if (task)
		return task;
	set = python_dict_find(&f->memory, f->shape, module, str_of(weak));
	task = set ? find_in_set(f, python_attribute(&f->memory, f->shape, set, STR("data")), true) :
		     0;
	if (task || f->shape.minor < 12)
		return task;
	return find_in_set(f, python_dict_find(&f->memory, f->shape, module, STR("_eager_tasks")),
			   false);
}

/* A circle of nodes that are inside their tasks. */
static uint64_t find_in_list(struct finder *f, uint64_t head)
{
	uint64_t node = word(f, head);

	while (node && node != head && f->left) {
		if (is_wanted(f, node - f->layout->node))
			return node - f->layout->node;
		node = word(f, node);
	}
	return 0;
}

static uint64_t find_in_thread(struct finder *f, uint64_t tstate)
{
	uint64_t words[(TSTATE_TASKS_TO - TSTATE_TASKS_FROM) / 8];

	if (!python_read(&f->memory, words, sizeof(words), tstate + TSTATE_TASKS_FROM))
		return 0;
	for (unsigned i = 0; i < sizeof(words) / 8; i++)
		if (is_wanted(f, words[i]))
			return words[i];
	/* a list's head points to a node, or to itself */
	for (unsigned i = 0; i + 1 < sizeof(words) / 8; i++) {
		uint64_t at = tstate + TSTATE_TASKS_FROM + i * 8, task = 0;

		if (words[i] && words[i] != at && word(f, words[i] + 8) == at)
			task = find_in_list(f, at);
		if (task)
			return task;
	}
	return 0;
}

static uint64_t find_in_threads(struct finder *f)
{
	const struct python_offsets *o = &f->file->offsets;
	uint64_t tstate = word(f, f->interp + o->interp_threads);

	for (unsigned i = 0; tstate && i < TSTATES_MAX; i++) {
		uint64_t task = find_in_thread(f, tstate);

		if (task)
			return task;
		tstate = word(f, tstate + o->tstate_next);
	}
	return 0;
}

/* ---- who waits for it */

static uint64_t waiting(struct finder *f, uint64_t future, unsigned depth);

/* gather(): the callback of each is a function that holds the future of all. */
static uint64_t waiting_of_function(struct finder *f, uint64_t function, unsigned depth)
{
	uint16_t closure = f->shape.object_bytes + (f->shape.minor >= 10 ? 56 : 32);
	uint64_t cells = word(f, function + closure);
	uint64_t n = word(f, cells ? cells + f->shape.object_bytes : 0);

	for (uint64_t i = 0; i < n && n <= CALLBACKS_MAX; i++) {
		uint64_t cell = word(f, cells + f->file->offsets.tuple_items + i * 8);
		uint64_t object = word(f, cell ? cell + f->shape.object_bytes : 0);

		if (object && python_type_is(&f->memory, f->shape, object, STR("_GatheringFuture")))
			return waiting(f, object, depth + 1);
	}
	return 0;
}

static uint64_t waiting_of_callback(struct finder *f, uint64_t callback, unsigned depth)
{
	uint64_t own = f->shape.object_bytes, other;

	if (!callback)
		return 0;
	if (python_type_is(&f->memory, f->shape, callback, STR("builtin_function_or_method"))) {
		other = word(f, callback + own + 8);
		return is_task(f, other) ? other : 0;
	}
	if (python_type_is(&f->memory, f->shape, callback, STR("TaskWakeupMethWrapper"))) {
		other = word(f, callback + own);
		return is_task(f, other) ? other : 0;
	}
	if (python_type_is(&f->memory, f->shape, callback, STR("function")))
		return waiting_of_function(f, callback, depth);
	if (!python_type_is(&f->memory, f->shape, callback, STR("method")))
		return 0;
	other = word(f, callback + own + 8);
	if (!other || !python_type_is(&f->memory, f->shape, other, STR("TaskGroup")))
		return 0;
	other = python_attribute(&f->memory, f->shape, other, STR("_parent_task"));
	return is_task(f, other) ? other : 0;
}

static uint64_t waiting_by_callbacks(struct finder *f, uint64_t future, unsigned depth)
{
	uint64_t task = waiting_of_callback(f, word(f, future + CALLBACK), depth);
	uint64_t list = word(f, future + CALLBACKS), items, n;

	n = list && python_type_is(&f->memory, f->shape, list, STR("list")) ?
		    word(f, list + f->shape.object_bytes) : 0;
	items = n ? word(f, list + f->shape.object_bytes + 8) : 0;
	for (uint64_t i = 0; !task && i < n && i < CALLBACKS_MAX; i++) {
		uint64_t pair = word(f, items + i * 8);	/* (callback, context) */

		task = waiting_of_callback(f, word(f, pair ? pair + f->file->offsets.tuple_items : 0),
					   depth);
	}
	return task;
}

/* 3.14 keeps it: a task, or a set of them. */
static uint64_t waiting_by_record(struct finder *f, uint64_t task)
{
	uint64_t other = word(f, task + f->layout->awaited_by), head[4];
	uint8_t is_set = 0;

	python_read(&f->memory, &is_set, 1, task + f->layout->awaited_by_is_set);
	if (!other || !is_set)
		return is_task(f, other) ? other : 0;
	if (!python_read(&f->memory, head, sizeof(head), other + f->shape.object_bytes))
		return 0;
	for (uint64_t i = 0; i <= head[2] && i < 64; i++) {
		uint64_t member = word(f, head[3] + i * 16);

		if (member && is_task(f, member))
			return member;
	}
	return 0;
}

static uint64_t waiting(struct finder *f, uint64_t future, unsigned depth)
{
	uint64_t task = 0;

	if (depth > 4)
		return 0;
	if (f->layout->awaited_by)
		task = waiting_by_record(f, future);
	return task ? task : waiting_by_callbacks(f, future, depth);
}

/* ---- names */

/* 3.12 and later keep "Task-3" as 3 until somebody asks. */
static void read_name(struct finder *f, uint64_t object, struct arena *arena, struct str *ret_name)
{
	uint64_t number;
	char text[32];

	if (!object)
		return;
	if (python_type_is(&f->memory, f->shape, object, STR("int"))) {
		if (python_integer(&f->memory, f->shape, object, &number)) {
			snprintf(text, sizeof(text), "Task-%lu", (unsigned long)number);
			*ret_name = arena_dup(arena, str_of(text));
		}
	} else if (python_type_is(&f->memory, f->shape, object, STR("str"))) {
		python_string(&f->memory, f->shape, object, arena, ret_name);
	}
}

static uint16_t qualname_at(unsigned minor)
{
	if (minor <= 9)
		return 56;
	if (minor == 10)
		return 48;
	return minor == 11 ? 40 : 32;
}

static void describe(struct finder *f, uint64_t task, struct arena *arena,
		     struct python_task *ret_task)
{
	*ret_task = (struct python_task){ .task = task,
					  .coroutine = word(f, task + f->layout->coroutine) };
	if (f->layout->name)
		read_name(f, word(f, task + f->layout->name), arena, &ret_task->name);
	if (ret_task->coroutine &&
	    python_type_is(&f->memory, f->shape, ret_task->coroutine, STR("coroutine")))
		read_name(f, word(f, ret_task->coroutine + qualname_at(f->shape.minor)), arena,
			  &ret_task->qualname);
}

static uint64_t find_task(struct finder *f, uint64_t bias)
{
	uint64_t task = 0;

	f->interp = python_first_interpreter(f->file, bias, &f->memory);
	for (uint32_t i = 0; !task && f->interp && i < PYTHON_INTERPRETERS_MAX; i++) {
		if (f->shape.minor >= 14)
			task = find_in_threads(f);
		if (!task)
			task = find_in_module(f);
		f->interp = word(f, f->interp + f->file->offsets.interp_next);
	}
	return task;
}

uint32_t python_task_chain(const struct python_file *file, uint64_t bias, python_read_fn read,
			   void *context, uint64_t coroutine, struct arena *arena,
			   struct python_task chain[PYTHON_CHAIN_MAX])
{
	struct finder f = { .file = file, .memory = { read, context },
			    .shape = python_file_shape(file), .wanted = coroutine,
			    .left = PYTHON_TASKS_MAX };
	uint64_t task;
	uint32_t n = 0;

	if (file->minor < 7 || file->minor > 14 || file->free_threaded || !coroutine)
		return 0;
	f.layout = &layouts[file->minor];
	if (!python_type_is(&f.memory, f.shape, coroutine, STR("coroutine")))
		return 0;	/* a generator */
	task = find_task(&f, bias);
	while (task && n < PYTHON_CHAIN_MAX) {
		for (uint32_t i = 0; i < n; i++)	/* a circle, or memory that changes */
			if (chain[i].task == task)
				return n;
		describe(&f, task, arena, &chain[n++]);
		task = waiting(&f, task, 0);
	}
	return n;
}

bool python_task_runs(const struct python_file *file, python_read_fn read, void *context,
		      uint64_t task, uint64_t coroutine)
{
	struct finder f = { .file = file, .memory = { read, context },
			    .shape = python_file_shape(file), .wanted = coroutine, .left = 1 };

	if (file->minor < 7 || file->minor > 14 || file->free_threaded)
		return false;
	f.layout = &layouts[file->minor];
	return is_wanted(&f, task);
}
