/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/jvm_virtual.h
 *
 * Virtual threads: whose frames these are, and those of them that are on the heap.
 *
 *   stack    frames of the thread, the stub they return to, ContinuationEntry, frames of the carrier
 *   entry    -> Continuation -> its tail, a StackChunk -> its parent, ...: frames in each as on the stack
 *            -> the Runnable -> the VirtualThread -> its number
 *
 * Objects move: nothing here is read but where they are as they were when the stack was
 * (walk_heap_stands()), and each one's class is looked at. Layouts: runtime/continuationEntry.hpp,
 * oops/stackChunkOop.hpp, java/lang/VirtualThread.java; offsets of fields: runtime/jvm/chunks.c finds
 * them.
 * Part of walk/jvm.h; expects walk/jvm_frame.h.
 */
#ifndef SONDE_WALK_JVM_VIRTUAL_H
#define SONDE_WALK_JVM_VIRTUAL_H

#define WALK_JVM_CHUNKS 4	/* empty ones in a row */
#define WALK_JVM_CHUNK_WORDS (1u << 24)
#define WALK_JVM_TARGET_SLOTS 4		/* references in what a continuation runs, from its head on */
#define WALK_JVM_ENTRY_WORDS 12	/* of the frame that enters a virtual thread */
#define WALK_JVM_ENTRY_REACH 16u	/* words from a virtual thread's outermost frame on: arguments, and the head of that */

/* A reference in an object. */
WALK_INLINE bool walk_jvm_read_oop_here(struct walk *w, uint64_t at)
{
	const struct walk_jvm *layout = &w->jvm.layout;
	uint64_t *ret_oop = &w->jvm.oop;
	uint32_t narrow;

	if (layout->oop_bytes == 8) {
		if (!walk_read_object(w, w->jvm.scratch, 8, at))
			return false;
		*ret_oop = w->jvm.scratch[0];
		/* ZGC's colours (zAddress.inline.hpp, x86): of four bits one is set, the address follows */
		if (*ret_oop >= WALK_PC_MAX)
			*ret_oop >>= *ret_oop >> 12 & 1 ? 13 : *ret_oop >> 13 & 1 ? 14 :
				     *ret_oop >> 14 & 1 ? 15 : 16;
		return true;
	}
	if (!walk_read_object(w, w->jvm.scratch, 4, at))
		return false;
	narrow = (uint32_t)w->jvm.scratch[0];
	*ret_oop = narrow ? layout->oop_base + ((uint64_t)narrow << (layout->oop_shift & 31)) : 0;
	return true;
}

WALK_INLINE bool walk_jvm_read_oop(struct walk *w, uint64_t at, uint64_t *ret_oop)
{
	if (!walk_jvm_call(w, 0, WALK_JVM_READ_OOP, at, 0))
		return false;
	*ret_oop = w->jvm.oop;
	return true;
}

/* By its head: a mark and the class, whole or in four bytes, or (JEP 519) both in one word. */
WALK_INLINE bool walk_jvm_is_of_class(struct walk *w, uint64_t oop, uint64_t klass, uint32_t narrow)
{
	const uint64_t *head = w->jvm.scratch;

	return walk_plausible(oop) && !(oop & 7) && walk_read_object(w, w->jvm.scratch, 16, oop) &&
	       (head[1] == klass || (uint32_t)head[1] == narrow || head[0] >> 42 == narrow);
}

WALK_INLINE bool walk_jvm_is_chunk(struct walk *w, uint64_t oop)
{
	return walk_jvm_is_of_class(w, oop, w->jvm.layout.chunk_klass, w->jvm.layout.chunk_narrow);
}

/* The virtual thread that a continuation runs: what it runs is an object that java.lang.VirtualThread makes, with
 * a reference to the thread; which of its fields that is its class tells. */
