/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* abi/ksym.h - a kernel address and its name: what bpf/ksym.bpf.c is asked and answers. */
#ifndef SONDE_ABI_KSYM_H
#define SONDE_ABI_KSYM_H

#ifndef __bpf__
#include <stdint.h>
#else
#include "abi/bpf_types.h"
#endif

/* A name (KSYM_NAME_LEN in include/linux/kallsyms.h) and a module's, " [ext4]". */
#define KSYM_TEXT_MAX 640u

struct ksym_query {
	uint64_t address;
	int32_t n;	/* bytes of the answer with its NUL; negative: none */
	uint32_t zero;
	char text[KSYM_TEXT_MAX];	/* "name [module]"; "0x..." where nothing is known */
};

_Static_assert(sizeof(struct ksym_query) == 16 + KSYM_TEXT_MAX, "ABI with BPF");

#endif
