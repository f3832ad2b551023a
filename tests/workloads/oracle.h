/* SPDX-License-Identifier: Apache-2.0 */
/* oracle.h
 *
 * A program that prints its own stack where it spins: a known-stack oracle. spin("label") prints
 *
 *   {"label":"...","line":LINE,"frames":["MODULE+HEX",...]}     leaf's caller first
 *
 * with the addresses that the runtime's own unwinder finds (return addresses; MODULE is the file's
 * base name and HEX the address as in the file), then works in one line of oracle_spin() for
 * ORACLE_SPIN_MS of CPU time.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unwind.h>

#define ORACLE_MAX 4096
#ifdef __clang__
#define ORACLE_NOINLINE __attribute__((noinline))
#else
#define ORACLE_NOINLINE __attribute__((noinline, noclone, noipa))
#endif
#define ORACLE_KEEP() __asm__ volatile("" ::: "memory")

struct oracle_stack {
	uintptr_t pcs[ORACLE_MAX];
	int n;
};

static volatile uint64_t oracle_sink;

static _Unwind_Reason_Code oracle_frame(struct _Unwind_Context *context, void *arg)
{
	struct oracle_stack *stack = (struct oracle_stack *)arg;

	if (stack->n < ORACLE_MAX && _Unwind_GetIP(context))
		stack->pcs[stack->n++] = _Unwind_GetIP(context);
	return _URC_NO_REASON;
}

static inline void oracle_print_pc(uintptr_t pc)
{
	Dl_info info;
	struct link_map *map = NULL;
	const char *name;

	if (!dladdr1((void *)pc, &info, (void **)&map, RTLD_DL_LINKMAP) || !map) {
		printf("\"?+%lx\"", (unsigned long)pc);
		return;
	}
	name = strrchr(info.dli_fname, '/');
	printf("\"%s+%lx\"", name ? name + 1 : info.dli_fname, (unsigned long)(pc - map->l_addr));
}

static inline uint64_t oracle_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* The stack of the caller, itself first. */
ORACLE_NOINLINE static uint64_t oracle_spin(const char *label)
{
	static struct oracle_stack stack;
	uint64_t until, x = 7;
	const char *ms = getenv("ORACLE_SPIN_MS");

	stack.n = 0;
	_Unwind_Backtrace(oracle_frame, &stack);
	printf("{\"label\":\"%s\",\"line\":%d,\"frames\":[", label, __LINE__ + 7);
	for (int i = 1; i < stack.n; i++) {	/* [0] is here */
		printf("%s", i > 1 ? "," : "");
		oracle_print_pc(stack.pcs[i]);
	}
	printf("]}\n");
	for (until = oracle_cpu_ns() + 1000000u * (uint64_t)(ms ? atoi(ms) : 100); oracle_cpu_ns() < until;)
		for (uint32_t i = 0; i < 100000; i++) x = (x ^ (x >> 29)) * 0x9e3779b97f4a7c15u + i;
	oracle_sink += x;
	return x;
}

#endif