WALK_INLINE bool walk_jvm_find_virtual(struct walk *w, uint64_t continuation)
{
	const struct walk_jvm *layout = &w->jvm.layout;
	uint64_t target, thread, step = layout->oop_bytes == 8 ? 8 : 4;

	if (!walk_plausible(continuation) || (continuation & 7) ||
	    !walk_jvm_read_oop(w, continuation + layout->cont_target, &target) || !walk_plausible(target) ||
	    (target & 7))
		return false;
	for (uint64_t i = 0; i < WALK_JVM_TARGET_SLOTS; i++) {
		if (!walk_jvm_read_oop(w, target + 8 + i * step, &thread) ||
		    !walk_jvm_is_of_class(w, thread, layout->virtual_klass, layout->virtual_narrow) ||
		    !walk_read_object(w, w->jvm.scratch, 8, thread + layout->thread_number))
			continue;
		w->jvm.virtual = w->jvm.scratch[0];
		return true;
	}
	return false;
}

/* Whose frames were walked up to here, where this is the one that virtual threads are entered by: like
 * walk_jvm_find_tail(). */
WALK_INLINE bool walk_jvm_note_virtual_here(struct walk *w)
{
	uint64_t fp = w->regs[UNWIND_RBP], continuation;

	if (!w->jvm.layout.virtual_klass || w->jvm.virtual || !walk_heap_stands(w))
		return false;
	for (uint64_t i = 1; i <= WALK_JVM_ENTRY_WORDS; i++) {
		if (fp - i * 8 < w->regs[UNWIND_RSP] || !walk_read(w, fp - i * 8, &continuation))
			return false;
		if (walk_jvm_call(w, 0, WALK_JVM_IS_VIRTUAL, continuation, 0))
			return true;
	}
	return false;
}

/* Where the frame that entered a virtual thread saves rbp: it ends behind the ContinuationEntry at `entry`, with
 * what it returns to. */
WALK_INLINE void walk_jvm_find_entry_here(struct walk *w, uint64_t entry)
{
	uint64_t pc;

	w->jvm.entry_fp = w->regs[UNWIND_RBP];
	for (uint64_t i = 1; i <= WALK_JVM_ENTRY_WORDS; i++) {
		if (walk_read(w, entry + i * 8, &pc) && walk_jvm_holds(w, pc) && walk_jvm_is_behind_call(w, pc)) {
			w->jvm.entry_fp = entry + (i - 1) * 8;
			return;
		}
	}
}

WALK_INLINE uint64_t walk_jvm_entry_fp(struct walk *w, uint64_t entry)
{
	walk_jvm_call(w, 0, WALK_JVM_FIND_ENTRY, entry, 0);
	return w->jvm.entry_fp;
}

WALK_INLINE bool walk_jvm_is_tail_here(struct walk *w, uint64_t continuation)
{
	struct walk_jvm_state *j = &w->jvm;

	if (!walk_plausible(continuation) || (continuation & 7) ||
	    !walk_jvm_read_oop(w, continuation + j->layout.cont_tail, &j->tail))
		return false;
	return walk_jvm_is_chunk(w, j->tail);
}

/* The chunk that a virtual thread's frames go on in. The stack goes on with the frame that entered the thread:
 * in it is a ContinuationEntry, with a reference to the Continuation, which has one to the chunk. rbp leads to that
 * frame only as long as no frame above has used it for something else. */
WALK_INLINE bool walk_jvm_find_tail(struct walk *w)
{
	struct walk_jvm_state *j = &w->jvm;
	uint64_t sp = w->regs[UNWIND_RSP], continuation;

	if (!j->layout.chunk_klass || !walk_heap_stands(w))
		return false;
	for (uint64_t i = 0; i < WALK_JVM_ENTRY_REACH; i++) {
		if (!walk_read(w, sp + i * 8, &continuation))
			return false;
		if (walk_jvm_call(w, 0, WALK_JVM_IS_TAIL, continuation, 0)) {
			j->entry = sp;
			w->regs[UNWIND_RBP] = walk_jvm_entry_fp(w, sp + i * 8);
			return true;
		}
	}
	return false;
}

