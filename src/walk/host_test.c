/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "walk/host.h"

#include "base/test.h"

/* One file of one page, mapped at 0x400000, and a stack at 0x7000. Rules by number. */
#define BASE 0x400000ull
#define STACK 0x7000ull
#define TABLE 7

enum { NONE, PUSHED_NOTHING, BY_FRAME_POINTER, END, SIGNAL, DEREF, BY_RBX, SAME_SP, POPPED, CLONE, N_RULES };

static const struct unwind_rule rules[N_RULES] = {
	[PUSHED_NOTHING] = { .kind = UNWIND_CFA, .cfa_base = UNWIND_RSP, .cfa_off = 8, .ra_off = -8,
			     .ra_reg = UNWIND_RIP },
	[BY_FRAME_POINTER] = { .kind = UNWIND_CFA, .cfa_base = UNWIND_RBP, .cfa_off = 16, .ra_off = -8,
			       .fp_off = -16, .saves = UNWIND_AT_CFA, .ra_reg = UNWIND_RIP },
	[END] = { .kind = UNWIND_END },
	[SIGNAL] = { .kind = UNWIND_SIGNAL },
	[DEREF] = { .kind = UNWIND_CFA_DEREF, .cfa_base = UNWIND_RSP, .cfa_off = 8, .cfa_add = 8,
		    .ra_off = -8, .ra_reg = UNWIND_RIP },
	[BY_RBX] = { .kind = UNWIND_CFA, .cfa_base = UNWIND_RBX, .cfa_off = 8, .ra_off = -8,
		     .ra_reg = UNWIND_RIP },
	[POPPED] = { .kind = UNWIND_CFA, .cfa_base = UNWIND_RSP, .cfa_off = 8, .ra_off = -8,
		     .fp_off = -16, .saves = UNWIND_AT_CFA, .ra_reg = UNWIND_RIP },
	[SAME_SP] = { .kind = UNWIND_CFA, .cfa_base = UNWIND_RSP, .cfa_off = 0, .ra_off = -8,
		      .ra_reg = UNWIND_RIP },
	[CLONE] = { .kind = UNWIND_CLONE, .cfa_base = UNWIND_RSP, .cfa_off = 8, .ra_off = -8,
		    .ra_reg = UNWIND_RIP },
};

static uint64_t row(uint32_t low, uint32_t rule)
{
	return (uint64_t)rule << 16 | low;
}

struct fixture {
	uint64_t cells[16];
	uint64_t stack[512];
	uint64_t regs[UNWIND_REGS + 1];
	uint64_t frames[64];
	uint32_t n;
	bool loaded;
};

/* Rules 1, 2, ... cover 0x100 bytes each from 0x100 on. */
static void begin(struct fixture *f)
{
	static const struct fixture empty;
	uint64_t rows[N_RULES + 1];

	*f = empty;
	f->loaded = true;
	rows[0] = row(0, NONE);
	for (uint32_t i = 1; i < N_RULES; i++)
		rows[i] = row(i * 0x100, i);
	rows[N_RULES] = row(N_RULES * 0x100, NONE);
	f->cells[0] = 1ull << 32;		/* one page, the first is page 0 */
	f->cells[1] = (uint64_t)(N_RULES + 1) << 32;	/* its rows: 0 .. */
	for (uint32_t i = 0; i <= N_RULES; i++)
		f->cells[2 + i / 2] |= rows[i] << (i % 2 * 32);
	f->regs[UNWIND_RSP] = STACK;
}

static uint64_t at(uint32_t rule)	/* an address where that rule holds */
{
	return BASE + rule * 0x100 + 0x10;
}

static bool rows_of(void *context, uint32_t table, struct walk_rows *ret_rows)
{
	struct fixture *f = context;

	if (!f->loaded || table != TABLE)
		return false;
	*ret_rows = (struct walk_rows){ f->cells, 16 };
	return true;
}

static bool read_stack(void *context, void *out, uint32_t n, uint64_t address)
{
	struct fixture *f = context;

	if (address < STACK || address - STACK > sizeof(f->stack) ||
	    n > sizeof(f->stack) - (address - STACK))
		return false;
	memcpy(out, (const char *)f->stack + (address - STACK), n);
	return true;
}

