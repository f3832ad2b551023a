/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/jvm_stub.h
 *
 * Stubs, adapters and upcalls: as their frame size says, or rbp, or nothing but a return address. A
 * few are called by C: call_stub, upcalls, and some when HotSpot starts; there CFI goes on.
 *
 * Layouts: cpu/x86/stubGenerator_x86_64.cpp, frame_x86.hpp (an entry frame), vm_version_x86.cpp and
 * icache_x86.cpp (what only C calls).
 * Part of walk/jvm.h; expects walk/jvm_edge.h.
 */
#ifndef SONDE_WALK_JVM_STUB_H
#define SONDE_WALK_JVM_STUB_H

#define WALK_JVM_CALL_STUB 512u	/* bytes of code around the call in call_stub */

/* The stub that C calls Java through: it saves what C's caller owns (the layout of an entry frame). */
WALK_INLINE bool walk_jvm_by_entry_frame(struct walk *w)
{
	uint64_t fp = w->regs[UNWIND_RBP], pc, bx, caller_fp;

	if (!walk_jvm_above(w, fp) || !walk_read(w, fp, &caller_fp) || !walk_read(w, fp + 8, &pc) ||
	    !walk_read(w, fp - 56, &bx) || walk_jvm_to(w, pc, fp + 16, caller_fp) == WALK_STOP)
		return false;
	w->regs[UNWIND_RBX] = bx;
	return true;
}

/* An adapter from compiled code to the interpreter that has called the VM, to have its caller's call lead to compiled code
 * from now on (patch_callers_callsite() in sharedRuntime_x86_64.cpp): mov r13, rsp; mov rax, [rsp]; align rsp; push_CPU_state,
 * which puts r15 .. rax above the vector registers. So rax there is what r13 there points to. */
WALK_INLINE bool walk_jvm_by_saved_registers(struct walk *w)
{
	uint64_t at = w->regs[UNWIND_RSP] + WALK_JVM_FPU_WORDS * 8, sp, saved, pc;

	return walk_read(w, at + 2 * 8, &sp) && walk_read(w, at + 15 * 8, &saved) && walk_jvm_above(w, sp) &&
	       sp >= at + 16 * 8 && walk_read(w, sp, &pc) && pc == saved && walk_jvm_try(w, sp + 8, false);
}

/* The same in the adapter itself: r13 is what it was. */
WALK_INLINE bool walk_jvm_by_kept_sp(struct walk *w)
{
	uint64_t sp = w->regs[UNWIND_R13], pc;

	return walk_jvm_above(w, sp) && walk_read(w, sp, &pc) && walk_jvm_holds(w, pc) &&
	       walk_jvm_is_behind_call(w, pc) && walk_jvm_try(w, sp + 8, false);
}

/* The stub of the barrier at the entry of compiled code, before and behind its frame: a -1 lies below the return address. */
WALK_INLINE bool walk_jvm_by_cookie(struct walk *w, enum walk_jvm_edge edge)
{
	uint64_t at = w->regs[UNWIND_RSP] + (edge == WALK_JVM_PUSHED ? 8 : 0), cookie;

	return walk_read(w, at, &cookie) && cookie == ~0ull && walk_jvm_try(w, at + 16, false);
}

/* What C calls is at its first instructions, or at its last: rbp is C's. */
WALK_INLINE bool walk_jvm_by_c_edge(struct walk *w)
{
	enum walk_jvm_edge edge = w->all_regs && walk_jvm_read_code(w) ? walk_jvm_find_edge(&w->jvm, true) : WALK_JVM_BODY;

	return (edge == WALK_JVM_BARE || edge == WALK_JVM_PUSHED) &&
	       walk_jvm_try_native(w, w->regs[UNWIND_RSP] + (edge == WALK_JVM_BARE ? 8 : 16), edge == WALK_JVM_PUSHED);
}

WALK_INLINE bool walk_jvm_is_call_stub(struct walk *w)
{
	uint64_t call, pc = w->regs[UNWIND_RIP];

	if (!walk_read_object(w, w->jvm.scratch, 8, w->jvm.layout.call_stub_at))
		return false;
	call = w->jvm.scratch[0];
	return w->is_return ? pc == call : pc - call + WALK_JVM_CALL_STUB < 2 * WALK_JVM_CALL_STUB;
}

