/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cursor.h"
#include "unwind/cfi.h"
#include "unwind/rows.h"
#include "unwind/unwind.h"

/* DWARF 5, 7.24; the GNU ones from the Linux Standard Base. */
enum {
	/* These have an operand in the low 6 bits. */
	CFA_advance_loc = 0x40, CFA_offset = 0x80, CFA_restore = 0xc0,
	CFA_nop = 0x00, CFA_set_loc = 0x01, CFA_advance_loc1 = 0x02, CFA_advance_loc2 = 0x03,
	CFA_advance_loc4 = 0x04, CFA_offset_extended = 0x05, CFA_restore_extended = 0x06,
	CFA_undefined = 0x07, CFA_same_value = 0x08, CFA_register = 0x09,
	CFA_remember_state = 0x0a, CFA_restore_state = 0x0b, CFA_def_cfa = 0x0c,
	CFA_def_cfa_register = 0x0d, CFA_def_cfa_offset = 0x0e, CFA_def_cfa_expression = 0x0f,
	CFA_expression = 0x10, CFA_offset_extended_sf = 0x11, CFA_def_cfa_sf = 0x12,
	CFA_def_cfa_offset_sf = 0x13, CFA_val_offset = 0x14, CFA_val_offset_sf = 0x15,
	CFA_val_expression = 0x16, CFA_GNU_window_save = 0x2d, CFA_GNU_args_size = 0x2e,
	CFA_GNU_negative_offset_extended = 0x2f,
};

/* Compilers nest two deep; a program that wants more than this is damaged. */
#define REMEMBER_MAX 32

struct run {
	struct cfi_state state;
	const struct cfi_cie *cie;
	struct cfi_output *out;		/* NULL in a CIE: no rows */
	uint64_t loc, limit;
	uint64_t row_at;		/* where the row for loc is put */
	bool changed;			/* the state since the last row */
	uint32_t remembered_n;
	struct cfi_state remembered[REMEMBER_MAX];
};

static uint8_t save_of(struct cfi_saved saved, int16_t *ret_off)
{
	switch ((enum cfi_how)saved.how) {
	case CFI_SAME:
		return UNWIND_SAME;
	case CFI_AT_CFA:
		*ret_off = saved.off;
		return UNWIND_AT_CFA;
	case CFI_AT_FP:
		*ret_off = saved.off;
		return UNWIND_AT_FP;
	case CFI_UNDEFINED:
	case CFI_IN_REG:
	case CFI_UNKNOWN:
		break;
	}
	/* Where it is cannot be said: better a caller that fails to unwind, if it needs the
	 * register at all, than one that goes on with a wrong value. */
	return UNWIND_LOST;
}

static struct unwind_rule rule_of(const struct cfi_state *state)
{
	struct unwind_rule unsupported = { .kind = UNWIND_UNSUPPORTED };
	struct unwind_rule rule = { .kind = state->cfa_kind, .cfa_base = state->cfa_reg,
				    .ra_reg = UNWIND_RIP };
	const struct cfi_saved *ra = &state->saved[CFI_RA];

	if (ra->how == CFI_UNDEFINED)
		return (struct unwind_rule){ .kind = UNWIND_END };
	if (rule.kind == UNWIND_NONE || rule.kind == UNWIND_UNSUPPORTED ||
	    rule.cfa_base >= UNWIND_RIP || state->cfa_off != (int32_t)state->cfa_off)
		return unsupported;
	if (ra->how == CFI_AT_CFA)
		rule.ra_off = ra->off;
	else if (ra->how == CFI_IN_REG && ra->reg < UNWIND_RIP)
		rule.ra_reg = ra->reg;
	else
		return unsupported;
	rule.cfa_off = (int32_t)state->cfa_off;
	if (rule.kind != UNWIND_CFA)
		rule.cfa_add = state->cfa_add;
	rule.saves = save_of(state->saved[CFI_FP], &rule.fp_off);
	rule.saves |= save_of(state->saved[CFI_BX], &rule.bx_off) << 4;
	return rule;
}

