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
 * Frame layouts: HotSpot's cpu/x86/frame_x86.hpp; prologues and epilogues: macroAssembler_x86.cpp and
 * x86_64.ad. Part of walk/walk.h, which includes it.
 */
#ifndef SONDE_WALK_JVM_H
#define SONDE_WALK_JVM_H

#define WALK_JVM_HOPS 48	/* of 254 segments each: 1.5 MB of one blob */
#define WALK_JVM_FRAME_REACH (1u << 20)	/* of an interpreted frame: 65,535 locals and as deep a stack */
#define WALK_JVM_SCAN 16
#define WALK_JVM_RETURNING 64u	/* bytes of code behind a call that restore what the callee has changed */
#define WALK_JVM_NEW_FRAME 96u	/* bytes of an interpreted frame whose words are still being pushed */
#define WALK_JVM_CHUNKS 4	/* empty ones in a row */
#define WALK_JVM_CHUNK_WORDS (1u << 24)
#define WALK_JVM_NATIVE 0x6974616eu	/* "nati"ve nmethod */
#define WALK_JVM_TARGET_SLOTS 4		/* references in what a continuation runs, from its head on */
#define WALK_JVM_ENTRY_WORDS 12	/* of the frame that enters a virtual thread */
#define WALK_JVM_ENTRY_REACH 16u	/* words from a virtual thread's outermost frame on: arguments, and the head of that */
#define WALK_JVM_CALL_STUB 512u	/* bytes of code around the call in call_stub */

/* The walk's pieces. Each is a function of its own where walk_jvm_call() makes it one: the verifier then looks at
 * it once, and not on every way that leads to it. */
enum walk_jvm_piece {
	WALK_JVM_STEP,
	WALK_JVM_FIND_BLOB,	/* that holds the address `a` */
	WALK_JVM_FIND_METHOD,	/* at the address `a` */
	WALK_JVM_TRY,		/* a frame that ends below `a`; b: with rbp saved in it */
	WALK_JVM_TRY_FP,
	WALK_JVM_ENTER_CHUNK,
	WALK_JVM_NOTE_VIRTUAL,
	WALK_JVM_TRY_NATIVE,	/* the same of a stub that C has called */
	WALK_JVM_INTERPRETED_FRAME,
	WALK_JVM_COMPILED_FRAME,
	WALK_JVM_STUB_FRAME,
};

#define WALK_JVM_STUB_ROUTINES 0x62757453u	/* "Stub": among them are a few that C calls too */

/* Where the innermost frame stands between its function's first and last instruction. */
enum walk_jvm_edge {
	WALK_JVM_BODY,		/* the frame is there */
	WALK_JVM_BARE,		/* nothing but the return address is */
	WALK_JVM_PUSHED,	/* the return address and the caller's rbp are */
	WALK_JVM_UNSAVED,	/* the frame is, but rbp has not been saved in it */
};

WALK_INLINE uint64_t walk_jvm_u64(const struct walk_jvm_state *j, uint64_t off)
{
	barrier_var(off);
	return off <= WALK_JVM_BLOB_BYTES - 8 && !(off & 7) ? *(const uint64_t *)(j->bytes + 8 + off) : 0;
}

WALK_INLINE uint32_t walk_jvm_u32(const struct walk_jvm_state *j, uint64_t off)
{
	barrier_var(off);
	return off <= WALK_JVM_BLOB_BYTES - 4 && !(off & 3) ? *(const uint32_t *)(j->bytes + 8 + off) : 0;
}

WALK_INLINE uint16_t walk_jvm_u16(const struct walk_jvm_state *j, uint64_t off)
{
	barrier_var(off);
	return off <= WALK_JVM_BLOB_BYTES - 2 && !(off & 1) ? *(const uint16_t *)(j->bytes + 8 + off) : 0;
}

