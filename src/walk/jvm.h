/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/jvm.h
 *
 * The frames of HotSpot's own code: interpreted, compiled, and stubs between them and C.
 *
 *   address -> heap -> segment map -> CodeBlob: its name tells the kind, its frame_size the caller
 *
 *   interpreted   rbp: caller's rbp, return address; below it the sender's sp, the Method, the bytecode
 *   compiled      sp + frame_size: the return address below it, the caller's rbp below that. Where the
 *                 frame is not there yet or no more (only the innermost one can be there), the
 *                 instructions tell.
 *   stubs         as their frame_size says, or rbp, or nothing but a return address
 *
 * Whoever calls HotSpot's code is HotSpot's code too, but for one stub that C calls (call_stub) and those
 * made for upcalls: a return address that is not is none. From there on CFI goes on.
 *
 *   jvm_blob.h         which blob holds an address
 *   jvm_frame.h        recording a frame; going to its caller, by ways that are tried
 *   jvm_virtual.h      virtual threads: whose frames these are, and those on the heap
 *   jvm_interpreted.h, jvm_edge.h (the innermost frame's instructions), jvm_compiled.h, jvm_stub.h: the kinds
 *   this file          one step, which asks for the kind, and the pieces that BPF makes functions of
 *
 * Layouts come from HotSpot's sources, which each of them names, and offsets from its library
 * (runtime/jvm/jvm.c). docs/walker.md tells the whole. Part of walk/walk.h, which includes it.
 */
#ifndef SONDE_WALK_JVM_H
#define SONDE_WALK_JVM_H

/* The walk's pieces. Each is a function of its own where walk_jvm_call() makes it one: the verifier then looks at
 * it once, and not on every way that leads to it. */
enum walk_jvm_piece {
	WALK_JVM_STEP,
	WALK_JVM_FIND_BLOB,	/* that holds the address `a` */
	WALK_JVM_FIND_METHOD,	/* at the address `a` */
	WALK_JVM_TRY,		/* a frame that ends below `a`; b: with rbp saved in it */
	WALK_JVM_TRY_FP,
	WALK_JVM_FIND_TAIL,	/* the first chunk: left in w->jvm.tail */
	WALK_JVM_IS_TAIL,	/* whether the continuation `a` has one */
	WALK_JVM_FIND_ENTRY,	/* the frame with a ContinuationEntry at `a`: left in w->jvm.entry_fp */
	WALK_JVM_ENTER_CHUNK,
	WALK_JVM_NOTE_VIRTUAL,
	WALK_JVM_READ_OOP,	/* at the address `a`: its value is left in w->jvm.oop */
	WALK_JVM_IS_VIRTUAL,	/* whether the continuation `a` runs a virtual thread */
	WALK_JVM_IS_BEHIND_CALL,	/* the address `a` */
	WALK_JVM_TRY_NATIVE,	/* the same of a stub that C has called */
	WALK_JVM_INTERPRETED_FRAME,
	WALK_JVM_COMPILED_FRAME,
	WALK_JVM_STUB_FRAME,
};

#include "walk/jvm_blob.h"
#include "walk/jvm_frame.h"
#include "walk/jvm_virtual.h"
#include "walk/jvm_interpreted.h"
#include "walk/jvm_edge.h"
#include "walk/jvm_compiled.h"
#include "walk/jvm_stub.h"

/* Takes the frame of HotSpot's code where w stands, and goes to its caller. */
WALK_INLINE enum walk_next walk_jvm_step(struct walk *w, void *out)
{
	enum jvm_fault fault = (enum jvm_fault)walk_jvm_call(w, 0, WALK_JVM_FIND_BLOB,
							     w->regs[UNWIND_RIP] - w->is_return, 0);
	uint32_t head = (uint32_t)w->jvm.name_head;

	if (fault != JVM_FAULT_NONE) {
		if (!walk_jvm_put(w, out, 0, JVM_FAULT, fault, 0))
			return walk_stop(w, WALK_FULL);
		return walk_jvm_try_fp(w) ? WALK_CONTINUE : walk_stop(w, WALK_NO_RULE);
	}
	if (walk_jvm_is_return_barrier(w))
		return walk_jvm_by_return_barrier(w, out);
	if (w->jvm.chunk && w->regs[UNWIND_RSP] >= w->jvm.chunk_end)
		walk_jvm_leave_chunk(w);
	if (head == 0x65746e49)	/* "Inte" */
		return (enum walk_next)walk_jvm_call(w, out, WALK_JVM_INTERPRETED_FRAME, 0, 0);
	if (head == 0x74656d6e || head == 0x6974616e)	/* "nmet", "nati" */
		return (enum walk_next)walk_jvm_call(w, out, WALK_JVM_COMPILED_FRAME, 0, 0);
	return (enum walk_next)walk_jvm_call(w, out, WALK_JVM_STUB_FRAME, 0, 0);
}

/* What walk_jvm_call() is to do. */
WALK_INLINE int walk_jvm_run(struct walk *w, void *out, enum walk_jvm_piece piece, uint64_t a, uint32_t b)
{
	switch (piece) {
	case WALK_JVM_STEP:
		return walk_jvm_step(w, out);
	case WALK_JVM_FIND_BLOB:
		return walk_jvm_find_blob(w, a);
	case WALK_JVM_FIND_METHOD:
		return walk_jvm_find_method_here(w, a);
	case WALK_JVM_TRY:
		return walk_jvm_try_here(w, a, b);
	case WALK_JVM_TRY_FP:
		return walk_jvm_try_fp_here(w);
	case WALK_JVM_FIND_TAIL:
		return walk_jvm_find_tail(w);
	case WALK_JVM_IS_TAIL:
		return walk_jvm_is_tail_here(w, a);
	case WALK_JVM_FIND_ENTRY:
		walk_jvm_find_entry_here(w, a);
		return 0;
	case WALK_JVM_READ_OOP:
		return walk_jvm_read_oop_here(w, a);
	case WALK_JVM_IS_VIRTUAL:
		return walk_jvm_find_virtual(w, a);
	case WALK_JVM_IS_BEHIND_CALL:
		return walk_jvm_is_behind_call_here(w, a);
	case WALK_JVM_ENTER_CHUNK:
		return walk_jvm_enter_chunk_here(w);
	case WALK_JVM_NOTE_VIRTUAL:
		return walk_jvm_note_virtual_here(w);
	case WALK_JVM_TRY_NATIVE:
		return walk_jvm_try_native_here(w, a, b);
	case WALK_JVM_INTERPRETED_FRAME:
		return walk_jvm_interpreter(w, out);
	case WALK_JVM_COMPILED_FRAME:
		return walk_jvm_compiled(w, out);
	case WALK_JVM_STUB_FRAME:
		return walk_jvm_stub(w, out);
	}
	return 0;
}

/* At the beginning of a walk, once the process is known. */
WALK_INLINE void walk_jvm_begin(struct walk *w)
{
	const struct walk_runtime *runtime = walk_runtime_at(w, w->process.runtime);
	struct walk_jvm_state *j = &w->jvm;

	j->low = j->high = j->chunk = j->virtual = 0;
	j->met = j->key = 0;
	if (!runtime || runtime->kind != RUNTIME_JVM)
		return;
	j->layout = runtime->jvm;
	/* which of its kinds a blob's name tells is the library's, at the address where it is */
	j->key = (uint32_t)(j->layout.call_stub_at >> 3) ^ w->process.runtime * 0x9e3779b1u;
	j->low = ~0ull;
	for (uint32_t i = 0; i < JVM_HEAPS_MAX; i++) {
		if (i < j->layout.n_heaps && j->layout.heaps[i].low < j->low)
			j->low = j->layout.heaps[i].low;
		if (i < j->layout.n_heaps && j->layout.heaps[i].high > j->high)
			j->high = j->layout.heaps[i].high;
	}
	if (j->low > j->high)
		j->low = j->high = 0;
}

#endif
