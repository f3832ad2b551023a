/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/test.h"
#include "walk/v8_image_test.h"

static uint32_t function_check(void)
{
	return v8_check(34ull << 32, 12, OBJECT(SCRIPT) + V8_TAG, 0x5551);
}

/* Two words from `i` on. */
static void check_pair(uint32_t i, uint64_t address, uint32_t check, enum v8_frame kind, uint32_t place)
{
	CHECK(i + 1 < image_out.n);
	CHECK(image_out.words[i] & SAMPLE_FRAME_V8);
	CHECK_EQ(SAMPLE_FRAME_PC(image_out.words[i]), address);
	CHECK_EQ(image_out.words[i + 1] >> 32, check);
	CHECK_EQ(SAMPLE_V8_KIND(image_out.words[i + 1]), kind);
	CHECK_EQ(SAMPLE_V8_PLACE(image_out.words[i + 1]), place);
}

/* From `i` on there is only what has called the function. */
static void check_callers(uint32_t i)
{
	CHECK_EQ(image_out.n, i + 2);
	CHECK_EQ(SAMPLE_FRAME_PC(image_out.words[i]), at(PLAIN));
	CHECK_EQ(SAMPLE_FRAME_PC(image_out.words[i + 1]), at(END));
}

static void check_function(enum v8_frame kind, uint32_t place)
{
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	check_pair(0, OBJECT(SHARED), function_check(), kind, place);
	check_callers(2);
	CHECK_EQ(image_out.n_new, 1);
}

static void check_optimised(unsigned code, uint32_t place)
{
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	check_pair(0, OBJECT(code),
		   v8_code_check(function_check(), 0x100, 0x1110 + code, 0x2220 + code), V8_OPTIMIZED,
		   place);
	check_callers(2);
}

TEST(code_that_the_function_has_is_told_with_the_place_in_it)
{
	image_make();
	check_optimised(CODE, 0x40);
	image.regs[UNWIND_RIP] = CODE_AT + 0x2ff;
	check_optimised(CODE, 0xff);
}

TEST(a_dispatch_table_tells_what_code_a_function_has)
{
	image_make();
	image.runtime.v8.dispatch_group_at = OBJECT(GROUP);
	image.runtime.v8.dispatch_table = 16;
	put(OBJECT(GROUP), OBJECT(GROUP) + 8);
	put(OBJECT(GROUP) + 24, OBJECT(DISPATCH));
	put(OBJECT(FUNCTION) + 24, 3u << V8_HANDLE_SHIFT);
	put(OBJECT(DISPATCH) + 3 * 16 + 8, (OBJECT(CODE) + V8_TAG) << V8_ENTRY_CODE_SHIFT);
	check_optimised(CODE, 0x40);
}

static void check_elsewhere(uint64_t pc)
{
	uint64_t around[V8_BYTES_WORDS];

	CHECK_EQ(image_walk(), WALK_COMPLETE);
	memcpy(around, image.code + (pc - CODE_AT) - V8_BYTES_BEFORE, sizeof(around));
	check_pair(0, pc, v8_bytes_check(around), V8_AT, 0);
	check_pair(2, OBJECT(SHARED), function_check(), V8_FUNCTION, 0);
	check_callers(4);
}

TEST(other_code_is_told_by_the_instruction_and_the_bytes_there)
{
	image_make();
	image.regs[UNWIND_RIP] = CODE_AT + 0x440;
	put(CODE_AT + 0x440, 0x1122334455667788);
	check_elsewhere(CODE_AT + 0x440);
	/* behind the code that it has is not in it */
	image_make();
	image.regs[UNWIND_RIP] = CODE_AT + 0x300;
	check_elsewhere(CODE_AT + 0x300);
}

static void put_bytecode_slots(uint32_t offset)
{
	put(FRAME - 32, OBJECT(BYTECODES) + V8_TAG);
	put(FRAME - 40, (uint64_t)(offset + 64 - V8_TAG) << 32);
}

TEST(a_loop_that_was_gone_on_with_in_code_is_not_interpreted)
{
	image_make();
	put_bytecode_slots(17);
	image.regs[UNWIND_RIP] = CODE_AT + 0x440;
	check_elsewhere(CODE_AT + 0x440);
	image.regs[UNWIND_RIP] = CODE_AT + 0x240;
	check_optimised(CODE, 0x40);
}

TEST(where_the_interpreter_stands_the_function_does)
{
	image_make();
	put_bytecode_slots(17);
	image.regs[UNWIND_RIP] = at(INTERPRETER);
	check_function(V8_INTERPRETED, 17);
	/* each function has an interpreter of its own */
	image_make();
	put_bytecode_slots(18);
	make_code(CODE, 0x200, 0x100, KIND_INTERPRETED);
	check_function(V8_INTERPRETED, 18);
}

