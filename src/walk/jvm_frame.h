/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/jvm_frame.h
 *
 * What all of HotSpot's frames share: recording one, and going to the caller by a way that is tried. A
 * way is taken only if the word it leads to is an address in HotSpot's code, or, where C calls, one
 * behind a call in C's.
 *
 * Layouts: cpu/x86/frame_x86.hpp; the entry barrier's cookie: stubGenerator_x86_64.cpp.
 * Part of walk/jvm.h; expects walk/jvm_blob.h.
 */
#ifndef SONDE_WALK_JVM_FRAME_H
#define SONDE_WALK_JVM_FRAME_H

#define WALK_JVM_FRAME_REACH (1u << 20)	/* of an interpreted frame: 65,535 locals and as deep a stack */
#define WALK_JVM_SCAN 16

/* What has not been met here before is read by the host now: code is thrown away, and programs end. By a hash:
 * a few are taken for known, and are then read later, or for new again. */
WALK_INLINE void walk_jvm_note(struct walk *w, uint64_t address, uint32_t check)
{
	uint32_t tag = (check ^ (uint32_t)(address >> 3) ^ w->process.generation * 0x9e3779b1u) | 1;
	uint32_t slot = (tag ^ tag >> 15) >> 1 & (WALK_JVM_SEEN - 1);

	if (w->jvm.seen[slot] == tag)
		return;
	w->jvm.seen[slot] = tag;
	w->wake = 1;
}

/* The same of the blob at hand: what its entry was told of is in no need of a look into what is cold. */
WALK_INLINE void walk_jvm_note_blob(struct walk *w, uint64_t address, uint32_t check)
{
	uint32_t at = w->jvm.at & (WALK_JVM_KNOWN - 1);

	barrier_var(at);
	if (w->jvm.known[at].blob == address && w->jvm.known[at].noted == check)
		return;
	walk_jvm_note(w, address, check);
	if (w->jvm.known[at].blob == address)
		w->jvm.known[at].noted = check;
}

/* Records a frame, or why there is none (address 0). */
WALK_INLINE bool walk_jvm_put(struct walk *w, void *out, uint64_t address, uint32_t kind,
			      uint64_t place, uint32_t check)
{
	uint64_t flags = SAMPLE_FRAME_JVM | (w->is_return ? SAMPLE_FRAME_RETURN : 0);

	if (place > SAMPLE_JVM_NO_PLACE)
		place = SAMPLE_JVM_NO_PLACE;
	if (!walk_put(out, w->n, flags | SAMPLE_FRAME_PC(address)) ||
	    !walk_put(out, w->n + 1, (uint64_t)check << 32 | kind << 28 | place))
		return false;
	w->n += 2;
	w->jvm.met = 1;
	if (kind == JVM_INTERPRETED)
		walk_jvm_note(w, address, check);
	else if (kind != JVM_FAULT)
		walk_jvm_note_blob(w, address, check);
	return true;
}

/* Goes to a caller. */
WALK_INLINE enum walk_next walk_jvm_to(struct walk *w, uint64_t pc, uint64_t sp, uint64_t fp)
{
	if (sp < w->regs[UNWIND_RSP] || (sp == w->regs[UNWIND_RSP] && !w->all_regs))
		return walk_stop(w, WALK_NO_PROGRESS);
	walk_to_caller(w, pc, sp, fp);
	return WALK_CONTINUE;
}

/* A frame's link to its caller's: on the heap, where frames move, an interpreted one's is told in words from
 * where the link is. */
WALK_INLINE uint64_t walk_jvm_link(const struct walk *w, uint64_t at, uint64_t link)
{
	return w->jvm.chunk && link + WALK_JVM_FRAME_REACH < 2 * WALK_JVM_FRAME_REACH ? at + link * 8 : link;
}

/* A word of the stack above sp, as far as a frame can reach. */
WALK_INLINE bool walk_jvm_above(const struct walk *w, uint64_t address)
{
	return address >= w->regs[UNWIND_RSP] && !(address & 7) &&
	       address - w->regs[UNWIND_RSP] < WALK_JVM_FRAME_REACH;
}

WALK_INLINE bool walk_jvm_try_here(struct walk *w, uint64_t cfa, bool fp_saved)
{
	uint64_t pc, fp = w->regs[UNWIND_RBP];

	if (cfa <= w->regs[UNWIND_RSP] || !walk_read(w, cfa - 8, &pc) || !walk_jvm_holds(w, pc) ||
	    (fp_saved && !walk_read(w, cfa - 16, &fp)))
		return false;
	return walk_jvm_to(w, pc, cfa, fp_saved ? walk_jvm_link(w, cfa - 16, fp) : fp) == WALK_CONTINUE;
}