static void put_row(struct run *run, uint32_t rule)
{
	run->out->rows->any_unsupported |= rule == UNWIND_RULE_UNSUPPORTED;
	rows_add(run->out->rows, run->row_at, rule);
	run->changed = false;
}

/* how in bits 0-7, reg 8-15, off 16-31. */
static inline uint32_t word_of(const struct cfi_saved *saved)
{
	uint32_t word;

	memcpy(&word, saved, sizeof(word));
	return word;
}

/* What nearly all states are: a CFA of register + multiple of 8 below 128 KiB, the return address
 * at CFA-8, and rbp and rbx saved at multiples of 8. Such a state fits in 50 bits:
 *
 *   0-15  rbp: offset, `how` in its free low bits     16-31  rbx     32-45 CFA offset / 8
 *   46-49 CFA register
 *
 * Fields are read as they were stored: reading several at once would wait for the processor's
 * store buffer, at every row. */
#define CFA_OFF_USUAL 0x1fff8u
#define SAVED_UNUSUAL 0x0007ff00u
#define KEY_BITS 50

static inline bool key_of(const struct cfi_state *state, uint64_t *ret_key)
{
	uint32_t fp = word_of(&state->saved[CFI_FP]), bx = word_of(&state->saved[CFI_BX]);
	uint32_t ra_usual = CFI_AT_CFA | (uint32_t)(uint16_t)-8 << 16;

	*ret_key = (fp >> 16 | (fp & 7)) | (bx >> 16 | (bx & 7)) << 16 |
		   (uint64_t)state->cfa_off << (32 - 3) | (uint64_t)state->cfa_reg << 46;
	return !(((fp | bx) & SAVED_UNUSUAL) | (word_of(&state->saved[CFI_RA]) ^ ra_usual) |
		 ((uint64_t)state->cfa_off & ~(uint64_t)CFA_OFF_USUAL) |
		 (state->cfa_kind ^ UNWIND_CFA) | (state->cfa_reg & 0xf0));
}

static __attribute__((noinline)) uint32_t add_rule(struct cfi_output *out,
						   const struct cfi_state *state)
{
	struct unwind_rule rule = rule_of(state);

	return unwind_rules_add(out->rules, &rule);
}

/* The number of the state's rule. */
static inline uint32_t number_of(struct cfi_output *out, const struct cfi_state *state)
{
	uint64_t key, *recent;

	if (!key_of(state, &key))
		return add_rule(out, state);
	recent = &out->recent[key * 0xd6e8feb86659fd93u >> (64 - CFI_RECENT_BITS)];
	if (!*recent || (*recent ^ key) << (64 - KEY_BITS))
		*recent = (uint64_t)add_rule(out, state) << KEY_BITS | key;
	return (uint32_t)(*recent >> KEY_BITS);
}

static inline void end_row(struct run *run)
{
	if (!run->out)
		return;
	run->out->stats->rows_raw++;
	if (!run->changed)
		return;
	/* Only a plain rule is stretched backwards over padding (CFI_PADDING_MAX). */
	if (run->row_at < run->loc && (run->state.cfa_kind != UNWIND_CFA ||
				       run->state.saved[CFI_RA].how == CFI_UNDEFINED))
		run->row_at = run->loc;
	put_row(run, number_of(run->out, &run->state));
}

static inline void advance(struct run *run, uint64_t delta)
{
	uint64_t left = run->limit - run->loc;

	if (!delta || !run->out || !left)
		return;
	if (__builtin_mul_overflow(delta, run->cie->code_align, &delta) || delta > left)
		delta = left;
	end_row(run);
	run->loc += delta;
	run->row_at = run->loc;
}

static void set_loc(struct run *run, struct cursor *c)
{
	uint64_t vaddr = cfi_read_pointer(c, run->cie->fde_encoding, run->cie->section);

	if (vaddr < run->loc)
		cursor_fail(c);
	else if (vaddr > run->loc && run->loc < run->limit) {
		end_row(run);
		run->loc = vaddr < run->limit ? vaddr : run->limit;
		run->row_at = run->loc;
	}
}

