/* SPDX-License-Identifier: Apache-2.0 */
/* diffed ROUNDS: a fixed amount of work in a few functions, to be built in two versions.
 *
 *   -DSCAN=N     scan() goes over its text N times (8)
 *   -DFRESH      a function that the other version does not have
 *   -DMOVED      lex() begins at another line, and takes another number of arguments off its callers
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef SCAN
#define SCAN 8
#endif
#define APART __attribute__((noinline))

static char text[4096];
static uint32_t table[4096];

APART static uint32_t scan(void)
{
	uint32_t sum = 0;

	for (int i = 0; i < SCAN; i++)
		for (size_t at = 0; at < sizeof(text); at++)
			sum = sum * 31 + (uint8_t)text[at];
	return sum;
}

#ifdef MOVED
/* some lines
 * more than
 * there were */
#endif
APART static uint32_t lex(uint32_t seed)
{
	for (int i = 0; i < 8 * 4096; i++)
		seed = seed * 1664525 + (uint32_t)text[i & 4095];
	return seed;
}

APART static uint32_t mix(uint32_t seed)
{
	for (int i = 0; i < 6 * 4096; i++) {
		table[seed & 4095] ^= seed;
		seed = seed * 69069 + 1 + table[i & 4095];
	}
	return seed;
}

APART static uint32_t fold(uint32_t seed)
{
	for (int i = 0; i < 5 * 4096; i++)
		seed = (seed << 5 | seed >> 27) ^ (uint32_t)i * 2654435761u;
	return seed;
}

APART static uint32_t pack(uint32_t seed)
{
	for (int i = 0; i < 4 * 4096; i++)
		seed = seed / 3 + (seed ^ (uint32_t)i);
	return seed;
}

#ifdef FRESH
APART static uint32_t fresh(uint32_t seed)
{
	for (int i = 0; i < 6 * 4096; i++)
		seed = seed * 22695477 + 1;
	return seed;
}
#endif

APART static uint32_t parse(void)
{
	return lex(scan());
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1000;
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(32 + i * 7 % 90);
	for (int i = 0; i < rounds; i++) {
		sum += parse() + mix(sum) + fold(sum) + pack(sum);
#ifdef FRESH
		sum += fresh(sum);
#endif
	}
	printf("%u\n", sum);
	return 0;
}
