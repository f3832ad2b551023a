/* SPDX-License-Identifier: Apache-2.0 */
/* Three functions at 50, 30 and 20 parts, one with a part inside it, and a part in the kernel. */
#include <fcntl.h>

#include "truth.h"

static int zero_fd;
static char block[1 << 18];

NOINLINE uint64_t hot_half(uint32_t rounds)
{
	return truth_burn(rounds, 3) + 1;
}

NOINLINE uint64_t inner_third(uint32_t rounds)
{
	double x = 1.5;

	for (uint32_t i = 0; i < rounds / 4; i++)
		x = x * 1.0000001 + 1.0 / (x + i);
	truth_sink += (uint64_t)x;
	return truth_sink;
}

NOINLINE uint64_t hot_third(uint32_t rounds)
{
	uint64_t x = truth_burn(rounds / 2, 5);

	TIMED("inner_third", x += inner_third(rounds));
	KEEP_FRAME();
	return x;
}

NOINLINE uint64_t hot_fifth(uint32_t rounds)
{
	uint32_t table[256];

	for (uint32_t i = 0; i < 256; i++)
		table[i] = i * 2654435761u;
	for (uint32_t i = 0; i < rounds / 2; i++)
		table[(table[i & 255] >> 7) & 255] ^= i + table[(i * 7) & 255];
	truth_sink += table[17];
	return table[33];
}

NOINLINE long in_kernel(void)
{
	long n = 0;

	for (int i = 0; i < 12; i++)
		n += read(zero_fd, block, sizeof(block));
	return n;
}

NOINLINE void run(void)
{
	uint32_t pick;

	while (truth_more()) {
		pick = truth_random(100);
		if (pick < 50)
			TIMED("hot_half", hot_half(200000));
		else if (pick < 80)
			TIMED("hot_third", hot_third(200000));
		else
			TIMED("hot_fifth", hot_fifth(200000));
		if (pick % 3 == 0)
			TIMED("in_kernel", in_kernel());
	}
	KEEP_FRAME();
}

int main(int argc, char **argv)
{
	truth_init(argc, argv);
	zero_fd = open("/dev/zero", O_RDONLY);
	run();
	truth_since_start("main");
	truth_print();
	return argc > 2 ? atoi(argv[2]) : 0;
}