static enum cfi_column column_of(uint64_t reg)
{
	return reg == UNWIND_RIP ? CFI_RA : reg == UNWIND_RBP ? CFI_FP :
	       reg == UNWIND_RBX ? CFI_BX : CFI_OTHER;
}

static void set_saved(struct run *run, uint64_t reg, struct cfi_saved saved)
{
	enum cfi_column column = column_of(reg);

	run->state.saved[column] = saved;
	run->changed |= column != CFI_OTHER;
}

static void set_how(struct run *run, uint64_t reg, enum cfi_how how)
{
	set_saved(run, reg, (struct cfi_saved){ .how = how });
}

/* factored * data_align, at CFA + that. */
static void set_offset(struct run *run, uint64_t reg, int64_t factored)
{
	int64_t off;

	if (__builtin_mul_overflow(factored, run->cie->data_align, &off) || off < INT16_MIN ||
	    off > INT16_MAX)
		set_how(run, reg, CFI_UNKNOWN);
	else
		set_saved(run, reg, (struct cfi_saved){ CFI_AT_CFA, 0, (int16_t)off });
}

static void restore(struct run *run, uint64_t reg)
{
	set_saved(run, reg, run->cie->initial.saved[column_of(reg)]);
}

/* An offset that no rule holds becomes one that rule_of() refuses. */
static void set_cfa_offset(struct run *run, int64_t off)
{
	run->state.cfa_off = off;
	run->changed = true;
}

static void set_cfa_register(struct run *run, uint64_t reg)
{
	run->state.cfa_reg = reg < UNWIND_RIP ? (uint8_t)reg : UNWIND_RIP;
	run->changed = true;
}

static void set_cfa(struct run *run, uint64_t reg, int64_t off)
{
	run->state.cfa_kind = UNWIND_CFA;
	set_cfa_register(run, reg);
	set_cfa_offset(run, off);
}

static int64_t factored(const struct run *run, int64_t v)
{
	int64_t off;

	return __builtin_mul_overflow(v, run->cie->data_align, &off) ? INT64_MAX : off;
}

static void remember(struct run *run, struct cursor *c)
{
	if (run->remembered_n == REMEMBER_MAX)
		cursor_fail(c);
	else
		run->remembered[run->remembered_n++] = run->state;
}

static void recall(struct run *run, struct cursor *c)
{
	if (!run->remembered_n) {
		cursor_fail(c);
		return;
	}
	run->state = run->remembered[--run->remembered_n];
	run->changed = true;
}

static struct str block(struct cursor *c)
{
	return cursor_bytes(c, cursor_uleb(c));
}

/* All but what execute() deals with itself, and rare enough to stay out of its way. Operands are
 * read into variables first: the order of a call's arguments is not defined. */
