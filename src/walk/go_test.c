/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Walks from one stack to another, over a made-up thread of Go's. */
#include "base/test.h"
#include "walk/host.h"

/* Code: rule i holds in 0x100 bytes from BASE + i * 0x100 on. Two stacks, and the run-time's structures. */
#define BASE 0x400000ull
#define MEMORY 0x700000ull
#define G0_STACK (MEMORY + 0x100)
#define G_STACK (MEMORY + 0x800)	/* of the goroutine; above the thread's own */
#define G_STACK_HIGH (MEMORY + 0xc00)
#define THREAD (MEMORY + 0x1000)	/* fs base; its goroutine is 8 bytes below */
#define G0 (MEMORY + 0x1100)
#define G (MEMORY + 0x1200)
#define M (MEMORY + 0x1300)
#define TABLE 7

enum { NONE, CODE, FRAMED, DEPTH, SYSTEMSTACK, MORESTACK, END, N_RULES };
enum { OFF_M = 48, OFF_SCHED_SP = 56, OFF_SCHED_PC = 64, OFF_SCHED_BP = 104, OFF_CURG = 192 };

static const struct unwind_rule rules[N_RULES] = {
	[CODE] = { .kind = UNWIND_CFA, .cfa_base = UNWIND_RSP, .cfa_off = 8, .ra_off = -8,
		   .ra_reg = UNWIND_RIP },
	[FRAMED] = { .kind = UNWIND_SWITCH, .cfa_base = UNWIND_RBP, .cfa_off = 16, .ra_off = -8,
		     .ra_reg = UNWIND_RIP, .saves = UNWIND_AT_CFA, .fp_off = -16 },
	[DEPTH] = { .kind = UNWIND_GO_DEPTH, .cfa_base = UNWIND_RSP, .cfa_off = 0x28, .cfa_add = 8 },
	[SYSTEMSTACK] = { .kind = UNWIND_GO_SYSTEMSTACK, .cfa_off = 8 },
	[MORESTACK] = { .kind = UNWIND_GO_MORESTACK },
	[END] = { .kind = UNWIND_END, .ra_off = -8 },
};

struct fixture {
	uint64_t memory[0x1800 / 8];
	uint64_t cells[6];
	uint64_t regs[UNWIND_REGS + 1];
	uint64_t words[32];
	struct walk_runtime runtime;
	uint32_t n;
};

static void put(struct fixture *f, uint64_t address, uint64_t word)
{
	f->memory[(address - MEMORY) / 8] = word;
}

static uint64_t at(uint32_t rule)
{
	return BASE + rule * 0x100 + 0x10;
}

/* The thread runs on its own stack, in `rule`'s code, called from code; its goroutine waits for it. */
static void begin(struct fixture *f, uint32_t rule)
{
	static const struct fixture empty;

	*f = empty;
	f->cells[0] = 1ull << 32;
	f->cells[1] = (uint64_t)N_RULES << 32;
	for (uint32_t i = 1; i < N_RULES; i++)
		f->cells[2 + i / 2] |= (uint64_t)(i << 16 | i * 0x100) << (i % 2 * 32);
	f->runtime = (struct walk_runtime){
		.kind = RUNTIME_GO,
		.go = { .g_tls = -8, .g_m = OFF_M, .m_curg = OFF_CURG, .g_sched_sp = OFF_SCHED_SP,
			.g_sched_pc = OFF_SCHED_PC, .g_sched_bp = OFF_SCHED_BP,
			.g_goid = RUNTIME_NO_FIELD, .g_labels = RUNTIME_NO_FIELD },
	};
	f->regs[UNWIND_RIP] = at(CODE);
	f->regs[UNWIND_RSP] = G0_STACK;
	put(f, G0_STACK, at(rule));
	put(f, THREAD - 8, G0);
	put(f, G0 + OFF_M, M);
	put(f, M + OFF_CURG, G);
	put(f, G + 8, G_STACK_HIGH);
	put(f, G_STACK, at(CODE));
	put(f, G_STACK + 8, at(END));
}

static bool rows_of(void *context, uint32_t table, struct walk_rows *ret_rows)
{
	struct fixture *f = context;

	*ret_rows = (struct walk_rows){ f->cells, 6 };
	return table == TABLE;
}

static bool read_memory(void *context, void *out, uint32_t n, uint64_t address)
{
	struct fixture *f = context;

	if (address < MEMORY || address - MEMORY > sizeof(f->memory) - n)
		return false;
	memcpy(out, (const char *)f->memory + (address - MEMORY), n);
	return true;
}