static enum walk_end walk(struct fixture *f, uint32_t max)
{
	static const struct walk_mapping mapping = { BASE, BASE + 0x10000, BASE, TABLE, 0 };
	struct walk_target target = {
		.mappings = &mapping, .n_mappings = 1, .generation = 1, .rules = rules,
		.n_rules = N_RULES, .rows = rows_of, .read = read_stack, .context = f,
	};
	struct walk_host *host = walk_host_new();
	enum walk_end end = walk_host_run(host, &target, f->regs, false, f->frames, max, &f->n);

	walk_host_free(host);
	return end;
}

TEST(a_stack_is_walked_to_the_rule_that_says_end)
{
	struct fixture f;

	begin(&f);
	f.regs[UNWIND_RIP] = at(PUSHED_NOTHING);
	f.stack[0] = at(PUSHED_NOTHING);
	f.stack[1] = at(END);
	CHECK_EQ(walk(&f, 64), WALK_COMPLETE);
	CHECK_EQ(f.n, 3);
	CHECK_EQ(f.frames[0], at(PUSHED_NOTHING));
	CHECK_EQ(f.frames[1], at(PUSHED_NOTHING) | SAMPLE_FRAME_RETURN);
	CHECK_EQ(f.frames[2], at(END));
}

TEST(a_thread_that_a_system_call_has_just_made_has_no_caller)
{
	struct fixture f;

	begin(&f);
	f.regs[UNWIND_RIP] = at(CLONE);
	f.regs[UNWIND_RAX] = 0;
	CHECK_EQ(walk(&f, 64), WALK_COMPLETE);
	CHECK_EQ(f.n, 1);
	begin(&f);	/* who has made it, in the call */
	f.regs[UNWIND_RIP] = at(CLONE);
	f.regs[UNWIND_RAX] = (uint64_t)-38;
	f.stack[0] = at(END);
	CHECK_EQ(walk(&f, 64), WALK_COMPLETE);
	CHECK_EQ(f.n, 2);
	begin(&f);	/* a return address, where nothing is known of rax */
	f.regs[UNWIND_RIP] = at(PUSHED_NOTHING);
	f.stack[0] = at(CLONE);
	f.stack[1] = at(END);
	CHECK_EQ(walk(&f, 64), WALK_COMPLETE);
	CHECK_EQ(f.n, 3);
}

TEST(a_return_address_is_looked_up_one_byte_early)
{
	struct fixture f;

	begin(&f);
	f.regs[UNWIND_RIP] = at(PUSHED_NOTHING);
	f.stack[0] = BASE + BY_FRAME_POINTER * 0x100;	/* the byte after rule 1's last */
	f.stack[1] = at(END);
	CHECK_EQ(walk(&f, 64), WALK_COMPLETE);
	CHECK_EQ(f.n, 3);
}

TEST(a_frame_pointer_rule_restores_the_callers_frame_pointer)
{
	struct fixture f;

	begin(&f);
	f.regs[UNWIND_RIP] = at(BY_FRAME_POINTER);
	f.regs[UNWIND_RBP] = STACK + 8 * 8;
	f.stack[8] = STACK + 8 * 20;
	f.stack[9] = at(BY_FRAME_POINTER);
	f.stack[20] = 0;
	f.stack[21] = at(END);
	CHECK_EQ(walk(&f, 64), WALK_COMPLETE);
	CHECK_EQ(f.n, 3);
}

TEST(a_register_that_was_popped_is_not_sought_below_the_copied_stack)
{
	struct fixture f;

	begin(&f);
	f.regs[UNWIND_RIP] = at(POPPED);
	f.regs[UNWIND_RBP] = STACK + 8 * 8;	/* its slot is the word below the copy */
	f.stack[0] = at(BY_FRAME_POINTER);
	f.stack[9] = at(END);
	CHECK_EQ(walk(&f, 64), WALK_COMPLETE);
	CHECK_EQ(f.n, 3);
}

