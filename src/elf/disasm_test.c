/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/disasm.h"

#include <elf.h>
#include <errno.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/test.h"

#define CODE(bytes) str_over(bytes, sizeof(bytes) - 1)

static void check(uint16_t machine, struct str code, const char *wanted)
{
	static const char *const flows[] = { "", "jump ", "call " };
	struct disasm disasm;
	struct buf out = { 0 };
	struct err err = { 0 };

	if (disasm_read(&disasm, machine, code, 0x1000, &err) < 0) {
		print_error("%s\n", err.text);
		fail();
	}
	for (uint32_t i = 0; i < disasm.n; i++) {
		const struct disasm_insn *insn = &disasm.items[i];

		buf_addf(&out, "%lx+%u %s%.*s|%.*s", (unsigned long)insn->vaddr, insn->size,
			 flows[insn->flow], STR_ARG(insn->mnemonic), STR_ARG(insn->operands));
		if (insn->target)
			buf_addf(&out, " =%lx", (unsigned long)insn->target);
		buf_add_u8(&out, '\n');
	}
	CHECK_STR(buf_str(&out), wanted);
	buf_fini(&out);
	disasm_fini(&disasm);
}

TEST(x86_jumps_calls_and_distances_have_targets)
{
	check(EM_X86_64, CODE("\x55\xe8\x05\x00\x00\x00\x75\xf8\x48\x8b\x05\x10\x00\x00\x00\xff\xe0\xc3"),
	      "1000+1 pushq|%rbp\n"
	      "1001+5 call callq|0x100b =100b\n"
	      "1006+2 jump jne|0x1000 =1000\n"
	      "1008+7 movq|0x10(%rip), %rax =101f\n"
	      "100f+2 jump jmpq|*%rax\n"
	      "1011+1 retq|\n");
}

TEST(what_is_no_instruction_takes_its_bytes_and_the_next_is_found)
{
	/* 06 is none in 64-bit mode; the last is cut short */
	check(EM_X86_64, CODE("\x06\x90\xe8\x01"),
	      "1000+1 (unknown)|\n"
	      "1001+1 nop|\n"
	      "1002+1 (unknown)|\n"
	      "1003+1 (unknown)|\n");
	check(EM_AARCH64, CODE("\xff\xff\xff\xff\xc0\x03\x5f\xd6\x00"),
	      "1000+4 (unknown)|\n"
	      "1004+4 ret|\n"
	      "1008+1 (unknown)|\n");
}

TEST(aarch64_jumps_calls_and_pages_have_targets)
{
	/* bl .+8; b.ne .-4; tbz w1, #3, .+4; adrp x0, .+0x1000; add x0, x0, #4 */
	check(EM_AARCH64,
	      CODE("\x02\x00\x00\x94\xe1\xff\xff\x54\x21\x00\x18\x36\x00\x00\x00\xb0\x00\x10\x00\x91"),
	      "1000+4 call bl|#0x1008 =1008\n"
	      "1004+4 jump b.ne|#0x1000 =1000\n"
	      "1008+4 jump tbz|w1, #3, #0x100c =100c\n"
	      "100c+4 adrp|x0, #0x2000 =2000\n"
	      "1010+4 add|x0, x0, #4\n");
}

TEST(other_machines_are_refused)
{
	struct disasm disasm;
	struct err err = { 0 };

	CHECK_EQ(disasm_read(&disasm, EM_RISCV, CODE("\x01\x02"), 0, &err), -EINVAL);
	CHECK_STR(str_of(err.text), "code of machine 243 cannot be shown");
}

TEST_MAIN(CASE(x86_jumps_calls_and_distances_have_targets),
	  CASE(what_is_no_instruction_takes_its_bytes_and_the_next_is_found),
	  CASE(aarch64_jumps_calls_and_pages_have_targets),
	  CASE(other_machines_are_refused))