WALK_INLINE bool walk_jvm_holds(const struct walk *w, uint64_t pc)
{
	return pc - w->jvm.low < w->jvm.high - w->jvm.low;
}

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
	w->regs[UNWIND_RIP] = pc;
	w->regs[UNWIND_RSP] = sp;
	w->regs[UNWIND_RBP] = fp;
	w->all_regs = 0;
	w->is_return = 1;
	w->guessed = 0;
	return WALK_CONTINUE;
}

/* A frame's link to its caller's: on the heap, where frames move, an interpreted one's is told in words from
 * where the link is. */
WALK_INLINE uint64_t walk_jvm_link(const struct walk *w, uint64_t at, uint64_t link)
{
	return w->jvm.chunk && link + WALK_JVM_FRAME_REACH < 2 * WALK_JVM_FRAME_REACH ? at + link * 8 : link;
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

WALK_INLINE bool walk_jvm_is_behind_call(struct walk *w, uint64_t pc)
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

WALK_INLINE bool walk_jvm_try_native(struct walk *w, uint64_t cfa, bool fp_saved)
{
	return walk_jvm_call(w, 0, WALK_JVM_TRY_NATIVE, cfa, fp_saved);
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
	if (walk_jvm_call(w, 0, WALK_JVM_ENTER_CHUNK, 0, 0))
		return true;
	walk_jvm_leave_chunk(w);
	return walk_jvm_try_fp(w);
}

/* Reads a blob's first bytes, and tells of them where its code is. */
WALK_INLINE bool walk_jvm_read_blob(struct walk *w, uint64_t blob)
{
	struct walk_jvm_state *j = &w->jvm;
	const struct walk_jvm *layout = &j->layout;
	uint32_t n = layout->blob_bytes + 8u;

	j->blob = blob;
	barrier_var(n);
	if (n > sizeof(j->bytes) || !walk_read_object(w, j->bytes, n, blob - 8))
		return false;
	j->code = layout->code_offsets ? blob + walk_jvm_u32(j, layout->blob_code) :
					 walk_jvm_u64(j, layout->blob_code);
	j->name = walk_jvm_u64(j, layout->blob_name);
	return true;
}

WALK_INLINE bool walk_jvm_blob_holds(const struct walk_jvm_state *j, uint64_t pc)
{
	return pc >= j->code && pc - j->blob < walk_jvm_u32(j, j->layout.blob_size);
}

WALK_INLINE struct walk_jvm_known *walk_jvm_known_at(struct walk_jvm_state *j, uint32_t at)
{
	barrier_var(at);
	return &j->known[at & (WALK_JVM_KNOWN - 1)];
}

WALK_INLINE bool walk_jvm_is_known(struct walk_jvm_state *j, uint32_t at, uint64_t pc)
{
	const struct walk_jvm_known *known = walk_jvm_known_at(j, at);

	return known->pc == pc && known->key == j->key;
}

WALK_INLINE uint32_t walk_jvm_slot(const struct walk_jvm_state *j, uint64_t pc)
{
	return (uint32_t)(pc ^ pc >> 10 ^ j->key) & (WALK_JVM_KNOWN - 1);
}

/* The blob that held the address when it was last looked up, if it still does: it is in use, of the same kind, and
 * whatever it is now has been read. */
WALK_INLINE bool walk_jvm_find_known(struct walk *w, uint64_t pc)
{
	struct walk_jvm_state *j = &w->jvm;
	const struct walk_jvm_known *known;
	uint32_t used = (8u - j->layout.block_used) * 8;	/* bits of the word before it */

	if (!j->key || !j->layout.block_used)
		return false;
	if (!walk_jvm_is_known(j, ++j->at, pc)) {
		j->at = j->known_slots[walk_jvm_slot(j, pc)];
		if (!walk_jvm_is_known(j, j->at, pc))
			return false;
	}
	known = walk_jvm_known_at(j, j->at);
	if (!walk_jvm_read_blob(w, known->blob) || (*(const uint64_t *)j->bytes >> (used & 56) & 0xff) != 1 || j->name != known->name ||
	    !walk_jvm_blob_holds(j, pc))
		return false;
	j->name_head = known->name_head;
	return true;
}

WALK_INLINE void walk_jvm_know(struct walk_jvm_state *j, uint64_t pc)
{
	struct walk_jvm_known *known;

	j->at = j->made++ & (WALK_JVM_KNOWN - 1);
	j->known_slots[walk_jvm_slot(j, pc)] = (uint16_t)j->at;
	known = walk_jvm_known_at(j, j->at);
	known->pc = pc;
	known->key = j->key;
	known->blob = j->blob;
	known->name = j->name;
	known->name_head = (uint32_t)j->name_head;
	known->noted = 0;
}

/* The blob that holds the address: left in w->jvm, with its first bytes. */
WALK_INLINE enum jvm_fault walk_jvm_find_blob(struct walk *w, uint64_t pc)
{
	struct walk_jvm_state *j = &w->jvm;
	const struct walk_jvm *layout = &j->layout;
	uint64_t low = 0, segmap = 0;
	uint8_t back = 1;

	if (walk_jvm_find_known(w, pc))
		return JVM_FAULT_NONE;
	for (uint32_t i = 0; i < JVM_HEAPS_MAX; i++) {
		if (pc - layout->heaps[i].low < layout->heaps[i].high - layout->heaps[i].low) {
			low = layout->heaps[i].low;
			segmap = layout->heaps[i].segmap;
		}
	}
	if (!low)
		return JVM_FAULT_NO_BLOB;
	j->segment = (pc - low) >> (layout->segment_bits & 31);
	for (int i = 0; i < WALK_JVM_HOPS && back; i++) {
		if (!walk_read_object(w, &back, 1, segmap + j->segment))
			return JVM_FAULT_BLOB_FAULT;
		if (back == 0xff || back > j->segment)
			return JVM_FAULT_NO_BLOB;
		j->segment -= back;
	}
	if (back || !walk_jvm_read_blob(w, low + (j->segment << (layout->segment_bits & 31)) + layout->block_bytes))
		return JVM_FAULT_BLOB_FAULT;
	if (!walk_jvm_blob_holds(j, pc) || !walk_read_object(w, &j->name_head, 8, j->name))
		return JVM_FAULT_NO_BLOB;
	walk_jvm_know(j, pc);
	return JVM_FAULT_NONE;
}

/* ---- interpreted */

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

/* A word of the stack above sp, as far as a frame can reach. */
WALK_INLINE bool walk_jvm_above(const struct walk *w, uint64_t address)
{
	return address >= w->regs[UNWIND_RSP] && !(address & 7) &&
	       address - w->regs[UNWIND_RSP] < WALK_JVM_FRAME_REACH;
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
	if (walk_jvm_above(w, fp) && walk_read(w, fp - 24, &method) && walk_read(w, fp - 64, &bcp))
		fault = walk_jvm_find_method(w, method);
	else if (!w->all_regs)
		return walk_stop(w, WALK_NO_RULE);
	if (!w->all_regs)
		return walk_jvm_interpreted(w, out, fault, bcp);
	if (fault == JVM_FAULT_NONE && walk_jvm_in_bytecodes(j, own))
		return walk_jvm_interpreted(w, out, fault, own);
	if (walk_jvm_is_entering(w, &pc, &fp)) {
		if (!walk_jvm_put(w, out, j->method, JVM_INTERPRETED, 0, j->check))
			return walk_stop(w, WALK_FULL);
		return walk_jvm_to(w, pc, own, fp);
	}
	if (fault != JVM_FAULT_NONE ||
	    (walk_jvm_holds(w, own) && w->regs[UNWIND_RIP] - own >= WALK_JVM_RETURNING))
		return walk_jvm_leaving(w, out);
	/* the callee's or the VM's values are still in the registers */
	fault = walk_jvm_find_method(w, method);
	return walk_jvm_interpreted(w, out, fault, bcp);
}

/* ---- compiled */

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

/* ---- frames on the heap */

/* A reference in an object. */
WALK_INLINE bool walk_jvm_read_oop(struct walk *w, uint64_t at, uint64_t *ret_oop)
{
	const struct walk_jvm *layout = &w->jvm.layout;
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
		if (walk_jvm_find_virtual(w, continuation))
			return true;
	}
	return false;
}

