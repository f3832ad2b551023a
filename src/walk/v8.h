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
 * Part of walk/walk.h, which includes it.
 */
#ifndef SONDE_WALK_V8_H
#define SONDE_WALK_V8_H

#define WALK_V8_BEHIND 16u	/* bytes of code looked at before an address */

enum walk_v8_stage {
	WALK_V8_FRAME,		/* the frame pointer is the frame's */
	WALK_V8_BEFORE,		/* it is the caller's still: nothing was pushed, ... */
	WALK_V8_PUSHED,		/* ... or it was */
	WALK_V8_AFTER,		/* the frame was left: the return address is on top */
};

WALK_INLINE uint64_t walk_v8_word(struct walk *w, uint64_t at)
{
	uint64_t word;

	return !(at & 7) && walk_read_object(w, &word, sizeof(word), at) ? word : 0;
}

WALK_INLINE uint32_t walk_v8_half(struct walk *w, uint64_t at)
{
	uint32_t half;

	return !(at & 3) && walk_read_object(w, &half, sizeof(half), at) ? half : 0;
}

/* An object's instance type; RUNTIME_NO_FIELD when it cannot be read. */
WALK_INLINE uint16_t walk_v8_type(struct walk *w, uint64_t object)
{
	uint64_t map = object ? v8_untag(walk_v8_word(w, object)) : 0;
	uint16_t type;

	if (!map || !walk_read_object(w, &type, sizeof(type), map + w->v8.layout.map_type))
		return RUNTIME_NO_FIELD;
	return type;
}

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

WALK_INLINE bool walk_v8_read_head(struct walk *w, uint64_t object, enum walk_v8_kind kind)
{
	uint64_t n = w->v8.head_bytes[kind];

	barrier_var(n);
	if (n > sizeof(w->v8.head) || !object || (object & 7))
		return false;
	return walk_read_object(w, w->v8.head, (uint32_t)n, object);
}

/* Reads an object's head: whether its instance type is one of these. A collection under way leaves where an
 * object is now in place of its map: *object is there then. What else was there stays until the
 * collection is over. */
WALK_INLINE bool walk_v8_head_is(struct walk *w, uint64_t *object, enum walk_v8_kind kind, uint16_t first,
				 uint16_t last)
{
	struct walk_v8_state *v = &w->v8;
	uint16_t type;
	uint64_t map;

	if (!walk_v8_read_head(w, *object, kind))
		return false;
	if (v->head[0] && !(v->head[0] & 7)) {
		*object = v->head[0];
		if (!walk_v8_read_head(w, *object, kind))
			return false;
	}
	map = v8_untag(v->head[0]);
	if (map && map == v->maps[kind])
		return true;
	if (!map || !walk_read_object(w, &type, sizeof(type), map + v->layout.map_type) || type < first ||
	    type > last)
		return false;
	v->maps[kind] = map;
	return true;
}

/* A word of the head that was read. */
WALK_INLINE uint64_t walk_v8_head_word(const struct walk *w, uint32_t off)
{
	uint64_t i = off >> 3;

	barrier_var(i);
	return i < WALK_V8_HEAD_WORDS && !(off & 7) ? w->v8.head[i] : 0;
}

WALK_INLINE uint32_t walk_v8_head_half(const struct walk *w, uint32_t off)
{
	return off & 3 ? 0 : (uint32_t)(walk_v8_head_word(w, off & ~7u) >> ((off & 4) * 8));
}

/* The function of the frame at hand. */
WALK_INLINE struct walk_v8_function *walk_v8_at_hand(struct walk *w)
{
	uint64_t slot = w->v8.slot;

	barrier_var(slot);
	return &w->v8.functions[slot & (WALK_V8_FUNCTIONS - 1)];
}

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

	if (w->is_return || !w->all_regs ||
	    !walk_read_object(w, w->v8.bytes, WALK_V8_CODE_BYTES, pc - WALK_V8_BEHIND))
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

