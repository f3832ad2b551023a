/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/made_cfi.h"

TEST(rows_follow_the_program_of_a_function)
{
	struct made m = { 0 };

	add_cie(&m);
	/* push %rbp (1 byte); mov %rsp,%rbp (3); push %rbx (1); ... leave at 0x20 */
	add_fde(&m, 0x100, 0x30,
		STR("\x41\x0e\x10\x86\x02\x43\x0d\x06\x41\x83\x03\x5b\x0c\x07\x08\xc6\xc3"));
	build(&m);
	check_cfa(&m, 0x100, UNWIND_RSP, 8);
	check_cfa(&m, 0x101, UNWIND_RSP, 16);
	CHECK_EQ(rule_at(&m, 0x101).saves, UNWIND_AT_CFA);
	CHECK_EQ(rule_at(&m, 0x101).fp_off, -16);
	check_cfa(&m, 0x104, UNWIND_RBP, 16);
	CHECK_EQ(rule_at(&m, 0x105).saves, UNWIND_AT_CFA | UNWIND_AT_CFA << 4);
	CHECK_EQ(rule_at(&m, 0x105).bx_off, -24);
	check_cfa(&m, 0x11f, UNWIND_RBP, 16);
	check_cfa(&m, 0x120, UNWIND_RSP, 8);
	CHECK_EQ(rule_at(&m, 0x120).saves, 0);
	check_cfa(&m, 0x12f, UNWIND_RSP, 8);
	check_kind(&m, 0x130, UNWIND_NONE);
	check_kind(&m, 0xff, UNWIND_NONE);
	CHECK_EQ(m.table.stats.fdes, 1);
	CHECK_EQ(m.table.stats.rows_raw, 5);
	end(&m);
}

TEST(functions_may_come_in_any_order)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, 0x30000, 0x10, STR("\x0e\x30"));
	add_fde(&m, 0x100, 0x10, STR("\x0e\x10"));
	add_fde(&m, 0x200, 0x10, STR("\x0e\x20"));
	build(&m);
	check_cfa(&m, 0x108, UNWIND_RSP, 0x10);
	check_cfa(&m, 0x208, UNWIND_RSP, 0x20);
	check_cfa(&m, 0x30008, UNWIND_RSP, 0x30);
	end(&m);
}

TEST(padding_takes_the_first_rule_of_the_function_after_it)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, 0x100, 0x1, STR("\x0e\x40"));
	add_fde(&m, 0x110, 0x10, STR(""));
	add_fde(&m, 0x130, 0x10, STR(""));
	build(&m);
	check_cfa(&m, 0x100, UNWIND_RSP, 0x40);
	check_cfa(&m, 0x101, UNWIND_RSP, 8);
	check_cfa(&m, 0x10f, UNWIND_RSP, 8);
	check_kind(&m, 0x120, UNWIND_NONE);	/* 16 bytes are more than padding */
	check_kind(&m, 0x12f, UNWIND_NONE);
	check_cfa(&m, 0x130, UNWIND_RSP, 8);
	end(&m);
}

TEST(rows_that_say_what_the_row_before_says_are_dropped)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, 0x100, 0x10, STR("\x41\x0e\x10\x41\x8c\x02\x41\x8d\x03\x41\x0e\x08"));
	add_fde(&m, 0x110, 0x10, STR(""));
	build(&m);
	/* The page's first, 0x100, 0x101, 0x104, 0x120. */
	CHECK_EQ(m.table.stats.rows, 5);
	CHECK_EQ(m.table.stats.rows_raw, 6);
	end(&m);
}

TEST(every_page_begins_with_a_row_of_its_own)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, 0x100, 0x20000, STR("\x41\x0e\x10"));
	build(&m);
	CHECK_EQ((uint32_t)m.table.cells[0], MADE_TEXT >> UNWIND_PAGE_BITS);
	CHECK_EQ(m.table.cells[0] >> 32, 3);
	check_cfa(&m, 0xffff, UNWIND_RSP, 16);
	check_cfa(&m, 0x10000, UNWIND_RSP, 16);
	check_cfa(&m, 0x1ffff, UNWIND_RSP, 16);
	check_cfa(&m, 0x20000, UNWIND_RSP, 16);
	check_kind(&m, 0x20100, UNWIND_NONE);
	end(&m);
}

