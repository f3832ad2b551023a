/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/go/special.h"

#include "runtime/go/code.h"

/* Goroutines run on stacks of their own; the run-time's work, C code and signal handlers run on others
 * (the thread's "g0", "gsignal"). Where one goes over into the other the caller's stack is found by
 *
 *   rbp          of a function that has a frame: callees keep it, whatever stack they run on. From 1.21
 *                on this is so for all of them but morestack
 *   the stack    asmcgocall leaves there which goroutine called, and how deep its stack was
 *   g.sched      the goroutine's saved registers
 */

enum special { ORDINARY, TOP, AWAY, MORESTACK, SYSTEMSTACK, ASMCGOCALL, ASMCGOCALL_NO_G };

static const struct {
	struct str name;
	enum special special;
} by_name[] = {
	{ { "gogo", 4 }, AWAY },		/* before 1.18 a part of runtime.gogo */
	{ { "runtime.gogo", 12 }, AWAY },
	{ { "runtime.mcall", 13 }, AWAY },
	{ { "runtime.clone", 13 }, AWAY },
	{ { "runtime.switchToCrashStack0", 27 }, AWAY },
	{ { "runtime.morestack", 17 }, MORESTACK },
	{ { "runtime.systemstack", 19 }, SYSTEMSTACK },
	{ { "runtime.asmcgocall", 18 }, ASMCGOCALL },
	{ { "runtime.asmcgocall_no_g", 23 }, ASMCGOCALL_NO_G },
	{ { "_rt0_amd64", 10 }, TOP },
	{ { "_rt0_amd64_linux", 16 }, TOP },
};

/* mov $15,%rax or %eax; syscall: what the kernel returns from a signal handler to. */
static const struct str sigreturns[] = {
	{ "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05", 9 },
	{ "\xb8\x0f\x00\x00\x00\x0f\x05", 7 },
};

static bool may_be_sigreturn(const struct go_function *function)
{
	return str_starts(function->name, STR("runtime.sigreturn"));
}

/* Begins and handlers both have no caller in Go's eyes; below a handler what it interrupted goes on. */
static bool is_top(const struct go_function *function)
{
	return (function->flags & GO_FLAG_TOP) &&
	       !str_starts(function->name, STR("runtime.sigtramp"));
}

static enum special special_of(const struct go_function *function)
{
	for (size_t i = 0; i < sizeof(by_name) / sizeof(*by_name); i++)
		if (str_eq(function->name, by_name[i].name))
			return by_name[i].special;
	return is_top(function) ? TOP : ORDINARY;
}

bool go_special_may_be(const struct go_function *function)
{
	return (function->flags & (GO_FLAG_TOP | GO_FLAG_SP_WRITE)) || may_be_sigreturn(function) ||
	       str_starts(function->name, STR("_rt0_amd64"));
}

static uint32_t rule_of_kind(struct go_rows *rows, enum unwind_kind kind)
{
	const struct unwind_rule rule = { .kind = (uint8_t)kind };

	return go_rows_rule(rows, &rule);
}

/* Goroutines "return" to the second byte of goexit: the one before is its own. */
static uint32_t rule_of_top(struct go_rows *rows)
{
	const struct unwind_rule rule = { .kind = UNWIND_END, .ra_off = -8 };

	return go_rows_rule(rows, &rule);
}

/* The caller is on whatever stack a register tells. */
static uint32_t rule_by_register(struct go_rows *rows, enum unwind_reg base, int32_t off)
{
	const struct unwind_rule rule = {
		.kind = UNWIND_SWITCH, .cfa_base = (uint8_t)base, .cfa_off = off, .ra_off = -8,
		.ra_reg = UNWIND_RIP,
		.saves = base == UNWIND_RBP ? UNWIND_AT_CFA | UNWIND_SAME << 4 : UNWIND_SAME,
		.fp_off = base == UNWIND_RBP ? -16 : 0,
	};

	return go_rows_rule(rows, &rule);
}

/* ---- Functions with a frame pointer. ---- */

