/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The interpreted half of a walk, over a made-up interpreter. */
#include "base/test.h"
#include "walk/host.h"

/* Code, mapped: rule i holds in 0x100 bytes from BASE + i * 0x100 on. Everything else is memory. */
#define BASE 0x400000ull
#define MEMORY 0x7000ull
#define TABLE 7

enum { NONE, CODE, LOOP, END, N_RULES };

#define PUSHED_NOTHING .cfa_base = UNWIND_RSP, .cfa_off = 8, .ra_off = -8, .ra_reg = UNWIND_RIP

static const struct unwind_rule rules[N_RULES] = {
	[CODE] = { .kind = UNWIND_CFA, PUSHED_NOTHING },
	[LOOP] = { .kind = UNWIND_CFA | UNWIND_MARK_PYTHON, PUSHED_NOTHING },
	[END] = { .kind = UNWIND_END },
};

/* What the layout says: words of a frame, and of a code object. */
enum { F_PREVIOUS, F_CODE, F_INSTR, F_OWNER, F_WORDS };
enum { C_LINE, C_FILE, C_NAME, C_BYTES, C_WORDS = 16 };

#define THREAD (MEMORY + 8 * 200)	/* fs base: one slot, which holds ... */
#define STATE (MEMORY + 8 * 210)	/* ... the thread's state */

struct fixture {
	uint64_t memory[1024];
	uint64_t regs[UNWIND_REGS + 1];
	uint64_t words[64];
	uint64_t cells[4];
	struct walk_runtime runtime;
	const uint64_t *recorded;
	uint32_t n_recorded, n, n_frames;
	enum sample_gil gil;
};

static uint64_t *word_at(struct fixture *f, uint64_t address)
{
	return &f->memory[(address - MEMORY) / 8];
}

static uint64_t frame_at(uint32_t i)
{
	return MEMORY + 8 * (300 + i * 8);
}

static uint64_t code_at(uint32_t i)
{
	return MEMORY + 8 * (500 + i * C_WORDS);
}

static uint64_t at(uint32_t rule)
{
	return BASE + rule * 0x100 + 0x10;
}

static void begin(struct fixture *f, enum python_segment segment)
{
	static const struct fixture empty;

	*f = empty;
	f->cells[0] = 1ull << 32;
	f->cells[1] = 4ull << 32;
	f->cells[2] = (uint64_t)(CODE << 16 | 0x100) << 32;
	f->cells[3] = (uint64_t)(END << 16 | 0x300) << 32 | (LOOP << 16 | 0x200);
	f->regs[UNWIND_RSP] = MEMORY;
	f->runtime = (struct walk_runtime){
		.kind = RUNTIME_PYTHON,
		.python = {
			.key = 0, .tsd_stride = 16, .tsd_value = 8, .tsd_keys = 4,
			.segment = (uint8_t)segment, .instr = PYTHON_INSTR_INDEX, .shim_owner = 3,
			.frame_bytes = F_WORDS * 8, .cframe_frame = RUNTIME_NO_FIELD,
			.frame_previous = F_PREVIOUS * 8, .frame_code = F_CODE * 8,
			.frame_instr = F_INSTR * 8,
			.frame_owner = segment == PYTHON_SEGMENT_EACH ? RUNTIME_NO_FIELD : F_OWNER * 8,
			.frame_coroutine = RUNTIME_NO_FIELD, .coroutine_frame = RUNTIME_NO_FIELD,
			.frame_tlbc = RUNTIME_NO_FIELD, .code_first_line = C_LINE * 8,
			.code_file = C_FILE * 8, .code_name = C_NAME * 8,
		},
	};
	*word_at(f, THREAD + 8) = STATE;
}

/* Pushes an interpreted frame, the new innermost one. */
static void push(struct fixture *f, uint32_t line, uint32_t instr, uint8_t owner)
{
	uint32_t i = f->n_frames++;

	*word_at(f, frame_at(i) + F_PREVIOUS * 8) = i ? frame_at(i - 1) : 0;
	*word_at(f, frame_at(i) + F_CODE * 8) = code_at(i) | (owner == 3);
	*word_at(f, frame_at(i) + F_INSTR * 8) = instr;
	*word_at(f, frame_at(i) + F_OWNER * 8) = owner;
	*word_at(f, code_at(i) + C_LINE * 8) = line;
	*word_at(f, code_at(i) + C_FILE * 8) = 0xf11e;
	*word_at(f, code_at(i) + C_NAME * 8) = 0x4a3e + line;
	*word_at(f, STATE) = frame_at(i);
}