static __attribute__((noinline)) void step_rest(struct run *run, uint8_t op, struct cursor *c)
{
	uint64_t reg;

	switch (op) {
	case CFA_GNU_window_save:
		break;
	case CFA_set_loc:
		set_loc(run, c);
		break;
	case CFA_advance_loc2:
		advance(run, cursor_u16(c));
		break;
	case CFA_advance_loc4:
		advance(run, cursor_u32(c));
		break;
	case CFA_offset_extended:
		reg = cursor_uleb(c);
		set_offset(run, reg, (int64_t)cursor_uleb(c));
		break;
	case CFA_offset_extended_sf:
		reg = cursor_uleb(c);
		set_offset(run, reg, cursor_sleb(c));
		break;
	case CFA_GNU_negative_offset_extended:
		reg = cursor_uleb(c);
		set_offset(run, reg, -(int64_t)(cursor_uleb(c) & INT64_MAX));
		break;
	case CFA_restore_extended:
		restore(run, cursor_uleb(c));
		break;
	case CFA_undefined:
		set_how(run, cursor_uleb(c), CFI_UNDEFINED);
		break;
	case CFA_same_value:
		set_how(run, cursor_uleb(c), CFI_SAME);
		break;
	case CFA_register: {
		uint64_t in;

		reg = cursor_uleb(c);
		in = cursor_uleb(c);
		set_saved(run, reg, (struct cfi_saved){ CFI_IN_REG,
							in < UNWIND_RIP ? (uint8_t)in : UNWIND_RIP,
							0 });
		break;
	}
	case CFA_remember_state:
		remember(run, c);
		break;
	case CFA_restore_state:
		recall(run, c);
		break;
	case CFA_def_cfa:
		reg = cursor_uleb(c);
		set_cfa(run, reg, (int64_t)cursor_uleb(c));
		break;
	case CFA_def_cfa_sf:
		reg = cursor_uleb(c);
		set_cfa(run, reg, factored(run, cursor_sleb(c)));
		break;
	case CFA_def_cfa_register:
		set_cfa_register(run, cursor_uleb(c));
		break;
	case CFA_def_cfa_offset_sf:
		set_cfa_offset(run, factored(run, cursor_sleb(c)));
		break;
	case CFA_def_cfa_expression:
		cfi_cfa_expression(&run->state, block(c));
		run->changed = true;
		break;
	case CFA_expression:
		reg = cursor_uleb(c);
		set_saved(run, reg, cfi_saved_expression(block(c)));
		break;
	case CFA_val_offset:
	case CFA_val_offset_sf:
		/* The register's value is CFA + off: nobody writes this for rip, rbp or rbx. */
		set_how(run, cursor_uleb(c), CFI_UNKNOWN);
		cursor_sleb(c);
		break;
	case CFA_val_expression:
		set_how(run, cursor_uleb(c), CFI_UNKNOWN);
		block(c);
		break;
	case CFA_GNU_args_size:
		cursor_uleb(c);
		break;
	default:
		cursor_fail(c);
	}
}

/* A LEB128 that nearly always has one byte. */
static inline __attribute__((always_inline)) uint64_t short_uleb(struct cursor *c)
{
	struct cursor rest = *c;
	uint8_t byte = cursor_u8(c);
	uint64_t v;

	if (byte < 0x80)
		return byte;
	v = cursor_uleb(&rest);
	*c = rest;
	return v;
}

/* False when the program is damaged; what it said before holds.
 *
 * The five instructions that make up nearly all programs are dealt with here. The cursor's address
 * is given to nobody (others get a copy's), so that it stays in registers, and what is called is
 * put in place: a whole build takes a quarter less time for both. */
static __attribute__((flatten)) bool execute(struct run *run, struct str program)
{
	struct cursor c = cursor_over(program), rest;

	while (cursor_more(&c)) {
		uint8_t op = cursor_u8(&c), low = op & 0x3f;

		switch (op & 0xc0) {
		case CFA_advance_loc:
			advance(run, low);
			continue;
		case CFA_offset:
			set_offset(run, low, (int64_t)short_uleb(&c));
			continue;
		case CFA_restore:
			restore(run, low);
			continue;
		}
		if (op == CFA_nop)
			continue;
		if (op == CFA_advance_loc1) {
			advance(run, cursor_u8(&c));
		} else if (op == CFA_def_cfa_offset) {
			set_cfa_offset(run, (int64_t)short_uleb(&c));
		} else {
			rest = c;
			step_rest(run, op, &rest);
			c = rest;
		}
	}
	return !c.failed;
}

bool cfi_run_cie(struct cfi_cie *cie)
{
	struct run run = { .cie = cie };
	bool sound = execute(&run, cie->program);

	cie->initial = run.state;
	return sound;
}

void cfi_run_fde(const struct cfi_cie *cie, const struct cfi_range *range, uint64_t limit,
		 struct cfi_output *out)
{
	struct run run;

	/* Not an initialiser: that would clear the remembered states for every function. */
	run.state = cie->initial;
	run.cie = cie;
	run.out = out;
	run.loc = range->start;
	run.limit = limit;
	run.row_at = out->first_row;
	run.changed = true;
	run.remembered_n = 0;
	if (!execute(&run, str_over(range->program, range->program_n))) {
		out->stats->damaged++;
		if (run.row_at < run.loc)
			run.row_at = run.loc;
		if (run.loc < limit)
			put_row(&run, UNWIND_RULE_UNSUPPORTED);
		return;
	}
	if (run.loc < limit)
		end_row(&run);
}