/* Between the frame's beginning and its end rbp tells, wherever rsp is. */
static bool add_framed(struct go_rows *rows, const struct go_table *table,
		       const struct go_function *function, struct str code)
{
	struct go_steps steps = go_steps_over(table, function->sp_values, function->start);
	uint32_t by_frame = rule_by_register(rows, UNWIND_RBP, 16);
	int slot;
	size_t frame = go_code_after_frame(code, &slot);
	size_t restored = go_code_after_restore(code, frame, slot);
	struct go_step step;

	if (!frame)
		return false;
	while (go_steps_next(&steps, &step) && step.start < function->end) {
		uint64_t begin = function->start + frame, end = function->start + restored;

		if (!step.value || step.end <= begin) {
			go_rows_add(rows, step.start, go_rows_moved(rows, step.value));
			continue;
		}
		if (step.start < begin)
			go_rows_add(rows, step.start, go_rows_moved(rows, step.value));
		go_rows_add(rows, step.start < begin ? begin : step.start, by_frame);
		if (restored && end > step.start && end < step.end)
			go_rows_add(rows, end, go_rows_moved(rows, step.value));
	}
	return true;
}

/* ---- Functions without one. ---- */

/* Behind the change of stacks nothing is a caller: another goroutine goes on, or a new thread begins. */
static bool add_away(struct go_rows *rows, const struct go_table *table,
		     const struct go_function *function, struct str code)
{
	size_t away = go_code_after_sp_load(code, 0);

	go_rows_by_table(rows, table, function);
	if (away && function->start + away < function->end)
		go_rows_add(rows, function->start + away, rule_of_kind(rows, UNWIND_END));
	return true;
}

/* The stack is too small: on the thread's stack a larger one is made. What needed it is in g.sched. */
static bool add_morestack(struct go_rows *rows, const struct go_function *function,
			  struct str code)
{
	size_t switched = go_code_after_sp_load(code, 0);

	go_rows_add(rows, function->start, go_rows_moved(rows, 0));
	if (switched)
		go_rows_add(rows, function->start + switched, rule_of_kind(rows, UNWIND_GO_MORESTACK));
	return switched > 0;
}

static uint32_t rule_by_sched(struct go_rows *rows)
{
	const struct unwind_rule rule = { .kind = UNWIND_GO_SYSTEMSTACK, .cfa_off = 8 };

	return go_rows_rule(rows, &rule);
}

static bool add_systemstack(struct go_rows *rows, const struct go_function *function,
			    struct str code)
{
	size_t there = go_code_after_sp_load(code, 0);
	size_t back = there ? go_code_after_sp_load(code, there) : 0;

	go_rows_add(rows, function->start, go_rows_moved(rows, 0));
	if (!back)
		return there > 0;
	go_rows_add(rows, function->start + there, rule_by_sched(rows));
	go_rows_add(rows, function->start + back, go_rows_moved(rows, 0));
	return true;
}

/* Behind `mov %REG,slot(%rsp)`, from `from` on; the slot. */
static size_t after_store(struct str code, size_t from, char modrm_near, char modrm_far,
			  int32_t *ret_slot)
{
	const char near[] = { '\x48', '\x89', modrm_near, '\x24' };
	const char far[] = { '\x48', '\x89', modrm_far, '\x24' };
	size_t at_near = go_code_after(code, from, str_over(near, sizeof(near)));
	size_t at_far = go_code_after(code, from, str_over(far, sizeof(far)));

	*ret_slot = 0;
	if (at_near && (!at_far || at_near < at_far))
		return at_near;
	if (!at_far || at_far >= code.n)
		return 0;
	*ret_slot = code.p[at_far];
	return at_far + 1;
}

/* On the thread's stack, or on none of ours, the old stack pointer is kept in a slot. */
static uint32_t rule_by_slot(struct go_rows *rows, int32_t slot)
{
	const struct unwind_rule rule = {
		.kind = UNWIND_CFA_DEREF, .cfa_base = UNWIND_RSP, .cfa_off = slot, .cfa_add = 8,
		.ra_off = -8, .ra_reg = UNWIND_RIP,
	};

	return go_rows_rule(rows, &rule);
}

/* Before 1.21. C is called with the goroutine at slot + 8 and its stack's depth in the slot; and behind
 * the first return, when it was not on a goroutine's stack, with the old rsp in the slot. */
static bool add_asmcgocall(struct go_rows *rows, const struct go_function *function,
			   struct str code)
{
	size_t there = go_code_after_sp_load(code, 0), saved, back, sub, kept, last;
	struct unwind_rule depth = { .kind = UNWIND_GO_DEPTH, .cfa_base = UNWIND_RSP, .cfa_add = 8 };
	int32_t goroutine, slot;

