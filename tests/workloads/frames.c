/* SPDX-License-Identifier: Apache-2.0 */
/* Frames whose size is not known when compiling: alloca, arrays of variable length, and stacks realigned
 * for vector registers, with and without both (gcc then finds the CFA through a saved pointer: an
 * expression in the CFI). Build with -mavx2 where the machine has it. */
#include <alloca.h>

#include "truth.h"

NOINLINE uint64_t under_alloca(uint32_t rounds)
{
	return truth_burn(rounds, 109) + 1;
}

NOINLINE uint64_t with_alloca(uint32_t rounds)
{
	uint32_t size = 16 + truth_random(4000);
	volatile char *room = alloca(size);

	room[0] = room[size - 1] = 1;
	TIMED("under_alloca", under_alloca(rounds));
	truth_burn(rounds / 2, 113);
	return (uint64_t)room[0];
}

typedef double wide __attribute__((vector_size(32)));

NOINLINE void use_wide(wide *values, uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds / 4; i++)
		values[i & 7] = values[(i + 3) & 7] * 1.0000001 + (double)i;
	truth_sink += (uint64_t)values[0][0];
	KEEP_FRAME();
}

NOINLINE uint64_t realigned(uint32_t rounds)
{
	wide values[8] __attribute__((aligned(64))) = { { 0 } };

	TIMED("use_wide", use_wide(values, rounds));
	truth_burn(rounds / 2, 127);
	return (uint64_t)values[3][1];
}

NOINLINE uint64_t realigned_and_variable(uint32_t rounds)
{
	wide values[8] __attribute__((aligned(64))) = { { 0 } };
	uint32_t size = 16 + truth_random(4000);
	volatile char *room = alloca(size);

	room[size - 1] = 2;
	TIMED("use_wide", use_wide(values, rounds));
	truth_burn(rounds / 2, 131);
	return (uint64_t)values[3][1] + (uint64_t)room[size - 1];
}

/* More arguments than registers, after a realigned frame: the CFA moves while they are pushed. */
NOINLINE uint64_t many_arguments(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f,
				 uint64_t g, uint64_t h, uint32_t rounds)
{
	return truth_burn(rounds, a + b + c + d + e + f + g + h);
}

NOINLINE uint64_t pushes_arguments(uint32_t rounds)
{
	uint64_t x = 0;

	TIMED("many_arguments", x = many_arguments(1, 2, 3, 4, 5, 6, 7, 8, rounds));
	KEEP_FRAME();
	return x;
}

int main(int argc, char **argv)
{
	truth_init(argc, argv);
	while (truth_more()) {
		uint32_t pick = truth_random(100);

		if (pick < 40)
			TIMED("with_alloca", with_alloca(200000));
		else if (pick < 60)
			TIMED("realigned", realigned(200000));
		else if (pick < 85)
			TIMED("realigned_and_variable", realigned_and_variable(200000));
		else
			TIMED("pushes_arguments", pushes_arguments(300000));
	}
	truth_since_start("main");
	truth_print();
	return 0;
}