/* Reads what names a function, and the check of it. */
WALK_INLINE enum v8_fault walk_v8_read_function(struct walk *w, struct walk_v8_function *f,
						uint64_t function)
{
	const struct walk_v8 *l = &w->v8.layout;
	uint32_t literal;
	uint64_t script;

	f->codes_known = 0;
	f->bytecodes = 0;
	if (!walk_v8_head_is(w, &function, WALK_V8_FUNCTION, l->type_function, l->type_function_last))
		return V8_FAULT_NOT_FUNCTION;
	f->function = function;
	f->shared = v8_untag(walk_v8_head_word(w, l->function_shared));
	if (!walk_v8_head_is(w, &f->shared, WALK_V8_SHARED, l->type_shared, l->type_shared))
		return V8_FAULT_FUNCTION_FAULT;
	f->data = walk_v8_head_word(w, l->shared_data);
	f->name = walk_v8_head_word(w, l->shared_name);
	f->script = walk_v8_head_word(w, l->shared_script);
	literal = walk_v8_head_half(w, l->shared_literal);
	script = v8_untag(f->script);
	f->check = v8_check(script ? walk_v8_word(w, script + l->script_id) : 0, literal, f->script,
			    f->name);
	return V8_FAULT_NONE;
}

/* Puts a function at hand. In one walk nothing of it changes that matters: what moves stays readable. */
WALK_INLINE enum v8_fault walk_v8_function(struct walk *w, uint64_t function)
{
	struct walk_v8_state *v = &w->v8;
	struct walk_v8_function *f;
	enum v8_fault fault;

	v->slot = (uint32_t)(function >> 3 ^ function >> 9);
	f = walk_v8_at_hand(w);
	if (f->walk == v->walk && f->asked == function)
		return V8_FAULT_NONE;
	fault = walk_v8_read_function(w, f, function);
	f->asked = function;
	f->walk = fault == V8_FAULT_NONE ? v->walk : 0;
	return fault;
}

WALK_INLINE uint64_t walk_v8_dispatch_table(struct walk *w)
{
	struct walk_v8_state *v = &w->v8;

	if (!v->table)
		v->table = walk_v8_word(w, walk_v8_word(w, v->layout.dispatch_group_at) +
						   v->layout.dispatch_table);
	return v->table;
}

/* The code that a function has now; 0: not known. */
WALK_INLINE uint64_t walk_v8_code_of(struct walk *w, const struct walk_v8_function *f)
{
	const struct walk_v8 *l = &w->v8.layout;
	uint32_t handle;

	if (l->function_code == RUNTIME_NO_FIELD)
		return 0;
	if (!l->dispatch_group_at)
		return v8_untag(walk_v8_word(w, f->function + l->function_code));
	handle = walk_v8_half(w, f->function + l->function_code);
	return (walk_v8_word(w, walk_v8_dispatch_table(w) + (uint64_t)(handle >> V8_HANDLE_SHIFT) * 16 + 8) >>
		V8_ENTRY_CODE_SHIFT) & ~3ull;
}

/* What the function's data leads to: its baseline code, which it may run also while it has other code. */
WALK_INLINE uint64_t walk_v8_code_of_data(struct walk *w, const struct walk_v8_function *f)
{
	uint64_t data = v8_untag(f->data);

	if (w->v8.layout.type_baseline_data != RUNTIME_NO_FIELD &&
	    walk_v8_type(w, data) == w->v8.layout.type_baseline_data)
		return v8_untag(walk_v8_word(w, data + 8));
	return data;
}

WALK_INLINE void walk_v8_read_code(struct walk *w, struct walk_v8_code *c, uint64_t code)
{
	const struct walk_v8 *l = &w->v8.layout;

	c->address = 0;
	if (!walk_v8_head_is(w, &code, WALK_V8_CODE, l->type_code, l->type_code))
		return;
	c->start = l->code_inline ? code + l->code_start : walk_v8_head_word(w, l->code_start);
	c->size = walk_v8_head_half(w, l->code_size);
	c->flags = walk_v8_head_half(w, l->code_flags);
	c->deopt = walk_v8_head_word(w, l->code_deopt);
	c->positions = walk_v8_head_word(w, l->code_positions);
	c->address = c->start ? code : 0;
}

/* Whether the frame at hand stands in it. */
WALK_INLINE bool walk_v8_holds(const struct walk *w, const struct walk_v8_code *c)
{
	return c->address && w->regs[UNWIND_RIP] - c->start < c->size + (uint64_t)w->is_return;
}

