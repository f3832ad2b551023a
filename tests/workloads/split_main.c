/* SPDX-License-Identifier: Apache-2.0 */
/* Two files, for link-time optimisation: the call crosses them. */
#include "truth.h"

uint64_t split_far(uint32_t rounds);	/* split_far.c */
uint64_t split_inlined(uint32_t rounds, uint64_t seed);

NOINLINE uint64_t split_near(uint32_t rounds)
{
	truth_sink += split_inlined(rounds, 163);
	return truth_sink;
}

int main(int argc, char **argv)
{
	truth_init(argc, argv);
	while (truth_more()) {
		if (truth_random(100) < 60)
			TIMED("split_far", split_far(300000));
		else
			TIMED("split_near", split_near(300000));
	}
	truth_since_start("main");
	truth_print();
	return 0;
}
