/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/jvm/flow.h"

#include "base/str.h"
#include "elf/x86.h"

#define WINDOW 1024u	/* bytes of code between two places; more is seldom, and counts by address */
#define HOPS 4		/* jumps that are followed */

enum step {
	STEP_ON,	/* to the next instruction */
	STEP_JUMP,
	STEP_LOST,	/* nobody knows; or to the caller: JDK 11 has no place at a return */
};

/* An instruction's way on; *ret_target of a jump. */
static enum step step_of(const struct x86_insn *insn, int64_t end, int64_t *ret_target)
{
	bool one_byte = insn->map == X86_ONE_BYTE && !insn->vex;
	bool is_near = insn->map == X86_0F && !insn->vex && (insn->opcode & 0xf0) == 0x80;

	*ret_target = end + insn->imm;
	if (one_byte && (insn->opcode == 0xe9 || insn->opcode == 0xeb))
		return STEP_JUMP;
	/* back: a loop; ahead: out of one, or to what is seldom */
	if (is_near || (one_byte && (insn->opcode & 0xf0) == 0x70))
		return insn->imm < 0 ? STEP_JUMP : STEP_ON;
	if (one_byte && (insn->opcode == 0xc3 || insn->opcode == 0xc2))
		return STEP_LOST;
	/* jmp *r: to a table's case, or away */
	if (one_byte && insn->opcode == 0xff && (insn->modrm >> 3 & 7) == 4)
		return STEP_LOST;
	return one_byte && (insn->opcode == 0xcc || insn->opcode == 0xf4) ? STEP_LOST : STEP_ON;
}

/* Whether what stands before an offset is a call: a place there is the call's, and not that of what follows. */
static bool is_behind_call(const struct jvm_flow *flow, uint32_t off)
{
	uint8_t before[6];

	if (off < sizeof(before) || !jvm_read(flow->memory, before, sizeof(before), flow->code + off - sizeof(before)))
		return true;
	/* call rel32; call of a register, and of memory by one, with 0, 1 or 4 bytes of distance */
	return before[1] == 0xe8 || (before[4] == 0xff && (before[5] & 0x38) == 0x10) ||
	       (before[3] == 0xff && (before[4] & 0x38) == 0x10) ||
	       (before[0] == 0xff && (before[1] & 0x38) == 0x10);
}

/* Decodes from `start`, where an instruction begins, to the next place (`after`). `off` is the one that goes on. */
static enum step walk_on(const struct jvm_flow *flow, const struct jvm_scopes *scopes, uint32_t after,
			 uint32_t start, uint32_t off, int64_t *ret_target)
{
	uint8_t bytes[WINDOW];
	uint32_t end = flow->bytes, at = start;
	struct x86_insn insn;
	struct str code;

	if (after < scopes->n_pcs && scopes->pcs[after].off < (int64_t)end)
		end = (uint32_t)scopes->pcs[after].off;
	if (end <= off || end - start > WINDOW || !jvm_read(flow->memory, bytes, end - start, flow->code + start))
		return STEP_LOST;
	code = str_over(bytes, end - start);
	while (code.n) {
		enum step step;

		if (!x86_decode(code, &insn))
			return STEP_LOST;
		step = at < off ? STEP_ON : step_of(&insn, (int64_t)at + insn.length, ret_target);
		/* a loop without a place: what is behind it comes next */
		if (step == STEP_JUMP && *ret_target >= start && *ret_target <= off)
			step = STEP_ON;
		if (step != STEP_ON)
			return step;
		at += insn.length;
		code = str_skip(code, insn.length);
		if (at > off && off > at - insn.length)
			return STEP_LOST;	/* off was in the middle of an instruction */
	}
	return STEP_ON;
}

uint32_t jvm_flow_next(const struct jvm_flow *flow, const struct jvm_scopes *scopes, uint32_t off)
{
	uint32_t first = jvm_scopes_after(scopes, off), after = first, start = 0;
	int64_t target = 0;

	if (off >= flow->bytes)
		return first;
	if (after > 0 && scopes->pcs[after - 1].off > 0)
		start = (uint32_t)scopes->pcs[after - 1].off;
	for (int i = 0; i < HOPS; i++) {
		/* of a poll, or an access that may fail, the place is itself */
		if (after > 0 && scopes->pcs[after - 1].off == (int64_t)off && !is_behind_call(flow, off))
			return after - 1;
		switch (walk_on(flow, scopes, after, start, off, &target)) {
		case STEP_ON:
			return after;
		case STEP_LOST:
			return first;
		case STEP_JUMP:
			break;
		}
		if (target < 0 || target >= (int64_t)flow->bytes)
			return first;
		start = off = (uint32_t)target;
		after = jvm_scopes_after(scopes, off);
	}
	return first;
}
