/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/x86.h"

#include "base/cursor.h"

/* What follows an opcode. */
enum form {
	NOT_LISTED, NO_OPERAND, MODRM,
	IMM8, IMM16,
	IMM32,				/* 2 bytes after a 66 prefix */
	MODRM_IMM8, MODRM_IMM32,
	IMM_FULL,			/* mov $imm,%reg: 8 bytes with REX.W */
	OFFSET,				/* mov to and from an absolute address: 8 bytes */
	IMM16_IMM8,			/* enter */
	GROUP3_8, GROUP3,		/* f6, f7: an immediate in the group's first two only */
	JUMP32,
	INVALID,
};

/* Prefixes and escapes never get here; the ALU block 00-3f repeats every 8. */
static const uint8_t one_byte[256] = {
	[0x50 ... 0x5f] = NO_OPERAND, [0x63] = MODRM, [0x68] = IMM32, [0x69] = MODRM_IMM32,
	[0x6a] = IMM8, [0x6b] = MODRM_IMM8, [0x6c ... 0x6f] = NO_OPERAND, [0x70 ... 0x7f] = IMM8,
	[0x80] = MODRM_IMM8, [0x81] = MODRM_IMM32, [0x83] = MODRM_IMM8, [0x84 ... 0x8f] = MODRM,
	[0x90 ... 0x99] = NO_OPERAND, [0x9b ... 0x9f] = NO_OPERAND, [0xa0 ... 0xa3] = OFFSET,
	[0xa4 ... 0xa7] = NO_OPERAND, [0xa8] = IMM8, [0xa9] = IMM32,
	[0xaa ... 0xaf] = NO_OPERAND, [0xb0 ... 0xb7] = IMM8, [0xb8 ... 0xbf] = IMM_FULL,
	[0xc0 ... 0xc1] = MODRM_IMM8, [0xc2] = IMM16, [0xc3] = NO_OPERAND, [0xc6] = MODRM_IMM8,
	[0xc7] = MODRM_IMM32, [0xc8] = IMM16_IMM8, [0xc9] = NO_OPERAND, [0xca] = IMM16,
	[0xcb ... 0xcc] = NO_OPERAND, [0xcd] = IMM8, [0xcf] = NO_OPERAND,
	[0xd0 ... 0xd3] = MODRM, [0xd7] = NO_OPERAND, [0xd8 ... 0xdf] = MODRM,
	[0xe0 ... 0xe7] = IMM8, [0xe8 ... 0xe9] = JUMP32, [0xeb] = IMM8,
	[0xec ... 0xef] = NO_OPERAND, [0xf1] = NO_OPERAND, [0xf4 ... 0xf5] = NO_OPERAND,
	[0xf6] = GROUP3_8, [0xf7] = GROUP3, [0xf8 ... 0xfd] = NO_OPERAND,
	[0xfe ... 0xff] = MODRM,
};

/* After 0f, what is not listed has just a ModRM byte. */
static const uint8_t two_byte[256] = {
	[0x04] = INVALID, [0x05 ... 0x09] = NO_OPERAND, [0x0a] = INVALID, [0x0b] = NO_OPERAND,
	[0x0c] = INVALID, [0x0e] = NO_OPERAND, [0x0f] = MODRM_IMM8, [0x24 ... 0x27] = INVALID,
	[0x30 ... 0x37] = NO_OPERAND, [0x39] = INVALID, [0x3b ... 0x3f] = INVALID,
	[0x70 ... 0x73] = MODRM_IMM8, [0x77] = NO_OPERAND, [0x80 ... 0x8f] = JUMP32,
	[0xa0 ... 0xa2] = NO_OPERAND, [0xa4] = MODRM_IMM8, [0xa6 ... 0xa7] = INVALID,
	[0xa8 ... 0xaa] = NO_OPERAND, [0xac] = MODRM_IMM8, [0xba] = MODRM_IMM8,
	[0xc2] = MODRM_IMM8, [0xc4 ... 0xc6] = MODRM_IMM8, [0xc8 ... 0xcf] = NO_OPERAND,
};

static enum form form_of(const struct x86_insn *insn)
{
	static const uint8_t alu[8] = { MODRM, MODRM, MODRM, MODRM, IMM8, IMM32, INVALID, INVALID };

	switch ((enum x86_map)insn->map) {
	case X86_ONE_BYTE:
		if (insn->opcode < 0x40)
			return alu[insn->opcode & 7];
		return one_byte[insn->opcode] ? one_byte[insn->opcode] : INVALID;
	case X86_0F:
		return two_byte[insn->opcode] ? two_byte[insn->opcode] : MODRM;
	case X86_0F38:
		return MODRM;
	case X86_0F3A:
		return MODRM_IMM8;
	}
	return INVALID;
}

