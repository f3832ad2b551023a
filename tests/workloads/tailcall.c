/* SPDX-License-Identifier: Apache-2.0 */
/* A tail call takes its caller off the stack: neither the profile nor the truth credits it afterwards. */
#include "truth.h"

static uint64_t handed_over_ns;

NOINLINE uint64_t tail_target(uint32_t rounds)
{
	return truth_burn(rounds, 137) + 1;
}

NOINLINE uint64_t tail_entry(uint32_t rounds)
{
	truth_burn(rounds, 139);
	handed_over_ns = truth_now();
#ifdef __clang__
	__attribute__((musttail))
#endif
	return tail_target(2 * rounds);
}

NOINLINE uint64_t ordinary(uint32_t rounds)
{
	return truth_burn(rounds, 149) + 1;
}

int main(int argc, char **argv)
{
	uint64_t began;

	truth_init(argc, argv);
	while (truth_more()) {
		if (truth_random(100) < 60) {
			began = truth_now();
			tail_entry(120000);
			truth_add(truth_region("tail_target"), truth_now() - handed_over_ns);
			truth_add(truth_region("tail_entry"), handed_over_ns - began);
		} else {
			TIMED("ordinary", ordinary(300000));
		}
	}
	truth_since_start("main");
	truth_print();
	return 0;
}
