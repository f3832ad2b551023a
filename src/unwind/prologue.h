/* SPDX-License-Identifier: Apache-2.0 */
/* unwind/prologue.h
 *
 * Rules for code that no CFI covers, from the code itself: musl is commonly built without CFI, and
 * a program linked with it would lose the root of every stack.
 *
 * Each function is followed from its start along its jumps, keeping count of what push, pop, sub,
 * lea and leave do to rsp, and of where rbp and rbx were pushed. Where the count is lost (alloca
 * without a frame pointer) there is no rule.
 */
#ifndef SONDE_UNWIND_PROLOGUE_H
#define SONDE_UNWIND_PROLOGUE_H

#include <stdint.h>

struct cfi;
struct elf;
struct unwind_rules;
struct x86_insn;

/* Distances in words of 8 bytes. All zero: not known yet. */
struct prologue_state {
	uint16_t depth;		/* CFA - rsp; 1 at a function's start */
	uint16_t fp_slot;	/* CFA - where rbp was pushed; 0: it was not */
	uint16_t bx_slot;	/* the same of rbx */
	uint16_t fp_base;	/* CFA - rbp, when rbp is a frame pointer; else 0 */
};

#define PROLOGUE_DEPTH_LOST UINT16_MAX

/* The state after an instruction that does not jump. */
void prologue_step(struct prologue_state *state, const struct x86_insn *insn);

/* Adds ranges to cfi, whose ranges are sorted before and after. Files whose CFI covers nearly
 * everything, and big ones, are left as they are. 0 or -ENOMEM. */
int prologue_add(struct cfi *cfi, struct elf *elf, struct unwind_rules *rules);

#endif
