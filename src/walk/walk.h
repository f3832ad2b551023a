/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/walk.h
 *
 * One step up a stack. Compiled twice: for BPF, where it runs inside the kernel at the event, and for
 * the host, where it walks a copied stack, a core file or another process. It reads the target only
 * through a few functions, which whoever includes it defines first:
 *
 *   bool walk_read_bytes(struct walk *, void *out, uint32_t n, uint64_t address)
 *   bool walk_read_object(...)	the same, of what is no stack and stands where it is while a copied one is walked
 *   bool walk_heap_stands(const struct walk *)	objects that move are where they were when the stack was as it is
 *   const struct walk_mapping *walk_mapping_at(struct walk *, uint32_t index)
 *   walk_table_t walk_table_at(struct walk *, uint32_t table)       0 when it is not loaded
 *   bool walk_cell_at(walk_table_t, uint32_t index, uint64_t *ret_cell)
 *   const struct unwind_rule *walk_rule_at(struct walk *, uint32_t rule)
 *   WALK_RUNTIMES	a mask of the runtimes that there can be (RUNTIME_BIT): what the others need is left out
 *   const struct walk_runtime *walk_runtime_at(struct walk *, uint32_t runtime)
 *   void walk_new_code(struct walk *, void *out, uint64_t code)	a code object is met for the first time
 *   void walk_new_v8(struct walk *, void *out)	the same of V8's: what w->v8 has
 *   WALK_LATE	1: the stack was copied earlier, and other memory is read later
 *   int walk_jvm_call(struct walk *, void *out, uint32_t piece, uint64_t a, uint32_t b)	walk_jvm_run()
 *   int walk_v8_call(struct walk *, void *out, uint32_t piece)	walk_v8_run()
 *   bool walk_worth_copying(const struct walk *)	it ended for want of what only the host has
 *   bool walk_put(void *out, uint32_t index, uint64_t word)		false when there is no room
 *   bool walk_has_recorded(struct walk *)	interpreted frames were taken earlier, and ...
 *   bool walk_recorded(struct walk *, uint64_t pair[2])	... this is the next; false: no more
 *   bool walk_recorded_singly(struct walk *)	... and each run of the loop has one of them
 *
 *   lookup.h                from an address to its rule
 *   caller.h                by a rule, a signal frame or a frame pointer to the caller
 *   go.h                    from one of Go's stacks to another
 *   jvm.h, python.h, v8.h   the frames of a runtime; what a walk knows of one is in jvm_state.h, ...
 *   this file               struct walk, the stack, one step
 *
 * They are parts of this file, in this order. The stack is read through a window, since neighbouring frames
 * share it. docs/walker.md has the figures.
 *
 * For the verifier's sake: loops have constant bounds, changing numbers live in *w, which is a map
 * value, and an index is checked right before it is used.
 */
#ifndef SONDE_WALK_WALK_H
#define SONDE_WALK_WALK_H

#include "abi/sample.h"
#include "walk/jvm_state.h"
#include "walk/python_state.h"
#include "walk/v8_state.h"

#ifndef WALK_INLINE
#define WALK_INLINE static inline __attribute__((always_inline))
#endif

#ifndef barrier_var
#define barrier_var(v) __asm__ volatile("" : "+r"(v))
#endif

/* Whether a process can have that runtime: around all that only it needs. */
#define WALK_HAS(kind) ((WALK_RUNTIMES & RUNTIME_BIT(kind)) != 0)

#define WALK_WINDOW 1024u
#define WALK_WINDOW_BELOW 64u	/* saved registers stand below the return address */
#define WALK_CACHE 4096u	/* a power of two */
#define WALK_ACTIVITIES 512u	/* a power of two */
#define WALK_FP_REACH (256u << 10)	/* a frame pointer further above the stack pointer is none */
#define WALK_PC_MIN 0x1000ull
#define WALK_PC_MAX 0x00007ffffffff000ull	/* end of x86-64 user space (47 bits) */

enum walk_next { WALK_CONTINUE, WALK_STOP };

/* What is known of an address. Entries are made in the order of walking, so that the one behind a frame's
 * is most often its caller's: a stack whose outer part was walked before is looked up along a line, and
 * not all over the memory, which is cold at every tick. */
struct walk_cached {
	uint64_t pc;
	uint32_t generation;
	uint32_t zero;
	struct unwind_rule rule;	/* UNWIND_NONE: none is known */
};

