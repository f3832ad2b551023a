/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/prologue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bisect.h"
#include "base/vec.h"
#include "elf/elf.h"
#include "elf/symbols.h"
#include "elf/x86.h"
#include "unwind/cfi.h"
#include "unwind/unwind.h"

/* Runs shorter than the first are padding and single stubs. Less than the second in all, or than
 * this part of the text, are start files and stray assembly, not worth reading symbols for.
 * More than the third is no C library but another language, whose own reader knows it better. */
#define REGION_MIN 64
#define UNCOVERED_MIN 2048
#define UNCOVERED_PART 64
#define UNCOVERED_MAX (1u << 20)

/* Instructions of code that has CFI which are read for what they refer to. */
#define COVERED_MAX (2u << 20)

/* A run of uncovered code. */
struct region {
	uint64_t start, end;
	struct str code;
	uint32_t first;		/* its first byte's place in states */
};

/* Somewhere to follow code from. */
struct origin {
	uint64_t vaddr;
	struct prologue_state state;
};

struct follower {
	struct elf *elf;
	struct cfi *cfi;
	struct region *regions;
	uint32_t n_regions, cap_regions, n_bytes;
	uint64_t text_bytes;
	struct prologue_state *states;	/* one for each byte; of instructions' first bytes */
	struct origin *later;		/* outside the function being followed */
	uint32_t n_later, cap_later;
	uint64_t *work;			/* addresses whose state is set, still to be followed */
	uint32_t n_work, cap_work;
	struct prologue_state indirect;	/* at a jump through a table */
	uint64_t budget;		/* instructions: symbols of hostile files overlap */
	bool failed;			/* out of memory */
};

static const struct prologue_state at_entry = { .depth = 1 };

/* ---- Regions. ---- */

static void add_region(struct follower *f, uint64_t start, uint64_t end)
{
	struct str code;

	if (end <= start || end - start < REGION_MIN)
		return;
	code = elf_bytes_at(f->elf, start, end - start);
	if (!code.n || end - start > UINT32_MAX - f->n_bytes)
		return;
	if (VEC_RESERVE(&f->regions, &f->cap_regions, (uint64_t)f->n_regions + 1) < 0) {
		f->failed = true;
		return;
	}
	f->regions[f->n_regions++] = (struct region){ start, end, code, f->n_bytes };
	f->n_bytes += (uint32_t)(end - start);
}

/* Of .text, where nothing is said. Ascending, as ranges are sorted. */
static void find_regions(struct follower *f)
{
	const struct elf_section *text = elf_find_section(f->elf, STR(".text"));
	uint64_t at, end;

	if (!text || text->type != SHT_PROGBITS || text->vaddr + text->size <= text->vaddr)
		return;
	f->text_bytes = text->size;
	at = text->vaddr;
	end = at + text->size;
	for (uint32_t i = 0; i < f->cfi->n && f->cfi->ranges[i].start < end; i++) {
		const struct cfi_range *range = &f->cfi->ranges[i];

		add_region(f, at, range->start);
		if (cfi_range_end(range) > at)
			at = cfi_range_end(range);
	}
	add_region(f, at, end);
}

static const struct region *region_of(const struct follower *f, uint64_t vaddr)
{
	uint32_t at = BISECT(f->n_regions, i, f->regions[i].end <= vaddr);

	return at < f->n_regions && f->regions[at].start <= vaddr ? &f->regions[at] : NULL;
}

static struct prologue_state *state_at(const struct follower *f, const struct region *region,
				       uint64_t vaddr)
{
	return &f->states[region->first + (vaddr - region->start)];
}

static bool decode_at(const struct region *region, uint64_t vaddr, struct x86_insn *ret_insn)
{
	return x86_decode(str_skip(region->code, vaddr - region->start), ret_insn);
}

/* ---- Following a function. ---- */

struct function {
	const struct region *region;
	uint64_t start, end;
	bool sized;		/* else it may end anywhere before `end` */
};

static void come_later(struct follower *f, uint64_t vaddr, struct prologue_state state)
{
	const struct region *region = region_of(f, vaddr);

	if (!region || state_at(f, region, vaddr)->depth)
		return;
	if (VEC_RESERVE(&f->later, &f->cap_later, (uint64_t)f->n_later + 1) < 0)
		f->failed = true;
	else
		f->later[f->n_later++] = (struct origin){ vaddr, state };
}