/* The native stack: an interrupted function, then what `rules` says, outermost last. */
static void native(struct fixture *f, uint32_t n, const uint32_t *stack)
{
	f->regs[UNWIND_RIP] = at(CODE);
	for (uint32_t i = 0; i < n; i++)
		f->memory[i] = stack[i] ? at(stack[i]) : 0x10000000;
}

static bool rows_of(void *context, uint32_t table, struct walk_rows *ret_rows)
{
	struct fixture *f = context;

	*ret_rows = (struct walk_rows){ f->cells, 4 };
	return table == TABLE;
}

static bool read_memory(void *context, void *out, uint32_t n, uint64_t address)
{
	struct fixture *f = context;

	if (address < MEMORY || address - MEMORY > sizeof(f->memory) ||
	    n > sizeof(f->memory) - (address - MEMORY))
		return false;
	memcpy(out, (const char *)f->memory + (address - MEMORY), n);
	return true;
}

static enum walk_end walk(struct fixture *f)
{
	static const struct walk_mapping mapping = { BASE, BASE + 0x10000, BASE, TABLE, 0 };
	struct walk_target target = {
		.mappings = &mapping, .n_mappings = 1, .generation = 1, .rules = rules,
		.n_rules = N_RULES, .rows = rows_of, .read = read_memory, .context = f,
		.runtime = &f->runtime, .thread_pointer = THREAD,
		.recorded = (const uint8_t *)f->recorded, .n_recorded = f->n_recorded,
	};
	struct walk_host *host = walk_host_new();
	enum walk_end end = walk_host_run(host, &target, f->regs, false, f->words, 64, &f->n);

	f->gil = walk_host_gil(host);
	walk_host_free(host);
	return end;
}

static uint64_t second_word(uint32_t i, uint32_t line, uint32_t instr)
{
	(void)i;
	return (uint64_t)python_check(line, 0, 0xf11e, 0x4a3e + line) << 32 | instr;
}

static void check_python(const struct fixture *f, uint32_t word, uint32_t i, uint32_t line,
			 uint32_t instr)
{
	CHECK_EQ(f->words[word], code_at(i) | SAMPLE_FRAME_PYTHON);
	CHECK_EQ(f->words[word + 1], second_word(i, line, instr));
}

TEST(each_run_of_the_loop_takes_one_frame_up_to_3_10)
{
	struct fixture f;

	begin(&f, PYTHON_SEGMENT_EACH);
	push(&f, 10, 4, 0);
	push(&f, 20, 6, 0);
	native(&f, 4, (uint32_t[]){ LOOP, CODE, LOOP, END });
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	CHECK_EQ(f.n, 5 + 4);
	CHECK_EQ(f.words[1], at(LOOP) | SAMPLE_FRAME_RETURN);
	check_python(&f, 2, 1, 20, 6);
	CHECK_EQ(f.words[4], at(CODE) | SAMPLE_FRAME_RETURN);
	check_python(&f, 6, 0, 10, 4);
}

TEST(a_run_goes_up_to_the_frame_that_c_called_in_3_11)
{
	struct fixture f;

	begin(&f, PYTHON_SEGMENT_ENTRY);
	push(&f, 10, 1, 1);
	push(&f, 20, 2, 1);
	push(&f, 30, 3, 0);
	native(&f, 4, (uint32_t[]){ LOOP, CODE, LOOP, END });
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	check_python(&f, 2, 2, 30, 3);
	check_python(&f, 4, 1, 20, 2);
	CHECK_EQ(f.words[6], at(CODE) | SAMPLE_FRAME_RETURN);
	check_python(&f, 8, 0, 10, 1);
}

