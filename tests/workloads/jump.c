/* SPDX-License-Identifier: Apache-2.0 */
/* longjmp() out of deep calls, thousands of times a second. */
#include <setjmp.h>

#include "truth.h"

static jmp_buf back;

NOINLINE uint64_t jump_out(uint32_t rounds)
{
	truth_burn(rounds, 151);
	longjmp(back, 1);
}

NOINLINE uint64_t dive(uint32_t depth, uint32_t rounds)
{
	uint64_t x = depth == 0 ? jump_out(rounds) : dive(depth - 1, rounds);

	KEEP_FRAME();
	return x + depth;
}

NOINLINE void jumping(void)
{
	if (setjmp(back) == 0)
		dive(20, 60000);
	KEEP_FRAME();
}

NOINLINE uint64_t straight(uint32_t rounds)
{
	return truth_burn(rounds, 157) + 1;
}

int main(int argc, char **argv)
{
	truth_init(argc, argv);
	while (truth_more()) {
		if (truth_random(100) < 70)
			TIMED("jumping", jumping());
		else
			TIMED("straight", straight(60000));
	}
	truth_since_start("main");
	truth_print();
	return 0;
}
