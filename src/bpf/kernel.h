/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bpf/kernel.h
 *
 * The few kernel structures we read, with the few fields. libbpf relocates every access to where the
 * field is in the running kernel (CO-RE), so these are names and not layouts.
 */
#ifndef SONDE_BPF_KERNEL_H
#define SONDE_BPF_KERNEL_H

#include "abi/bpf_types.h"

struct mm_struct;

struct task_struct {
	int pid, tgid;		/* a thread, its process */
	struct mm_struct *mm;	/* NULL: a kernel thread */
} __attribute__((preserve_access_index));

/* arch/x86/include/asm/ptrace.h; the flavour suffix is dropped by libbpf. */
struct pt_regs___kernel {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
} __attribute__((preserve_access_index));

#endif