TEST(a_frame_of_c_ends_a_run_and_is_not_recorded_from_3_12_on)
{
	struct fixture f;

	begin(&f, PYTHON_SEGMENT_SHIM);
	push(&f, 1, 0, 3);
	push(&f, 10, 1, 0);
	push(&f, 2, 0, 3);
	push(&f, 20, 2, 1);
	push(&f, 30, 3, 0);
	native(&f, 4, (uint32_t[]){ LOOP, CODE, LOOP, END });
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	check_python(&f, 2, 4, 30, 3);
	check_python(&f, 4, 3, 20, 2);
	CHECK_EQ(f.words[6], at(CODE) | SAMPLE_FRAME_RETURN);
	check_python(&f, 8, 1, 10, 1);
	CHECK_EQ(f.n, 5 + 6);
}

TEST(frames_that_were_recorded_earlier_are_put_where_their_run_is)
{
	static const uint64_t recorded[] = {
		SAMPLE_FRAME_PYTHON | 0x1000, 1, SAMPLE_FRAME_PYTHON | 0x2000, 2,
		SAMPLE_FRAME_PYTHON, 0, SAMPLE_FRAME_PYTHON | 0x3000, 3, SAMPLE_FRAME_PYTHON, 0,
	};
	struct fixture f;

	begin(&f, PYTHON_SEGMENT_SHIM);
	f.recorded = recorded;
	f.n_recorded = 10;
	native(&f, 4, (uint32_t[]){ LOOP, CODE, LOOP, END });
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	CHECK_EQ(f.n, 5 + 6);
	CHECK_EQ(f.words[4], recorded[2]);
	CHECK_EQ(f.words[6], at(CODE) | SAMPLE_FRAME_RETURN);
	CHECK_EQ(f.words[8], recorded[6]);
}

TEST(a_stack_that_was_cut_keeps_the_interpreted_frames_that_are_left)
{
	struct fixture f;

	begin(&f, PYTHON_SEGMENT_SHIM);
	push(&f, 10, 1, 0);
	push(&f, 2, 0, 3);
	push(&f, 20, 2, 0);
	native(&f, 3, (uint32_t[]){ LOOP, CODE, 0 });
	CHECK_EQ(walk(&f), WALK_NO_MAPPING);
	check_python(&f, 2, 2, 20, 2);
	check_python(&f, 6, 0, 10, 1);
}

TEST(what_cannot_be_read_is_a_frame_that_says_why)
{
	struct fixture f;

	begin(&f, PYTHON_SEGMENT_EACH);
	push(&f, 10, 1, 0);
	*word_at(&f, frame_at(0) + F_CODE * 8) = 0x900000;
	native(&f, 2, (uint32_t[]){ LOOP, END });
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	CHECK_EQ(f.words[2], SAMPLE_FRAME_PYTHON);
	CHECK_EQ(f.words[3], PYTHON_FAULT_CODE_FAULT);
	*word_at(&f, STATE) = 0x900000;
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	CHECK_EQ(f.words[3], PYTHON_FAULT_FRAME_FAULT);
	*word_at(&f, THREAD + 8) = 0;
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	CHECK_EQ(f.words[3], PYTHON_FAULT_NO_STATE);
	CHECK_EQ(f.n, 5);
}

TEST(a_chain_without_end_fills_the_room_and_no_more)
{
	struct fixture f;

	begin(&f, PYTHON_SEGMENT_SHIM);
	push(&f, 10, 1, 0);
	*word_at(&f, frame_at(0) + F_PREVIOUS * 8) = frame_at(0);
	native(&f, 2, (uint32_t[]){ LOOP, END });
	CHECK_EQ(walk(&f), WALK_FULL);
	CHECK_EQ(f.n <= 64, 1);
}

TEST(each_call_of_a_function_that_calls_itself_has_its_own_instruction)
{
	struct fixture f;

	begin(&f, PYTHON_SEGMENT_ENTRY);
	push(&f, 10, 1, 1);
	push(&f, 10, 2, 0);
	push(&f, 10, 3, 0);
	for (uint32_t i = 1; i < 3; i++)
		*word_at(&f, frame_at(i) + F_CODE * 8) = code_at(0);
	native(&f, 2, (uint32_t[]){ LOOP, END });
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	check_python(&f, 2, 0, 10, 3);
	check_python(&f, 4, 0, 10, 2);
	check_python(&f, 6, 0, 10, 1);
}