/* A place in the function gets its state once: paths that meet agree in compiled code. */
static void come_to(struct follower *f, const struct function *fn, uint64_t vaddr,
		    struct prologue_state state)
{
	struct prologue_state *known;

	if (vaddr < fn->start || vaddr >= fn->end) {
		come_later(f, vaddr, state);	/* a tail call, or the function's cold part */
		return;
	}
	known = state_at(f, fn->region, vaddr);
	if (known->depth)
		return;
	if (VEC_RESERVE(&f->work, &f->cap_work, (uint64_t)f->n_work + 1) < 0) {
		f->failed = true;
		return;
	}
	*known = state;
	f->work[f->n_work++] = vaddr;
}

enum flow { FLOW_ON, FLOW_BRANCH, FLOW_CALL, FLOW_JUMP, FLOW_INDIRECT, FLOW_STOP };

static enum flow flow_of(const struct x86_insn *insn)
{
	if (insn->vex)
		return FLOW_ON;
	if (insn->map == X86_0F)
		return insn->opcode >= 0x80 && insn->opcode <= 0x8f ? FLOW_BRANCH :
		       insn->opcode == 0x0b ? FLOW_STOP : FLOW_ON;
	if (insn->map != X86_ONE_BYTE)
		return FLOW_ON;
	switch (insn->opcode) {
	case 0x70 ... 0x7f:
	case 0xe0 ... 0xe3:
		return FLOW_BRANCH;
	case 0xe8:
		return FLOW_CALL;
	case 0xe9:
	case 0xeb:
		return FLOW_JUMP;
	case 0xff:
		return (insn->modrm >> 3 & 6) == 4 ? FLOW_INDIRECT :
		       (insn->modrm >> 3 & 6) == 2 ? FLOW_CALL : FLOW_ON;
	case 0xc2 ... 0xc3:	/* ret, int3, iret, hlt */
	case 0xca ... 0xcc:
	case 0xcf:
	case 0xf4:
		return FLOW_STOP;
	}
	return FLOW_ON;
}

/* An address that the code takes, of a function perhaps: lea X(%rip), or mov $X in a program at
 * fixed addresses. Functions have no other sign where symbols are stripped. */
static void note_pointer(struct follower *f, const struct x86_insn *insn, uint64_t next)
{
	if (insn->map != X86_ONE_BYTE || insn->vex)
		return;
	if (insn->opcode == 0x8d && insn->rip_relative)
		come_later(f, next + (uint64_t)(int64_t)insn->disp, at_entry);
	else if (insn->opcode >= 0xb8 && insn->opcode <= 0xbf)
		come_later(f, (uint32_t)insn->imm, at_entry);
}

static bool is_padding(const struct x86_insn *insn)
{
	return (insn->map == X86_0F && insn->opcode == 0x1f) ||
	       (insn->map == X86_ONE_BYTE && (insn->opcode == 0x90 || insn->opcode == 0xcc));
}

/* Whether code jumps back to vaddr before it returns: loops are aligned as functions are. */
#define LOOP_INSNS_MAX 256

static bool is_loop_head(struct follower *f, const struct function *fn, uint64_t vaddr)
{
	struct x86_insn insn;
	uint64_t at = vaddr;

	for (int i = 0; i < LOOP_INSNS_MAX && at < fn->end && f->budget; i++, f->budget--) {
		enum flow flow;

		if (!decode_at(fn->region, at, &insn))
			return false;
		at += insn.length;
		flow = flow_of(&insn);
		if ((flow == FLOW_BRANCH || flow == FLOW_JUMP) &&
		    at + (uint64_t)(int64_t)insn.imm == vaddr)
			return true;
		if (flow == FLOW_STOP)
			return false;
	}
	return false;
}

/* Whether a function of unknown size ends here, behind a call: one that does not return (to
 * __stack_chk_fail() say). Padding shows that, or a push where functions are aligned. */
