/* SPDX-License-Identifier: Apache-2.0 */
/* fixed_work ROUNDS DEPTH: the same work every time, DEPTH frames deep and without frame pointers; prints
 * the nanoseconds of CPU it took. What a profiler adds to that is its overhead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile unsigned long sink;

static __attribute__((noinline)) void leaf(void)
{
	unsigned long x = sink;

	for (int i = 0; i < 20000; i++)
		x = x * 6364136223846793005u + (unsigned long)i;
	sink = x;
}

static __attribute__((noinline)) int descend(int depth)
{
	char locals[40];
	int below;

	memset(locals, depth, sizeof(locals));
	if (depth == 0) {
		leaf();
		return 1;
	}
	below = descend(depth - 1) + locals[7];
	sink += (unsigned long)locals[3];
	return below;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1000, depth = argc > 2 ? atoi(argv[2]) : 30;
	struct timespec before, after;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	for (int i = 0; i < rounds; i++)
		descend(depth);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	printf("%lld\n", (long long)(after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec -
			 before.tv_nsec);
	return 0;
}
