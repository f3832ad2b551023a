/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/jvm_edge.h
 *
 * Whether the innermost frame of compiled code or a stub stands: the instructions around the address
 * tell. They are its function's first or last: pushes and pops of rbp, the stack's bang, the polls for
 * a safepoint.
 *
 * Instructions: cpu/x86/macroAssembler_x86.cpp and x86_64.ad, of 11 to 25.
 * Part of walk/jvm.h; expects walk/jvm_frame.h.
 */
#ifndef SONDE_WALK_JVM_EDGE_H
#define SONDE_WALK_JVM_EDGE_H

/* Where the innermost frame stands between its function's first and last instruction. */
enum walk_jvm_edge {
	WALK_JVM_BODY,		/* the frame is there */
	WALK_JVM_BARE,		/* nothing but the return address is */
	WALK_JVM_PUSHED,	/* the return address and the caller's rbp are */
	WALK_JVM_UNSAVED,	/* the frame is, but rbp has not been saved in it */
};

/* The instructions around the innermost frame's address. */
WALK_INLINE enum walk_jvm_edge walk_jvm_find_edge(const struct walk_jvm_state *j, bool complete)
{
	uint64_t before = j->around[0], at = j->around[1];
	uint32_t first = at & 0xff, two = at & 0xffff, three = at & 0xffffff, four = (uint32_t)at;
	uint32_t last = (uint32_t)(before >> 56), last_four = (uint32_t)(before >> 32);

	if (first == 0x55 || first == 0xc3 || first == 0xc2 || two == 0xc3f3)	/* push rbp; ret */
		return WALK_JVM_BARE;
	if (first == 0x5d)	/* pop rbp */
		return WALK_JVM_PUSHED;
	if (three == 0xec8b48 || three == 0xe58948)	/* mov rbp, rsp */
		return last == 0x55 ? WALK_JVM_PUSHED : WALK_JVM_BODY;
	if (three == 0xec8348 || three == 0xec8148) {	/* sub rsp, n */
		if (last == 0x55 || last_four == 0xec8b4855 || last_four == 0xe5894855)
			return WALK_JVM_PUSHED;
		return complete ? WALK_JVM_BODY : WALK_JVM_BARE;
	}
	if (three == 0x248489 && at >> 55 & 1)	/* mov [rsp - n], eax: whether there is stack left */
		return WALK_JVM_BARE;
	if (!complete && (four == 0x246c8948 || four == 0x24ac8948))	/* mov [rsp + n], rbp */
		return WALK_JVM_UNSAVED;
	/* polls for a safepoint, between the end of the frame and the return */
	if (three == 0xa73b49 || three == 0x673b49)	/* >= 17: cmp rsp, [r15 + n] */
		return WALK_JVM_BARE;
	if (two == 0x870f && ((before >> 8 & 0xffffff) == 0xa73b49 || (last_four & 0xffffff) == 0x673b49))
		return WALK_JVM_BARE;		/* ja, behind it */
	if (last == 0x5d && (two == 0x0585 || three == 0x978b4d || three == 0x578b4d))
		return WALK_JVM_BARE;		/* 11: test [rip + n], eax; mov r10, [r15 + n] */
	if (four == 0xc3028541)		/* 11: test [r10], eax; ret */
		return WALK_JVM_BARE;
	/* their slow way: lea r10, [rip + n]; mov [r15 + n], r10 */
	return three == 0x158d4c || three == 0x97894d ? WALK_JVM_BARE : WALK_JVM_BODY;
}

WALK_INLINE bool walk_jvm_read_code(struct walk *w)
{
	struct walk_jvm_state *j = &w->jvm;

	return walk_read_object(w, j->around, sizeof(j->around), w->regs[UNWIND_RIP] - 8);
}

/* The innermost frame, by its instructions. */
WALK_INLINE bool walk_jvm_by_edge(struct walk *w, enum walk_jvm_edge edge, uint32_t words)
{
	uint64_t sp = w->regs[UNWIND_RSP];

	if (edge == WALK_JVM_BARE)
		return walk_jvm_try(w, sp + 8, false);
	if (edge == WALK_JVM_PUSHED)
		return walk_jvm_try(w, sp + 16, true);
	return edge == WALK_JVM_UNSAVED && words < WALK_JVM_FRAME_REACH / 8 &&
	       walk_jvm_try(w, sp + words * 8ull, false);
}

#endif