/* The frames of the next chunk that has some: they stand in it as they stood on the stack. */
WALK_INLINE bool walk_jvm_enter_chunk_here(struct walk *w)
{
	struct walk_jvm_state *j = &w->jvm;
	const struct walk_jvm *layout = &j->layout;
	uint64_t chunk = j->chunk, top, pc, fp;
	uint32_t sp, bottom;

	if (!layout->chunk_klass || !walk_heap_stands(w))
		return false;
	if (!chunk)
		chunk = j->tail;
	else if (!walk_jvm_read_oop(w, chunk + layout->chunk_parent, &chunk))
		return false;
	for (int i = 0; i < WALK_JVM_CHUNKS; i++) {
		if (!walk_jvm_is_chunk(w, chunk) ||
		    !walk_read_object(w, &j->scratch[0], 4, chunk + layout->chunk_sp) ||
		    !walk_read_object(w, &j->scratch[1], 4, chunk + layout->chunk_bottom))
			return false;
		sp = (uint32_t)j->scratch[0];
		bottom = (uint32_t)j->scratch[1];
		if (bottom > WALK_JVM_CHUNK_WORDS)
			return false;
		if (sp < bottom)
			break;
		if (!walk_jvm_read_oop(w, chunk + layout->chunk_parent, &chunk))
			return false;
	}
	top = chunk + layout->chunk_stack + sp * 8ull;
	if (sp >= bottom || !walk_read(w, top - 8, &pc) || !walk_read(w, top - 16, &fp) ||
	    !walk_jvm_holds(w, pc))
		return false;
	j->chunk = chunk;
	j->chunk_end = chunk + layout->chunk_stack + bottom * 8ull;
	walk_to_caller(w, pc, top, walk_jvm_link(w, top - 16, fp));
	return true;
}

/* Goes on with the frames of the next chunk that has some. Piece after piece, and none out of another: BPF's stack
 * has 512 bytes for all that call each other. */
WALK_INLINE bool walk_jvm_enter_chunk(struct walk *w)
{
	if (!w->jvm.chunk) {
		if (!walk_jvm_call(w, 0, WALK_JVM_FIND_TAIL, 0, 0))
			return false;
		walk_jvm_call(w, 0, WALK_JVM_NOTE_VIRTUAL, 0, 0);
	}
	return walk_jvm_call(w, 0, WALK_JVM_ENTER_CHUNK, 0, 0);
}

/* Back to the stack, where the virtual thread was entered. */
WALK_INLINE void walk_jvm_leave_chunk(struct walk *w)
{
	struct walk_jvm_state *j = &w->jvm;

	j->chunk = 0;
	walk_to_caller(w, w->regs[UNWIND_RIP], j->entry, j->entry_fp);
}

/* The outermost frame of a chunk may not tell where it returns to: to one in the next chunk, or to the stack. */
WALK_INLINE bool walk_jvm_end_chunk(struct walk *w)
{
	if (!w->jvm.chunk)
		return false;
	if (walk_jvm_enter_chunk(w))
		return true;
	walk_jvm_leave_chunk(w);
	return walk_jvm_try_fp(w);
}

/* Where a virtual thread's last frame on the stack, or in a chunk, returns to is no place behind a call: a stub
 * that puts the next frames there. */
WALK_INLINE bool walk_jvm_is_return_barrier(struct walk *w)
{
	return w->is_return && ((uint32_t)w->jvm.name_head == WALK_JVM_STUB_ROUTINES ||
				  (uint32_t)w->jvm.name_head == 0x746e6f63 /* "cont"inuation_blob: JDK 27's, of an AOT cache */) &&
	       !walk_jvm_is_behind_call(w, w->regs[UNWIND_RIP]);
}

WALK_INLINE enum walk_next walk_jvm_by_return_barrier(struct walk *w, void *out)
{
	if (walk_jvm_enter_chunk(w))
		return WALK_CONTINUE;
	if (!walk_jvm_put(w, out, 0, JVM_FAULT, JVM_FAULT_FROZEN, 0))
		return walk_stop(w, WALK_FULL);
	if (w->jvm.chunk)
		walk_jvm_leave_chunk(w);
	if (walk_jvm_try_fp(w))
		return WALK_CONTINUE;
	w->regs[UNWIND_RBP] = walk_jvm_entry_fp(w, w->regs[UNWIND_RSP]);
	return walk_jvm_try_fp(w) ? WALK_CONTINUE : walk_stop(w, WALK_NO_RULE);
}

#endif
