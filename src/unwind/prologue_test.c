/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/x86.h"
#include "unwind/made_cfi.h"
#include "unwind/prologue.h"

TEST(an_instruction_is_as_long_as_its_bytes)
{
	static const struct str rows[] = {
		STR("\x90"), STR("\x55"), STR("\x41\x57"), STR("\xc3"), STR("\xc2\x08\x00"),
		STR("\x48\x83\xec\x18"), STR("\x48\x81\xec\x00\x10\x00\x00"),
		STR("\x48\x89\xe5"), STR("\x8b\x44\x24\x08"), STR("\x8b\x84\x24\x00\x01\x00\x00"),
		STR("\x48\x8b\x05\x00\x00\x00\x00"), STR("\x8b\x04\x25\x00\x00\x00\x00"),
		STR("\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08"), STR("\xb8\x01\x02\x03\x04"),
		STR("\x66\xb8\x01\x02"), STR("\x66\x81\xc1\x34\x12"), STR("\xf6\xc1\x01"),
		STR("\xf6\xd9"), STR("\xf7\xc1\x01\x02\x03\x04"), STR("\xf7\xd9"),
		STR("\xe8\x00\x00\x00\x00"), STR("\x0f\x84\x00\x00\x00\x00"), STR("\x74\x00"),
		STR("\xf3\x0f\x1e\xfa"), STR("\x0f\x1f\x84\x00\x00\x00\x00\x00"),
		STR("\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00"), STR("\x0f\x38\xf0\x07"),
		STR("\x66\x0f\x3a\x0f\xc1\x08"), STR("\xf0\x0f\xb1\x0f"),
		STR("\xc5\xf8\x77"), STR("\xc5\xf9\x6f\x07"), STR("\xc4\xe2\x7d\x78\xc0"),
		STR("\xc4\xe3\x7d\x19\xc1\x01"), STR("\x62\xf1\xfe\x48\x6f\x47\x01"),
		STR("\xa1\x01\x02\x03\x04\x05\x06\x07\x08"), STR("\xc8\x10\x00\x00"),
		STR("\x64\x48\x8b\x04\x25\x28\x00\x00\x00"), STR("\xd9\x3c\x24"),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct x86_insn insn;

		CHECK(x86_decode(rows[i], &insn));
		CHECK_EQ(insn.length, rows[i].n);
		CHECK(!x86_decode(str_head(rows[i], rows[i].n - 1), &insn));
	}
}

TEST(bytes_that_are_no_instruction_are_refused)
{
	static const struct str rows[] = {
		STR("\x06\0\0\0\0\0"), STR("\x9a\0\0\0\0\0\0\0"), STR("\xd6\0\0\0"), STR(""),
		STR("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90"),
	};
	struct x86_insn insn;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK(!x86_decode(rows[i], &insn));
}

/* The state after code that runs straight through. */
static struct prologue_state after(struct str code)
{
	struct prologue_state state = { .depth = 1 };
	struct x86_insn insn;

	for (; code.n; code = str_skip(code, insn.length)) {
		CHECK(x86_decode(code, &insn));
		prologue_step(&state, &insn);
	}
	return state;
}

TEST(pushes_and_subtractions_are_counted_and_undone)
{
	/* push %rbp; push %rbx; sub $0x18,%rsp */
	struct prologue_state s = after(STR("\x55\x53\x48\x83\xec\x18"));

	CHECK_EQ(s.depth, 6);
	CHECK_EQ(s.fp_slot, 2);
	CHECK_EQ(s.bx_slot, 3);
	CHECK_EQ(s.fp_base, 0);
	/* ...; add $0x18,%rsp; pop %rbx; pop %rbp */
	s = after(STR("\x55\x53\x48\x83\xec\x18\x48\x83\xc4\x18\x5b\x5d"));
	CHECK_EQ(s.depth, 1);
	CHECK_EQ(s.fp_slot, 0);
	CHECK_EQ(s.bx_slot, 0);
	/* push %r13; lea -0x80(%rsp),%rsp; lea 0x80(%rsp),%rsp */
	s = after(STR("\x41\x55\x48\x8d\x64\x24\x80\x48\x8d\xa4\x24\x80\0\0\0"));
	CHECK_EQ(s.depth, 2);
	CHECK_EQ(s.fp_slot, 0);
}