/* What only C calls, once when it starts: "VM_V"ersion stub, "flus"h_icache_stub, "dete"ct_virt_stub,
 * "getC"PUIDBrandString_stub. They tell what the processor can do, which takes long in virtual machines. */
WALK_INLINE bool walk_jvm_is_for_c(uint32_t head)
{
	return head == 0x565f4d56 || head == 0x73756c66 || head == 0x65746564 || head == 0x43746567;
}

/* Whether a stub's frame stands: those that have one begin with "enter", so rbp is at its beginning, or a little
 * further where words have been pushed. Below it, on top of the stack, lies what was returned to before. */
WALK_INLINE bool walk_jvm_is_framed(const struct walk *w, uint32_t words)
{
	uint64_t at = w->regs[UNWIND_RBP] - w->regs[UNWIND_RSP] - (words - 2) * 8ull;

	return words > 2 && words < WALK_JVM_FRAME_REACH / 8 && !(at & 7) && at < 64;
}

/* They push rbp first, or nothing. */
WALK_INLINE bool walk_jvm_by_native_scan(struct walk *w)
{
	for (uint32_t i = 1; i <= 8; i++)
		if (walk_jvm_try_native(w, w->regs[UNWIND_RSP] + i * 8ull, i > 1))
			return true;
	return false;
}

WALK_INLINE enum walk_next walk_jvm_stub(struct walk *w, void *out)
{
	struct walk_jvm_state *j = &w->jvm;
	uint64_t pc = w->regs[UNWIND_RIP];
	uint32_t words = walk_jvm_u32(j, j->layout.blob_frame);
	uint32_t head = (uint32_t)j->name_head;
	enum walk_jvm_edge edge;

	if (!walk_jvm_put(w, out, j->blob, JVM_STUB, pc - j->code, jvm_check(j->name, 0)))
		return walk_stop(w, WALK_FULL);
	if ((((head == WALK_JVM_STUB_ROUTINES || head == 0x74696e69 /* "init"ial_blob: JDK 27's, of an AOT cache */) &&
	      walk_jvm_is_call_stub(w)) || head == 0x61637075 /* "upca" */) &&
	    (walk_jvm_by_c_edge(w) || walk_jvm_by_entry_frame(w)))
		return WALK_CONTINUE;
	if (w->all_regs && walk_jvm_is_for_c(head) && walk_jvm_by_native_scan(w))
		return WALK_CONTINUE;
	if (head == WALK_JVM_ADAPTER && (w->all_regs ? walk_jvm_by_kept_sp(w) : walk_jvm_by_saved_registers(w)))
		return WALK_CONTINUE;
	if (w->all_regs && walk_jvm_read_code(w)) {
		edge = walk_jvm_find_edge(j, true);
		if (walk_jvm_by_cookie(w, edge) || walk_jvm_by_edge(w, edge, 0) || (walk_jvm_is_framed(w, words) && walk_jvm_try_fp(w)) ||
		    walk_jvm_try(w, w->regs[UNWIND_RSP] + 8, false))
			return WALK_CONTINUE;
	}
	if (walk_jvm_by_size(w, words) || walk_jvm_try_fp(w))
		return WALK_CONTINUE;
	if (w->all_regs && walk_jvm_holds(w, w->regs[UNWIND_RAX]))	/* an adapter, moving arguments */
		return walk_jvm_to(w, w->regs[UNWIND_RAX], walk_jvm_above(w, w->regs[UNWIND_R13]) ?
				   w->regs[UNWIND_R13] : w->regs[UNWIND_RSP], w->regs[UNWIND_RBP]);
	if (head == WALK_JVM_STUB_ROUTINES && w->all_regs &&
	    (walk_jvm_try_native(w, w->regs[UNWIND_RSP] + 8, false) ||
	     (walk_jvm_above(w, w->regs[UNWIND_RBP]) &&
	      walk_jvm_try_native(w, w->regs[UNWIND_RBP] + 16, true))))
		return WALK_CONTINUE;
	return walk_jvm_by_scan(w) ? WALK_CONTINUE : walk_stop(w, WALK_NO_RULE);
}

#endif