TEST(restored_states_bring_the_cfa_back_too)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, 0x100, 0x20, STR("\x41\x0e\x10\x86\x02\x0a\x44\xc6\x0c\x03\x08\x44\x0b"));
	build(&m);
	check_cfa(&m, 0x101, UNWIND_RSP, 16);
	check_cfa(&m, 0x105, UNWIND_RBX, 8);
	CHECK_EQ(rule_at(&m, 0x105).saves, 0);
	check_cfa(&m, 0x109, UNWIND_RSP, 16);
	CHECK_EQ(rule_at(&m, 0x109).fp_off, -16);
	end(&m);
}

TEST(an_undefined_return_address_is_the_end_of_the_stack)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, 0x100, 0x20, STR("\x07\x10\x44\x0e\x10"));
	build(&m);
	check_kind(&m, 0x100, UNWIND_END);
	check_kind(&m, 0x104, UNWIND_END);
	end(&m);
}

TEST(between_a_system_call_and_where_its_thread_starts_the_rule_tells_both_threads_apart)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, 0x100, 0x17, STR("\x41\x0e\x10"));	/* glibc's clone3(), but for the push */
	add_fde(&m, 0x121, 0x15, STR("\x07\x10"));
	add_fde(&m, 0x150, 0x10, STR(""));
	build(&m);
	check_cfa(&m, 0x116, UNWIND_RSP, 16);
	for (uint64_t at = 0x117; at < 0x121; at++) {
		check_kind(&m, at, UNWIND_CLONE);
		CHECK_EQ(rule_at(&m, at).cfa_off, 16);
	}
	check_kind(&m, 0x121, UNWIND_END);
	check_kind(&m, 0x137, UNWIND_NONE);
	end(&m);
}

TEST(a_return_address_may_be_in_a_register)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, 0x100, 0x20, STR("\x41\x0e\x00\x09\x10\x05"));	/* vfork: pop %rdi */
	build(&m);
	CHECK_EQ(rule_at(&m, 0x101).kind, UNWIND_CFA);
	CHECK_EQ(rule_at(&m, 0x101).ra_reg, UNWIND_RDI);
	CHECK_EQ(rule_at(&m, 0x101).cfa_off, 0);
	end(&m);
}

TEST(a_cfa_in_a_slot_and_an_rbp_saved_relative_to_rbp_are_known_by_their_shape)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, 0x100, 0x20, STR("\x10\x06\x02\x76\x00\x0f\x03\x76\x78\x06"));
	add_fde(&m, 0x120, 0x20, STR("\x0f\x06\x77\xf8\x00\x06\x23\x08"));
	build(&m);
	CHECK_EQ(rule_at(&m, 0x100).kind, UNWIND_CFA_DEREF);
	CHECK_EQ(rule_at(&m, 0x100).cfa_base, UNWIND_RBP);
	CHECK_EQ(rule_at(&m, 0x100).cfa_off, -8);
	CHECK_EQ(rule_at(&m, 0x100).cfa_add, 0);
	CHECK_EQ(rule_at(&m, 0x100).saves, UNWIND_AT_FP);
	CHECK_EQ(rule_at(&m, 0x120).kind, UNWIND_CFA_DEREF);
	CHECK_EQ(rule_at(&m, 0x120).cfa_off, 120);
	CHECK_EQ(rule_at(&m, 0x120).cfa_add, 8);
	end(&m);
}

TEST(the_linkers_plt_expression_gives_its_threshold)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, 0x100, 0x20,
		STR("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22"));
	add_fde(&m, 0x120, 0x20,
		STR("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3a\x2a\x33\x24\x22"));
	build(&m);
	CHECK_EQ(rule_at(&m, 0x100).kind, UNWIND_PLT);
	CHECK_EQ(rule_at(&m, 0x100).cfa_off, 8);
	CHECK_EQ(rule_at(&m, 0x100).cfa_add, 11);
	CHECK_EQ(rule_at(&m, 0x120).cfa_add, 10);
	end(&m);
}

