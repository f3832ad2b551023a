/* SPDX-License-Identifier: Apache-2.0 */
/* What an instruction does to rsp, rbp and rbx. Registers are numbered as instructions do it. */
#include "elf/x86.h"
#include "unwind/prologue.h"

enum { RBX = 3, RSP = 4, RBP = 5, NO_REG = 16 };

/* rsp moves down by `words` (up when negative). */
static void move(struct prologue_state *state, int64_t words)
{
	int64_t depth = state->depth + words;

	if (state->depth == PROLOGUE_DEPTH_LOST)
		return;
	state->depth = depth > 0 && depth < PROLOGUE_DEPTH_LOST ? (uint16_t)depth
								: PROLOGUE_DEPTH_LOST;
}

static void lose_depth(struct prologue_state *state)
{
	state->depth = PROLOGUE_DEPTH_LOST;
}

static void move_bytes(struct prologue_state *state, int64_t bytes)
{
	if (bytes % 8)
		lose_depth(state);
	else
		move(state, bytes / 8);
}

static void push(struct prologue_state *state, unsigned reg)
{
	move(state, 1);
	if (state->depth == PROLOGUE_DEPTH_LOST)
		return;
	if (reg == RBP && !state->fp_slot)
		state->fp_slot = state->depth;
	if (reg == RBX && !state->bx_slot)
		state->bx_slot = state->depth;
}

static void pop(struct prologue_state *state, unsigned reg)
{
	if (reg == RBP) {
		if (state->fp_slot == state->depth)
			state->fp_slot = 0;
		state->fp_base = 0;
	}
	if (reg == RBX && state->bx_slot == state->depth)
		state->bx_slot = 0;
	move(state, -1);
	if (reg == RSP)
		lose_depth(state);
}

/* rsp = rbp + off */
static void set_from_fp(struct prologue_state *state, int64_t off)
{
	state->depth = state->fp_base ? state->fp_base : PROLOGUE_DEPTH_LOST;
	move_bytes(state, -off);
}

/* rbp = rsp + off: a frame pointer only when the caller's is kept. */
static void set_fp(struct prologue_state *state, int64_t off)
{
	struct prologue_state at = *state;

	move_bytes(&at, -off);
	state->fp_base = state->fp_slot && at.depth != PROLOGUE_DEPTH_LOST ? at.depth : 0;
}

static void leave(struct prologue_state *state)
{
	set_from_fp(state, 0);
	pop(state, RBP);
}

/* A register was written with something we do not know. */
static void clobber(struct prologue_state *state, unsigned reg)
{
	if (reg == RSP)
		lose_depth(state);
	if (reg == RBP)
		state->fp_base = 0;
}

static void lea(struct prologue_state *state, const struct x86_insn *insn)
{
	unsigned mod = x86_mod(insn), to = x86_reg(insn);
	bool of_rsp = mod != 3 && (insn->modrm & 7) == RSP && insn->sib == 0x24 && !(insn->rex & 3);
	bool of_rbp = (mod == 1 || mod == 2) && (insn->modrm & 7) == RBP && !(insn->rex & 1);

	if (to == RSP && of_rsp)
		move_bytes(state, -(int64_t)insn->disp);
	else if (to == RSP && of_rbp)
		set_from_fp(state, insn->disp);
	else if (to == RBP && of_rsp)
		set_fp(state, insn->disp);
	else
		clobber(state, to);
}

static void mov(struct prologue_state *state, unsigned to, unsigned from)
{
	if (to == RSP && from == RBP)
		set_from_fp(state, 0);
	else if (to == RBP && from == RSP)
		set_fp(state, 0);
	else
		clobber(state, to);
}

/* add, or, adc, sbb, and, sub, xor of an immediate; cmp writes nothing. */
static void arithmetic(struct prologue_state *state, const struct x86_insn *insn)
{
	unsigned op = insn->modrm >> 3 & 7, to = x86_mod(insn) == 3 ? x86_rm(insn) : NO_REG;

	if (op == 7)
		return;
	if (to == RSP && op == 5)
		move_bytes(state, insn->imm);
	else if (to == RSP && op == 0)
		move_bytes(state, -(int64_t)insn->imm);
	else
		clobber(state, to);
}

