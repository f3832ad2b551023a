/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/v8_frame.h
 *
 * One frame of V8's into words: what its slots, its function and its code say of it. They are left in
 * w->v8: words[], what goes before them (at[], native); walk_v8_put() records them.
 *
 * Layouts: execution/frame-constants.h and execution/x64/frame-constants-x64.h; words: abi/sample.h
 * (enum v8_frame).
 * Part of walk/v8.h; expects walk/v8_function.h.
 */
#ifndef SONDE_WALK_V8_FRAME_H
#define SONDE_WALK_V8_FRAME_H

WALK_INLINE uint64_t walk_v8_second(uint32_t check, enum v8_frame kind, uint64_t place)
{
	if (place > SAMPLE_V8_PLACE_MAX)
		place = SAMPLE_V8_PLACE_MAX;
	return (uint64_t)check << 32 | (uint64_t)kind << 28 | place;
}

WALK_INLINE void walk_v8_say(struct walk *w, uint64_t address, uint32_t check, enum v8_frame kind,
			     uint64_t place)
{
	w->v8.words[0] = SAMPLE_FRAME_V8 | SAMPLE_FRAME_PC(address) |
			 (w->is_return ? SAMPLE_FRAME_RETURN : 0);
	w->v8.words[1] = walk_v8_second(check, kind, place);
}

/* The words of an interpreted frame, from its slots; false when they are none's. Code that a loop was gone
 * on in (on-stack replacement) takes the frame over with them. */
WALK_INLINE bool walk_v8_interpreted(struct walk *w)
{
	struct walk_v8_state *v = &w->v8;
	struct walk_v8_function *f = walk_v8_at_hand(w);
	uint64_t bytecodes = v8_untag(v->slots[1]);

	if (!bytecodes || (uint32_t)v->slots[0])
		return false;
	if (f->bytecodes != v->slots[1]) {
		if (!walk_v8_head_is(w, &bytecodes, WALK_V8_BYTECODES, v->layout.type_bytecodes,
				     v->layout.type_bytecodes))
			return false;
		f->bytecodes = v->slots[1];
	}
	/* what is read late may be of another time: then the function must own the bytecode */
	if (WALK_LATE && f->data != v->slots[1])
		walk_v8_say(w, 0, 0, V8_FAULT, V8_FAULT_CHANGED);
	else
		walk_v8_say(w, f->shared, f->check, V8_INTERPRETED,
			    (v->slots[0] >> 32) - (v->layout.bytecodes_data - V8_TAG));
	return true;
}

/* The words of a frame that nothing but its slot says to be the function's. What is there late may have come since. */
WALK_INLINE void walk_v8_placeless(struct walk *w, const struct walk_v8_function *f)
{
	if (WALK_LATE)
		walk_v8_say(w, 0, 0, V8_FAULT, V8_FAULT_CHANGED);
	else
		walk_v8_say(w, f->shared, f->check, V8_FUNCTION, 0);
}

/* The words of a frame whose code is not its function's: entered in the middle of a loop, or thrown away
 * since. The host looks for it, by the instruction, and knows it again by the bytes there. */
WALK_INLINE void walk_v8_elsewhere(struct walk *w)
{
	struct walk_v8_state *v = &w->v8;
	const struct walk_v8_function *f = walk_v8_at_hand(w);
	uint64_t pc = w->regs[UNWIND_RIP];

	if (!walk_read_object(w, v->around, sizeof(v->around), pc - V8_BYTES_BEFORE)) {
		walk_v8_placeless(w, f);
		return;
	}
	walk_v8_say(w, pc, v8_bytes_check(v->around), V8_AT, 0);
	v->at[0] = v->words[0];
	v->at[1] = v->words[1];
	walk_v8_say(w, f->shared, f->check, V8_FUNCTION, WALK_LATE ? V8_FUNCTION_LATE : 0);
}

/* The words of a frame that runs this code of its function's. */
WALK_INLINE void walk_v8_in_code(struct walk *w, const struct walk_v8_function *f,
				 const struct walk_v8_code *c, bool slots)
{
	const struct walk_v8 *l = &w->v8.layout;
	uint64_t place = w->regs[UNWIND_RIP] - c->start;

	uint32_t kind = c->flags & l->kind_mask;

	w->v8.code = c->address;
	/* the interpreter: a function's own one where V8 was told so (--interpreted-frames-native-stack), or the
	 * builtin, where V8 has made a second one of it that is not known as the file's */
	if (kind < l->kind_baseline && slots && walk_v8_interpreted(w))
		return;
	if (kind < l->kind_baseline)
		walk_v8_placeless(w, f);
	else if (kind == l->kind_baseline)
		walk_v8_say(w, f->shared, f->check, V8_BASELINE, place);
	else
		walk_v8_say(w, c->address, v8_code_check(f->check, c->size, c->deopt, c->positions),
			    V8_OPTIMIZED, place);
}