static bool ends_behind_call(struct follower *f, const struct function *fn, uint64_t vaddr)
{
	struct x86_insn insn = { 0 };
	uint64_t at = vaddr;
	bool pushes;

	if (fn->sized)
		return false;
	while (at < fn->end && decode_at(fn->region, at, &insn) && is_padding(&insn))
		at += insn.length;
	pushes = insn.map == X86_ONE_BYTE && insn.opcode >= 0x50 && insn.opcode <= 0x57;
	if (at % 16 || (!pushes && (at == vaddr || is_loop_head(f, fn, at))))
		return false;
	if (pushes)
		come_later(f, at, at_entry);
	return true;
}

/* From vaddr, whose state is set, to where the path ends or meets another. */
static void follow_path(struct follower *f, const struct function *fn, uint64_t vaddr)
{
	struct prologue_state state = *state_at(f, fn->region, vaddr);
	struct x86_insn insn;

	while (vaddr < fn->end && decode_at(fn->region, vaddr, &insn)) {
		uint64_t next = vaddr + insn.length;
		uint64_t target = next + (uint64_t)(int64_t)insn.imm;
		enum flow flow = flow_of(&insn);

		if (flow == FLOW_BRANCH || flow == FLOW_JUMP)
			come_to(f, fn, target, state);
		if (flow == FLOW_CALL && insn.opcode == 0xe8)
			come_later(f, target, at_entry);
		if (flow == FLOW_INDIRECT && !f->indirect.depth)
			f->indirect = state;
		if (flow == FLOW_JUMP || flow == FLOW_INDIRECT || flow == FLOW_STOP ||
		    (flow == FLOW_CALL && ends_behind_call(f, fn, next)))
			return;
		prologue_step(&state, &insn);
		note_pointer(f, &insn, next);
		vaddr = next;
		if (vaddr >= fn->end || state_at(f, fn->region, vaddr)->depth)
			return;
		*state_at(f, fn->region, vaddr) = state;
	}
}

static void follow_paths(struct follower *f, const struct function *fn)
{
	while (f->n_work && !f->failed)
		follow_path(f, fn, f->work[--f->n_work]);
}

/* Code behind a jump through a table: what no other path has reached, entered with the state at
 * that jump. */
static void follow_table(struct follower *f, const struct function *fn)
{
	uint64_t vaddr = fn->start;
	struct x86_insn insn;

	while (vaddr < fn->end && f->budget && decode_at(fn->region, vaddr, &insn)) {
		f->budget--;
		if (!state_at(f, fn->region, vaddr)->depth && !is_padding(&insn)) {
			come_to(f, fn, vaddr, f->indirect);
			follow_paths(f, fn);
		}
		vaddr += insn.length;
	}
}

/* end: 0 when not known, and then the code behind a table is not looked for. */
static void follow_function(struct follower *f, uint64_t start, uint64_t end,
			    struct prologue_state state)
{
	struct function fn = { region_of(f, start), start, end, .sized = end };

	if (!fn.region)
		return;
	if (!end || end > fn.region->end)
		fn.end = fn.region->end;
	f->indirect = (struct prologue_state){ 0 };
	come_to(f, &fn, start, state);
	follow_paths(f, &fn);
	if (fn.sized && f->indirect.depth)
		follow_table(f, &fn);
}

/* ---- All of them. ---- */

/* A ".cold" part is entered in the middle of things, from the function it belongs to. */
static bool is_function(const struct symbol *symbol)
{
	return symbol->size && symbol->vaddr + symbol->size > symbol->vaddr &&
	       !str_contains(symbol->name, STR(".cold"));
}

/* What the code that has rules calls and points to. Read where symbols do not say where functions
 * are: in stripped static programs, and in libraries mostly without CFI. */
static void note_references(struct follower *f)
{
	for (uint32_t i = 0; i < f->cfi->n && f->budget; i++) {
		const struct cfi_range *range = &f->cfi->ranges[i];
		struct str code = elf_bytes_at(f->elf, range->start, range->size);
		uint64_t vaddr = range->start;
		struct x86_insn insn;

		for (; code.n && f->budget && x86_decode(code, &insn); f->budget--) {
			enum flow flow = flow_of(&insn);

			vaddr += insn.length;
			code = str_skip(code, insn.length);
			if (flow == FLOW_JUMP || (flow == FLOW_CALL && insn.opcode == 0xe8))
				come_later(f, vaddr + (uint64_t)(int64_t)insn.imm, at_entry);
			note_pointer(f, &insn, vaddr);
		}
	}
}

