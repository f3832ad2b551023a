/* SPDX-License-Identifier: Apache-2.0 */
/* Places where an unwinder slips: most samples land in prologues, epilogues, PLT stubs, libc's vector
 * code and the vDSO. */
#include <math.h>

#include "truth.h"

uint64_t edges_tiny(uint64_t x);	/* edges_lib.c */

/* Saves and restores every register it may: as many instructions around the body as in it. */
NOINLINE uint64_t many_saves(uint64_t x)
{
	uint64_t a = x + 1, b = x + 2, c = x + 3, d = x + 4, e = x + 5, f = x + 6;

	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f) : :
			 "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9");
	return a + b + c + d + e + f;
}

NOINLINE uint64_t saves_loop(uint32_t rounds)
{
	uint64_t x = 0;

	for (uint32_t i = 0; i < rounds; i++)
		x += many_saves(x);
	truth_sink += x;
	return x;
}

NOINLINE uint64_t plt_loop(uint32_t rounds)
{
	uint64_t x = 0;

	for (uint32_t i = 0; i < rounds; i++)
		x += edges_tiny(x);
	truth_sink += x;
	return x;
}

NOINLINE uint64_t libc_loop(uint32_t rounds)
{
	static char from[4096], to[4096];
	uint64_t x = 0;

	memset(from, 'x', sizeof(from) - 1);
	for (uint32_t i = 0; i < rounds; i++) {
		memcpy(to, from, 200 + (i & 2047));
		to[200 + (i & 1023)] = 0;
		x += strlen(to);
	}
	truth_sink += x;
	return x;
}

NOINLINE uint64_t vdso_loop(uint32_t rounds)
{
	struct timespec ts;
	uint64_t x = 0;

	for (uint32_t i = 0; i < rounds; i++) {
		clock_gettime(CLOCK_MONOTONIC, &ts);
		x += (uint64_t)ts.tv_nsec;
	}
	truth_sink += x;
	return x;
}

NOINLINE uint64_t malloc_loop(uint32_t rounds)
{
	void *slots[64] = { NULL };
	uint64_t x = 0;

	for (uint32_t i = 0; i < rounds; i++) {
		uint32_t slot = truth_random(64);

		free(slots[slot]);
		slots[slot] = malloc(16 + truth_random(2000));
		x += (uintptr_t)slots[slot];
	}
	for (int i = 0; i < 64; i++)
		free(slots[i]);
	return x;
}

int main(int argc, char **argv)
{
	truth_init(argc, argv);
	while (truth_more()) {
		switch (truth_random(5)) {
		case 0:
			TIMED("saves_loop", saves_loop(60000));
			break;
		case 1:
			TIMED("plt_loop", plt_loop(100000));
			break;
		case 2:
			TIMED("libc_loop", libc_loop(5000));
			break;
		case 3:
			TIMED("vdso_loop", vdso_loop(6000));
			break;
		default:
			TIMED("malloc_loop", malloc_loop(8000));
		}
	}
	truth_since_start("main");
	truth_print();
	return 0;
}