/* V8 has moved the builtins' pages (mremap()), which no event tells. */
TEST(a_second_interpreter_in_run_time_code_is_the_interpreter)
{
	image_make();
	put_bytecode_slots(7);
	make_code(CODE, 0x200, 0x100, KIND_BUILTIN);
	check_function(V8_INTERPRETED, 7);
	/* another builtin, as the one that compiles the function when it is called first */
	image_make();
	make_code(CODE, 0x200, 0x100, KIND_BUILTIN);
	check_function(V8_FUNCTION, 0);
}

TEST(where_a_file_has_no_rows_for_builtins_their_frames_are_found_all_the_same)
{
	image_make();
	put_bytecode_slots(21);
	image.regs[UNWIND_RIP] = at(NONE);
	check_function(V8_INTERPRETED, 21);
	/* a frame of something else there */
	put(FRAME - 16, OBJECT(SHARED) + V8_TAG);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	CHECK_EQ(image_out.words[0], at(NONE));
	check_callers(1);
}

TEST(a_function_that_a_collection_is_moving_is_found_where_it_is_now)
{
	image_make();
	put_bytecode_slots(23);
	image.regs[UNWIND_RIP] = at(INTERPRETER);
	put(FRAME - 16, OBJECT(DISPATCH) + V8_TAG);
	put(OBJECT(DISPATCH), OBJECT(FUNCTION));
	check_function(V8_INTERPRETED, 23);
}

TEST(what_works_in_a_functions_frame_is_a_frame_of_its_own)
{
	image_make();
	image.regs[UNWIND_RIP] = at(INTERPRETER);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	CHECK_EQ(image_out.words[0], at(INTERPRETER));
	check_pair(1, OBJECT(SHARED), function_check(), V8_FUNCTION, 0);
	check_callers(3);
	/* a frame of a kind that is no function's */
	put(FRAME - 8, 20 << 1);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	CHECK_EQ(image_out.words[0], at(INTERPRETER));
	check_callers(1);
}

TEST(a_function_goes_on_where_a_builtin_without_a_frame_returns_to)
{
	uint64_t around[V8_BYTES_WORDS];
	uint32_t optimised;

	image_make();
	optimised = v8_code_check(function_check(), 0x100, 0x1110 + CODE, 0x2220 + CODE);
	image.regs[UNWIND_RIP] = at(NONE);
	put(image.regs[UNWIND_RSP], CODE_AT + 0x240);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	CHECK_EQ(image_out.words[0], at(NONE));
	check_pair(1, OBJECT(CODE), optimised, V8_OPTIMIZED, 0x40);
	CHECK(image_out.words[1] & SAMPLE_FRAME_RETURN);
	check_callers(3);
	/* code that is not the function's own, behind call [r13 + n] */
	put(image.regs[UNWIND_RSP], CODE_AT + 0x440);
	put(CODE_AT + 0x438, 0x1295ff41ull << 8);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	memcpy(around, image.code + 0x440 - V8_BYTES_BEFORE, sizeof(around));
	check_pair(1, CODE_AT + 0x440, v8_bytes_check(around), V8_AT, 0);
	check_pair(3, OBJECT(SHARED), function_check(), V8_FUNCTION, 0);
	check_callers(5);
	/* what is no return address */
	put(CODE_AT + 0x438, 0);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	CHECK_EQ(image_out.words[0], at(NONE));
	check_pair(1, OBJECT(SHARED), function_check(), V8_FUNCTION, 0);
	check_callers(3);
}

TEST(a_frame_that_v8_made_is_returned_to_at_the_first_byte)
{
	image_make();
	put_bytecode_slots(19);
	put(STACK_AT + 0x100, FILE_AT + END * 0x100);	/* one byte behind ENTERED's last */
	image.regs[UNWIND_RIP] = at(PLAIN);
	image.regs[UNWIND_RSP] = STACK_AT + 0x100;
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	CHECK_EQ(image_out.words[0], at(PLAIN));
	check_pair(1, OBJECT(SHARED), function_check(), V8_INTERPRETED, 19);
	CHECK(!(image_out.words[1] & SAMPLE_FRAME_RETURN));
	check_callers(3);
}

TEST(baseline_code_is_found_behind_what_leads_to_it)
{
	image_make();
	put(OBJECT(SHARED) + 8, OBJECT(BASELINE_CODE) + V8_TAG);
	image.regs[UNWIND_RIP] = CODE_AT + 0x620;
	check_function(V8_BASELINE, 0x20);
	image_make();
	image.runtime.v8.type_baseline_data = TYPE_BASELINE;
	put(OBJECT(SHARED) + 8, OBJECT(BASELINE_DATA) + V8_TAG);
	put(OBJECT(BASELINE_DATA), OBJECT(BASELINE_MAP) + V8_TAG);
	put(OBJECT(BASELINE_DATA) + 8, OBJECT(BASELINE_CODE) + V8_TAG);
	image.regs[UNWIND_RIP] = CODE_AT + 0x620;
	check_function(V8_BASELINE, 0x20);
}