TEST(what_no_rule_can_hold_is_said_to_be_unsupported)
{
	static const struct str programs[] = {
		{ "\x0f\x01\x96", 3 },			/* CFA: an operator alone */
		{ "\x0f\x07\x77\x08\x79\x00\x38\x1e\x22", 9 },	/* CFA: rsp + 8 + r9 * 8 */
		{ "\x0e\x80\x80\x80\x80\x10", 6 },	/* CFA: rsp + 2^32 */
		{ "\x0c\x12\x08", 3 },			/* CFA: of xmm1 */
		{ "\x14\x10\x01", 3 },			/* rip: val_offset */
		{ "\x08\x10", 2 },			/* rip: same value */
		{ "\x05\x10\x80\x80\x08", 5 },		/* rip: 2^17 * -8 from the CFA */
	};
	struct made m = { 0 };
	uint32_t n = sizeof(programs) / sizeof(*programs);

	add_cie(&m);
	for (uint32_t i = 0; i < n; i++)
		add_fde(&m, i * 0x10, 0x10, programs[i]);
	build(&m);
	for (uint32_t i = 0; i < n; i++)
		check_kind(&m, i * 0x10, UNWIND_UNSUPPORTED);
	CHECK_EQ(m.table.stats.unsupported, 1);
	CHECK_EQ(m.table.stats.damaged, 0);
	end(&m);
}

TEST(an_rbp_that_cannot_be_found_is_lost_and_the_rest_holds)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, 0x100, 0x10, STR("\x14\x06\x01\x07\x03"));
	build(&m);
	check_cfa(&m, 0x100, UNWIND_RSP, 8);
	CHECK_EQ(rule_at(&m, 0x100).saves, UNWIND_LOST | UNWIND_LOST << 4);
	end(&m);
}

TEST(a_damaged_program_holds_up_to_the_damage)
{
	static const struct str programs[] = {
		{ "\x41\x3f", 2 },		/* no such instruction */
		{ "\x41\x0b", 2 },		/* nothing was remembered */
		{ "\x41\x0f\x70", 3 },		/* an expression longer than the program */
		{ "\x41\x0e", 2 },		/* no operand */
		{ "\x41\x01\x00\x00\x80\xff", 6 },	/* set_loc backwards */
	};
	struct made m = { 0 };
	uint32_t n = sizeof(programs) / sizeof(*programs);

	add_cie(&m);
	for (uint32_t i = 0; i < n; i++)
		add_fde(&m, i * 0x40, 0x10, programs[i]);
	build(&m);
	for (uint32_t i = 0; i < n; i++) {
		check_cfa(&m, i * 0x40, UNWIND_RSP, 8);
		check_kind(&m, i * 0x40 + 1, UNWIND_UNSUPPORTED);
	}
	CHECK_EQ(m.table.stats.damaged, n);
	end(&m);
}

TEST(states_remembered_without_end_are_damage)
{
	struct made m = { 0 };
	char program[64];

	memset(program, 0x0a, sizeof(program));
	add_cie(&m);
	add_fde(&m, 0x100, 0x10, str_over(program, sizeof(program)));
	build(&m);
	CHECK_EQ(m.table.stats.damaged, 1);
	end(&m);
}

TEST(a_damaged_entry_does_not_hide_the_others)
{
	struct made m = { 0 };

	add_cie_as(&m, STR("zQ"), PCREL4, START);	/* no such augmentation */
	add_fde(&m, 0x200, 0x10, STR(""));
	add_u32(&m.eh_frame, 0);			/* a terminator in the middle */
	add_cie(&m);
	add_fde(&m, 0x100, 0x10, STR(""));
	m.cie = 3;
	add_fde(&m, 0x300, 0x10, STR(""));		/* its CIE is none */
	add_u32(&m.eh_frame, 0x1000);			/* longer than the section */
	build(&m);
	check_cfa(&m, 0x100, UNWIND_RSP, 8);
	check_kind(&m, 0x200, UNWIND_NONE);
	check_kind(&m, 0x300, UNWIND_NONE);
	CHECK_EQ(m.table.stats.fdes, 1);
	CHECK_EQ(m.table.stats.damaged, 4);
	end(&m);
}

