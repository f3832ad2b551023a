/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The walker over hostile memory: registers, mappings, rules, rows, stack and the interpreter's layout
 * are all the fuzzer's. */
#include <stdlib.h>
#include <string.h>

#include "walk/host.h"

#define RULES 8
#define MAPPINGS 4
#define CELLS 32

struct input {
	uint64_t regs[UNWIND_REGS];
	struct unwind_rule rules[RULES];
	struct walk_mapping mappings[MAPPINGS];
	uint64_t cells[CELLS];
	struct walk_runtime runtime;
	uint64_t thread_pointer;
};

struct memory {
	const uint8_t *stack;
	size_t n;
	uint64_t at;
	const uint64_t *cells;
};

static bool rows_of(void *context, uint32_t table, struct walk_rows *ret_rows)
{
	const struct memory *memory = context;

	if (table % 4 == 3)
		return false;
	*ret_rows = (struct walk_rows){ memory->cells, CELLS };
	return true;
}

static bool read_memory(void *context, void *out, uint32_t n, uint64_t address)
{
	const struct memory *memory = context;
	uint64_t off = address - memory->at;

	if (off > memory->n || n > memory->n - off)
		return false;
	memcpy(out, memory->stack + off, n);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct walk_host *host;
	uint64_t frames[300];
	struct input input;
	struct memory memory;
	struct walk_target target = {
		.mappings = input.mappings, .n_mappings = MAPPINGS, .rules = input.rules,
		.n_rules = RULES, .rows = rows_of, .read = read_memory, .context = &memory,
		.runtime = &input.runtime,
	};
	uint32_t n;

	if (size < sizeof(input))
		return 0;
	if (!host)
		host = walk_host_new();
	memcpy(&input, data, sizeof(input));
	memory = (struct memory){ data + sizeof(input), size - sizeof(input),
				  input.regs[UNWIND_RSP], input.cells };
	target.thread_pointer = input.thread_pointer;
	if (size & 2) {		/* interpreted frames taken earlier, as many as there are bytes for */
		target.recorded = data + sizeof(input);
		target.n_recorded = (uint32_t)((size - sizeof(input)) / 8);
	}
	target.generation = (uint32_t)input.cells[CELLS - 1];
	walk_host_run(host, &target, input.regs, size & 1, frames, 300, &n);
	if (n > 300)
		abort();
	return 0;
}