/* One of a function's two codes (codes[] of it): whether the frame stands in it. */
WALK_INLINE bool walk_v8_is_in(struct walk *w, struct walk_v8_function *f, uint32_t which)
{
	struct walk_v8_code *c = &f->codes[which];

	if (!(f->codes_known & 1u << which)) {
		walk_v8_read_code(w, c, which ? walk_v8_code_of_data(w, f) : walk_v8_code_of(w, f));
		f->codes_known |= 1u << which;
	}
	return walk_v8_holds(w, c);
}

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
	/* where in the function is not known, as the code of it that is at work is not */
	v->native = walk_frame(w);
	v->at[0] = 0;
	return !WALK_LATE;
}

/* Whether the frame stands in the code that a word of a regular expression's data leads to, in some versions (12.x)
 * by a wrapper, whose first field it is. */
WALK_INLINE bool walk_v8_in_regexp(struct walk *w, uint64_t at)
{
	struct walk_v8_code *c = &w->v8.regexp;
	uint64_t code = v8_untag(walk_v8_word(w, at));

	walk_v8_read_code(w, c, code);
	if (!c->address && code)
		walk_v8_read_code(w, c, v8_untag(walk_v8_word(w, code + 8)));
	return walk_v8_holds(w, c);
}

/* Whether the next word of the caller's frame leads to the regular expression whose code is at work: its words then. */
WALK_INLINE bool walk_v8_is_regexp(struct walk *w)
{
	const struct walk_v8 *l = &w->v8.layout;
	uint64_t word = w->v8.caller[w->v8.i_caller++ & (WALK_V8_CALLER_WORDS - 1)];
	uint64_t data = v8_untag(word), source;
	uint16_t type;

	if ((word & 3) != V8_TAG)
		return false;
	type = walk_v8_type(w, data);
	if (type == l->type_regexp)
		data = v8_untag(walk_v8_word(w, data + l->regexp_data));
	else if (type == RUNTIME_NO_FIELD || type != l->type_regexp_data)
		return false;
	if (!walk_v8_in_regexp(w, data + l->regexp_code) && !walk_v8_in_regexp(w, data + l->regexp_code + 8))
		return false;
	source = v8_untag(walk_v8_word(w, data + l->regexp_source));
	walk_v8_say(w, source, v8_string_check(walk_v8_word(w, source + V8_STRING_HEAD)), V8_REGEXP, 0);
	return true;
}

/* What walk_v8_call() is to do: pieces that are functions of their own where it makes them such. */
enum walk_v8_piece {
	WALK_V8_STEP,		/* walk_v8_step(): enum walk_next */
	WALK_V8_FIND_REGEXP,	/* walk_v8_regexp() */
	WALK_V8_TRY_REGEXP,	/* walk_v8_is_regexp() */
	WALK_V8_BUILTIN,	/* a function's frame at a builtin: enum walk_v8_done */
};

enum walk_v8_done { WALK_V8_NONE, WALK_V8_TAKEN, WALK_V8_FULL };

/* What has called the code of a regular expression keeps that in its frame, where is not told: a word of it
 * that leads to the code at work. */
WALK_INLINE void walk_v8_regexp(struct walk *w, void *out)
{
	struct walk_v8_state *v = &w->v8;
	uint64_t fp = w->regs[UNWIND_RBP];

	if (v->layout.frame_regexp)
		walk_v8_say(w, 0, 0, V8_REGEXP, 0);
	if ((fp & 7) || !walk_read_bytes(w, v->caller, sizeof(v->caller), fp + 16))
		return;
	v->i_caller = 0;
	for (uint32_t i = 0; i < WALK_V8_CALLER_WORDS; i++)
		if (walk_v8_call(w, out, WALK_V8_TRY_REGEXP))
			return;
}

/* Whether run-time code that is no function's may be a regular expression's. */
WALK_INLINE bool walk_v8_may_be_regexp(const struct walk *w)
{
	return w->v8.layout.type_regexp && SAMPLE_V8_KIND(w->v8.words[1]) == V8_STUB &&
	       SAMPLE_V8_PLACE(w->v8.words[1]) == w->v8.layout.frame_regexp;
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
	enum walk_v8_stage stage = walk_v8_stage(w);
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