static int follow_symbols(struct follower *f)
{
	struct symbols symbols = { 0 };
	int rc = symbols_load(&symbols, f->elf, NULL);
	bool exported_only = symbols.dynamic_only && f->n_bytes > f->text_bytes / 2;

	if (!symbols.n || exported_only)
		note_references(f);

	for (uint32_t i = 0; rc == 0 && i < symbols.n; i++)
		if (is_function(&symbols.items[i]))
			follow_function(f, symbols.items[i].vaddr,
					symbols.items[i].vaddr + symbols.items[i].size, at_entry);
	symbols_fini(&symbols);
	return rc == -ENOMEM ? rc : 0;
}

/* The list grows while it is gone through. */
static void follow_later(struct follower *f)
{
	for (uint32_t i = 0; i < f->n_later && !f->failed; i++)
		follow_function(f, f->later[i].vaddr, 0, f->later[i].state);
}

static uint32_t rule_of(struct unwind_rules *rules, struct prologue_state state)
{
	struct unwind_rule rule = { .kind = UNWIND_CFA, .ra_off = -8, .ra_reg = UNWIND_RIP };

	if (state.fp_slot > INT16_MAX / 8 || state.bx_slot > INT16_MAX / 8)
		return UNWIND_RULE_NONE;
	if (state.depth != PROLOGUE_DEPTH_LOST) {
		rule.cfa_base = UNWIND_RSP;
		rule.cfa_off = state.depth * 8;
	} else if (state.fp_base) {
		rule.cfa_base = UNWIND_RBP;
		rule.cfa_off = state.fp_base * 8;
	} else {
		return UNWIND_RULE_NONE;
	}
	if (state.fp_slot) {
		rule.saves |= UNWIND_AT_CFA;
		rule.fp_off = (int16_t)(-8 * state.fp_slot);
	}
	if (state.bx_slot) {
		rule.saves |= UNWIND_AT_CFA << 4;
		rule.bx_off = (int16_t)(-8 * state.bx_slot);
	}
	return unwind_rules_add(rules, &rule);
}

/* One range for each run of instructions with the same rule. */
static int add_ranges(struct follower *f, const struct region *region, struct unwind_rules *rules)
{
	struct cfi_range run = { 0 };
	struct prologue_state last = { 0 };
	int rc = 0;

	for (uint64_t vaddr = region->start; vaddr < region->end && rc == 0;) {
		struct prologue_state state = *state_at(f, region, vaddr);
		struct x86_insn insn = { .length = 1 };
		bool same = memcmp(&state, &last, sizeof(state)) == 0;

		if (state.depth)
			decode_at(region, vaddr, &insn);
		if (!same && run.rule)
			rc = cfi_add_range(f->cfi, &run);
		if (!same)
			run = (struct cfi_range){ .start = vaddr };
		if (!same && state.depth)
			run.rule = (uint16_t)rule_of(rules, state);
		run.size += insn.length;
		last = state;
		vaddr += insn.length;
	}
	if (run.rule && rc == 0)
		rc = cfi_add_range(f->cfi, &run);
	return rc;
}

int prologue_add(struct cfi *cfi, struct elf *elf, struct unwind_rules *rules)
{
	struct follower f = { .elf = elf, .cfi = cfi };
	int rc = 0;

	find_regions(&f);
	if (f.failed || f.n_bytes < UNCOVERED_MIN || f.n_bytes > UNCOVERED_MAX ||
	    f.n_bytes < f.text_bytes / UNCOVERED_PART)
		goto out;
	f.states = calloc(f.n_bytes, sizeof(*f.states));
	if (!f.states) {
		rc = -ENOMEM;
		goto out;
	}
	f.budget = (uint64_t)f.n_bytes * 4 + COVERED_MAX;
	rc = follow_symbols(&f);
	follow_later(&f);
	for (uint32_t i = 0; i < f.n_regions && rc == 0; i++)
		rc = add_ranges(&f, &f.regions[i], rules);
	if (rc == 0)
		rc = cfi_sort(cfi);
out:
	free(f.regions);
	free(f.states);
	free(f.later);
	free(f.work);
	return f.failed ? -ENOMEM : rc;
}