struct walk {
	uint64_t regs[UNWIND_REGS + 1];	/* enum unwind_reg */
	uint8_t all_regs;	/* all of them are this frame's; else only rip, rsp, rbp, rbx */
	uint8_t is_return;	/* rip is a return address */
	uint8_t guessed;	/* rip was found by a frame pointer */
	uint8_t end;		/* enum walk_end */
	uint8_t native_over;	/* the native walk has ended; interpreted frames may be left */
	uint32_t n;		/* words so far */
	struct walk_process process;
	struct walk_mapping mapping;	/* the last one that held an address; end 0: none */
	uint64_t word;		/* read alone: locals whose address is taken would fill the BPF stack */
	uint64_t window_at;	/* address of window[0] */
	uint32_t window_ok;
	uint32_t low, high;	/* of a search */
	uint32_t last;		/* in the cache: the entry of the frame before */
	uint32_t made;		/* entries of the cache made so far */
	uint32_t zero;
	uint64_t thread_pointer;	/* fs base; set by the caller, 0 when not known */
	uint8_t in_exec;		/* the rest is the caller's: half-way to another program; */
	uint64_t woken_ns;		/* when it last woke who reads, ... */
	uint32_t wake;			/* ... whether it should, ... */
	uint32_t unasked;		/* ... what it has sent since it asked how much is unread, ... */
	uint32_t activities[WALK_ACTIVITIES];	/* ... and what it has told of, by hash */
	struct walk_python_state python;
	struct walk_v8_state v8;
	struct walk_jvm_state jvm;
	_Alignas(8) uint8_t window[WALK_WINDOW];
	uint16_t slots[WALK_CACHE];	/* by hash of the address: its entry, or another's */
	struct walk_cached cache[WALK_CACHE];
};

WALK_INLINE enum walk_next walk_stop(struct walk *w, enum walk_end end)
{
	w->end = end;
	return WALK_STOP;
}

/* One word of the target's stack; words of a stack are aligned, and what is not is none. */
WALK_INLINE bool walk_read(struct walk *w, uint64_t address, uint64_t *ret_word)
{
	uint64_t off = address - w->window_at;

	if (address & 7)
		return false;
	if (!w->window_ok || off > WALK_WINDOW - 8) {
		w->window_at = address - WALK_WINDOW_BELOW;
		w->window_ok = walk_read_bytes(w, w->window, WALK_WINDOW, w->window_at);
		if (!w->window_ok) {	/* an edge of the stack is near: this word alone */
			if (!walk_read_bytes(w, &w->word, 8, address))
				return false;
			*ret_word = w->word;
			return true;
		}
		off = WALK_WINDOW_BELOW;
	}
	barrier_var(off);
	if (off > WALK_WINDOW - 8)
		return false;
	*ret_word = *(uint64_t *)(w->window + off);
	return true;
}

#include "walk/lookup.h"

#include "walk/caller.h"

/* The frame to record for where w stands. */
WALK_INLINE uint64_t walk_frame(const struct walk *w)
{
	return SAMPLE_FRAME_PC(w->regs[UNWIND_RIP]) | (w->is_return ? SAMPLE_FRAME_RETURN : 0) |
	       (w->guessed ? SAMPLE_FRAME_GUESSED : 0);
}

/* Finds how to leave the frame where w stands. The frame is recorded between this and walk_leave(), so
 * that a walk that ends here keeps all it found; *ret_rule is 0 where no CFI covers the address. */
WALK_INLINE enum walk_next walk_look(struct walk *w, const struct unwind_rule **ret_rule)
{
	const struct unwind_rule *rule;

	*ret_rule = 0;
	/* a call may be a function's last instruction: the return address is then the next one's */
	if (walk_find_rule(w, w->regs[UNWIND_RIP] - w->is_return, &rule) == WALK_STOP)
		return WALK_STOP;
	if ((rule->kind & UNWIND_KIND) == UNWIND_NONE)
		return WALK_CONTINUE;
	/* a trampoline and a thread's first function are "returned" to at their first byte: nothing has
	 * called them, and the byte before is somebody else's (a rule for the end that has an ra_off is of
	 * one that is returned to as others are) */
	if (rule->kind == UNWIND_SIGNAL || (rule->kind == UNWIND_END && !rule->ra_off) ||
	    ((rule->kind & UNWIND_KIND) == UNWIND_CFA && rule->cfa_add))
		w->is_return = 0;
	*ret_rule = rule;
	return WALK_CONTINUE;
}

#include "walk/go.h"

/* Goes to the caller. */
WALK_INLINE enum walk_next walk_leave(struct walk *w, const struct unwind_rule *rule)
{
	if (!rule)
		return walk_by_frame_pointer(w);
	if (rule->kind == UNWIND_END || (rule->kind == UNWIND_CLONE && w->all_regs && !w->regs[UNWIND_RAX]))
		return walk_stop(w, WALK_COMPLETE);
	if (rule->kind == UNWIND_SIGNAL)
		return walk_by_signal_frame(w);
	if ((rule->kind & UNWIND_KIND) >= UNWIND_SWITCH)
		return WALK_HAS(RUNTIME_GO) ? walk_by_go(w, rule) : walk_stop(w, WALK_UNSUPPORTED);
	return walk_by_rule(w, rule);
}

/* Whether an address can be user code at all. */
WALK_INLINE bool walk_plausible(uint64_t pc)
{
	return pc >= WALK_PC_MIN && pc < WALK_PC_MAX;
}

