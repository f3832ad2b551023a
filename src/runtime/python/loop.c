/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/python/loop.h"

#include "base/str.h"
#include "elf/elf.h"
#include "elf/lookup.h"
#include "elf/starts.h"
#include "elf/x86.h"
#include "runtime/python/python.h"
#include "runtime/python/tail.h"

#define LOOP_NAME "_PyEval_EvalFrameDefault"

#define TAIL_CALLS_MINOR 14	/* the first that can be built of them */
#define PART_BYTES_MAX ((uint64_t)1 << 20)	/* the loop itself is some 60 KB */
#define GAP_BYTES_MAX 15			/* padding between functions that follow each other */
#define REJECTED_MAX 64
#define DISPATCHES_MIN 60	/* an interpreter has well over 100 instructions */
#define DISPATCHER_BYTES_MIN 8192

struct finder {
	struct python_file *file;
	struct elf *elf;
	struct starts starts;
	uint64_t rejected[REJECTED_MAX];	/* functions that are only called */
	uint32_t n_rejected;
};

static struct python_loop *holder_of(struct python_file *file, uint64_t vaddr)
{
	for (uint32_t i = 0; i < file->n_loops; i++)
		if (vaddr >= file->loops[i].start && vaddr < file->loops[i].end)
			return &file->loops[i];
	return NULL;
}

/* Parts that follow each other become one. */
static void add_part(struct python_file *file, uint64_t start, uint64_t size)
{
	uint64_t end;

	if (!size || size > PART_BYTES_MAX || __builtin_add_overflow(start, size, &end))
		return;
	for (uint32_t i = 0; i < file->n_loops; i++) {
		struct python_loop *part = &file->loops[i];

		if (start > part->end + GAP_BYTES_MAX || part->start > end + GAP_BYTES_MAX)
			continue;
		if (start < part->start)
			part->start = start;
		if (end > part->end)
			part->end = end;
		return;
	}
	if (file->n_loops < PYTHON_LOOPS_MAX)
		file->loops[file->n_loops++] = (struct python_loop){ start, end };
}

/* Inside code, but not a table of jumps to other files: the FDE of a PLT holds all its entries. */
static bool is_code(const struct elf *elf, uint64_t vaddr)
{
	for (uint32_t i = 1; i < elf->n_sections; i++) {
		const struct elf_section *s = &elf->sections[i];

		if ((s->flags & SHF_EXECINSTR) && vaddr >= s->vaddr &&
		    vaddr - s->vaddr < s->size)
			return !str_starts(s->name, STR(".plt"));
	}
	return false;
}

/* The next instruction of *code at *vaddr: true with the target of a direct jump (near only: a short
 * one leaves no function). What is no instruction is passed over by one byte. */
static bool next_jump(struct str *code, uint64_t *vaddr, uint64_t *ret_target)
{
	struct x86_insn insn;

	while (code->n) {
		bool known = x86_decode(*code, &insn);
		size_t length = known ? insn.length : 1;

		*code = str_skip(*code, length);
		*vaddr += length;
		if (!known || insn.vex)
			continue;
		if ((insn.map == X86_ONE_BYTE && insn.opcode == 0xe9) ||
		    (insn.map == X86_0F && (insn.opcode & 0xf0) == 0x80)) {
			*ret_target = *vaddr + (uint64_t)(int64_t)insn.imm;
			return true;
		}
	}
	return false;
}

/* Whether the function jumps into the middle of the loop, as only a part of it does. */
static bool comes_back(struct finder *f, const struct starts_range *range)
{
	struct str code = elf_bytes_at(f->elf, range->start, range->size);
	uint64_t vaddr = range->start, target;

	while (next_jump(&code, &vaddr, &target)) {
		const struct python_loop *part = holder_of(f->file, target);

		if (part && part->start != target)
			return true;
	}
	return false;
}

static bool is_rejected(const struct finder *f, uint64_t start)
{
	for (uint32_t i = 0; i < f->n_rejected; i++)
		if (f->rejected[i] == start)
			return true;
	return false;
}