TEST(a_signal_frame_gives_every_register_back)
{
	struct fixture f;

	begin(&f);
	f.regs[UNWIND_RIP] = at(PUSHED_NOTHING);
	f.stack[0] = at(SIGNAL);
	f.stack[1 + 5 + 11] = STACK + 8 * 100;	/* rbx, behind rsp + 40 */
	f.stack[1 + 5 + 15] = STACK + 8 * 90;	/* rsp */
	f.stack[1 + 5 + 16] = at(BY_RBX);	/* rip */
	f.stack[100] = at(END);
	CHECK_EQ(walk(&f, 64), WALK_COMPLETE);
	CHECK_EQ(f.n, 4);
	CHECK_EQ(f.frames[1], at(SIGNAL));	/* exact: nothing has called it */
	CHECK_EQ(f.frames[2], at(BY_RBX));	/* exact: it was interrupted */
}

TEST(a_realigned_stack_is_followed_through_memory)
{
	struct fixture f;

	begin(&f);
	f.regs[UNWIND_RIP] = at(DEREF);
	f.stack[1] = STACK + 8 * 30;
	f.stack[30] = at(END);
	CHECK_EQ(walk(&f, 64), WALK_COMPLETE);
	CHECK_EQ(f.n, 2);
}

TEST(without_rules_a_frame_pointer_is_taken_only_when_it_can_be_one)
{
	struct fixture f;

	begin(&f);
	f.regs[UNWIND_RIP] = BASE + 0x10;
	f.regs[UNWIND_RBP] = STACK + 8 * 4;
	f.stack[5] = at(END);
	CHECK_EQ(walk(&f, 64), WALK_COMPLETE);
	CHECK_EQ(f.frames[1], at(END) | SAMPLE_FRAME_GUESSED);
	f.regs[UNWIND_RBP] = STACK - 8;	/* below the stack pointer */
	CHECK_EQ(walk(&f, 64), WALK_NO_RULE);
	CHECK_EQ(f.n, 1);
}

TEST(walks_that_cannot_go_on_say_why_and_keep_what_they_found)
{
	struct fixture f;

	begin(&f);
	f.regs[UNWIND_RIP] = at(SAME_SP);
	CHECK_EQ(walk(&f, 64), WALK_NO_PROGRESS);
	f.regs[UNWIND_RIP] = 0x900000;
	CHECK_EQ(walk(&f, 64), WALK_NO_MAPPING);
	f.regs[UNWIND_RIP] = at(PUSHED_NOTHING);
	f.stack[0] = 7;
	CHECK_EQ(walk(&f, 64), WALK_BAD_PC);
	CHECK_EQ(f.n, 1);
	f.regs[UNWIND_RSP] = 0x10;
	CHECK_EQ(walk(&f, 64), WALK_READ_FAULT);
	f.loaded = false;
	CHECK_EQ(walk(&f, 64), WALK_NO_TABLE);
	CHECK_EQ(f.n, 1);
}

TEST(a_stack_of_more_frames_than_asked_for_is_full)
{
	struct fixture f;

	begin(&f);
	f.regs[UNWIND_RIP] = at(PUSHED_NOTHING);
	for (int i = 0; i < 100; i++)
		f.stack[i] = at(PUSHED_NOTHING);
	CHECK_EQ(walk(&f, 50), WALK_FULL);
	CHECK_EQ(f.n, 50);
}

TEST_MAIN(CASE(a_stack_is_walked_to_the_rule_that_says_end),
	  CASE(a_thread_that_a_system_call_has_just_made_has_no_caller),
	  CASE(a_return_address_is_looked_up_one_byte_early),
	  CASE(a_frame_pointer_rule_restores_the_callers_frame_pointer),
	  CASE(a_register_that_was_popped_is_not_sought_below_the_copied_stack),
	  CASE(a_signal_frame_gives_every_register_back),
	  CASE(a_realigned_stack_is_followed_through_memory),
	  CASE(without_rules_a_frame_pointer_is_taken_only_when_it_can_be_one),
	  CASE(walks_that_cannot_go_on_say_why_and_keep_what_they_found),
	  CASE(a_stack_of_more_frames_than_asked_for_is_full))
