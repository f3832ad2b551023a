/* SPDX-License-Identifier: Apache-2.0 */
/* elf/disasm.h
 *
 * Machine code (x86-64, aarch64) -> instructions as people read them, by capstone, in the syntax of
 * objdump and perf annotate (AT&T on x86).
 *
 * Capstone is looked for when it is needed: linked, its tables would double what every
 * command needs to start (bench/code.py). Its header is needed to build.
 *
 * Bytes that are no instruction that it knows become one named "(unknown)"; where it is long enough to be
 * told (elf/x86.h) the next one is found behind it.
 */
#ifndef SONDE_ELF_DISASM_H
#define SONDE_ELF_DISASM_H

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct err;

#define DISASM_BYTES_MAX ((size_t)1 << 20)	/* of a function; a longer one is refused */

enum disasm_flow { DISASM_NEXT, DISASM_JUMP, DISASM_CALL };

struct disasm_insn {
	uint64_t vaddr;
	uint64_t target;	/* of a jump or call: where to; else an address that an operand names
				 * by its distance; 0: none that is known */
	uint32_t size;		/* bytes */
	enum disasm_flow flow;
	struct str mnemonic, operands;	/* lent by the disasm */
};

struct disasm {
	struct disasm_insn *items;	/* by vaddr, without gaps */
	uint32_t n, cap;
	struct arena arena;
};

/* code: the bytes at vaddr; machine: EM_X86_64 or EM_AARCH64. 0; -ENOSYS (no libcapstone is installed;
 * the sentence says what to install); -EINVAL (another machine); -E2BIG; -ENOMEM. Then it is empty. */
int disasm_read(struct disasm *disasm, uint16_t machine, struct str code, uint64_t vaddr,
		struct err *err);
void disasm_fini(struct disasm *disasm);

#endif