static void read_modrm(struct x86_insn *insn, struct cursor *c)
{
	unsigned mod, rm;

	insn->has_modrm = true;
	insn->modrm = cursor_u8(c);
	mod = insn->modrm >> 6;
	rm = insn->modrm & 7;
	if (mod == 3)
		return;
	if (rm == 4)
		insn->sib = cursor_u8(c);
	if (mod == 1)
		insn->disp = cursor_s8(c);
	else if (mod == 2 || (mod == 0 && (rm == 5 || (rm == 4 && (insn->sib & 7) == 5))))
		insn->disp = cursor_s32(c);
	insn->rip_relative = mod == 0 && rm == 5;
}

static void read_imm32(struct x86_insn *insn, struct cursor *c)
{
	insn->imm = insn->narrow && !(insn->rex & 8) ? cursor_s16(c) : cursor_s32(c);
}

static void read_operands(struct x86_insn *insn, enum form form, bool short_address,
			  struct cursor *c)
{
	if (form == MODRM || form == MODRM_IMM8 || form == MODRM_IMM32 || form == GROUP3_8 ||
	    form == GROUP3)
		read_modrm(insn, c);
	switch (form) {
	case NO_OPERAND:
	case MODRM:
		break;
	case IMM8:
	case MODRM_IMM8:
		insn->imm = cursor_s8(c);
		break;
	case IMM16:
		insn->imm = cursor_u16(c);
		break;
	case IMM32:
	case MODRM_IMM32:
		read_imm32(insn, c);
		break;
	case IMM_FULL:
		if (insn->rex & 8)
			insn->imm = (int32_t)cursor_u64(c);
		else
			read_imm32(insn, c);
		break;
	case OFFSET:
		cursor_skip(c, short_address ? 4 : 8);
		break;
	case IMM16_IMM8:
		cursor_skip(c, 3);
		break;
	case GROUP3_8:
		if ((insn->modrm >> 3 & 7) < 2)
			insn->imm = cursor_s8(c);
		break;
	case GROUP3:
		if ((insn->modrm >> 3 & 7) < 2)
			read_imm32(insn, c);
		break;
	case JUMP32:
		insn->imm = cursor_s32(c);
		break;
	case NOT_LISTED:
	case INVALID:
		cursor_fail(c);
	}
}

/* The map's number is in the prefix; what REX would say is not needed. */
static void read_vex(struct x86_insn *insn, uint8_t first, struct cursor *c)
{
	uint8_t map = 1;

	insn->vex = true;
	insn->rex = 0;
	if (first != 0xc5)
		map = cursor_u8(c) & (first == 0x62 ? 7 : 0x1f);
	cursor_skip(c, first == 0x62 ? 2 : 1);
	insn->map = map;
	insn->opcode = cursor_u8(c);
	if (map < X86_0F || map > X86_0F3A)
		cursor_fail(c);
}

static void read_opcode(struct x86_insn *insn, uint8_t byte, struct cursor *c)
{
	insn->map = X86_ONE_BYTE;
	insn->opcode = byte;
	if (byte == 0xc4 || byte == 0xc5 || byte == 0x62) {
		read_vex(insn, byte, c);
	} else if (byte == 0x0f) {
		insn->map = X86_0F;
		insn->opcode = cursor_u8(c);
		if (insn->opcode == 0x38 || insn->opcode == 0x3a) {
			insn->map = insn->opcode == 0x38 ? X86_0F38 : X86_0F3A;
			insn->opcode = cursor_u8(c);
		}
	}
}

#define LENGTH_MAX 15

bool x86_decode(struct str code, struct x86_insn *ret_insn)
{
	struct cursor c = cursor_over(str_head(code, LENGTH_MAX));
	struct x86_insn insn = { 0 };
	bool short_address = false;
	uint8_t byte;

	/* A REX counts only right before the opcode. */
	for (byte = cursor_u8(&c); !c.failed; byte = cursor_u8(&c)) {
		if ((byte & 0xf0) == 0x40) {
			insn.rex = byte;
			continue;
		}
		if (byte == 0x66)
			insn.narrow = true;
		else if (byte == 0x67)
			short_address = true;
		else if (byte != 0x26 && byte != 0x2e && byte != 0x36 && byte != 0x3e &&
			 (byte & 0xfe) != 0x64 && byte != 0xf0 && (byte & 0xfe) != 0xf2)
			break;
		insn.rex = 0;
	}
	read_opcode(&insn, byte, &c);
	if (!c.failed)
		read_operands(&insn, form_of(&insn), short_address, &c);
	if (c.failed)
		return false;
	insn.length = (uint8_t)cursor_pos(&c);
	*ret_insn = insn;
	return true;
}
