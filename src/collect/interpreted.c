/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/interpreted.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "collect/images.h"
#include "collect/processes.h"
#include "proc/process.h"
#include "runtime/python/codes.h"
#include "runtime/python/names.h"
#include "runtime/runtime.h"

void interpreted_init(struct interpreted *interpreted, struct images *images)
{
	*interpreted = (struct interpreted){ .images = images };
}

void interpreted_fini(struct interpreted *interpreted)
{
	for (uint32_t i = 0; i < interpreted->n_names; i++)
		python_names_free(interpreted->names[i].names);
	free(interpreted->names);
	free(interpreted->items);
	idindex_fini(&interpreted->index);
	*interpreted = (struct interpreted){ 0 };
}

/* The process's qualified names, as far as code objects of its version need them. */
static struct python_names *names_of(struct interpreted *interpreted, const struct process *process,
				     const struct walk_python *python)
{
	const struct runtime_file *file = process_runtime_file(interpreted->images, process);
	struct python_names *names;

	if (python->code_qualname != RUNTIME_NO_FIELD || !file)
		return NULL;
	for (uint32_t i = interpreted->n_names; i-- > 0;)
		if (interpreted->names[i].incarnation == process->incarnation)
			return interpreted->names[i].names;
	if (VEC_RESERVE(&interpreted->names, &interpreted->cap_names,
			(uint64_t)interpreted->n_names + 1) < 0)
		return NULL;
	names = python_names_new(&file->python, process->space->runtime_bias);
	interpreted->names[interpreted->n_names++] = (struct interpreted_names){
		process->incarnation, names,
	};
	return names;
}

static void read_code(struct interpreted *interpreted, const struct process *process,
		      const struct walk_runtime *runtime, struct interpreted_code *code)
{
	enum python_fault fault = PYTHON_FAULT_CODE_FAULT;
	pid_t pid = process->pid;

	struct python_source source = { 0 };

	if (runtime && runtime->kind == RUNTIME_PYTHON) {
		source.names = names_of(interpreted, process, &runtime->python);
		source.read = process_read_whole;
		source.context = &pid;
		code->id = python_codes_read_from(interpreted->images->codes, &source, &runtime->python,
						  process_read_whole, &pid, code->address,
						  code->check, &fault);
	}
	if (!code->id && process_start_ticks(pid) == 0)
		fault = PYTHON_FAULT_GONE;
	code->fault = code->id ? PYTHON_FAULT_NONE : fault;
}

static struct interpreted_code *find(const struct interpreted *interpreted,
				     const struct process *process, uint64_t address, uint32_t check)
{
	uint64_t hash = hash_u64(address, (uint64_t)process->incarnation << 32 | check);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&interpreted->index, hash, &step))) {
		struct interpreted_code *code = &interpreted->items[id - 1];

		if (code->address == address && code->check == check &&
		    code->incarnation == process->incarnation)
			return code;
	}
	return NULL;
}

static struct interpreted_code *add(struct interpreted *interpreted, const struct process *process,
				    uint64_t address, uint32_t check)
{
	uint64_t hash = hash_u64(address, (uint64_t)process->incarnation << 32 | check);
	struct interpreted_code *code;

	if (VEC_RESERVE(&interpreted->items, &interpreted->cap, (uint64_t)interpreted->n + 1) < 0 ||
	    idindex_add(&interpreted->index, hash, interpreted->n + 1) < 0)
		return NULL;
	code = &interpreted->items[interpreted->n++];
	*code = (struct interpreted_code){
		.address = address, .check = check, .incarnation = process->incarnation,
		.fault = PYTHON_FAULT_CODE_FAULT,
	};
	return code;
}

/* What the kernel half has copied; the process's memory for the rest. */
struct copied_memory {
	const struct sample_code *record;
	pid_t pid;
	bool live;	/* something was not in the copy */
};

static bool read_copy(void *context, void *out, size_t n, uint64_t address)
{
	struct copied_memory *memory = context;
	const struct sample_code *r = memory->record;
	const uint8_t *bytes[CODE_PIECES] = { r->object, r->file, r->name, r->table };
	const uint32_t room[CODE_PIECES] = { sizeof(r->object), sizeof(r->file), sizeof(r->name),
					     sizeof(r->table) };

	for (int i = 0; i < CODE_PIECES; i++) {
		uint64_t off = address - r->at[i];

		if (r->n[i] <= room[i] && off <= r->n[i] && n <= r->n[i] - off) {
			memcpy(out, bytes[i] + off, n);
			return true;
		}
	}
	memory->live = true;
	return process_read_whole(&memory->pid, out, n, address);
}

void interpreted_learn(struct interpreted *interpreted, const struct process *process,
		       const struct walk_runtime *runtime, const struct sample_code *record)
{
	struct copied_memory memory = { record, process->pid, false };
	uint64_t address = record->at[CODE_OBJECT];
	struct python_source source = { .copied = true };
	enum python_fault fault;
	struct interpreted_code *code;
	uint32_t check;

	if (!runtime || runtime->kind != RUNTIME_PYTHON ||
	    !python_codes_check(&runtime->python, read_copy, &memory, address, &check) ||
	    find(interpreted, process, address, check))
		return;
	code = add(interpreted, process, address, check);
	if (!code)
		return;
	source.names = names_of(interpreted, process, &runtime->python);
	source.read = process_read_whole;
	source.context = &memory.pid;
	memory.live = false;
	code->id = python_codes_read_from(interpreted->images->codes, &source, &runtime->python,
					  read_copy, &memory, address, check, &fault);
	code->fault = fault;
	if (memory.live)	/* of two times: only what the process has now belongs together */
		read_code(interpreted, process, runtime, code);
}

struct raw_frame interpreted_frame(struct interpreted *interpreted, const struct process *process,
				   const struct walk_runtime *runtime, const uint64_t pair[2])
{
	uint64_t address = SAMPLE_FRAME_PC(pair[0]);
	struct interpreted_code *code;
	uint32_t check;
	struct raw_frame frame = { .image = IMAGE_PYTHON_ID };

	if (!address) {
		frame.vaddr = pair[1];
		return frame;
	}
	check = (uint32_t)(pair[1] >> 32);
	code = find(interpreted, process, address, check);
	if (!code) {
		code = add(interpreted, process, address, check);
		if (code)
			read_code(interpreted, process, runtime, code);
	}
	if (code && code->id)
		frame.vaddr = (uint64_t)code->id << 32 | (uint32_t)pair[1];
	else
		frame.vaddr = code ? code->fault : PYTHON_FAULT_CODE_FAULT;
	return frame;
}
