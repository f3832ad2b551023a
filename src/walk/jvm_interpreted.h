/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/jvm_interpreted.h
 *
 * Interpreted frames: rbp points to the caller's rbp and the return address; below it are the sender's
 * sp, the Method and the bytecode that the frame stands at. The innermost frame has the bytecode in
 * r13, may not stand yet (rbx: the method; r13: the caller's sp) or any more.
 *
 * Layouts: cpu/x86/frame_x86.hpp; registers: templateInterpreterGenerator_x86.cpp and
 * interp_masm_x86.cpp; Method and ConstMethod: oops/method.hpp, oops/constMethod.hpp.
 * Part of walk/jvm.h; expects walk/jvm_virtual.h (a frame may be the outermost of a chunk).
 */
#ifndef SONDE_WALK_JVM_INTERPRETED_H
#define SONDE_WALK_JVM_INTERPRETED_H

#define WALK_JVM_RETURNING 64u	/* bytes of code behind a call that restore what the callee has changed */
#define WALK_JVM_NEW_FRAME 96u	/* bytes of an interpreted frame whose words are still being pushed */

WALK_INLINE enum jvm_fault walk_jvm_find_method_here(struct walk *w, uint64_t method)
{
	struct walk_jvm_state *j = &w->jvm;
	const struct walk_jvm *layout = &j->layout;
	uint64_t at, size_at = layout->const_size & ~7u, code_size_at = layout->const_code_size, head;

	if (method & 7 || !walk_plausible(method))
		return JVM_FAULT_NOT_METHOD;
	if (!walk_read_object(w, j->scratch, 8, method + layout->method_const))
		return JVM_FAULT_METHOD_FAULT;
	at = j->scratch[0];
	if (at & 7 || !walk_plausible(at))
		return JVM_FAULT_NOT_METHOD;
	if (!walk_read_object(w, j->constant, WALK_JVM_CONST_BYTES, at))
		return JVM_FAULT_METHOD_FAULT;
	barrier_var(size_at);
	barrier_var(code_size_at);
	if (size_at > WALK_JVM_CONST_BYTES - 8 || code_size_at > WALK_JVM_CONST_BYTES - 2)
		return JVM_FAULT_NOT_METHOD;
	head = *(const uint64_t *)(j->constant + size_at);
	j->code_size = *(const uint16_t *)(j->constant + (code_size_at & ~1ull));
	j->method = method;
	j->bytecodes = at + layout->const_bytes;
	j->check = jvm_check(at, head);
	/* its size, in words, is that of all that follows too */
	head = layout->const_size & 4 ? head >> 32 : (uint32_t)head;
	return head < 1u << 24 && head * 8 >= layout->const_bytes + j->code_size ?
	       JVM_FAULT_NONE : JVM_FAULT_NOT_METHOD;
}

/* Looks at what should be a Method; its bytecodes and check are left in w->jvm. */
WALK_INLINE enum jvm_fault walk_jvm_find_method(struct walk *w, uint64_t method)
{
	return (enum jvm_fault)walk_jvm_call(w, 0, WALK_JVM_FIND_METHOD, method, 0);
}

WALK_INLINE bool walk_jvm_in_bytecodes(const struct walk_jvm_state *j, uint64_t bcp)
{
	return bcp - j->bytecodes < j->code_size;
}

/* An interpreted frame that rbp points to, whose method has been looked at. */
WALK_INLINE enum walk_next walk_jvm_interpreted(struct walk *w, void *out, enum jvm_fault fault,
						uint64_t bcp)
{
	struct walk_jvm_state *j = &w->jvm;
	uint64_t fp = w->regs[UNWIND_RBP], pc, sp, caller_fp, bci = SAMPLE_JVM_NO_PLACE;

	if (walk_jvm_in_bytecodes(j, bcp))
		bci = bcp - j->bytecodes;
	if (!(fault == JVM_FAULT_NONE ?
	      walk_jvm_put(w, out, j->method, JVM_INTERPRETED, bci, j->check) :
	      walk_jvm_put(w, out, 0, JVM_FAULT, fault, 0)))
		return walk_stop(w, WALK_FULL);
	if (!walk_read(w, fp, &caller_fp) || !walk_read(w, fp + 8, &pc) || !walk_read(w, fp - 8, &sp))
		return walk_stop(w, WALK_READ_FAULT);
	if (!walk_jvm_holds(w, pc))
		return walk_jvm_end_chunk(w) ? WALK_CONTINUE : walk_stop(w, WALK_BAD_PC);
	/* what the caller's sp was before the callee's locals were put above it */
	sp = walk_jvm_link(w, fp, sp);
	if (sp < fp + 16 || sp - fp >= WALK_JVM_FRAME_REACH || (sp & 7))
		sp = fp + 16;
	return walk_jvm_to(w, pc, sp, walk_jvm_link(w, fp, caller_fp));
}

/* Whether the interpreter has jumped to a method (rbx) from a caller whose sp was r13, and has no frame yet: where
 * it returns to, and rbp's value there. Both registers also have such values behind a call. */
WALK_INLINE bool walk_jvm_is_entering(struct walk *w, uint64_t *ret_pc, uint64_t *ret_fp)
{
	uint64_t sp = w->regs[UNWIND_R13], fp = w->regs[UNWIND_RBP];

	if (!walk_jvm_above(w, sp) || walk_jvm_find_method(w, w->regs[UNWIND_RBX]) != JVM_FAULT_NONE)
		return false;
	*ret_fp = fp;
	if (walk_jvm_above(w, fp) && fp - w->regs[UNWIND_RSP] < WALK_JVM_NEW_FRAME && fp + 16 <= sp &&
	    walk_read(w, fp + 8, ret_pc) && walk_jvm_holds(w, *ret_pc) && walk_read(w, fp, ret_fp))
		return true;
	*ret_fp = fp;
	if (walk_read(w, w->regs[UNWIND_RSP], ret_pc) && walk_jvm_holds(w, *ret_pc))
		return true;
	*ret_pc = w->regs[UNWIND_RAX];	/* taken off to make room for locals */
	return walk_jvm_holds(w, *ret_pc);
}

/* Whether the frame stands as far as the last sp, and its method (rbx) is about to be pushed: r13 is the bytecodes', or what
 * they are in. */
WALK_INLINE bool walk_jvm_is_framing(struct walk *w)
{
	struct walk_jvm_state *j = &w->jvm;
	uint64_t fp = w->regs[UNWIND_RBP], own = w->regs[UNWIND_R13];

	return walk_jvm_above(w, fp) && fp - w->regs[UNWIND_RSP] < WALK_JVM_NEW_FRAME &&
	       walk_jvm_find_method(w, w->regs[UNWIND_RBX]) == JVM_FAULT_NONE &&
	       (own == j->bytecodes || own + j->layout.const_bytes == j->bytecodes);
}

/* Whether a word below rbp has been pushed: what is below sp is left over from others, and in no copy of the stack. */
WALK_INLINE bool walk_jvm_is_pushed(const struct walk *w, uint64_t address)
{
	return !w->all_regs || address >= w->regs[UNWIND_RSP];
}

/* Whether the interpreter has left its frame: only where it returns to is left on top, rbx is the sender's sp, and rbp the
 * caller's, which may be an interpreted frame further out. */
WALK_INLINE bool walk_jvm_has_left(struct walk *w)
{
	uint64_t pc, sp = w->regs[UNWIND_RBX];

	return walk_jvm_above(w, sp) && sp > w->regs[UNWIND_RSP] && walk_read(w, w->regs[UNWIND_RSP], &pc) &&
	       walk_jvm_holds(w, pc) && walk_jvm_is_behind_call(w, pc);
}

/* In the interpreter, with the frame gone or not understood: nothing but a way out. */
WALK_INLINE enum walk_next walk_jvm_leaving(struct walk *w, void *out)
{
	uint64_t sp = w->regs[UNWIND_RBX], back = w->regs[UNWIND_R13];
	uint64_t pc = w->regs[UNWIND_RIP];

	if (!walk_jvm_put(w, out, w->jvm.blob, JVM_STUB, pc - w->jvm.code, jvm_check(w->jvm.name, 0)))
		return walk_stop(w, WALK_FULL);
	if (!walk_jvm_above(w, sp))
		sp = 0;
	if (walk_jvm_holds(w, back) && pc - back >= WALK_JVM_RETURNING)
		return walk_jvm_to(w, back, sp ? sp : w->regs[UNWIND_RSP], w->regs[UNWIND_RBP]);
	if (walk_read(w, w->regs[UNWIND_RSP], &back) && walk_jvm_holds(w, back))
		return walk_jvm_to(w, back, sp > w->regs[UNWIND_RSP] ? sp : w->regs[UNWIND_RSP] + 8,
				   w->regs[UNWIND_RBP]);
	return walk_jvm_try_fp(w) ? WALK_CONTINUE : walk_stop(w, WALK_NO_RULE);
}

WALK_INLINE enum walk_next walk_jvm_interpreter(struct walk *w, void *out)
{
	struct walk_jvm_state *j = &w->jvm;
	uint64_t fp = w->regs[UNWIND_RBP], bcp = 0, method = 0, own = w->regs[UNWIND_R13], pc;
	enum jvm_fault fault = JVM_FAULT_NOT_METHOD;

	j->bytecodes = 0;
	j->code_size = 0;
	if (walk_jvm_above(w, fp) && walk_jvm_is_pushed(w, fp - 24) && walk_read(w, fp - 24, &method)) {
		if (!walk_jvm_is_pushed(w, fp - 64) || !walk_read(w, fp - 64, &bcp))
			bcp = 0;
		fault = walk_jvm_find_method(w, method);
	} else if (!w->all_regs) {
		return walk_stop(w, WALK_NO_RULE);
	}
	if (!w->all_regs)
		return walk_jvm_interpreted(w, out, fault, bcp);
	if (fault == JVM_FAULT_NONE && walk_jvm_in_bytecodes(j, own))
		return walk_jvm_interpreted(w, out, fault, own);
	if (walk_jvm_is_entering(w, &pc, &fp)) {
		if (!walk_jvm_put(w, out, j->method, JVM_INTERPRETED, 0, j->check))
			return walk_stop(w, WALK_FULL);
		return walk_jvm_to(w, pc, own, fp);
	}
	if (fault != JVM_FAULT_NONE && walk_jvm_is_framing(w))
		return walk_jvm_interpreted(w, out, JVM_FAULT_NONE, j->bytecodes);
	/* who leaves has the sender's sp in rbx: compiled code that returned here may have left such an r13 */
	if (fault != JVM_FAULT_NONE || (walk_jvm_holds(w, own) && w->regs[UNWIND_RIP] - own >= WALK_JVM_RETURNING &&
					walk_jvm_above(w, w->regs[UNWIND_RBX])) || walk_jvm_has_left(w))
		return walk_jvm_leaving(w, out);
	/* the callee's or the VM's values are still in the registers */
	fault = walk_jvm_find_method(w, method);
	return walk_jvm_interpreted(w, out, fault, bcp);
}

#endif