#define GLOBALS (MEMORY + 8 * 230)

TEST(up_to_3_11_the_key_is_told_behind_the_holder_of_the_lock)
{
	struct fixture f;

	begin(&f, PYTHON_SEGMENT_ENTRY);
	f.runtime.python.gil_at = GLOBALS;
	f.runtime.python.key_at = GLOBALS + 20;
	f.runtime.python.key = -1;
	*word_at(&f, GLOBALS) = STATE;
	*word_at(&f, GLOBALS + 16) = 1ull << 32;
	*word_at(&f, THREAD + 24) = STATE;
	*word_at(&f, THREAD + 8) = 0;
	push(&f, 10, 1, 1);
	native(&f, 2, (uint32_t[]){ LOOP, END });
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	check_python(&f, 2, 0, 10, 1);
	CHECK_EQ(f.gil, SAMPLE_GIL_HELD);
	*word_at(&f, GLOBALS) = STATE + 8;
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	CHECK_EQ(f.gil, SAMPLE_GIL_NOT_HELD);
	f.runtime.python.key_at = GLOBALS + 48;	/* far from it */
	*word_at(&f, GLOBALS + 48) = 1;
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	check_python(&f, 2, 0, 10, 1);
	*word_at(&f, GLOBALS + 48) = 4;		/* there are four keys */
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	CHECK_EQ(f.words[3], PYTHON_FAULT_NO_STATE);
}

TEST(from_3_12_on_the_interpreters_lock_says_who_holds_it)
{
	const uint64_t interpreter = MEMORY + 8 * 240, lock = MEMORY + 8 * 250;
	struct fixture f;

	begin(&f, PYTHON_SEGMENT_SHIM);
	f.runtime.python.interp_gil = 16;
	f.runtime.python.tstate_interp = 16;
	f.runtime.python.tstate_frame = 72;
	f.runtime.python.gil_holder = 8;
	f.runtime.python.gil_locked = 16;
	push(&f, 10, 1, 0);
	*word_at(&f, STATE + 72) = *word_at(&f, STATE);
	*word_at(&f, STATE + 16) = interpreter;
	*word_at(&f, interpreter + 16) = lock;
	*word_at(&f, lock + 8) = STATE;
	*word_at(&f, lock + 16) = 1;
	native(&f, 2, (uint32_t[]){ LOOP, END });
	for (int apart = 0; apart < 2; apart++) {
		CHECK_EQ(walk(&f), WALK_COMPLETE);
		check_python(&f, 2, 0, 10, 1);
		CHECK_EQ(f.gil, SAMPLE_GIL_HELD);
		f.runtime.python.gil_locked = 40;
		*word_at(&f, lock + 40) = 1;
	}
	*word_at(&f, lock + 40) = 0;
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	CHECK_EQ(f.gil, SAMPLE_GIL_NOT_HELD);
	*word_at(&f, interpreter + 16) = 0;
	CHECK_EQ(walk(&f), WALK_COMPLETE);
	CHECK_EQ(f.gil, SAMPLE_GIL_UNKNOWN);
}

TEST_MAIN(CASE(each_run_of_the_loop_takes_one_frame_up_to_3_10),
	  CASE(a_run_goes_up_to_the_frame_that_c_called_in_3_11),
	  CASE(a_frame_of_c_ends_a_run_and_is_not_recorded_from_3_12_on),
	  CASE(frames_that_were_recorded_earlier_are_put_where_their_run_is),
	  CASE(a_stack_that_was_cut_keeps_the_interpreted_frames_that_are_left),
	  CASE(what_cannot_be_read_is_a_frame_that_says_why),
	  CASE(each_call_of_a_function_that_calls_itself_has_its_own_instruction),
	  CASE(up_to_3_11_the_key_is_told_behind_the_holder_of_the_lock),
	  CASE(from_3_12_on_the_interpreters_lock_says_who_holds_it),
	  CASE(a_chain_without_end_fills_the_room_and_no_more))
