/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/python/tail.h"

#include <stdlib.h>
#include <string.h>

#include "base/bisect.h"
#include "base/str.h"
#include "base/vec.h"
#include "elf/elf.h"
#include "elf/starts.h"
#include "elf/x86.h"
#include "runtime/python/python.h"

#define LOOP_BYTES_MAX 16384	/* of what only prepares a run */
#define FUNCTION_BYTES_MAX ((uint64_t)1 << 20)
#define HANDLERS_MIN 60		/* an interpreter has well over 100 instructions */
#define CALL_BYTES 5		/* of a direct call */

/* How an instruction goes to another function. */
enum edge { EDGE_NONE, EDGE_CALL, EDGE_JUMP };

struct tail {
	struct python_file *file;
	const struct elf *elf;
	const struct starts *starts;
	uint64_t table;		/* of pointers to the functions, by instruction */
	uint64_t *handlers;	/* the first vaddrs of functions that jump through it, ascending */
	uint32_t n, cap;
	bool failed;		/* out of memory */
};

/* A walk over the instructions of one function; what is none is passed over by one byte. */
struct pass {
	struct str code;
	uint64_t vaddr;		/* of the instruction at hand */
	struct x86_insn insn;
	uint16_t holders;	/* registers into which the table's address was loaded */
};

static bool next_insn(struct pass *pass)
{
	size_t step = pass->insn.length;

	pass->code = str_skip(pass->code, step);
	pass->vaddr += step;
	while (pass->code.n && !x86_decode(pass->code, &pass->insn)) {
		pass->code = str_skip(pass->code, 1);
		pass->vaddr++;
	}
	return pass->code.n;
}

static struct pass pass_over(const struct elf *elf, const struct starts_range *range)
{
	return (struct pass){
		.code = elf_bytes_at(elf, range->start, range->size), .vaddr = range->start,
	};
}

static bool loads_address(const struct pass *pass, uint64_t *ret_address)
{
	const struct x86_insn *insn = &pass->insn;

	if (insn->vex || insn->map != X86_ONE_BYTE || insn->opcode != 0x8d || !insn->rip_relative)
		return false;
	*ret_address = pass->vaddr + insn->length + (uint64_t)(int64_t)insn->disp;
	return true;
}

/* call or jmp *X(,%reg,8), *(%reg,%reg,8): which, and X or the register that holds it. */
static enum edge through_table(const struct x86_insn *insn, bool *ret_absolute, unsigned *ret_base)
{
	unsigned operation = insn->modrm >> 3 & 7;

	if (insn->vex || insn->map != X86_ONE_BYTE || insn->opcode != 0xff || x86_mod(insn) != 0 ||
	    (insn->modrm & 7) != 4 || insn->sib >> 6 != 3 || (operation != 2 && operation != 4))
		return EDGE_NONE;
	*ret_base = (insn->sib & 7) | (insn->rex & 1) << 3;
	*ret_absolute = (insn->sib & 7) == 5;
	return operation == 2 ? EDGE_CALL : EDGE_JUMP;
}

/* Whether the instruction at hand goes through the table. */
static enum edge edge_at(const struct tail *tail, struct pass *pass)
{
	uint64_t address;
	bool absolute;
	unsigned base;
	enum edge edge;

	if (loads_address(pass, &address) && address == tail->table)
		pass->holders |= (uint16_t)(1u << x86_reg(&pass->insn));
	edge = through_table(&pass->insn, &absolute, &base);
	if (edge == EDGE_NONE)
		return EDGE_NONE;
	if (absolute)
		return (uint64_t)(int64_t)pass->insn.disp == tail->table ? edge : EDGE_NONE;
	return pass->holders >> base & 1 ? edge : EDGE_NONE;
}

/* The table that a function calls through. 0: it calls through none. */
static uint64_t find_table(const struct elf *elf, const struct starts_range *loop)
{
	struct pass pass = pass_over(elf, loop);
	uint64_t held[16] = { 0 }, address;
	bool absolute;
	unsigned base;

	while (next_insn(&pass)) {
		if (loads_address(&pass, &address))
			held[x86_reg(&pass.insn)] = address;
		if (through_table(&pass.insn, &absolute, &base) == EDGE_CALL)
			return absolute ? (uint64_t)(int64_t)pass.insn.disp : held[base];
	}
	return 0;
}

/* Whether the table's address may be in these bytes, as an operand or as a distance. */
static bool mentions(const struct tail *tail, const struct starts_range *range)
{
	struct str code = elf_bytes_at(tail->elf, range->start, range->size);
	uint32_t operand, absolute = (uint32_t)tail->table;

	for (size_t i = 2; i + 4 <= code.n; i++) {
		memcpy(&operand, code.p + i, 4);
		if (operand == absolute ||
		    ((uint8_t)code.p[i - 2] == 0x8d &&
		     operand + (uint32_t)(range->start + i + 4) == absolute))
			return true;
	}
	return false;
}

