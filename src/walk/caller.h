/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/caller.h
 *
 * To the caller of a native frame: by its rule, by a signal frame, or, where no CFI covers the
 * address, by the frame pointer. Only rip, rsp, rbp and rbx are followed through calls.
 *
 * Rules: abi/unwind.h. A signal frame is the kernel's (arch/x86/include/uapi/asm/sigcontext.h).
 * Part of walk/walk.h; expects struct walk and walk_read().
 */
#ifndef SONDE_WALK_CALLER_H
#define SONDE_WALK_CALLER_H

/* The caller's frame is the one at hand from here on: only these registers of it are known, and rbx, which
 * whoever changes it has set. */
WALK_INLINE void walk_to_caller(struct walk *w, uint64_t pc, uint64_t sp, uint64_t fp)
{
	w->regs[UNWIND_RSP] = sp;
	w->regs[UNWIND_RBP] = fp;
	w->regs[UNWIND_RIP] = pc;
	w->all_regs = 0;
	w->is_return = 1;
	w->guessed = 0;
}

/* The caller is where the frame pointer says: only where no CFI covers the address, and only when it
 * can be one. The address it yields is checked against the mappings by the next step. */
WALK_INLINE enum walk_next walk_by_frame_pointer(struct walk *w)
{
	uint64_t fp = w->regs[UNWIND_RBP], sp = w->regs[UNWIND_RSP], pc, caller_fp;

	if (fp < sp || fp - sp >= WALK_FP_REACH || (fp & 7))
		return walk_stop(w, WALK_NO_RULE);
	if (!walk_read(w, fp, &caller_fp) || !walk_read(w, fp + 8, &pc))
		return walk_stop(w, WALK_READ_FAULT);
	walk_to_caller(w, pc, fp + 16, caller_fp);
	w->guessed = 1;
	return WALK_CONTINUE;
}

/* A signal frame holds every register of what was interrupted, at sp + 40: r8 .. r15, di, si, bp, bx,
 * dx, ax, cx, sp, ip (struct sigcontext in arch/x86/include/uapi/asm/sigcontext.h, behind uc_flags,
 * uc_link and uc_stack of struct ucontext). */
WALK_INLINE enum walk_next walk_by_signal_frame(struct walk *w)
{
	static const uint8_t order[] = {
		UNWIND_R8, UNWIND_R9, UNWIND_R10, UNWIND_R11, UNWIND_R12, UNWIND_R13, UNWIND_R14,
		UNWIND_R15, UNWIND_RDI, UNWIND_RSI, UNWIND_RBP, UNWIND_RBX, UNWIND_RDX, UNWIND_RAX,
		UNWIND_RCX, UNWIND_RSP, UNWIND_RIP
	};
	const uint64_t *words = (const uint64_t *)w->window;	/* the BPF stack has no room for them */

	w->window_ok = 0;
	if (!walk_read_bytes(w, w->window, 17 * sizeof(*words), w->regs[UNWIND_RSP] + 40))
		return walk_stop(w, WALK_READ_FAULT);
#ifdef __clang__
#pragma unroll	/* for the verifier: an index it knows */
#endif
	for (int i = 0; i < 17; i++)
		w->regs[order[i]] = words[i];
	w->all_regs = 1;
	w->is_return = 0;
	w->guessed = 0;
	return WALK_CONTINUE;
}

/* Where a register that the caller owns is: false on a fault. Behind its pops a function's CFI goes on
 * saying that it saved the register, in what is now below the stack pointer and in no copy of the stack:
 * the register has its value back then. */
WALK_INLINE bool walk_saved(struct walk *w, uint32_t save, uint64_t cfa, uint64_t fp, int64_t off,
			    uint64_t *value)
{
	uint64_t at, saved;

	switch (save) {
	case UNWIND_AT_CFA:
	case UNWIND_AT_FP:
		at = (save == UNWIND_AT_CFA ? cfa : fp) + (uint64_t)off;
		if (!walk_read(w, at, &saved))
			return at < w->regs[UNWIND_RSP];
		*value = saved;
		return true;
	case UNWIND_LOST:
		*value = 0;
		return true;
	}
	return true;	/* UNWIND_SAME */
}

/* A register by number. Only four of them are followed through calls. */
WALK_INLINE bool walk_base(struct walk *w, uint32_t reg, uint64_t *ret_value)
{
	if (!w->all_regs && reg != UNWIND_RSP && reg != UNWIND_RBP && reg != UNWIND_RBX)
		return false;
	barrier_var(reg);
	if (reg >= UNWIND_REGS)
		return false;
	*ret_value = w->regs[reg];
	return true;
}

WALK_INLINE enum walk_next walk_by_rule(struct walk *w, const struct unwind_rule *rule)
{
	uint64_t base, cfa, pc = w->regs[UNWIND_RIP], caller;
	uint64_t fp = w->regs[UNWIND_RBP], caller_fp = fp, caller_bx = w->regs[UNWIND_RBX];
	uint32_t kind = rule->kind & UNWIND_KIND;

	if (!walk_base(w, rule->cfa_base, &base))
		return walk_stop(w, WALK_UNSUPPORTED);
	cfa = base + (uint64_t)(int64_t)rule->cfa_off;
	if (kind == UNWIND_CFA_DEREF) {
		if (!walk_read(w, cfa, &cfa))
			return walk_stop(w, WALK_READ_FAULT);
		cfa += (uint64_t)(int64_t)rule->cfa_add;
	} else if (kind == UNWIND_PLT) {
		cfa += (pc & 15) >= (uint64_t)(int64_t)rule->cfa_add ? 8 : 0;
	} else if (kind != UNWIND_CFA && kind != UNWIND_CLONE) {
		return walk_stop(w, WALK_UNSUPPORTED);
	}
	/* The stack of a caller is above: what is not, is not a stack (and could loop for ever). The
	 * top frame of a function that has pushed nothing yet has CFA = sp + 8. */
	if (cfa <= w->regs[UNWIND_RSP] && !(rule->ra_reg != UNWIND_RIP && w->all_regs))
		return walk_stop(w, WALK_NO_PROGRESS);
	if (rule->ra_reg == UNWIND_RIP) {
		if (!walk_read(w, cfa + (uint64_t)(int64_t)rule->ra_off, &caller))
			return walk_stop(w, WALK_READ_FAULT);
	} else if (!w->all_regs || !walk_base(w, rule->ra_reg, &caller)) {
		return walk_stop(w, WALK_UNSUPPORTED);
	}
	if (!walk_saved(w, rule->saves & 15, cfa, fp, rule->fp_off, &caller_fp) ||
	    !walk_saved(w, rule->saves >> 4, cfa, fp, rule->bx_off, &caller_bx))
		return walk_stop(w, WALK_READ_FAULT);
	w->regs[UNWIND_RBX] = caller_bx;
	walk_to_caller(w, caller, cfa, caller_fp);
	return WALK_CONTINUE;
}

#endif
