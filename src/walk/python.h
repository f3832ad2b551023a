/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/python.h
 *
 * The interpreted frames of CPython, taken while the walk passes the loop that works on them.
 *
 *   native            interpreted (a chain from the thread's state)
 *   list_sort         .
 *   the loop  ------> key_of          run 1
 *   ...               .
 *   the loop  ------> sorted_rows     run 2, up to where C called the loop
 *                     main
 *
 * A run of the loop works on one frame up to 3.10; later on many, down to one that says it was called
 * from C (3.11) or to a frame that is C's own (from 3.12 on). Part of walk/walk.h, which includes it.
 */
#ifndef SONDE_WALK_PYTHON_H
#define SONDE_WALK_PYTHON_H

#define WALK_PYTHON_OWNER_GENERATOR 1	/* Include/internal/pycore_frame.h, enum _frameowner */

WALK_INLINE uint64_t walk_python_u64(const uint8_t *bytes, uint32_t size, uint64_t off)
{
	barrier_var(off);
	if (off > size - 8 || (off & 7))
		return 0;
	return *(const uint64_t *)(bytes + off);
}

WALK_INLINE uint32_t walk_python_u32(const uint8_t *bytes, uint32_t size, uint64_t off)
{
	barrier_var(off);
	if (off > size - 4 || (off & 3))
		return 0;
	return *(const uint32_t *)(bytes + off);
}

WALK_INLINE uint8_t walk_python_u8(const uint8_t *bytes, uint32_t size, uint64_t off)
{
	barrier_var(off);
	return off < size ? bytes[off] : 0;
}

WALK_INLINE uint64_t walk_python_pointer(struct walk *w, uint64_t at)
{
	uint64_t p;

	return walk_read_bytes(w, &p, sizeof(p), at) ? p : 0;
}

/* Records an interpreted frame, or why there is none. */
WALK_INLINE enum walk_next walk_python_put(struct walk *w, void *out, uint64_t code, uint64_t second)
{
	if (!walk_put(out, w->n, SAMPLE_FRAME_PYTHON | SAMPLE_FRAME_PC(code)) ||
	    !walk_put(out, w->n + 1, second))
		return walk_stop(w, WALK_FULL);
	w->n += 2;
	return WALK_CONTINUE;
}

/* A run of the loop has ended: back to native frames, or on to the next run when there are none. */
WALK_INLINE enum walk_next walk_python_run_over(struct walk *w, void *out)
{
	struct walk_python_state *p = &w->python;

	p->running = 0;
	if (!p->drain)
		return w->native_over ? WALK_STOP : WALK_CONTINUE;
	if (p->mark_runs && p->layout.segment != PYTHON_SEGMENT_EACH && walk_python_put(w, out, 0, PYTHON_FAULT_NONE) == WALK_STOP)
		return WALK_STOP;
	if (p->progress == WALK_PYTHON_DONE || !(p->frame || p->below))
		return WALK_STOP;
	p->running = 1;
	return WALK_CONTINUE;
}

/* The chain cannot be followed further: says so in its place. */
WALK_INLINE enum walk_next walk_python_broken(struct walk *w, void *out, enum python_fault fault)
{
	w->python.progress = WALK_PYTHON_DONE;
	if (walk_python_put(w, out, 0, fault) == WALK_STOP)
		return WALK_STOP;
	return walk_python_run_over(w, out);
}

/* Who holds the lock, and the key: up to 3.11 they are neighbours in the runtime's state. Each read costs
 * some 60 ns, whatever its length. */
WALK_INLINE void walk_python_read_globals(struct walk *w)
{
	struct walk_python_state *p = &w->python;

	p->globals_ok = p->layout.gil_at &&
			walk_read_bytes(w, p->globals, sizeof(p->globals), p->layout.gil_at);
}

/* Up to 3.11, the thread state that holds the lock. */
WALK_INLINE uint64_t walk_python_holder(struct walk *w)
{
	const struct walk_python_state *p = &w->python;

	return p->globals_ok ? walk_python_u64(p->globals, sizeof(p->globals), 0) :
			       walk_python_pointer(w, p->layout.gil_at);
}

WALK_INLINE bool walk_python_key(struct walk *w, uint32_t *ret_key)
{
	const struct walk_python_state *p = &w->python;
	uint64_t off = p->layout.key_at - p->layout.gil_at;

	*ret_key = (uint32_t)p->layout.key;
	if (!p->layout.key_at)
		return true;
	if (!p->globals_ok || off > sizeof(p->globals) - 4)
		return walk_read_bytes(w, ret_key, sizeof(*ret_key), p->layout.key_at);
	*ret_key = walk_python_u32(p->globals, sizeof(p->globals), off);
	return true;
}

/* From 3.12 on the lock says it (Include/internal/pycore_gil.h): where its two fields are neighbours, in
 * one read. */
WALK_INLINE bool walk_python_lock_held(struct walk *w, uint64_t lock, uint64_t tstate)
{
	const struct walk_python *layout = &w->python.layout;
	struct { uint64_t holder, locked; } both = { 0 };
	bool ok;

	if (layout->gil_locked == layout->gil_holder + 8) {
		ok = walk_read_bytes(w, &both, 12, lock + layout->gil_holder);
	} else {
		both.holder = walk_python_pointer(w, lock + layout->gil_holder);
		ok = walk_read_bytes(w, &both.locked, 4, lock + layout->gil_locked);
	}
	return ok && both.locked == 1 && both.holder == tstate;
}

/* Whether the thread holds its interpreter's lock: up to 3.11 the runtime names the holder; later the
 * lock does, and it is the interpreter's. */
WALK_INLINE uint8_t walk_python_gil(struct walk *w, uint64_t tstate)
{
	const struct walk_python_state *p = &w->python;
	uint64_t lock;

	if (p->layout.gil_at)
		return walk_python_holder(w) == tstate ? SAMPLE_GIL_HELD : SAMPLE_GIL_NOT_HELD;
	lock = p->interpreter ? walk_python_pointer(w, p->interpreter + p->layout.interp_gil) : 0;
	if (!lock)
		return SAMPLE_GIL_UNKNOWN;
	return walk_python_lock_held(w, lock, tstate) ? SAMPLE_GIL_HELD : SAMPLE_GIL_NOT_HELD;
}

/* The thread's state, from its thread-specific data: the one place that holds it also while the
 * thread does without the interpreter's lock. 0 when the thread has none. */
WALK_INLINE uint64_t walk_python_thread_state(struct walk *w)
{
	const struct walk_python *layout = &w->python.layout;
	uint64_t slots = w->thread_pointer + layout->tsd_at;
	uint32_t key;

	if (!w->thread_pointer || !walk_python_key(w, &key) || key >= layout->tsd_keys)
		return 0;
	if (layout->tsd_indirect)
		slots = walk_python_pointer(w, slots);
	return walk_python_pointer(w, slots + (uint64_t)key * layout->tsd_stride + layout->tsd_value);
}

/* The innermost frame of a thread state, and, where that names its lock, the interpreter. */
WALK_INLINE bool walk_python_enter(struct walk *w, uint64_t tstate)
{
	struct walk_python_state *p = &w->python;
	uint64_t frame, off = (uint64_t)p->layout.tstate_frame - p->layout.tstate_interp;

	p->interpreter = 0;
	if (p->layout.interp_gil && off <= sizeof(p->code) - 8 &&
	    walk_read_bytes(w, p->code, sizeof(p->code), tstate + p->layout.tstate_interp)) {
		p->interpreter = walk_python_u64(p->code, sizeof(p->code), 0);
		frame = walk_python_u64(p->code, sizeof(p->code), off);
	} else if (!walk_read_bytes(w, &frame, sizeof(frame), tstate + p->layout.tstate_frame)) {
		return false;
	}
	if (p->layout.cframe_frame != RUNTIME_NO_FIELD && frame &&
	    !walk_read_bytes(w, &frame, sizeof(frame), frame + p->layout.cframe_frame))
		return false;
	p->frame = frame;
	return true;
}

/* Up to 3.11 a thread's own data names the first state it had; inside a subinterpreter another one is at
 * work, which is the holder of the lock, if it is this thread's. Without the lock nothing tells. */
WALK_INLINE enum python_fault walk_python_choose_state(struct walk *w, uint64_t *tstate)
{
	const struct walk_python *layout = &w->python.layout;
	uint64_t holder, interpreter;

	if (!layout->gil_at || !layout->interpreters_at)
		return PYTHON_FAULT_NONE;
	holder = walk_python_holder(w);
	if (holder == *tstate)
		return PYTHON_FAULT_NONE;
	if (holder && walk_python_pointer(w, holder + layout->tstate_thread) == w->thread_pointer) {
		w->python.below = *tstate;
		*tstate = holder;
		return PYTHON_FAULT_NONE;
	}
	interpreter = walk_python_pointer(w, layout->interpreters_at);
	return interpreter && walk_python_pointer(w, interpreter) ? PYTHON_FAULT_WHICH_STATE :
								    PYTHON_FAULT_NONE;
}

/* At the first frame of the loop: finds the thread's innermost interpreted frame. */
WALK_INLINE enum python_fault walk_python_begin(struct walk *w)
{
	struct walk_python_state *p = &w->python;
	const struct walk_runtime *runtime = walk_runtime_at(w, w->process.runtime);
	enum python_fault fault;
	uint64_t tstate;

	p->progress = WALK_PYTHON_DONE;
	if (!runtime || runtime->kind != RUNTIME_PYTHON)
		return PYTHON_FAULT_NO_STATE;
	p->layout = runtime->python;
	walk_python_read_globals(w);
	tstate = walk_python_thread_state(w);
	if (!tstate)
		return PYTHON_FAULT_NO_STATE;
	fault = walk_python_choose_state(w, &tstate);
	if (fault != PYTHON_FAULT_NONE)
		return fault;
	if (!walk_python_enter(w, tstate))
		return PYTHON_FAULT_STATE_FAULT;
	p->gil = walk_python_gil(w, tstate);
	p->progress = WALK_PYTHON_READY;
	return PYTHON_FAULT_NONE;
}

/* The instruction a frame stands at, counted as PYTHON_INSTR_* says. */
WALK_INLINE uint32_t walk_python_instr(struct walk *w, uint64_t code)
{
	const struct walk_python_state *p = &w->python;
	const struct walk_python *layout = &p->layout;
	uint64_t at, start = code + layout->code_start;
	uint32_t copy = 0;

	if (layout->instr == PYTHON_INSTR_INDEX)
		return walk_python_u32(p->bytes, sizeof(p->bytes), layout->frame_instr);
	at = walk_python_u64(p->bytes, sizeof(p->bytes), layout->frame_instr);
	if (layout->frame_tlbc != RUNTIME_NO_FIELD)
		copy = walk_python_u32(p->bytes, sizeof(p->bytes), layout->frame_tlbc);
	if (copy)	/* the thread runs a copy of the bytecode (Include/cpython/code.h, _PyCodeArray) */
		start = walk_python_pointer(w, walk_python_pointer(w, code + layout->code_tlbc) + 8 +
						       (uint64_t)copy * 8);
	return (uint32_t)((int64_t)(at - start) >> 1);
}

WALK_INLINE uint32_t walk_python_text(struct walk *w, uint64_t string)
{
	struct walk_python_state *p = &w->python;
	uint64_t at = string + p->layout.object_bytes, n = python_text_bytes(at);

	for (int i = 0; i < (int)PYTHON_TEXT_WORDS; i++)
		p->text[i] = 0;
	barrier_var(n);
	if (n <= sizeof(p->text))
		walk_read_bytes(w, p->text, (uint32_t)n, at);
	return python_text_check(p->text);
}

/* What tells the strings of a code object up to 3.11 from others at their addresses. Most callers are of the
 * same file. */
WALK_INLINE uint32_t walk_python_strings(struct walk *w, uint64_t file, uint64_t name)
{
	struct walk_python_state *p = &w->python;

	if (file != p->file_at) {
		p->file_at = file;
		p->file_check = walk_python_text(w, file);
	}
	return python_strings_check(p->file_check, walk_python_text(w, name));
}

/* Reads of a code object what the check is made of. A function that called itself has it again. */
WALK_INLINE bool walk_python_read_code(struct walk *w, uint64_t code)
{
	struct walk_python_state *p = &w->python;
	const struct walk_python *layout = &p->layout;
	uint32_t first = layout->code_first_line & ~7u, own = 0;
	uint64_t file, name;

	p->code_at = 0;
	if (!walk_read_bytes(w, p->code, sizeof(p->code), code + first))
		return false;
	p->code_at = code;
	file = walk_python_u64(p->code, sizeof(p->code), layout->code_file - first);
	name = walk_python_u64(p->code, sizeof(p->code), layout->code_name - first);
	if (layout->minor >= PYTHON_VERSION_MINOR)
		own = walk_python_u32(p->code, sizeof(p->code), layout->code_first_line - first + PYTHON_VERSION_OFF);
	else
		own = walk_python_strings(w, file, layout->code_qualname == RUNTIME_NO_FIELD ? name :
					  walk_python_u64(p->code, sizeof(p->code), layout->code_qualname - first));
	p->check = python_check(walk_python_u32(p->code, sizeof(p->code), layout->code_first_line - first), own,
				file, name);
	return true;
}

/* Whether this code object has not been met here before. By a hash: a few are taken for known, and are
 * then read later, or for new again. */
WALK_INLINE bool walk_python_is_new(struct walk *w, uint64_t code, uint32_t check)
{
	struct walk_python_state *p = &w->python;
	uint32_t tag = (check ^ (uint32_t)(code >> 4) ^ w->process.generation * 0x9e3779b1u) | 1;
	uint32_t slot = (tag ^ tag >> 15) >> 1 & (WALK_PYTHON_SEEN - 1);
	uint32_t at = (p->last + 1) & (WALK_PYTHON_SEEN - 1);
	bool is_new = false;

	if (p->seen[at] != tag) {
		at = p->slots[slot] & (WALK_PYTHON_SEEN - 1);
		if (p->seen[at] != tag) {
			is_new = true;
			at = p->made++ & (WALK_PYTHON_SEEN - 1);
			p->seen[at] = tag;
			p->slots[slot] = (uint16_t)at;
		}
	}
	p->last = at;
	return is_new;
}

/* Remembers the coroutine or generator whose frame this is, if it is one's. */
WALK_INLINE void walk_python_note_coroutine(struct walk *w)
{
	struct walk_python_state *p = &w->python;
	const struct walk_python *layout = &p->layout;
	uint32_t owner_at = layout->frame_owner + (layout->segment == PYTHON_SEGMENT_ENTRY);
	uint64_t coroutine = 0;

	if (layout->frame_coroutine != RUNTIME_NO_FIELD)
		coroutine = walk_python_u64(p->bytes, sizeof(p->bytes), layout->frame_coroutine);
	else if (layout->coroutine_frame != RUNTIME_NO_FIELD &&
		 walk_python_u8(p->bytes, sizeof(p->bytes), owner_at) == WALK_PYTHON_OWNER_GENERATOR)
		coroutine = p->frame - layout->coroutine_frame;
	if (coroutine)
		p->coroutine = coroutine;
}

/* Takes one interpreted frame that was recorded before the native ones were known. */
WALK_INLINE enum walk_next walk_python_replay(struct walk *w, void *out)
{
	uint64_t pair[2];

	if (!walk_recorded(w, pair)) {
		w->python.progress = WALK_PYTHON_DONE;
		return walk_python_run_over(w, out);
	}
	w->python.frame = 1;	/* more may follow */
	if (!SAMPLE_FRAME_PC(pair[0]) && pair[1] == PYTHON_FAULT_NONE)
		return walk_python_run_over(w, out);
	if (walk_python_put(w, out, pair[0], pair[1]) == WALK_STOP)
		return WALK_STOP;
	return walk_recorded_singly(w) ? walk_python_run_over(w, out) : WALK_CONTINUE;
}

/* Takes the next interpreted frame, leaf first; WALK_CONTINUE also when the run has ended. */
WALK_INLINE enum walk_next walk_python_step(struct walk *w, void *out)
{
	struct walk_python_state *p = &w->python;
	const struct walk_python *layout = &p->layout;
	uint64_t code;
	uint32_t n, instr;
	uint8_t owner = 0;

	if (walk_has_recorded(w))
		return walk_python_replay(w, out);
	if (p->progress == WALK_PYTHON_NEW) {
		enum python_fault fault = walk_python_begin(w);

		if (fault != PYTHON_FAULT_NONE)
			return p->drain ? walk_python_run_over(w, out) :
					  walk_python_broken(w, out, fault);
	}
	if (!p->frame && p->below) {	/* the interpreter that called this one */
		uint64_t below = p->below;

		p->below = 0;
		if (!walk_python_enter(w, below))
			return walk_python_broken(w, out, PYTHON_FAULT_STATE_FAULT);
	}
	if (p->progress != WALK_PYTHON_READY || !p->frame)
		return walk_python_run_over(w, out);
	/* (alone: together with what lies below it, its callers from 3.11 on, it took longer: they are cold) */
	n = layout->frame_bytes;
	barrier_var(n);
	if (n > WALK_PYTHON_FRAME_BYTES || !walk_read_bytes(w, p->bytes, n, p->frame))
		return walk_python_broken(w, out, PYTHON_FAULT_FRAME_FAULT);
	if (layout->frame_owner != RUNTIME_NO_FIELD)
		owner = walk_python_u8(p->bytes, sizeof(p->bytes), layout->frame_owner);
	if (layout->segment == PYTHON_SEGMENT_SHIM && owner >= layout->shim_owner) {
		/* before the code is looked at: a shim's is not one */
		p->frame = walk_python_u64(p->bytes, sizeof(p->bytes), layout->frame_previous);
		return walk_python_run_over(w, out);
	}
	/* 3.14 keeps flags in the low bits (Include/internal/pycore_stackref.h) */
	code = walk_python_u64(p->bytes, sizeof(p->bytes), layout->frame_code) & ~7ull;
	if (code != p->code_at && !walk_python_read_code(w, code)) {
		if (walk_python_put(w, out, 0, PYTHON_FAULT_CODE_FAULT) == WALK_STOP)
			return WALK_STOP;
	} else {
		instr = walk_python_instr(w, code);
		if (walk_python_is_new(w, code, p->check))
			walk_new_code(w, out, code);
		walk_python_note_coroutine(w);
		if (walk_python_put(w, out, code, (uint64_t)p->check << 32 | instr) == WALK_STOP)
			return WALK_STOP;
	}
	p->frame = walk_python_u64(p->bytes, sizeof(p->bytes), layout->frame_previous);
	if (layout->segment == PYTHON_SEGMENT_EACH || (layout->segment == PYTHON_SEGMENT_ENTRY && owner))
		return walk_python_run_over(w, out);
	return WALK_CONTINUE;
}

#endif