static enum walk_end walk(struct fixture *f)
{
	static const struct walk_mapping mapping = { BASE, BASE + 0x1000, BASE, TABLE, 0 };
	struct walk_host *host = walk_host_new();
	struct walk_target target = {
		.mappings = &mapping, .n_mappings = 1, .generation = 1, .rules = rules,
		.n_rules = N_RULES, .rows = rows_of, .read = read_memory, .context = f,
		.runtime = f->runtime.kind ? &f->runtime : NULL, .thread_pointer = THREAD,
	};
	enum walk_end end;

	CHECK(host != NULL);
	end = walk_host_run(host, &target, f->regs, false, f->words, 32, &f->n);
	walk_host_free(host);
	return end;
}

/* code, the crossing, then on the goroutine's stack: code, the end. */
static void check_crossed(struct fixture *f, uint32_t rule)
{
	CHECK_EQ(walk(f), WALK_COMPLETE);
	CHECK_EQ(f->n, 4);
	CHECK_EQ(SAMPLE_FRAME_PC(f->words[1]), at(rule));
	CHECK_EQ(SAMPLE_FRAME_PC(f->words[2]), at(CODE));
	CHECK_EQ(SAMPLE_FRAME_PC(f->words[3]), at(END));
	CHECK_EQ(f->words[3] & SAMPLE_FRAME_RETURN, SAMPLE_FRAME_RETURN);
}

TEST(a_frame_pointer_leads_to_another_stack)
{
	struct fixture f;

	begin(&f, FRAMED);
	f.regs[UNWIND_RBP] = G_STACK - 8;
	check_crossed(&f, FRAMED);
}

TEST(a_frame_pointer_leads_down_as_well_as_up)
{
	struct fixture f;

	begin(&f, FRAMED);
	f.regs[UNWIND_RSP] = G_STACK + 0x100;	/* ran above, was called from below */
	put(&f, G_STACK + 0x100, at(FRAMED));
	f.regs[UNWIND_RBP] = G0_STACK + 0x20;
	put(&f, G0_STACK + 0x28, at(CODE));
	put(&f, G0_STACK + 0x30, at(END));
	check_crossed(&f, FRAMED);
}

TEST(a_depth_is_counted_from_the_end_of_the_goroutines_stack)
{
	struct fixture f;

	begin(&f, DEPTH);
	put(&f, G0_STACK + 8 + 0x28, G_STACK_HIGH - G_STACK);
	put(&f, G0_STACK + 8 + 0x30, G);
	check_crossed(&f, DEPTH);
}

TEST(the_goroutine_has_saved_where_it_left_its_stack)
{
	struct fixture f;

	begin(&f, SYSTEMSTACK);
	put(&f, G + OFF_SCHED_SP, G_STACK);
	check_crossed(&f, SYSTEMSTACK);
	begin(&f, MORESTACK);
	put(&f, G + OFF_SCHED_SP, G_STACK + 8);
	put(&f, G + OFF_SCHED_PC, at(CODE));
	check_crossed(&f, MORESTACK);
}

TEST(a_thread_that_has_given_its_goroutine_up_has_no_caller)
{
	struct fixture f;

	begin(&f, MORESTACK);
	put(&f, M + OFF_CURG, 0);
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	CHECK_EQ(f.n, 2);
}

TEST(without_a_layout_the_stack_is_cut_there)
{
	struct fixture f;

	begin(&f, MORESTACK);
	f.runtime.kind = RUNTIME_NONE;
	CHECK_EQ(walk(&f), WALK_UNSUPPORTED);
	CHECK_EQ(f.n, 2);
	begin(&f, SYSTEMSTACK);
	put(&f, THREAD - 8, 0x1000);	/* no goroutine's address */
	CHECK_EQ(walk(&f), WALK_READ_FAULT);
}

TEST_MAIN(CASE(a_frame_pointer_leads_to_another_stack),
	  CASE(a_frame_pointer_leads_down_as_well_as_up),
	  CASE(a_depth_is_counted_from_the_end_of_the_goroutines_stack),
	  CASE(the_goroutine_has_saved_where_it_left_its_stack),
	  CASE(a_thread_that_has_given_its_goroutine_up_has_no_caller),
	  CASE(without_a_layout_the_stack_is_cut_there))