/* A jump to a function's start may be a call at the end of this one. */
static void follow(struct finder *f, uint64_t target)
{
	struct starts_range range;

	if (holder_of(f->file, target) || !is_code(f->elf, target) ||
	    !starts_find_range(&f->starts, target, &range) || range.size > PART_BYTES_MAX ||
	    is_rejected(f, range.start))
		return;
	if (target != range.start || comes_back(f, &range))
		add_part(f->file, range.start, range.size);
	else if (f->n_rejected < REJECTED_MAX)
		f->rejected[f->n_rejected++] = range.start;
}

static void follow_jumps(struct finder *f)
{
	if (f->elf->machine != EM_X86_64)
		return;
	for (uint32_t i = 0; i < f->file->n_loops; i++) {
		struct python_loop part = f->file->loops[i];
		struct str code = elf_bytes_at(f->elf, part.start, part.end - part.start);
		uint64_t vaddr = part.start, target;

		while (next_jump(&code, &vaddr, &target))
			if (target < part.start || target >= part.end)
				follow(f, target);
	}
}

static bool see_part(void *context, const struct elf_symbol *symbol)
{
	struct finder *f = context;

	if (symbol->type == STT_FUNC)
		add_part(f->file, symbol->vaddr, symbol->size);
	return true;
}

static void add_named(struct finder *f, const struct elf_symbol *symbol)
{
	struct starts_range range;

	add_part(f->file, symbol->vaddr, symbol->size);
	if (starts_find_range(&f->starts, symbol->vaddr, &range))
		add_part(f->file, range.start, range.size);
	elf_lookup_each(f->elf, STR(LOOP_NAME "."), see_part, f);
}

/* jmp *%reg and jmp *table(,%reg,8) */
static uint32_t count_dispatches(struct str code)
{
	struct x86_insn insn;
	uint32_t n = 0;

	while (code.n) {
		bool known = x86_decode(code, &insn);

		n += known && !insn.vex && insn.map == X86_ONE_BYTE && insn.opcode == 0xff &&
		     (insn.modrm >> 3 & 7) == 4 && !insn.rip_relative;
		code = str_skip(code, known ? insn.length : 1);
	}
	return n;
}

/* Twice as many as any other, or it is not known which of them. */
static bool guess_dispatcher(struct finder *f)
{
	struct starts_range range, best = { 0 };
	uint32_t most = 0, second = 0;

	if (f->elf->machine != EM_X86_64)
		return false;
	for (uint64_t i = 0; i < starts_count(&f->starts); i++) {
		uint32_t n;

		if (!starts_at(&f->starts, i, &range) || range.size < DISPATCHER_BYTES_MIN ||
		    range.size > PART_BYTES_MAX)
			continue;
		n = count_dispatches(elf_bytes_at(f->elf, range.start, range.size));
		if (n > most) {
			second = most;
			most = n;
			best = range;
		} else if (n > second) {
			second = n;
		}
	}
	if (most < DISPATCHES_MIN || most / 2 < second)
		return false;
	add_part(f->file, best.start, best.size);
	return true;
}

bool python_loop_find(struct python_file *file, struct elf *elf)
{
	struct finder f = { .file = file, .elf = elf };
	struct elf_symbol symbol;
	struct starts_range range;

	file->n_loops = 0;
	if (starts_load(&f.starts, elf) < 0)
		return false;
	if (!elf_lookup(elf, STR(LOOP_NAME), &symbol) || !is_code(elf, symbol.vaddr)) {
		guess_dispatcher(&f);
	} else {
		range = (struct starts_range){ symbol.vaddr, symbol.size };
		if (file->minor >= TAIL_CALLS_MINOR &&
		    python_tail_find(file, elf, &f.starts, &range))
			goto out;
		add_named(&f, &symbol);
	}
	follow_jumps(&f);
out:
	starts_fini(&f.starts);
	return file->n_loops;
}
