/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/v8.h
 *
 * The frames of JavaScript. All that V8 compiles, and its interpreter, keep a frame pointer:
 *
 *   fp + 8    return address
 *   fp        caller's frame pointer
 *   fp - 8    context;  or a number: the frame is no function's, and that is its type
 *   fp - 16   function
 *   fp - 32   interpreted and baseline code: the bytecode; ...
 *   fp - 40   ... interpreted: the offset in it, a number
 *
 * An interpreted function's frame is where the walk stands in one builtin (its rows are marked); run-time
 * code's is wherever no file is mapped. The innermost frame may not stand yet or any more: its code tells.
 *
 *   v8_object.h     reading objects of the heap
 *   v8_function.h   a frame's function, and its codes
 *   v8_stage.h      whether the innermost frame stands, by its instructions
 *   v8_frame.h      a frame into words
 *   v8_regexp.h     code of regular expressions
 *   this file       one step, and the pieces that BPF makes functions of
 *
 * Layouts come from V8's sources, which each of them names, and offsets from the process
 * (runtime/v8/). Part of walk/walk.h, which includes it.
 */
#ifndef SONDE_WALK_V8_H
#define SONDE_WALK_V8_H

/* What walk_v8_call() is to do: pieces that are functions of their own where it makes them such. The verifier then looks
 * at each once, and not on every way that leads to it. */
enum walk_v8_piece {
	WALK_V8_STEP,		/* walk_v8_step(): enum walk_next */
	WALK_V8_FIND_STAGE,	/* enum walk_v8_stage */
	WALK_V8_READ_FUNCTION,	/* walk_v8_read_asked(): enum v8_fault */
	WALK_V8_FIND_REGEXP,	/* walk_v8_regexp() */
	WALK_V8_TRY_REGEXP,	/* walk_v8_is_regexp() */
	WALK_V8_BUILTIN,	/* a function's frame at a builtin: enum walk_v8_done */
};

enum walk_v8_done { WALK_V8_NONE, WALK_V8_TAKEN, WALK_V8_FULL };

#include "walk/v8_object.h"
#include "walk/v8_function.h"
#include "walk/v8_stage.h"
#include "walk/v8_frame.h"
#include "walk/v8_regexp.h"

WALK_INLINE uint32_t walk_v8_larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Makes ready what is kept for one walk. */
WALK_INLINE void walk_v8_begin(struct walk *w)
{
	struct walk_v8_state *v = &w->v8;
	const struct walk_v8 *l = &v->layout;
	uint32_t code = l->function_code == RUNTIME_NO_FIELD ? 0 : l->function_code;

	v->walk++;
	v->table = 0;
	for (int i = 0; i < (int)WALK_V8_KINDS; i++)
		v->maps[i] = 0;
	v->head_bytes[WALK_V8_FUNCTION] = walk_v8_larger(l->function_shared, code) + 8;
	v->head_bytes[WALK_V8_SHARED] =
		walk_v8_larger(walk_v8_larger(l->shared_data, l->shared_name),
			       walk_v8_larger(l->shared_script, l->shared_literal)) + 8;
	v->head_bytes[WALK_V8_CODE] =
		walk_v8_larger(walk_v8_larger(l->code_size, l->code_flags),
			       walk_v8_larger(walk_v8_larger(l->code_deopt, l->code_positions),
					      l->code_inline ? 0 : l->code_start)) + 8;
	v->head_bytes[WALK_V8_BYTECODES] = 8;
}

/* Whether this process has V8; its layout is at hand then. */
WALK_INLINE bool walk_has_v8(struct walk *w)
{
	const struct walk_runtime *runtime;

	if (!w->v8.ready) {
		w->v8.ready = 2;
		runtime = w->process.runtime ? walk_runtime_at(w, w->process.runtime) : 0;
		if (runtime && runtime->kind == RUNTIME_V8) {
			w->v8.layout = runtime->v8;
			w->v8.ready = 1;
			walk_v8_begin(w);
		}
	}
	return w->v8.ready == 1;
}

/* To the caller of run-time code. */
WALK_INLINE enum walk_next walk_v8_leave(struct walk *w, enum walk_v8_stage stage)
{
	uint64_t fp = w->regs[UNWIND_RBP], sp = w->regs[UNWIND_RSP], pc, caller_fp = fp;

	if (stage == WALK_V8_FRAME) {
		if (fp < sp || fp - sp >= WALK_FP_REACH || (fp & 7))
			return walk_stop(w, WALK_NO_RULE);
		if (!walk_read(w, fp, &caller_fp))
			return walk_stop(w, WALK_READ_FAULT);
		sp = fp + 8;
	} else if (stage == WALK_V8_PUSHED) {
		sp += 8;
	}
	if (!walk_read(w, sp, &pc))
		return walk_stop(w, WALK_READ_FAULT);
	walk_to_caller(w, pc, sp + 8, caller_fp);
	return WALK_CONTINUE;
}

/* Run-time code of a process that has V8: records its frame and goes to the caller. */
WALK_INLINE enum walk_next walk_v8_step(struct walk *w, void *out)
{
	enum walk_v8_stage stage = w->is_return || !w->all_regs ? WALK_V8_FRAME :
				   (enum walk_v8_stage)walk_v8_call(w, out, WALK_V8_FIND_STAGE);
	uint64_t fp, ret;

	/* code of regular expressions ends with its prologue: then what is on top is no return address */
	if (stage == WALK_V8_BEFORE && (!walk_read(w, w->regs[UNWIND_RSP], &ret) ||
					!walk_find_mapping(w, ret - 1)))
		stage = WALK_V8_FRAME;
	fp = stage == WALK_V8_AFTER ? w->regs[UNWIND_RSP] - 8 : w->regs[UNWIND_RBP];
	walk_v8_look(w, fp, stage == WALK_V8_FRAME || stage == WALK_V8_AFTER, false);
	if (stage == WALK_V8_FRAME && walk_v8_may_be_regexp(w))
		walk_v8_call(w, out, WALK_V8_FIND_REGEXP);
	if (walk_v8_put(w, out) == WALK_STOP)
		return WALK_STOP;
	return walk_v8_leave(w, stage);
}

WALK_INLINE int walk_v8_run(struct walk *w, void *out, enum walk_v8_piece piece)
{
	if (piece == WALK_V8_STEP)
		return walk_v8_step(w, out);
	if (piece == WALK_V8_FIND_STAGE)
		return walk_v8_stage(w);
	if (piece == WALK_V8_READ_FUNCTION)
		return walk_v8_read_asked(w);
	if (piece == WALK_V8_FIND_REGEXP) {
		walk_v8_regexp(w, out);
		return WALK_V8_NONE;
	}
	if (piece == WALK_V8_TRY_REGEXP)
		return walk_v8_is_regexp(w);
	if (!walk_v8_is_function(w))
		return WALK_V8_NONE;
	return walk_v8_put(w, out) == WALK_STOP ? WALK_V8_FULL : WALK_V8_TAKEN;
}

#endif
