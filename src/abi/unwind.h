/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* abi/unwind.h
 *
 * How a caller's registers are found from an address: what unwind/ builds from CFI and walk/ reads,
 * in the kernel and on the host.
 *
 * A *rule* says where the canonical frame address, the return address and the two callee-saved
 * registers we follow (frame pointer and, on x86-64, rbx) are. Real programs share few hundred
 * distinct rules, so all files share one dictionary and a *row* is 4 bytes: the low half of an
 * address and a rule number. Rows stand in pages of 64 KiB of address space:
 *
 *   cell 0            n_pages << 32 | first_page            (a cell is a u64; page = vaddr >> 16)
 *   cells 1 ..        n_pages + 1 row numbers, two a cell (even number in the low half): where
 *                     each page's rows begin; the last one ends the last page
 *   then              rows, two a cell (even row in the low half): rule << 16 | vaddr & 0xffff
 *
 * Within a page rows ascend strictly, and the first row of every page has low half 0, so that a
 * search never leaves its page. A row holds up to the next one; where no rule is known it says 0.
 */
#ifndef SONDE_ABI_UNWIND_H
#define SONDE_ABI_UNWIND_H

#ifndef __bpf__
#include <stdbool.h>
#include <stdint.h>
#else
#include "abi/bpf_types.h"
#endif

#define UNWIND_PAGE_BITS 16
#define UNWIND_PAGES_MAX 65536u		/* 4 GiB of text in one file */
#define UNWIND_ROWS_MAX (1u << 24)
#define UNWIND_RULES_MAX 16384u

/* DWARF register numbers of x86-64 (System V ABI, figure 3.36), as in a sample's registers. */
enum unwind_reg {
	UNWIND_RAX, UNWIND_RDX, UNWIND_RCX, UNWIND_RBX, UNWIND_RSI, UNWIND_RDI, UNWIND_RBP,
	UNWIND_RSP, UNWIND_R8, UNWIND_R9, UNWIND_R10, UNWIND_R11, UNWIND_R12, UNWIND_R13,
	UNWIND_R14, UNWIND_R15, UNWIND_RIP,
	UNWIND_REGS
};

enum unwind_kind {
	UNWIND_NONE,	/* no rule: not covered by CFI, or padding between functions */
	UNWIND_CFA,	/* CFA = base + cfa_off; cfa_add not 0: the byte before code that is returned to at its first */
	UNWIND_CFA_DEREF,	/* CFA = *(base + cfa_off) + cfa_add */
	UNWIND_PLT,	/* CFA = base + cfa_off + ((pc & 15) >= cfa_add ? 8 : 0) */
	UNWIND_SIGNAL,	/* a signal trampoline: all registers are in the ucontext at rsp */
	UNWIND_END,	/* outermost frame: the return address is "undefined" */
	UNWIND_UNSUPPORTED,	/* CFI says something these rules cannot hold */
	UNWIND_CLONE,	/* as UNWIND_CFA; in the thread that the system call has made (rax is 0) as UNWIND_END */
	/* Go's run-time changes stacks (docs/go.md); the caller may be above or below. */
	UNWIND_SWITCH,	/* as UNWIND_CFA, on whatever stack */
	UNWIND_GO_DEPTH,	/* at base + cfa_off: how deep the caller's stack is, then its goroutine */
	UNWIND_GO_SYSTEMSTACK,	/* CFA = the goroutine's saved rsp + cfa_off; rbp is saved there too */
	UNWIND_GO_MORESTACK,	/* the caller's registers are those that the goroutine saved */
};

/* A rule's kind also says what else the code does that it covers. */
#define UNWIND_KIND 0x3fu		/* the enum's part */
#define UNWIND_MARK_V8 0x40u		/* V8's interpreter: the frame is a function's */
#define UNWIND_MARK_PYTHON 0x80u	/* CPython's loop: it works on interpreted frames */

/* Where the caller's value of a followed register is. */
enum unwind_save {
	UNWIND_SAME,	/* still in the register */
	UNWIND_AT_CFA,	/* *(CFA + off) */
	UNWIND_AT_FP,	/* *(rbp + off): functions that realign their stack */
	UNWIND_LOST,	/* "undefined": read as 0 */
};

/* The return address is at *(CFA + ra_off), or in a register (ra_reg != UNWIND_RIP). */
struct unwind_rule {
	int32_t cfa_off;
	int16_t cfa_add;
	int16_t ra_off;		/* -8 nearly always */
	int16_t fp_off, bx_off;
	uint8_t kind;		/* enum unwind_kind | UNWIND_MARK_* */
	uint8_t cfa_base;	/* enum unwind_reg */
	uint8_t saves;		/* enum unwind_save of rbp | of rbx << 4 */
	uint8_t ra_reg;		/* enum unwind_reg; UNWIND_RIP: in memory at ra_off */
};

_Static_assert(sizeof(struct unwind_rule) == 16, "ABI with BPF");

#endif