TEST(overlapping_functions_hold_up_to_the_next_start)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, 0x100, 0x100, STR("\x0e\x10"));
	add_fde(&m, 0x140, 0x10, STR("\x0e\x20"));
	add_fde(&m, 0x140, 0x20, STR("\x0e\x30"));	/* the first of two at one address counts */
	build(&m);
	check_cfa(&m, 0x13f, UNWIND_RSP, 0x10);
	check_cfa(&m, 0x140, UNWIND_RSP, 0x20);
	check_kind(&m, 0x150, UNWIND_NONE);
	end(&m);
}

TEST(functions_outside_executable_segments_are_not_taken)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, MADE_TEXT_SIZE, 0x10, STR(""));
	add_fde(&m, MADE_TEXT_SIZE - 8, 0x10, STR(""));
	add_fde(&m, 0x100, 0, STR(""));
	build(&m);
	CHECK_EQ(m.table.stats.fdes, 0);
	CHECK(m.table.cells == NULL);
	CHECK_EQ(unwind_find(&m.table, MADE_TEXT), UNWIND_RULE_NONE);
	end(&m);
}

TEST(a_file_of_another_machine_has_an_empty_table)
{
	struct made m = { .spec.machine = EM_AARCH64 };

	add_cie(&m);
	add_fde(&m, 0x100, 0x10, STR(""));
	build(&m);
	CHECK(m.table.cells == NULL);
	end(&m);
}

TEST(equal_rules_share_a_number_and_a_full_dictionary_says_unsupported)
{
	struct unwind_rules rules;
	struct unwind_rule rule = { .kind = UNWIND_CFA };

	CHECK_EQ(unwind_rules_init(&rules), 0);
	CHECK_EQ(rules.items[UNWIND_RULE_NONE].kind, UNWIND_NONE);
	CHECK_EQ(rules.items[UNWIND_RULE_UNSUPPORTED].kind, UNWIND_UNSUPPORTED);
	CHECK_EQ(unwind_rules_add(&rules, &rule), 2);
	CHECK_EQ(unwind_rules_add(&rules, &rule), 2);
	for (rule.cfa_off = 1; rules.n < UNWIND_RULES_MAX; rule.cfa_off++)
		unwind_rules_add(&rules, &rule);
	rule.cfa_off = -1;
	CHECK_EQ(unwind_rules_add(&rules, &rule), UNWIND_RULE_UNSUPPORTED);
	unwind_rules_fini(&rules);
}

TEST_MAIN(CASE(rows_follow_the_program_of_a_function),
	  CASE(functions_may_come_in_any_order),
	  CASE(padding_takes_the_first_rule_of_the_function_after_it),
	  CASE(rows_that_say_what_the_row_before_says_are_dropped),
	  CASE(every_page_begins_with_a_row_of_its_own),
	  CASE(restored_states_bring_the_cfa_back_too),
	  CASE(an_undefined_return_address_is_the_end_of_the_stack),
	  CASE(between_a_system_call_and_where_its_thread_starts_the_rule_tells_both_threads_apart),
	  CASE(a_return_address_may_be_in_a_register),
	  CASE(a_cfa_in_a_slot_and_an_rbp_saved_relative_to_rbp_are_known_by_their_shape),
	  CASE(the_linkers_plt_expression_gives_its_threshold),
	  CASE(what_no_rule_can_hold_is_said_to_be_unsupported),
	  CASE(an_rbp_that_cannot_be_found_is_lost_and_the_rest_holds),
	  CASE(a_damaged_program_holds_up_to_the_damage),
	  CASE(states_remembered_without_end_are_damage),
	  CASE(a_damaged_entry_does_not_hide_the_others),
	  CASE(overlapping_functions_hold_up_to_the_next_start),
	  CASE(functions_outside_executable_segments_are_not_taken),
	  CASE(a_file_of_another_machine_has_an_empty_table),
	  CASE(equal_rules_share_a_number_and_a_full_dictionary_says_unsupported))
