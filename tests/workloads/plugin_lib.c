/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin of plugin.c; PLUGIN names its function, SEED makes it different. */
#include <stdint.h>

#ifndef PLUGIN
#define PLUGIN plugin_one
#define SEED 67
#endif

static volatile uint64_t sink;

static __attribute__((noinline)) uint64_t inside(uint32_t rounds)
{
	uint64_t x = SEED;

	for (uint32_t i = 0; i < rounds; i++)
		x = (x ^ (x >> 29)) * 0x9e3779b97f4a7c15u + i;
	return x;
}

uint64_t PLUGIN(uint32_t rounds)
{
	sink += inside(rounds);
	return sink;
}
