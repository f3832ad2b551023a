/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/v8_function.h
 *
 * A frame's function, and the two codes that may be at work in it: the one that it has now, and the
 * one that its data leads to (baseline code). What was read of a function is kept for the walk: a
 * recursion meets it again.
 *
 * Layouts: objects/js-function.h, objects/shared-function-info.h, objects/code.h; newer versions have
 * a handle in place of a function's code, of an entry in the dispatch table (sandbox/js-dispatch-table.h).
 * Part of walk/v8.h; expects walk/v8_object.h.
 */
#ifndef SONDE_WALK_V8_FUNCTION_H
#define SONDE_WALK_V8_FUNCTION_H

/* The function of the frame at hand. */
WALK_INLINE struct walk_v8_function *walk_v8_at_hand(struct walk *w)
{
	uint64_t slot = w->v8.slot;

	barrier_var(slot);
	return &w->v8.functions[slot & (WALK_V8_FUNCTIONS - 1)];
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

/* Reads the one that is asked for to the place at hand. */
WALK_INLINE enum v8_fault walk_v8_read_asked(struct walk *w)
{
	struct walk_v8_function *f = walk_v8_at_hand(w);
	enum v8_fault fault = walk_v8_read_function(w, f, f->asked);

	f->walk = fault == V8_FAULT_NONE ? w->v8.walk : 0;
	return fault;
}

/* Puts a function at hand. In one walk nothing of it changes that matters: what moves stays readable. */
WALK_INLINE enum v8_fault walk_v8_function(struct walk *w, uint64_t function)
{
	struct walk_v8_function *f;

	w->v8.slot = (uint32_t)(function >> 3 ^ function >> 9);
	f = walk_v8_at_hand(w);
	if (f->walk == w->v8.walk && f->asked == function)
		return V8_FAULT_NONE;
	f->asked = function;
	return (enum v8_fault)walk_v8_call(w, 0, WALK_V8_READ_FUNCTION);
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

#endif