/* Where the frame that entered a virtual thread saves rbp: it ends behind the ContinuationEntry at `entry`, with
 * what it returns to. */
WALK_INLINE uint64_t walk_jvm_entry_fp(struct walk *w, uint64_t entry)
{
	uint64_t pc;

	for (uint64_t i = 1; i <= WALK_JVM_ENTRY_WORDS; i++)
		if (walk_read(w, entry + i * 8, &pc) && walk_jvm_holds(w, pc) && walk_jvm_is_behind_call(w, pc))
			return entry + (i - 1) * 8;
	return w->regs[UNWIND_RBP];
}

/* The chunk that a virtual thread's frames go on in. The stack goes on with the frame that entered the thread:
 * in it is a ContinuationEntry, with a reference to the Continuation, which has one to the chunk. rbp leads to that
 * frame only as long as no frame above has used it for something else. */
WALK_INLINE bool walk_jvm_find_tail(struct walk *w, uint64_t *ret_chunk)
{
	struct walk_jvm_state *j = &w->jvm;
	uint64_t sp = w->regs[UNWIND_RSP], cont;

	for (uint64_t i = 0; i < WALK_JVM_ENTRY_REACH; i++) {
		if (!walk_read(w, sp + i * 8, &cont))
			return false;
		if (walk_plausible(cont) && !(cont & 7) &&
		    walk_jvm_read_oop(w, cont + j->layout.cont_tail, ret_chunk) &&
		    walk_jvm_is_chunk(w, *ret_chunk)) {
			j->entry = sp;
			j->entry_fp = w->regs[UNWIND_RBP] = walk_jvm_entry_fp(w, sp + i * 8);
			walk_jvm_call(w, 0, WALK_JVM_NOTE_VIRTUAL, 0, 0);
			return true;
		}
	}
	return false;
}