	/* mov %rdi,slot(%rsp) twice: the goroutine, then the depth */
	saved = there ? after_store(code, there, '\x3c', '\x7c', &goroutine) : 0;
	saved = saved ? after_store(code, saved, '\x3c', '\x7c', &slot) : 0;
	back = saved ? go_code_after_sp_load(code, saved) : 0;
	sub = back ? go_code_after(code, back, STR("\x48\x83\xec")) : 0;
	kept = sub ? after_store(code, sub, '\x14', '\x54', &depth.cfa_off) : 0;
	last = kept ? go_code_after_sp_load(code, kept) : 0;
	if (!last)
		return false;
	go_rows_add(rows, function->start, go_rows_moved(rows, 0));
	go_rows_add(rows, function->start + there, rule_by_sched(rows));
	depth.cfa_off = slot;
	go_rows_add(rows, function->start + saved, go_rows_rule(rows, &depth));
	go_rows_add(rows, function->start + back, go_rows_moved(rows, 0));
	go_rows_add(rows, function->start + sub + 1, rule_by_register(rows, UNWIND_RDX, 8));
	after_store(code, sub, '\x14', '\x54', &slot);
	go_rows_add(rows, function->start + kept, rule_by_slot(rows, slot));
	go_rows_add(rows, function->start + last, go_rows_moved(rows, 0));
	return true;
}

static bool add_asmcgocall_no_g(struct go_rows *rows, const struct go_function *function,
				struct str code)
{
	size_t sub = go_code_after(code, 0, STR("\x48\x83\xec")), kept, back;
	int32_t slot;

	kept = sub ? after_store(code, sub, '\x14', '\x54', &slot) : 0;
	back = kept ? go_code_after_sp_load(code, kept) : 0;
	if (!back)
		return false;
	go_rows_add(rows, function->start, go_rows_moved(rows, 0));
	go_rows_add(rows, function->start + sub + 1, rule_by_register(rows, UNWIND_RDX, 8));
	go_rows_add(rows, function->start + kept, rule_by_slot(rows, slot));
	go_rows_add(rows, function->start + back, go_rows_moved(rows, 0));
	return true;
}

/* Calls to C that keep the old rsp in rbx, which C keeps. */
static bool add_kept_in_rbx(struct go_rows *rows, const struct go_table *table,
			    const struct go_function *function, struct str code)
{
	size_t kept = go_code_after(code, 0, STR("\x48\x89\xe3"));	/* mov %rsp,%rbx */
	size_t back = kept ? go_code_after_sp_load(code, kept) : 0;

	if (!back)
		return false;
	go_rows_by_table(rows, table, function);
	go_rows_add(rows, function->start + kept, rule_by_register(rows, UNWIND_RBX, 8));
	go_rows_add(rows, function->start + back, go_rows_moved(rows, 0));
	return true;
}

/* ---- All. ---- */

static bool add_sigreturn(struct go_rows *rows, const struct go_function *function,
			  struct str code)
{
	/* the handler returns to the first byte, and is looked up one byte early */
	for (size_t i = 0; i < sizeof(sigreturns) / sizeof(*sigreturns); i++)
		if (str_starts(code, sigreturns[i])) {
			go_rows_add(rows, function->start - (function->start > rows->start),
				    rule_of_kind(rows, UNWIND_SIGNAL));
			return true;
		}
	return false;
}

static bool add_sp_writer(struct go_rows *rows, const struct go_table *table,
			  const struct go_function *function, struct str code)
{
	if (add_framed(rows, table, function, code) ||
	    add_kept_in_rbx(rows, table, function, code))
		return true;
	go_rows_add(rows, function->start, rule_of_kind(rows, UNWIND_UNSUPPORTED));
	return true;
}

bool go_special_add(struct go_rows *rows, const struct go_table *table,
		    const struct go_function *function, struct str code)
{
	bool done = false;

	if (may_be_sigreturn(function) && add_sigreturn(rows, function, code))
		return true;
	switch (special_of(function)) {
	case TOP:
		go_rows_add(rows, function->start, rule_of_top(rows));
		return true;
	case AWAY:
		return add_away(rows, table, function, code);
	case MORESTACK:
		done = add_morestack(rows, function, code);
		break;
	case SYSTEMSTACK:
		done = add_framed(rows, table, function, code) ||
		       add_systemstack(rows, function, code);
		break;
	case ASMCGOCALL:
		done = add_framed(rows, table, function, code) ||
		       add_asmcgocall(rows, function, code);
		break;
	case ASMCGOCALL_NO_G:
		done = add_framed(rows, table, function, code) ||
		       add_asmcgocall_no_g(rows, function, code);
		break;
	case ORDINARY:
		break;
	}
	if (!done && (function->flags & GO_FLAG_SP_WRITE))
		return add_sp_writer(rows, table, function, code);
	return done;
}
