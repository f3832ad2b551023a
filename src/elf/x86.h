/* SPDX-License-Identifier: Apache-2.0 */
/* elf/x86.h
 *
 * How long an x86-64 instruction is, and what of it moves the stack pointer or the program counter.
 * Source: Intel's manual, volume 2, appendix A (opcode maps) and 2.1-2.7 (formats).
 */
#ifndef SONDE_UNWIND_X86_H
#define SONDE_UNWIND_X86_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum x86_map { X86_ONE_BYTE, X86_0F, X86_0F38, X86_0F3A };

struct x86_insn {
	uint8_t length;
	uint8_t map;		/* enum x86_map */
	uint8_t opcode;
	uint8_t rex;		/* 0: none; of VEX and EVEX nothing is kept */
	uint8_t modrm;
	bool has_modrm;
	bool vex;		/* VEX or EVEX */
	bool narrow;		/* operand size prefix 66 */
	bool rip_relative;
	uint8_t sib;
	int32_t disp;
	int32_t imm;		/* the last immediate's low 32 bits; of jumps the distance */
};

/* False when the bytes are no instruction, or not all of one. */
bool x86_decode(struct str code, struct x86_insn *ret_insn);

/* The operand fields with their REX bits: 0-15, in the encoding's order (4 rsp, 5 rbp, 3 rbx). */
static inline unsigned x86_reg(const struct x86_insn *insn)
{
	return (insn->modrm >> 3 & 7) | (insn->rex & 4) << 1;
}

static inline unsigned x86_rm(const struct x86_insn *insn)
{
	return (insn->modrm & 7) | (insn->rex & 1) << 3;
}

static inline unsigned x86_mod(const struct x86_insn *insn)
{
	return insn->modrm >> 6;
}

#endif