/* Goes on with the frames of the next chunk that has some: they stand in it as they stood on the stack. */
WALK_INLINE bool walk_jvm_enter_chunk_here(struct walk *w)
{
	struct walk_jvm_state *j = &w->jvm;
	const struct walk_jvm *layout = &j->layout;
	uint64_t chunk = j->chunk, top, pc, fp;
	uint32_t sp, bottom;

	if (!layout->chunk_klass || !walk_heap_stands(w) ||
	    !(chunk ? walk_jvm_read_oop(w, chunk + layout->chunk_parent, &chunk) :
		      walk_jvm_find_tail(w, &chunk)))
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

/* Where a virtual thread's last frame on the stack, or in a chunk, returns to is no place behind a call: a stub
 * that puts the next frames there. */
WALK_INLINE bool walk_jvm_is_return_barrier(struct walk *w)
{
	return w->is_return && (uint32_t)w->jvm.name_head == WALK_JVM_STUB_ROUTINES &&
	       !walk_jvm_is_behind_call(w, w->regs[UNWIND_RIP]);
}

WALK_INLINE enum walk_next walk_jvm_by_return_barrier(struct walk *w, void *out)
{
	if (walk_jvm_call(w, 0, WALK_JVM_ENTER_CHUNK, 0, 0))
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

/* ---- stubs */

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
	if (((head == WALK_JVM_STUB_ROUTINES && walk_jvm_is_call_stub(w)) || head == 0x61637075 /* "upca" */) &&
	    (walk_jvm_by_c_edge(w) || walk_jvm_by_entry_frame(w)))
		return WALK_CONTINUE;
	if (w->all_regs && walk_jvm_is_for_c(head) && walk_jvm_by_native_scan(w))
		return WALK_CONTINUE;
	if (w->all_regs && walk_jvm_read_code(w)) {
		edge = walk_jvm_find_edge(j, true);
		if (walk_jvm_by_edge(w, edge, 0) || (walk_jvm_is_framed(w, words) && walk_jvm_try_fp(w)) ||
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
