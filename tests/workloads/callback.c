/* SPDX-License-Identifier: Apache-2.0 */
/* qsort() calls us back: the path to the work leads through libc. */
#include "truth.h"

NOINLINE int compare_slowly(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	uint64_t began = truth_now();

	truth_burn(60000 + (x & 1023), y);
	truth_add(truth_region("compare_slowly"), truth_now() - began);
	return x < y ? -1 : x > y;
}

NOINLINE void sort_some(void)
{
	uint32_t data[24];

	for (int i = 0; i < 24; i++)
		data[i] = truth_random(1 << 30);
	qsort(data, 24, sizeof(data[0]), compare_slowly);
	KEEP_FRAME();
}

NOINLINE uint64_t beside(uint32_t rounds)
{
	return truth_burn(rounds, 7) + 1;
}

int main(int argc, char **argv)
{
	truth_init(argc, argv);
	while (truth_more()) {
		if (truth_random(10) < 3)
			TIMED("sort_some", sort_some());
		else
			for (int i = 0; i < 10; i++)
				TIMED("beside", beside(200000));
	}
	truth_since_start("main");
	truth_print();
	return 0;
}