/* "push rbp; mov rbp, rsp" at the start of the code. */
static void put_prologue(void)
{
	memcpy(image.code + 0x200, "\x55\x48\x89\xe5", 4);
	image.regs[UNWIND_RDI] = OBJECT(FUNCTION) + V8_TAG;
	image.regs[UNWIND_RBP] = CALLER_FRAME;
}

TEST(before_its_frame_stands_a_function_is_in_a_register)
{
	image_make();
	put_prologue();
	put(FRAME - 16, 0);
	image.regs[UNWIND_RIP] = CODE_AT + 0x200;
	image.regs[UNWIND_RSP] = FRAME + 8;
	check_optimised(CODE, 0);
	image.regs[UNWIND_RIP] = CODE_AT + 0x201;
	image.regs[UNWIND_RSP] = FRAME;
	check_optimised(CODE, 1);
	image.regs[UNWIND_RIP] = CODE_AT + 0x204;	/* pushes of the slots follow */
	image.regs[UNWIND_RBP] = FRAME;
	check_optimised(CODE, 4);
}

TEST(behind_its_frame_the_return_address_is_on_top)
{
	image_make();
	memcpy(image.code + 0x240, "\x48\x8b\xe5\x5d\xc3", 5);
	image.regs[UNWIND_RIP] = CODE_AT + 0x244;
	image.regs[UNWIND_RSP] = FRAME + 8;
	image.regs[UNWIND_RBP] = CALLER_FRAME;
	check_optimised(CODE, 0x44);
}

TEST(what_is_no_function_is_a_stub)
{
	image_make();
	put(FRAME - 16, OBJECT(SHARED) + V8_TAG);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	check_pair(0, CODE_AT + 0x240, 0, V8_STUB, 0);
	check_callers(2);
	image_make();
	put(FRAME - 8, 4 << 1);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	check_pair(0, CODE_AT + 0x240, V8_WASM_CHECK(OBJECT(FUNCTION)), V8_WASM, V8_WASM_PLACE(OBJECT(FUNCTION)));
	CHECK_EQ(V8_WASM_INSTANCE(image_out.words[1]), OBJECT(FUNCTION));
	put(FRAME - 16, 0x7fedcba98760 + V8_TAG);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	CHECK_EQ(V8_WASM_INSTANCE(image_out.words[1]), 0x7fedcba98760);
	/* its instance is not pushed yet */
	image.regs[UNWIND_RSP] = FRAME - 8;
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	check_pair(0, CODE_AT + 0x240, 0, V8_WASM, 0);
	/* a builtin's function has no code there */
	image_make();
	put(OBJECT(SHARED) + 8, 77ull << 32);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	check_pair(0, CODE_AT + 0x240, 0, V8_STUB, 0);
	check_callers(2);
}

TEST(what_cannot_be_read_is_a_fault_and_the_walk_goes_on)
{
	image_make();
	put(OBJECT(FUNCTION) + 32, 0x123456781);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	check_pair(0, 0, 0, V8_FAULT, V8_FAULT_FUNCTION_FAULT);
	check_callers(2);
	CHECK_EQ(image_out.n_new, 0);
}

/* Code of a regular expression, called by a builtin's frame that has the expression in one of its slots. */
static void make_regexp(void)
{
	image_make();
	image.runtime.v8.frame_regexp = 27;
	put(FRAME - 8, 27 << 1);
	put(FRAME + 0x20, OBJECT(SCRIPT) + V8_TAG);
	put(FRAME + 0x28, OBJECT(REGEXP) + V8_TAG);
}

TEST(code_of_a_regular_expression_is_told_with_the_string_that_it_was_made_of)
{
	make_regexp();
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	check_pair(0, OBJECT(REGEXP_SOURCE), v8_string_check(0x500001234), V8_REGEXP, 0);
	check_callers(2);
	CHECK_EQ(image_out.n_new, 0);
	/* behind a wrapper, in the other place */
	make_regexp();
	put(OBJECT(REGEXP_DATA) + 48, 0);
	put(OBJECT(REGEXP_DATA) + 40, OBJECT(GROUP) + V8_TAG);
	put(OBJECT(GROUP) + 8, OBJECT(CODE) + V8_TAG);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	check_pair(0, OBJECT(REGEXP_SOURCE), v8_string_check(0x500001234), V8_REGEXP, 0);
	/* frames without a type */
	make_regexp();
	image.runtime.v8.frame_regexp = 0;
	put(FRAME - 8, 0x7771);
	put(FRAME - 16, 17ull << 32);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	check_pair(0, OBJECT(REGEXP_SOURCE), v8_string_check(0x500001234), V8_REGEXP, 0);
}

