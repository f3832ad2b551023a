/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/jvm_compiled.h
 *
 * Compiled frames, and those of native methods' wrappers: sp + frame_size is the frame's end; the
 * return address is below it, the caller's rbp below that.
 *
 * One that waits to be given up is returned to at its code's handler for that, and has its own address in it.
 * Layouts: code/nmethod.hpp, cpu/x86/sharedRuntime_x86_64.cpp (wrappers).
 * Part of walk/jvm.h; expects walk/jvm_edge.h and walk/jvm_virtual.h.
 */
#ifndef SONDE_WALK_JVM_COMPILED_H
#define SONDE_WALK_JVM_COMPILED_H

WALK_INLINE uint32_t walk_jvm_complete(const struct walk_jvm_state *j)
{
	return j->layout.complete_bytes == 2 ?
	       (uint32_t)(int16_t)walk_jvm_u16(j, j->layout.blob_complete) :
	       walk_jvm_u32(j, j->layout.blob_complete);
}

/* Where a frame that waits to be given up returns to in place of its own code: its own address. */
WALK_INLINE uint64_t walk_jvm_undeoptimised(struct walk *w)
{
	struct walk_jvm_state *j = &w->jvm;
	const struct walk_jvm *layout = &j->layout;
	uint64_t pc = w->regs[UNWIND_RIP], deopt, deopt_mh = 0, orig;

	if (layout->code_offsets) {
		deopt = j->blob + walk_jvm_u32(j, layout->nmethod_deopt);
		if (layout->nmethod_deopt_mh != RUNTIME_NO_FIELD)
			deopt_mh = j->blob + walk_jvm_u32(j, layout->nmethod_deopt_mh);
	} else {
		deopt = walk_jvm_u64(j, layout->nmethod_deopt);
		if (layout->nmethod_deopt_mh != RUNTIME_NO_FIELD)
			deopt_mh = walk_jvm_u64(j, layout->nmethod_deopt_mh);
	}
	if (pc != deopt && pc != deopt_mh)
		return pc;
	if (!walk_read(w, w->regs[UNWIND_RSP] + walk_jvm_u32(j, layout->nmethod_orig_pc), &orig) ||
	    orig - j->code >= walk_jvm_u32(j, layout->blob_size))
		return pc;
	return orig;
}

WALK_INLINE uint64_t walk_jvm_entry(const struct walk_jvm_state *j)
{
	return j->layout.entry_bytes == 2 ? j->code + walk_jvm_u16(j, j->layout.nmethod_entry) :
					    walk_jvm_u64(j, j->layout.nmethod_entry);
}

/* The wrapper of a native method has rbp at its frame's beginning as long as there is one. It looks for an exception
 * when there is none any more: leave; cmp [r15 + n], 0; jne; ret. */
WALK_INLINE bool walk_jvm_wrapper_is_bare(struct walk *w, uint32_t words)
{
	uint64_t sp = w->regs[UNWIND_RSP], pc;

	return words > 2 && words < WALK_JVM_FRAME_REACH / 8 && w->regs[UNWIND_RBP] != sp + (words - 2) * 8ull &&
	       walk_read(w, sp, &pc) && walk_jvm_holds(w, pc) && walk_jvm_is_behind_call(w, pc);
}

WALK_INLINE enum walk_next walk_jvm_compiled(struct walk *w, void *out)
{
	struct walk_jvm_state *j = &w->jvm;
	const struct walk_jvm *layout = &j->layout;
	uint64_t pc = w->regs[UNWIND_RIP], place = pc - j->code;
	uint32_t words = walk_jvm_u32(j, layout->blob_frame);
	enum walk_jvm_edge edge = WALK_JVM_BODY;
	bool is_wrapper = (uint32_t)j->name_head == WALK_JVM_NATIVE;

	if (w->is_return)
		place = walk_jvm_undeoptimised(w) - j->code;
	if (!walk_jvm_put(w, out, j->blob, JVM_COMPILED, place,
			  jvm_check(walk_jvm_u64(j, layout->nmethod_method),
				    walk_jvm_u32(j, layout->nmethod_id))))
		return walk_stop(w, WALK_FULL);
	if (w->all_regs && walk_jvm_read_code(w)) {
		edge = pc <= walk_jvm_entry(j) ? WALK_JVM_BARE :
		       walk_jvm_find_edge(j, place >= walk_jvm_complete(j));
		if (edge == WALK_JVM_BODY && is_wrapper && walk_jvm_wrapper_is_bare(w, words))
			edge = WALK_JVM_BARE;
		if (edge != WALK_JVM_BODY && walk_jvm_by_edge(w, edge, words))
			return WALK_CONTINUE;
	}
	if (is_wrapper)
		walk_jvm_call(w, 0, WALK_JVM_NOTE_VIRTUAL, 0, 0);
	if (walk_jvm_by_size(w, words))
		return WALK_CONTINUE;
	if (w->all_regs && walk_jvm_by_scan(w))
		return WALK_CONTINUE;
	return walk_jvm_end_chunk(w) || walk_jvm_try_fp(w) ? WALK_CONTINUE : walk_stop(w, WALK_NO_RULE);
}

#endif
