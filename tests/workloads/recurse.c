/* SPDX-License-Identifier: Apache-2.0 */
/* Recursion argv[2] frames deep that works at its end, and a part that does not recurse. */
#include "truth.h"

NOINLINE uint64_t bottom(uint32_t rounds)
{
	return truth_burn(rounds, 11) + 1;
}

/* Two functions take turns, with frames of different sizes and different saved registers. */
NOINLINE uint64_t descend_odd(uint32_t depth, uint32_t rounds);

NOINLINE uint64_t descend_even(uint32_t depth, uint32_t rounds)
{
	volatile char room[40];
	uint64_t x;

	room[depth % 40] = (char)depth;
	if (depth == 0)
		TIMED("bottom", x = bottom(rounds));
	else
		x = descend_odd(depth - 1, rounds);
	KEEP_FRAME();
	return x + (uint64_t)room[depth % 40];
}

NOINLINE uint64_t descend_odd(uint32_t depth, uint32_t rounds)
{
	uint64_t a = depth * 3, b = depth ^ 5, c = depth << 2, x;

	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c));
	if (depth == 0)
		TIMED("bottom", x = bottom(rounds));
	else
		x = descend_even(depth - 1, rounds);
	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c));
	return x + a + b + c;
}

NOINLINE uint64_t shallow(uint32_t rounds)
{
	return truth_burn(rounds, 13) + 2;
}

int main(int argc, char **argv)
{
	uint32_t depth = argc > 2 ? (uint32_t)atoi(argv[2]) : 60;

	truth_init(argc, argv);
	while (truth_more()) {
		if (truth_random(10) < 7)
			TIMED("descend_even", descend_even(depth & ~1u, 300000));
		else
			TIMED("shallow", shallow(300000));
	}
	truth_since_start("main");
	truth_print();
	return 0;
}