/* The words of a function's frame. `slots`: those of the frame stand. `interpreter`: it is the
 * interpreter that stands there. */
WALK_INLINE void walk_v8_describe(struct walk *w, uint64_t function, bool slots, bool interpreter)
{
	uint64_t pc = w->regs[UNWIND_RIP];
	enum v8_fault fault = walk_v8_function(w, function);
	struct walk_v8_function *f = walk_v8_at_hand(w);

	w->v8.code = 0;
	if (fault == V8_FAULT_NOT_FUNCTION && !WALK_LATE) {
		/* up to Node 18, code of a regular expression has no type in its frame */
		walk_v8_say(w, pc, 0, V8_STUB, 0);
		return;
	}
	if (fault != V8_FAULT_NONE) {
		walk_v8_say(w, 0, 0, V8_FAULT, fault);
		return;
	}
	if (interpreter && slots && walk_v8_interpreted(w))
		return;
	if (!interpreter && !v8_untag(f->data))	/* a builtin's, whose code is in the file: another's frame */
		walk_v8_say(w, pc, 0, V8_STUB, 0);
	else if (walk_v8_is_in(w, f, 0))
		walk_v8_in_code(w, f, &f->codes[0], slots);
	else if (walk_v8_is_in(w, f, 1))
		walk_v8_in_code(w, f, &f->codes[1], slots);
	else
		walk_v8_elsewhere(w);
}

/* The lower ones may lie below the stack pointer, where a copied stack ends. */
WALK_INLINE bool walk_v8_read_slots(struct walk *w, uint64_t fp)
{
	uint64_t *slots = w->v8.slots;

	if (fp & 7)
		return false;
	if (walk_read_bytes(w, slots, WALK_V8_SLOTS * 8, fp - WALK_V8_SLOTS * 8))
		return true;
	if (!WALK_LATE)
		return false;
	slots[0] = slots[1] = slots[2] = 0;
	return walk_read_bytes(w, slots + 3, 16, fp - 16);
}

/* Finds the words of the frame whose pointer is fp. `framed`: it stands, or did. */
WALK_INLINE void walk_v8_look(struct walk *w, uint64_t fp, bool framed, bool interpreter)
{
	struct walk_v8_state *v = &w->v8;
	uint64_t pc = w->regs[UNWIND_RIP], sp = w->regs[UNWIND_RSP], marker;
	bool slots, pushing;

	v->at[0] = v->native = 0;
	if (!framed) {	/* calls hand the function over in a register */
		walk_v8_describe(w, v8_untag(w->regs[UNWIND_RDI]), false, interpreter);
		if (SAMPLE_V8_KIND(v->words[1]) == V8_FAULT)
			walk_v8_say(w, pc, 0, V8_STUB, 0);
		return;
	}
	if (!walk_v8_read_slots(w, fp)) {
		walk_v8_say(w, 0, 0, V8_FAULT, V8_FAULT_FRAME_FAULT);
		return;
	}
	marker = v->slots[WALK_V8_SLOTS - 1];
	if (!(marker & V8_TAG)) {
		if (w->v8.layout.frame_wasm && marker >> 1 == w->v8.layout.frame_wasm) {
			uint64_t instance = v8_untag(v->slots[WALK_V8_SLOTS - 2]);

			if (sp <= fp && sp > fp - 16)	/* not pushed yet */
				instance = 0;
			walk_v8_say(w, pc, V8_WASM_CHECK(instance), V8_WASM, V8_WASM_PLACE(instance));
		} else {
			walk_v8_say(w, pc, 0, V8_STUB, marker >> 1);
		}
		return;
	}
	/* what has not been pushed yet is not there */
	slots = w->is_return || !w->all_regs || sp <= fp - WALK_V8_SLOTS * 8 || sp > fp;
	pushing = !w->is_return && w->all_regs && sp <= fp && sp > fp - 16;
	walk_v8_describe(w, v8_untag(pushing ? w->regs[UNWIND_RDI] : v->slots[WALK_V8_SLOTS - 2]),
			 slots && !pushing, interpreter);
}

