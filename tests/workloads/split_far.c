/* SPDX-License-Identifier: Apache-2.0 */
#include "truth.h"

uint64_t split_far(uint32_t rounds);
uint64_t split_inlined(uint32_t rounds, uint64_t seed);

/* Small enough that the linker inlines it into the other file's function. */
uint64_t split_inlined(uint32_t rounds, uint64_t seed)
{
	uint64_t x = seed;

	for (uint32_t i = 0; i < rounds; i++)
		x = (x ^ (x >> 29)) * 0x9e3779b97f4a7c15u + i;
	return x;
}

NOINLINE uint64_t split_far(uint32_t rounds)
{
	truth_sink += split_inlined(rounds, 167);
	return truth_sink;
}