#include "walk/jvm.h"
#include "walk/python.h"

#include "walk/v8.h"

/* Begins again with the interpreted frames alone, and where each run of the loop ends: the native ones
 * will be found later, when the interpreter has long gone on. */
WALK_INLINE void walk_begin_python(struct walk *w)
{
	w->n = 0;
	w->python.frame = w->python.below = w->python.coroutine = 0;
	w->python.progress = WALK_PYTHON_NEW;
	w->python.running = w->python.drain = w->python.mark_runs = 1;
	w->python.code_at = 0;
	w->python.file_at = 0;
}

/* No native frame follows. A stack that reached its root has had all its interpreted frames; where it
 * was cut, those left are taken on their own: they have names. */
WALK_INLINE enum walk_next walk_native_over(struct walk *w)
{
	w->native_over = 1;
	if (walk_worth_copying(w)) {
		walk_begin_python(w);
		return WALK_HAS(RUNTIME_PYTHON) && w->process.runtime ? WALK_CONTINUE : WALK_STOP;
	}
	if (WALK_HAS(RUNTIME_PYTHON) && w->python.running)
		return WALK_CONTINUE;
	if (!WALK_HAS(RUNTIME_PYTHON) || w->end == WALK_COMPLETE || !w->process.runtime || w->python.progress == WALK_PYTHON_DONE)
		return WALK_STOP;
	w->python.running = 1;
	w->python.drain = 1;
	return WALK_CONTINUE;
}

/* Records one frame, native or interpreted, and goes to the next. `out` is handed to walk_put(). */
WALK_INLINE enum walk_next walk_step(struct walk *w, void *out)
{
	const struct unwind_rule *rule;
	enum walk_next next;

	if (WALK_HAS(RUNTIME_PYTHON) && w->python.running)
		return walk_python_step(w, out);
	if (!walk_plausible(w->regs[UNWIND_RIP])) {
		w->end = WALK_BAD_PC;
		return walk_native_over(w);
	}
	if (WALK_HAS(RUNTIME_JVM) && walk_jvm_holds(w, w->regs[UNWIND_RIP] - w->is_return))
		return walk_jvm_call(w, out, WALK_JVM_STEP, 0, 0) == WALK_CONTINUE ? WALK_CONTINUE :
										     walk_native_over(w);
	next = walk_look(w, &rule);
	if (next == WALK_CONTINUE && !rule && w->process.flags & WALK_PROCESS_RUNTIME_AWAITED) {
		w->end = WALK_NO_TABLE;	/* a guess would lead past frames without a trace */
		return walk_native_over(w);
	}
	if (WALK_HAS(RUNTIME_V8) && next == WALK_CONTINUE) {
		/* (the mapping at hand may be another's where the rule came from the cache) */
		if (!rule && walk_has_v8(w) &&
		    walk_find_mapping(w, w->regs[UNWIND_RIP] - w->is_return) && !w->mapping.table)
			return walk_v8_call(w, out, WALK_V8_STEP) == WALK_STOP ? walk_native_over(w) :
										 WALK_CONTINUE;
		/* where there are no rows for builtins, an address without any may be one's */
		if ((!rule || (rule->kind & UNWIND_MARK_V8)) && walk_has_v8(w)) {
			int done = walk_v8_call(w, out, WALK_V8_BUILTIN);

			if (done == WALK_V8_FULL)
				return walk_stop(w, WALK_FULL);
			if (done == WALK_V8_TAKEN)
				return walk_leave(w, rule) == WALK_STOP ? walk_native_over(w) :
									  WALK_CONTINUE;
		}
	}
	if (!walk_put(out, w->n, walk_frame(w)))
		return walk_stop(w, WALK_FULL);
	w->n++;
	if (WALK_HAS(RUNTIME_PYTHON) && rule && (rule->kind & UNWIND_MARK_PYTHON))
		w->python.running = 1;
	if (next == WALK_STOP || walk_leave(w, rule) == WALK_STOP)
		return walk_native_over(w);
	return WALK_CONTINUE;
}

/* Ready to walk a process from w->regs and w->thread_pointer, which the caller has set. */
WALK_INLINE void walk_begin(struct walk *w, bool is_return)
{
	w->all_regs = 1;
	w->is_return = is_return;
	w->guessed = 0;
	w->native_over = 0;
	w->end = WALK_COMPLETE;
	w->n = 0;
	w->window_ok = 0;
	w->v8.ready = 0;
	w->mapping.start = w->mapping.end = 0;
	w->python.frame = w->python.below = w->python.coroutine = 0;
	w->python.progress = WALK_PYTHON_NEW;
	w->python.running = w->python.drain = w->python.mark_runs = 0;
	w->python.code_at = 0;
	w->python.file_at = 0;
	w->python.gil = SAMPLE_GIL_UNKNOWN;
	w->jvm.low = w->jvm.high = 0;	/* until walk_jvm_begin() */
}

#endif