/* Whether these words have not been met here before; by a hash, as for Python's code. */
WALK_INLINE bool walk_v8_is_new(struct walk *w, uint64_t first, uint64_t second)
{
	uint64_t address = SAMPLE_FRAME_PC(first);
	uint32_t kind = SAMPLE_V8_KIND(second);
	uint32_t tag = ((uint32_t)(second >> 32) ^ (uint32_t)(address >> 3) ^ kind * 0x85ebca6bu ^
			w->process.generation * 0x9e3779b1u) | 1;
	uint32_t slot = (tag ^ tag >> 15) >> 1 & (WALK_V8_SEEN - 1);

	if (kind == V8_FAULT || kind == V8_STUB || kind == V8_WASM || w->v8.seen[slot] == tag)
		return false;
	w->v8.seen[slot] = tag;
	w->wake = 1;	/* the rest is read of the process, while it is there */
	return true;
}

WALK_INLINE enum walk_next walk_v8_put(struct walk *w, void *out)
{
	if (walk_v8_is_new(w, w->v8.words[0], w->v8.words[1]) && SAMPLE_V8_KIND(w->v8.words[1]) != V8_REGEXP)
		walk_new_v8(w, out);
	if (w->v8.native) {
		if (!walk_put(out, w->n, w->v8.native))
			return walk_stop(w, WALK_FULL);
		w->n++;
	}
	if (w->v8.at[0]) {
		(void)walk_v8_is_new(w, w->v8.at[0], w->v8.at[1]);
		if (!walk_put(out, w->n, w->v8.at[0]) || !walk_put(out, w->n + 1, w->v8.at[1]))
			return walk_stop(w, WALK_FULL);
		w->n += 2;
	}
	if (!walk_put(out, w->n, w->v8.words[0]) || !walk_put(out, w->n + 1, w->v8.words[1]))
		return walk_stop(w, WALK_FULL);
	w->n += 2;
	return WALK_CONTINUE;
}

/* Whether an address is behind a call in run-time code: call rel32, call r, call [r13 + n32]. */
WALK_INLINE bool walk_v8_is_behind_call(struct walk *w, uint64_t pc)
{
	const uint8_t *bytes = w->v8.bytes;

	return walk_read_object(w, w->v8.bytes, 8, pc - 8) &&
	       (bytes[3] == 0xe8 || (bytes[6] == 0xff && (bytes[7] & 0x38) == 0x10) || (bytes[2] == 0xff && bytes[3] == 0x95)) &&
	       walk_find_mapping(w, pc - 1) && !w->mapping.table;
}

/* At a builtin that works without a frame: what is on top of the stack is where the function goes on, if that is in one of
 * its codes, or in others that the host finds to be its. The words are of that place then. */
WALK_INLINE void walk_v8_goes_on_at_top(struct walk *w)
{
	const struct walk_v8_function *f = walk_v8_at_hand(w);
	uint64_t pc = w->regs[UNWIND_RIP], top;
	uint32_t which;

	if (w->is_return || !w->all_regs || !walk_read(w, w->regs[UNWIND_RSP], &top))
		return;
	w->regs[UNWIND_RIP] = top;
	w->is_return = 1;
	which = !walk_v8_holds(w, &f->codes[0]);
	if (walk_v8_holds(w, &f->codes[which]))
		walk_v8_in_code(w, f, &f->codes[which], false);
	else if (walk_v8_is_behind_call(w, top))
		walk_v8_elsewhere(w);
	w->regs[UNWIND_RIP] = pc;
	w->is_return = 0;
}

/* At a builtin whose frame may be a function's: whether it is. What works in it is a frame of its own then,
 * but for the interpreter's loop. */
WALK_INLINE bool walk_v8_is_function(struct walk *w)
{
	struct walk_v8_state *v = &w->v8;
	uint32_t kind;
	uint16_t type;

	walk_v8_look(w, w->regs[UNWIND_RBP], true, true);
	kind = SAMPLE_V8_KIND(v->words[1]);
	if (kind != V8_FUNCTION)
		return kind == V8_INTERPRETED;
	/* builtins and C++ are functions too, and have no code but what is named here */
	type = walk_v8_type(w, v8_untag(walk_v8_at_hand(w)->data));
	if (type == RUNTIME_NO_FIELD ||
	    (type != v->layout.type_bytecodes && type != v->layout.type_code &&
	     type != v->layout.type_baseline_data))
		return false;
	/* else where in the function is not known, as the code of it that is at work is not */
	v->native = walk_frame(w);
	v->at[0] = 0;
	walk_v8_goes_on_at_top(w);
	return !WALK_LATE;
}

#endif