TEST(a_regular_expression_whose_code_is_other_code_is_not_named)
{
	make_regexp();
	put(OBJECT(REGEXP_DATA) + 48, OBJECT(OTHER_CODE) + V8_TAG);
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	check_pair(0, 0, 0, V8_REGEXP, 0);
	check_callers(2);
}

TEST(a_function_that_calls_itself_may_run_in_different_code_each_time)
{
	uint64_t around[V8_BYTES_WORDS];

	image_make();
	put(FRAME + 8, CODE_AT + 0x440);
	put(CALLER_FRAME, CALLER_FRAME + 0x80);
	put(CALLER_FRAME + 8, CODE_AT + 0x260);
	put(CALLER_FRAME - 8, 0x7771);
	put(CALLER_FRAME - 16, OBJECT(FUNCTION) + V8_TAG);
	put(CALLER_FRAME + 0x80, CALLER_FRAME + 0x100);
	put(CALLER_FRAME + 0x88, at(PLAIN));
	put(CALLER_FRAME + 0x78, 0x7771);
	put(CALLER_FRAME + 0x70, OBJECT(FUNCTION) + V8_TAG);
	put(CALLER_FRAME + 0x90, at(END));
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	check_pair(0, OBJECT(CODE), v8_code_check(function_check(), 0x100, 0x1110 + CODE, 0x2220 + CODE),
		   V8_OPTIMIZED, 0x40);
	memcpy(around, image.code + 0x440 - V8_BYTES_BEFORE, sizeof(around));
	check_pair(2, CODE_AT + 0x440, v8_bytes_check(around), V8_AT, 0);
	check_pair(4, OBJECT(SHARED), function_check(), V8_FUNCTION, 0);
	check_pair(6, OBJECT(CODE), v8_code_check(function_check(), 0x100, 0x1110 + CODE, 0x2220 + CODE),
		   V8_OPTIMIZED, 0x60);
	check_callers(8);
}

TEST(nothing_that_was_read_in_one_walk_is_taken_for_true_in_the_next)
{
	image_make();
	check_optimised(CODE, 0x40);
	put(OBJECT(FUNCTION) + 24, OBJECT(OTHER_CODE) + V8_TAG);	/* it was compiled anew */
	image.regs[UNWIND_RIP] = CODE_AT + 0x440;
	check_optimised(OTHER_CODE, 0x40);
	put_half(OBJECT(SHARED) + 60, 13);	/* another function is there */
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	CHECK(image_out.words[1] >> 32 != v8_code_check(function_check(), 0x100, 0x1110 + OTHER_CODE,
							 0x2220 + OTHER_CODE));
	make_map(FUNCTION_MAP, TYPE_SHARED);	/* and now none */
	CHECK_EQ(image_walk(), WALK_COMPLETE);
	check_pair(0, CODE_AT + 0x440, 0, V8_STUB, 0);
}

TEST_MAIN(CASE(code_that_the_function_has_is_told_with_the_place_in_it),
	  CASE(a_dispatch_table_tells_what_code_a_function_has),
	  CASE(other_code_is_told_by_the_instruction_and_the_bytes_there),
	  CASE(a_loop_that_was_gone_on_with_in_code_is_not_interpreted),
	  CASE(where_the_interpreter_stands_the_function_does),
	  CASE(a_function_goes_on_where_a_builtin_without_a_frame_returns_to),
	  CASE(a_second_interpreter_in_run_time_code_is_the_interpreter),
	  CASE(where_a_file_has_no_rows_for_builtins_their_frames_are_found_all_the_same),
	  CASE(a_function_that_a_collection_is_moving_is_found_where_it_is_now),
	  CASE(what_works_in_a_functions_frame_is_a_frame_of_its_own),
	  CASE(a_frame_that_v8_made_is_returned_to_at_the_first_byte),
	  CASE(baseline_code_is_found_behind_what_leads_to_it),
	  CASE(before_its_frame_stands_a_function_is_in_a_register),
	  CASE(behind_its_frame_the_return_address_is_on_top),
	  CASE(what_is_no_function_is_a_stub),
	  CASE(what_cannot_be_read_is_a_fault_and_the_walk_goes_on),
	  CASE(code_of_a_regular_expression_is_told_with_the_string_that_it_was_made_of),
	  CASE(a_regular_expression_whose_code_is_other_code_is_not_named),
	  CASE(a_function_that_calls_itself_may_run_in_different_code_each_time),
	  CASE(nothing_that_was_read_in_one_walk_is_taken_for_true_in_the_next))