TEST(a_frame_pointer_finds_the_frame_again_when_rsp_is_lost)
{
	/* push %rbp; mov %rsp,%rbp; and $-32,%rsp */
	struct prologue_state s = after(STR("\x55\x48\x89\xe5\x48\x83\xe4\xe0"));

	CHECK_EQ(s.depth, PROLOGUE_DEPTH_LOST);
	CHECK_EQ(s.fp_base, 2);
	/* ...; leave */
	s = after(STR("\x55\x48\x89\xe5\x48\x83\xe4\xe0\xc9"));
	CHECK_EQ(s.depth, 1);
	CHECK_EQ(s.fp_base, 0);
	CHECK_EQ(s.fp_slot, 0);
	/* push %rbp; mov %rsp,%rbp; push %rbx; sub %rax,%rsp; lea -8(%rbp),%rsp; pop %rbx */
	s = after(STR("\x55\x48\x89\xe5\x53\x48\x29\xc4\x48\x8d\x65\xf8\x5b"));
	CHECK_EQ(s.depth, 2);
	CHECK_EQ(s.bx_slot, 0);
}

TEST(an_rbp_used_for_data_is_no_frame_pointer)
{
	/* push %rbp; mov %rsp,%rbp; mov %rdi,%rbp; sub %rax,%rsp */
	struct prologue_state s = after(STR("\x55\x48\x89\xe5\x48\x89\xfd\x48\x29\xc4"));

	CHECK_EQ(s.fp_base, 0);
	CHECK_EQ(s.depth, PROLOGUE_DEPTH_LOST);
	CHECK_EQ(after(STR("\x48\x89\xe5")).fp_base, 0);	/* the caller's rbp was not kept */
}

/* No symbols: the entry stub's call leads to f, f's jumps through it, its call to g. */
TEST(code_without_cfi_is_followed_from_what_refers_to_it)
{
	static char code[4096];
	struct made m = { .spec.text = str_over(code, sizeof(code)), .spec.entry = MADE_TEXT };

	memset(code, 0xcc, sizeof(code));
	/* ...; call 0x100 */
	memcpy(code, "\x48\x31\xed\x48\x89\xe7\x48\x83\xe4\xf0\xe8\xf1\0\0\0", 15);
	/* push %rbp; test; je 0x112; sub $8,%rsp; call 0x200; add $8,%rsp; 0x112: pop; ret */
	memcpy(code + 0x100, "\x55\x85\xc0\x74\x0d\x48\x83\xec\x08\xe8\xf2\0\0\0\x48\x83\xc4\x08"
			     "\x5d\xc3", 20);
	memcpy(code + 0x200, "\x53\x5b\xc3", 3);
	add_cie(&m);
	add_fde(&m, 0x1000, 0x10, STR(""));
	build(&m);
	check_kind(&m, 0xa, UNWIND_END);
	check_cfa(&m, 0x100, UNWIND_RSP, 8);
	check_cfa(&m, 0x101, UNWIND_RSP, 16);
	CHECK_EQ(rule_at(&m, 0x101).fp_off, -16);
	check_cfa(&m, 0x109, UNWIND_RSP, 24);
	check_cfa(&m, 0x112, UNWIND_RSP, 16);
	check_cfa(&m, 0x113, UNWIND_RSP, 8);
	check_kind(&m, 0x114, UNWIND_NONE);
	check_cfa(&m, 0x201, UNWIND_RSP, 16);
	CHECK_EQ(rule_at(&m, 0x201).bx_off, -16);
	check_kind(&m, 0x300, UNWIND_NONE);
	end(&m);
}

TEST(musls_thread_start_is_the_end_of_a_stack)
{
	static char code[4096];
	struct made m = { .spec.text = str_over(code, sizeof(code)) };

	memset(code, 0xcc, sizeof(code));
	memcpy(code + 0x100, "\x85\xc0\x75\x0f\x31\xed\x5f\x41\xff\xd1\x89\xc7", 12);
	add_cie(&m);
	add_fde(&m, 0x1000, 0x10, STR(""));
	build(&m);
	check_kind(&m, 0x103, UNWIND_NONE);
	check_kind(&m, 0x104, UNWIND_END);
	check_kind(&m, 0x109, UNWIND_END);
	check_kind(&m, 0x10a, UNWIND_NONE);
	end(&m);
}

TEST_MAIN(CASE(an_instruction_is_as_long_as_its_bytes),
	  CASE(bytes_that_are_no_instruction_are_refused),
	  CASE(pushes_and_subtractions_are_counted_and_undone),
	  CASE(a_frame_pointer_finds_the_frame_again_when_rsp_is_lost),
	  CASE(an_rbp_used_for_data_is_no_frame_pointer),
	  CASE(code_without_cfi_is_followed_from_what_refers_to_it),
	  CASE(musls_thread_start_is_the_end_of_a_stack))
