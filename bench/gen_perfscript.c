/* SPDX-License-Identifier: Apache-2.0 */
/* bench/gen_perfscript.c - makes text as `perf script` prints it, to standard output.
 *
 *   gen_perfscript MB [plain|- [STACKS]]    about so many megabytes; "plain": function names without offsets;
 *                                           at most so many distinct stacks, after which they come again
 *
 * Two thirds of what readers-costs.md measured is kept at every size: 44 frames a stack, 86 bytes a line, half of
 * the stacks seen before, 44,000 places in code. Stacks are walks through one random call graph. Numbers
 * come from a fixed seed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACES 44000u
#define FUNCTIONS 12000u
#define SAMPLE_BYTES 4081	/* mean */
#define NAME_MAX_BYTES 96

static char lines[PLACES][192];
static uint8_t line_bytes[PLACES];

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint32_t rnd(uint64_t *seed, uint32_t n)
{
	return (uint32_t)((next(seed) >> 32) * n >> 32);
}

/* A number below n that follows from a and b. */
static uint32_t mix(uint32_t a, uint32_t b, uint32_t n)
{
	uint64_t seed = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u + 1;

	next(&seed);
	next(&seed);
	return rnd(&seed, n);
}

static const char *const words[] = { "parse", "emit", "lower", "visit", "hash", "insert", "fold", "scan",
	"allocate", "copy", "reduce", "spill", "select", "merge", "walk", "print" };
static const char *const modules[] = { "/usr/lib/x86_64-linux-gnu/libc.so.6", "/opt/app/bin/server",
	"/opt/app/lib/libengine.so.2", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30" };

static void make_line(uint32_t place, int plain)
{
	uint32_t f = place < FUNCTIONS ? place : mix(place, 1, FUNCTIONS), module = mix(f, 2, 5);
	char name[NAME_MAX_BYTES], offset[16] = "";
	uint64_t address = 0x1000 + (uint64_t)f * 0x400 + mix(place, 3, 0x400);
	int n;

	if (module == 4)
		snprintf(name, sizeof(name), "do_%s_%s_%u", words[mix(f, 4, 16)], words[mix(f, 5, 16)], f);
	else
		snprintf(name, sizeof(name), "app::%s::%s_%s%u<int, %s>", words[mix(f, 6, 16)],
			 words[mix(f, 4, 16)], words[mix(f, 5, 16)], f, words[mix(f, 7, 16)]);
	if (!plain)
		snprintf(offset, sizeof(offset), "+0x%x", mix(place, 3, 0x400));
	if (module == 4)
		n = snprintf(lines[place], sizeof(lines[place]), "\tffffffff8%07llx %s%s ([kernel.kallsyms])\n",
			     (unsigned long long)address, name, offset);
	else
		n = snprintf(lines[place], sizeof(lines[place]), "\t%16llx %s%s (%s)\n",
			     (unsigned long long)address, name, offset, modules[module]);
	line_bytes[place] = (uint8_t)n;
}

/* Most places call on to one place mostly. */
static uint32_t next_place(uint32_t place, uint32_t wild, uint64_t *seed)
{
	uint32_t k = 0;

	if (rnd(seed, 100) < wild)
		k = 1 + rnd(seed, 1 + mix(place, 9, 12));
	return mix(place, 100 + k, PLACES);
}

/* What one stack is follows from its seed alone: a stack seen before is its seed. */
static void print_sample(uint64_t seed, uint32_t number)
{
	uint32_t stack[64], depth, n = 0, place, thread;
	uint32_t a, b;

	thread = rnd(&seed, 8);
	a = rnd(&seed, 41);
	b = rnd(&seed, 41);
	depth = 24 + a / 2 + b / 2;
	place = mix(thread & 3, 8, PLACES);
	while (n < depth) {
		stack[n++] = place;
		place = next_place(place, n < 4 ? 20 : 6, &seed);
	}
	printf("worker-%u  4000/%-7u [%03u] %5u.%06u:    %7u cycles:P: \n", thread, 4000 + thread, number & 1,
	       100 + number / 8000, number % 8000 * 125, 900000 + mix(number, 10, 200000));
	while (n--)
		fwrite_unlocked(lines[stack[n]], 1, line_bytes[stack[n]], stdout);
	putchar('\n');
}

int main(int argc, char **argv)
{
	uint64_t bytes = (argc > 1 ? strtoull(argv[1], NULL, 10) : 400) * 1000000, seed = 88172645463325252u;
	uint32_t samples = (uint32_t)(bytes / SAMPLE_BYTES), n = 0;
	uint32_t stacks_max = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : UINT32_MAX;
	uint64_t *seeds = calloc((size_t)samples + 1, sizeof(*seeds));

	if (!seeds)
		return 1;
	for (uint32_t i = 0; i < PLACES; i++)
		make_line(i, argc > 2 && !strcmp(argv[2], "plain"));
	for (uint32_t i = 0; i < samples; i++) {
		uint32_t which = n;

		if (!n || (n < stacks_max && (uint64_t)n * 430 <= (uint64_t)i * 224))
			seeds[n++] = next(&seed);
		else
			which = rnd(&seed, n);
		print_sample(seeds[which], i);
	}
	fprintf(stderr, "%u samples, at most %u stacks\n", samples, n);
	free(seeds);
	return fflush(stdout) ? 1 : 0;
}
