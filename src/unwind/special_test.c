/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/made_cfi.h"

/* ---- Pointer encodings and where CFI is. ---- */

/* The same FDE in several encodings; section addresses as in made_elf.h. */
TEST(every_pointer_encoding_gives_the_same_function)
{
	static const struct {
		uint8_t encoding;
		struct str pointers;	/* start and size */
	} rows[] = {
		{ CFI_PTR_ABS, { "\0\1\1\0\0\0\0\0\x10\0\0\0\0\0\0\0", 16 } },
		{ CFI_PTR_U8, { "\0\1\1\0\0\0\0\0\x10\0\0\0\0\0\0\0", 16 } },
		{ CFI_PTR_U4, { "\0\1\1\0\x10\0\0\0", 8 } },
		{ CFI_PTR_ULEB, { "\x80\x82\4\x10", 4 } },
		{ CFI_PTR_SLEB, { "\x80\x82\4\x10", 4 } },
		/* The pointer is at 0x800000 + 22 (the CIE) + 8. */
		{ CFI_PTR_PCREL | CFI_PTR_S4, { "\xe2\0\x81\xff\x10\0\0\0", 8 } },
		{ CFI_PTR_PCREL | CFI_PTR_S8,
		  { "\xe2\0\x81\xff\xff\xff\xff\xff\x10\0\0\0\0\0\0\0", 16 } },
		{ CFI_PTR_TEXTREL | CFI_PTR_U2, { "\0\1\x10\0", 4 } },
		{ CFI_PTR_TEXTREL | CFI_PTR_S2, { "\0\1\x10\0", 4 } },
		{ CFI_PTR_DATAREL | CFI_PTR_U4, { "\0\1\1\0\x10\0\0\0", 8 } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct made m = { 0 };
		size_t at;

		add_cie_as(&m, STR("zR"), rows[i].encoding, START);
		at = m.eh_frame.n;
		CHECK_EQ(at, 22);
		add_u32(&m.eh_frame, 0);
		add_u32(&m.eh_frame, (uint32_t)at + 4);
		buf_add_str(&m.eh_frame, rows[i].pointers);
		buf_add(&m.eh_frame, "\0\x41\x0e\x10", 4);
		end_entry(&m.eh_frame, at);
		build(&m);
		check_kind(&m, 0xff, UNWIND_NONE);
		check_cfa(&m, 0x100, UNWIND_RSP, 8);
		check_cfa(&m, 0x10f, UNWIND_RSP, 16);
		check_kind(&m, 0x110, UNWIND_NONE);
		end(&m);
	}
}

TEST(a_personality_routine_is_passed_over_in_any_encoding)
{
	struct made m = { 0 };
	size_t at;

	/* P: indirect pcrel sdata4; L: pcrel sdata4; R: absolute udata4. */
	buf_add(&m.eh_frame, "\0\0\0\0\0\0\0\0\1zPLR\0\1\x78\x10\7\x9b\1\2\3\4\x1b\3", 25);
	buf_add_str(&m.eh_frame, START);
	end_entry(&m.eh_frame, 0);
	at = m.eh_frame.n;
	add_u32(&m.eh_frame, 0);
	add_u32(&m.eh_frame, (uint32_t)at + 4);
	buf_add(&m.eh_frame, "\0\1\1\0\x10\0\0\0\4\xff\xff\xff\xff\x41\x0e\x20", 16);
	end_entry(&m.eh_frame, at);
	build(&m);
	check_cfa(&m, 0x101, UNWIND_RSP, 32);
	end(&m);
}

static void add_debug_frame(struct made *m, uint64_t vaddr, uint64_t size, struct str program)
{
	struct buf *buf = &m->debug_frame;
	size_t at;

	if (!buf->n) {
		buf_add(buf, "\0\0\0\0\xff\xff\xff\xff\4\0\x08\0\1\x78\x10", 15);
		buf_add_str(buf, START);
		end_entry(buf, 0);
	}
	at = buf->n;
	vaddr += MADE_TEXT;
	add_u32(buf, 0);
	add_u32(buf, 0);
	buf_add(buf, &vaddr, sizeof(vaddr));
	buf_add(buf, &size, sizeof(size));
	buf_add_str(buf, program);
	end_entry(buf, at);
}

TEST(debug_frame_is_used_where_eh_frame_says_nothing)
{
	struct made m = { 0 };

	add_cie(&m);
	add_fde(&m, 0x100, 0x40, STR("\x0e\x10"));
	add_debug_frame(&m, 0x100, 0x40, STR("\x0e\x20"));
	add_debug_frame(&m, 0x120, 0x10, STR("\x0e\x30"));
	add_debug_frame(&m, 0x200, 0x10, STR("\x0e\x40"));
	build(&m);
	check_cfa(&m, 0x100, UNWIND_RSP, 0x10);
	check_cfa(&m, 0x13f, UNWIND_RSP, 0x10);
	check_cfa(&m, 0x200, UNWIND_RSP, 0x40);
	end(&m);
}

TEST(without_section_headers_cfi_is_found_by_its_segment)
{
	struct made m = { .spec.no_sections = true };

	add_cie(&m);
	add_fde(&m, 0x100, 0x40, STR("\x0e\x10"));
	build(&m);
	check_cfa(&m, 0x100, UNWIND_RSP, 0x10);
	end(&m);
}

/* ---- Entry stubs. ---- */

TEST(an_entry_stub_without_cfi_is_the_end_of_the_stack)
{
	static const struct {
		struct str code;
		uint32_t size;
	} rows[] = {
		/* glibc: ...; call *__libc_start_main; hlt */
		{ STR("\x31\xed\x49\x89\xd1\x5e\xff\x15\0\0\0\0\xf4\x90\x90\x90"), 13 },
		{ STR("\xf3\x0f\x1e\xfa\x31\xed\x5e\x67\xe8\0\0\0\0\xf4\x90\x90"), 14 },
		/* musl: ...; and $-16,%rsp; call _start_c */
		{ STR("\x48\x31\xed\x48\x89\xe7\x48\x83\xe4\xf0\xe8\0\0\0\0\x90"), 15 },
		/* ld.so: mov %rsp,%rdi; call _dl_start; ... */
		{ STR("\x48\x89\xe7\xe8\0\0\0\0\x90\x90\x90\x90\x90\x90\x90\x90"), 16 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct made m = { .spec.text = rows[i].code, .spec.entry = MADE_TEXT };

		add_cie(&m);
		add_fde(&m, 0x1000, 0x10, STR(""));
		build(&m);
		check_kind(&m, 0, UNWIND_END);
		check_kind(&m, rows[i].size - 1, UNWIND_END);
		check_kind(&m, rows[i].size, UNWIND_NONE);
		end(&m);
	}
}

TEST(an_entry_stub_whose_cfi_says_nothing_is_the_end_too)
{
	struct made m = { .spec.entry = MADE_TEXT,
			  .spec.text = STR("\x31\xed\x49\x89\xd1\x5e\xff\x15"
					   "\0\0\0\0\xf4\x90\x90\x90") };

	add_cie(&m);
	add_fde(&m, 0, 0x10, STR(""));
	build(&m);
	check_kind(&m, 0, UNWIND_END);
	check_kind(&m, 0xf, UNWIND_END);
	end(&m);
}

TEST(an_entry_that_is_an_ordinary_function_keeps_its_rows)
{
	struct made m = { .spec.entry = MADE_TEXT,
			  .spec.text = STR("\x55\x48\x89\xe5\x5d\xc3\x90\x90"
					   "\x90\x90\x90\x90\x90\x90\x90\x90") };

	add_cie(&m);
	add_fde(&m, 0, 0x10, STR(""));
	build(&m);
	check_cfa(&m, 0, UNWIND_RSP, 8);
	end(&m);
}

/* ---- Signal trampolines. ---- */

#define NOPS8 "\x90\x90\x90\x90\x90\x90\x90\x90"
#define RESTORE_RT "\x48\xc7\xc0\x0f\0\0\0\x0f\x05"

TEST(a_trampoline_without_cfi_is_found_by_its_bytes_and_begins_a_byte_early)
{
	struct made m = { .spec.text = STR(NOPS8 NOPS8 RESTORE_RT "\x90\x90\x90\x90\x90\x90\x90"
					   NOPS8 "\xb8\x0f\0\0\0\x0f\x05\x90") };

	add_cie(&m);
	add_fde(&m, 0, 8, STR(""));
	add_fde(&m, 0x40, 8, STR(""));
	build(&m);
	check_kind(&m, 14, UNWIND_NONE);
	check_kind(&m, 15, UNWIND_SIGNAL);
	check_kind(&m, 16, UNWIND_SIGNAL);
	check_kind(&m, 24, UNWIND_SIGNAL);
	check_kind(&m, 25, UNWIND_NONE);
	check_kind(&m, 39, UNWIND_SIGNAL);
	check_kind(&m, 46, UNWIND_SIGNAL);
	check_kind(&m, 47, UNWIND_NONE);
	end(&m);
}

TEST(a_trampolines_rule_is_not_stretched_over_the_padding_before_it)
{
	struct made m = { .spec.text = STR(NOPS8 NOPS8 RESTORE_RT) };

	add_cie(&m);
	add_fde(&m, 0, 8, STR(""));
	build(&m);
	check_cfa(&m, 7, UNWIND_RSP, 8);
	check_kind(&m, 8, UNWIND_NONE);
	check_kind(&m, 14, UNWIND_NONE);
	check_kind(&m, 15, UNWIND_SIGNAL);
	end(&m);
}

/* Without the byte, a handler's return address would be looked up in the function before. */
TEST(a_signal_frame_begins_a_byte_early_unless_its_cfi_does)
{
	struct made m = { .spec.text = STR(RESTORE_RT "\x90\x90\x90\x90\x90\x90\x90"
					   "\x90" RESTORE_RT "\x90\x90\x90\x90\x90\x90") };

	add_cie_as(&m, STR("zRS"), PCREL4, START);
	add_fde(&m, 0x10, 10, STR(""));		/* at the nop before the code, as glibc has it */
	add_fde(&m, 0x100, 9, STR(""));		/* where no code can be read */
	build(&m);
	check_kind(&m, 0xf, UNWIND_NONE);
	check_kind(&m, 0x10, UNWIND_SIGNAL);
	check_kind(&m, 0x19, UNWIND_SIGNAL);
	check_kind(&m, 0x1a, UNWIND_NONE);
	check_kind(&m, 0xfe, UNWIND_NONE);
	check_kind(&m, 0xff, UNWIND_SIGNAL);
	check_kind(&m, 0x108, UNWIND_SIGNAL);
	check_kind(&m, 0x109, UNWIND_NONE);
	end(&m);
}

TEST(a_trampoline_takes_its_early_byte_from_the_function_before)
{
	struct made m = { .spec.text = STR(NOPS8 RESTORE_RT) };

	add_cie(&m);
	add_fde(&m, 0, 8, STR(""));
	add_cie_as(&m, STR("zRS"), PCREL4, START);
	add_fde(&m, 8, 9, STR(""));
	build(&m);
	check_cfa(&m, 6, UNWIND_RSP, 8);
	check_kind(&m, 7, UNWIND_SIGNAL);
	end(&m);
}

/* Go's sigreturn has an FDE like any other function's. */
TEST(a_trampoline_that_debug_frame_takes_for_a_function_is_known_by_its_bytes)
{
	struct made m = { .spec.text = STR(NOPS8 NOPS8 RESTORE_RT NOPS8) };

	add_debug_frame(&m, 16, 16, STR(""));
	build(&m);
	check_kind(&m, 15, UNWIND_SIGNAL);
	check_kind(&m, 16, UNWIND_SIGNAL);
	end(&m);
}

/* ---- Coroutines. ---- */

TEST(glibcs_start_context_is_the_end_of_a_coroutines_stack)
{
	struct made m = { .spec.text = STR(NOPS8 NOPS8 "\x48\x89\xdc\x48\x8b\x3c\x24\x48\x85\xff"
					   "\x74\x08\xe8\0\0\0\0\x89\xc7\xe8\0\0\0\0\xf4") };

	add_cie(&m);
	add_fde(&m, 0, 8, STR(""));
	add_fde(&m, 16, 25, STR(""));
	build(&m);
	check_cfa(&m, 7, UNWIND_RSP, 8);
	check_kind(&m, 14, UNWIND_NONE);
	check_kind(&m, 15, UNWIND_END);
	check_kind(&m, 40, UNWIND_END);
	end(&m);
}

/* ---- PLTs. ---- */

TEST(a_lazy_plt_without_cfi_gets_the_rules_linkers_write)
{
	struct made m = { .spec.text = STR("\xff\x35\0\0\0\0\xff\x25\0\0\0\0" "\x0f\x1f\x40\0"
					   "\xff\x25\0\0\0\0\x68\0\0\0\0\xe9\0\0\0\0"),
			  .spec.head_name = ".plt", .spec.head_size = 32 };

	add_cie(&m);
	add_fde(&m, 0x1000, 8, STR(""));
	build(&m);
	check_cfa(&m, 0, UNWIND_RSP, 16);
	check_cfa(&m, 6, UNWIND_RSP, 24);
	CHECK_EQ(rule_at(&m, 16).kind, UNWIND_PLT);
	CHECK_EQ(rule_at(&m, 16).cfa_add, 11);
	CHECK_EQ(rule_at(&m, 31).kind, UNWIND_PLT);
	check_kind(&m, 32, UNWIND_NONE);
	end(&m);
}

TEST(a_plt_that_only_jumps_is_a_frame_just_entered)
{
	struct made m = { .spec.text = STR("\xff\x25\0\0\0\0\x66\x90\xff\x25\0\0\0\0\x66\x90"),
			  .spec.head_name = ".plt.got", .spec.head_size = 16 };

	add_cie(&m);
	add_fde(&m, 0x1000, 8, STR(""));
	build(&m);
	check_cfa(&m, 0, UNWIND_RSP, 8);
	check_cfa(&m, 15, UNWIND_RSP, 8);
	check_kind(&m, 16, UNWIND_NONE);
	end(&m);
}

/* ---- .init. ---- */

#define INIT_CODE "\xf3\x0f\x1e\xfa\x48\x83\xec\x08\xe8\0\0\0\0\x48\x83\xc4\x08\xc3"

TEST(init_has_a_frame_between_its_first_and_its_last_instructions)
{
	struct made m = { .spec.text = STR(INIT_CODE), .spec.head_name = ".init", .spec.head_size = sizeof(INIT_CODE) - 1 };

	add_cie(&m);
	add_fde(&m, 0x1000, 8, STR(""));
	build(&m);
	check_cfa(&m, 0, UNWIND_RSP, 8);
	check_cfa(&m, 4, UNWIND_RSP, 8);
	check_cfa(&m, 8, UNWIND_RSP, 16);
	check_cfa(&m, 13, UNWIND_RSP, 16);
	check_cfa(&m, 17, UNWIND_RSP, 8);
	check_kind(&m, 18, UNWIND_NONE);
	end(&m);
}

TEST(init_of_other_bytes_has_no_rules)
{
	struct made m = { .spec.text = STR("\x48\x83\xec\x18\xe8\0\0\0\0\x48\x83\xc4\x18\xc3"),
			  .spec.head_name = ".init", .spec.head_size = 14 };

	add_cie(&m);
	add_fde(&m, 0x1000, 8, STR(""));
	build(&m);
	check_kind(&m, 0, UNWIND_NONE);
	check_kind(&m, 9, UNWIND_NONE);
	end(&m);
}

TEST_MAIN(CASE(init_has_a_frame_between_its_first_and_its_last_instructions),
	  CASE(init_of_other_bytes_has_no_rules), CASE(every_pointer_encoding_gives_the_same_function),
	  CASE(a_personality_routine_is_passed_over_in_any_encoding),
	  CASE(debug_frame_is_used_where_eh_frame_says_nothing),
	  CASE(without_section_headers_cfi_is_found_by_its_segment),
	  CASE(an_entry_stub_without_cfi_is_the_end_of_the_stack),
	  CASE(an_entry_stub_whose_cfi_says_nothing_is_the_end_too),
	  CASE(an_entry_that_is_an_ordinary_function_keeps_its_rows),
	  CASE(a_trampoline_without_cfi_is_found_by_its_bytes_and_begins_a_byte_early),
	  CASE(a_trampolines_rule_is_not_stretched_over_the_padding_before_it),
	  CASE(a_signal_frame_begins_a_byte_early_unless_its_cfi_does),
	  CASE(a_trampoline_takes_its_early_byte_from_the_function_before),
	  CASE(a_trampoline_that_debug_frame_takes_for_a_function_is_known_by_its_bytes),
	  CASE(glibcs_start_context_is_the_end_of_a_coroutines_stack),
	  CASE(a_lazy_plt_without_cfi_gets_the_rules_linkers_write),
	  CASE(a_plt_that_only_jumps_is_a_frame_just_entered))