static unsigned rm_register(const struct x86_insn *insn)
{
	return x86_mod(insn) == 3 ? x86_rm(insn) : NO_REG;
}

static unsigned low_register(const struct x86_insn *insn)
{
	return (insn->opcode & 7) | (insn->rex & 1) << 3;
}

/* Opcode ff and f7: the operation is in ModRM. */
static void group(struct prologue_state *state, const struct x86_insn *insn)
{
	unsigned op = insn->modrm >> 3 & 7;

	if (insn->opcode == 0xff && op == 6)
		push(state, NO_REG);
	else if (insn->opcode == 0xff ? op < 2 : op == 2 || op == 3)
		clobber(state, rm_register(insn));
}

static void step_one_byte(struct prologue_state *state, const struct x86_insn *insn)
{
	uint8_t op = insn->opcode;

	if (op < 0x40) {
		/* Operands of 8 bits (even numbers) are no pointers; 38 and up compare. */
		if (op < 0x38 && (op & 7) == 1)
			clobber(state, rm_register(insn));
		if (op < 0x38 && (op & 7) == 3)
			clobber(state, x86_reg(insn));
		return;
	}
	switch (op) {
	case 0x50 ... 0x57:
		push(state, low_register(insn));
		break;
	case 0x58 ... 0x5f:
		pop(state, low_register(insn));
		break;
	case 0x68:
	case 0x6a:
	case 0x9c:	/* pushf */
		push(state, NO_REG);
		break;
	case 0x8f:
	case 0x9d:	/* popf */
		pop(state, NO_REG);
		break;
	case 0x81:
	case 0x83:
		arithmetic(state, insn);
		break;
	case 0x89:
		mov(state, rm_register(insn), x86_reg(insn));
		break;
	case 0x8b:
		mov(state, x86_reg(insn), rm_register(insn));
		break;
	case 0x8d:
		lea(state, insn);
		break;
	case 0xc9:
		leave(state);
		break;
	case 0xc8:	/* enter */
		lose_depth(state);
		break;
	case 0x63:	/* movsxd, imul */
	case 0x69:
	case 0x6b:
		clobber(state, x86_reg(insn));
		break;
	case 0x87:	/* xchg */
		clobber(state, x86_reg(insn));
		clobber(state, rm_register(insn));
		break;
	case 0x91 ... 0x97:
	case 0xb8 ... 0xbf:
		clobber(state, low_register(insn));
		break;
	case 0xc1:	/* shifts, mov of an immediate */
	case 0xc7:
	case 0xd1:
	case 0xd3:
		clobber(state, rm_register(insn));
		break;
	case 0xf7:
	case 0xff:
		group(state, insn);
		break;
	}
}

static void step_two_byte(struct prologue_state *state, const struct x86_insn *insn)
{
	switch (insn->opcode) {
	case 0x40 ... 0x4f:	/* cmov, imul, movzx, bsf, bsr, movsx */
	case 0xaf:
	case 0xb6 ... 0xb7:
	case 0xbc ... 0xbf:
		clobber(state, x86_reg(insn));
		break;
	case 0xa0:		/* push and pop of fs, gs */
	case 0xa8:
		push(state, NO_REG);
		break;
	case 0xa1:
	case 0xa9:
		pop(state, NO_REG);
		break;
	case 0x7e:		/* movd, shld, shrd, cmpxchg, xadd */
	case 0xa4 ... 0xa5:
	case 0xac ... 0xad:
	case 0xb1:
	case 0xc1:
		clobber(state, rm_register(insn));
		break;
	case 0xc8 ... 0xcf:	/* bswap */
		clobber(state, low_register(insn));
		break;
	}
}

void prologue_step(struct prologue_state *state, const struct x86_insn *insn)
{
	/* Of VEX only BMI writes general registers, through bits that are not kept: the compilers
	 * use it for data, never for rsp, and rbp is then no frame pointer anyway. */
	if (insn->vex)
		return;
	if (insn->narrow && insn->map == X86_ONE_BYTE && insn->opcode >= 0x50 &&
	    insn->opcode <= 0x5f)
		lose_depth(state);	/* two bytes: nobody does that */
	else if (insn->map == X86_ONE_BYTE)
		step_one_byte(state, insn);
	else if (insn->map == X86_0F)
		step_two_byte(state, insn);
}
