/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/v8_stage.h
 *
 * Where in its frame's life the innermost function is. The instructions around the address tell: "push
 * rbp; mov rbp, rsp" before it or soon behind, "pop rbp" or "leave" before it.
 *
 * Instructions: codegen/x64/macro-assembler-x64.cc (EnterFrame, LeaveFrame), builtins/x64/builtins-x64.cc.
 * Part of walk/v8.h; expects what walk/walk.h has before that.
 */
#ifndef SONDE_WALK_V8_STAGE_H
#define SONDE_WALK_V8_STAGE_H

#define WALK_V8_BEHIND 16u	/* bytes of code looked at before an address */

enum walk_v8_stage {
	WALK_V8_FRAME,		/* the frame pointer is the frame's */
	WALK_V8_BEFORE,		/* it is the caller's still: nothing was pushed, ... */
	WALK_V8_PUSHED,		/* ... or it was */
	WALK_V8_AFTER,		/* the frame was left: the return address is on top */
};

WALK_INLINE uint32_t walk_v8_bytes(const struct walk *w, uint32_t at)
{
	barrier_var(at);
	if (at > WALK_V8_CODE_BYTES - 4)
		return 0;
	return (uint32_t)w->v8.bytes[at] | (uint32_t)w->v8.bytes[at + 1] << 8 |
	       (uint32_t)w->v8.bytes[at + 2] << 16 | (uint32_t)w->v8.bytes[at + 3] << 24;
}

/* Where in its frame's life the innermost function is: "push rbp; mov rbp, rsp" soon follows, or "pop rbp"
 * was just done ("mov rsp, rbp" or "leave" is it before). */
WALK_INLINE enum walk_v8_stage walk_v8_stage(struct walk *w)
{
	uint64_t pc = w->regs[UNWIND_RIP];
	uint32_t four;

	if (!walk_read_object(w, w->v8.bytes, WALK_V8_CODE_BYTES, pc - WALK_V8_BEHIND))
		return WALK_V8_FRAME;
	four = walk_v8_bytes(w, WALK_V8_BEHIND - 1);
	if (four == 0xe5894855)		/* between the two */
		return WALK_V8_PUSHED;
	for (uint32_t i = 1; i <= WALK_V8_BEHIND - 4; i++) {
		four = walk_v8_bytes(w, WALK_V8_BEHIND - 3 - i);
		if (four == 0x5de58b48 || four == 0x5dec8948)
			return WALK_V8_AFTER;
		if (four == 0xe5894855)
			return WALK_V8_FRAME;
	}
	if (w->v8.bytes[WALK_V8_BEHIND] == 0xc3 && w->v8.bytes[WALK_V8_BEHIND - 1] == 0xc9)
		return WALK_V8_AFTER;
	for (uint32_t i = 0; i < WALK_V8_CODE_BYTES - WALK_V8_BEHIND - 4; i++) {
		four = walk_v8_bytes(w, WALK_V8_BEHIND + i);
		if (four == 0xe5894855)
			return WALK_V8_BEFORE;
		if (four == 0x5de58b48 || (four & 0xffff) == 0xc3c9)	/* another function's may follow */
			return WALK_V8_FRAME;
	}
	return WALK_V8_FRAME;
}

#endif