/* Whether the frame that ends below cfa can be one; then goes to its caller. */
WALK_INLINE bool walk_jvm_try(struct walk *w, uint64_t cfa, bool fp_saved)
{
	return walk_jvm_call(w, 0, WALK_JVM_TRY, cfa, fp_saved);
}

WALK_INLINE bool walk_jvm_is_behind_call_here(struct walk *w, uint64_t pc)
{
	uint64_t before;

	if (!walk_read_object(w, w->jvm.scratch, 8, pc - 8))
		return false;
	before = w->jvm.scratch[0];
	/* call rel32; call r, [r], [r + n8], [r + n32] of two, three, six and seven bytes */
	return (before >> 24 & 0xff) == 0xe8 || (before >> 48 & 0x38ff) == 0x10ff ||
	       (before >> 40 & 0x38ff) == 0x10ff || (before >> 16 & 0x38ff) == 0x10ff ||
	       (before >> 8 & 0x38ff) == 0x10ff;
}

WALK_INLINE bool walk_jvm_is_behind_call(struct walk *w, uint64_t pc)
{
	return walk_jvm_call(w, 0, WALK_JVM_IS_BEHIND_CALL, pc, 0);
}

/* Whether C called from there: its own code. */
WALK_INLINE bool walk_jvm_is_native_return(struct walk *w, uint64_t pc)
{
	return walk_plausible(pc) && !walk_jvm_holds(w, pc) && walk_find_mapping(w, pc - 1) &&
	       w->mapping.table && walk_jvm_is_behind_call(w, pc);
}

WALK_INLINE bool walk_jvm_try_native_here(struct walk *w, uint64_t cfa, bool fp_saved)
{
	uint64_t pc, fp = w->regs[UNWIND_RBP];

	if (cfa <= w->regs[UNWIND_RSP] || !walk_read(w, cfa - 8, &pc) ||
	    !walk_jvm_is_native_return(w, pc) || (fp_saved && !walk_read(w, cfa - 16, &fp)))
		return false;
	return walk_jvm_to(w, pc, cfa, fp) == WALK_CONTINUE;
}

WALK_INLINE bool walk_jvm_try_native(struct walk *w, uint64_t cfa, bool fp_saved)
{
	return walk_jvm_call(w, 0, WALK_JVM_TRY_NATIVE, cfa, fp_saved);
}

/* The barrier at the entry of compiled code has put a -1, its cookie, between rbp's and the return address. */
WALK_INLINE bool walk_jvm_try_fp_here(struct walk *w)
{
	uint64_t fp = w->regs[UNWIND_RBP], pc, caller_fp;

	if (fp < w->regs[UNWIND_RSP] || fp - w->regs[UNWIND_RSP] >= WALK_FP_REACH ||
	    !walk_read(w, fp, &caller_fp) || !walk_read(w, fp + 8, &pc))
		return false;
	if (pc != ~0ull)
		return walk_jvm_holds(w, pc) && walk_jvm_to(w, pc, fp + 16, caller_fp) == WALK_CONTINUE;
	return walk_read(w, fp + 16, &pc) && walk_jvm_holds(w, pc) &&
	       walk_jvm_to(w, pc, fp + 24, caller_fp) == WALK_CONTINUE;
}

/* Where rbp points into the stack near by, to a frame. */
WALK_INLINE bool walk_jvm_try_fp(struct walk *w)
{
	return walk_jvm_call(w, 0, WALK_JVM_TRY_FP, 0, 0);
}

/* Whether the frame ends where its size says, or a little further: code pushes words now and then. */
WALK_INLINE bool walk_jvm_by_size(struct walk *w, uint32_t words)
{
	if (!words || words > WALK_JVM_FRAME_REACH / 8)
		return false;
	for (uint32_t i = 0; i < 8; i++)
		if (walk_jvm_try(w, w->regs[UNWIND_RSP] + (words + i) * 8ull, true))
			return true;
	return false;
}

/* No frame at all, or nobody knows which: the first word that can be a return address. */
WALK_INLINE bool walk_jvm_by_scan(struct walk *w)
{
	for (uint32_t i = 1; i <= WALK_JVM_SCAN; i++)
		if (walk_jvm_try(w, w->regs[UNWIND_RSP] + i * 8ull, false))
			return true;
	return false;
}

#endif