static void add_site(struct tail *tail, uint64_t start, uint64_t end)
{
	struct python_file *file = tail->file;

	if (file->n_loops < PYTHON_LOOPS_MAX)
		file->loops[file->n_loops++] = (struct python_loop){ start, end };
}

static void add_handler(struct tail *tail, uint64_t start)
{
	if (VEC_RESERVE(&tail->handlers, &tail->cap, (uint64_t)tail->n + 1) < 0)
		tail->failed = true;
	else
		tail->handlers[tail->n++] = start;
}

static void look_at(struct tail *tail, const struct starts_range *range)
{
	struct pass pass = pass_over(tail->elf, range);
	bool jumps = false;

	while (next_insn(&pass)) {
		enum edge edge = edge_at(tail, &pass);

		if (edge == EDGE_CALL)
			add_site(tail, pass.vaddr, pass.vaddr + pass.insn.length);
		jumps |= edge == EDGE_JUMP;
	}
	if (jumps)
		add_handler(tail, range->start);
}

static bool is_handler(const struct tail *tail, uint64_t vaddr)
{
	uint32_t at = BISECT(tail->n, i, tail->handlers[i] < vaddr);

	return at < tail->n && tail->handlers[at] == vaddr;
}

/* Some runs begin with what handles an exception, which is called by name. */
static void look_for_calls(struct tail *tail, const struct starts_range *range)
{
	struct str code = elf_bytes_at(tail->elf, range->start, range->size);
	bool some = false;
	struct pass pass;
	int32_t distance;

	for (size_t i = 0; i + CALL_BYTES <= code.n && !some; i++) {
		if ((uint8_t)code.p[i] != 0xe8)
			continue;
		memcpy(&distance, code.p + i + 1, 4);
		some = is_handler(tail, range->start + i + CALL_BYTES + (uint64_t)(int64_t)distance);
	}
	pass = pass_over(tail->elf, range);
	while (some && next_insn(&pass)) {
		uint64_t end = pass.vaddr + pass.insn.length;

		if (!pass.insn.vex && pass.insn.map == X86_ONE_BYTE && pass.insn.opcode == 0xe8 &&
		    is_handler(tail, end + (uint64_t)(int64_t)pass.insn.imm))
			add_site(tail, pass.vaddr, end);
	}
}

static int by_vaddr(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static bool range_at(const struct tail *tail, uint64_t i, struct starts_range *ret_range)
{
	return starts_at(tail->starts, i, ret_range) && ret_range->size <= FUNCTION_BYTES_MAX;
}

bool python_tail_find(struct python_file *file, const struct elf *elf, const struct starts *starts,
		      const struct starts_range *loop)
{
	struct tail tail = { .file = file, .elf = elf, .starts = starts };
	struct starts_range range;
	bool found;

	file->n_loops = 0;
	file->tail_table = 0;
	if (elf->machine != EM_X86_64 || loop->size > LOOP_BYTES_MAX)
		return false;
	tail.table = find_table(elf, loop);
	if (!tail.table)
		return false;
	for (uint64_t i = 0; i < starts_count(starts); i++)
		if (range_at(&tail, i, &range) && mentions(&tail, &range))
			look_at(&tail, &range);
	if (tail.n)
		qsort(tail.handlers, tail.n, sizeof(*tail.handlers), by_vaddr);
	for (uint64_t i = 0; tail.n >= HANDLERS_MIN && i < starts_count(starts); i++)
		if (range_at(&tail, i, &range))
			look_for_calls(&tail, &range);
	found = tail.n >= HANDLERS_MIN && file->n_loops && !tail.failed;
	if (found)
		file->tail_table = tail.table;
	else
		file->n_loops = 0;
	free(tail.handlers);
	return found;
}

static void tell_stack(const struct tail *tail, const struct starts_range *range, python_stack_fn add,
		       void *context)
{
	static const uint8_t frame[] = { 0x55, 0x48, 0x89, 0xe5 };
	struct pass pass = pass_over(tail->elf, range);

	while (next_insn(&pass)) {
		if (edge_at(tail, &pass) == EDGE_JUMP) {
			add(context, pass.vaddr, pass.vaddr + pass.insn.length, false);
		} else if (pass.code.n >= sizeof(frame) && !memcmp(pass.code.p, frame, sizeof(frame))) {
			add(context, pass.vaddr, pass.vaddr + 1, false);
			add(context, pass.vaddr + 1, pass.vaddr + sizeof(frame), true);
		}
	}
}

void python_tail_stack(const struct python_file *file, const struct elf *elf, const struct starts *starts,
		       python_stack_fn add, void *context)
{
	struct tail tail = { .elf = elf, .starts = starts, .table = file->tail_table };
	struct starts_range range;

	for (uint64_t i = 0; i < starts_count(starts); i++)
		if (range_at(&tail, i, &range) && mentions(&tail, &range))
			tell_stack(&tail, &range, add, context);
}
