/* SPDX-License-Identifier: Apache-2.0 */
/* truth.h
 *
 * A program that knows where its own CPU time went, to check a profile of it against.
 *
 *   TIMED(name, call)   runs the call and adds the thread's CPU time to the region `name`; nested
 *                       regions count inclusively, a recursive one once
 *   truth_more()        whether the CPU time asked for (argv[1], seconds) is not used up yet
 *   truth_print()       one JSON line: {"@cpu_s": all CPU time, "region": inclusive share of it, ...}
 *
 * The table is shared memory that children inherit, over exec too (TRUTH_FD), so one line speaks for
 * the whole family. Calls last 50 µs and more: two clock reads (0.4 µs) then cost nothing. Which
 * region is next is drawn at random, so that no period of the program meets the profiler's.
 */
#ifndef TRUTH_H
#define TRUTH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* noipa also forbids folding two functions that happen to be equal */
#ifdef __clang__
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone, noipa))
#endif

/* After the last call of a function: without it the call would be a jump, and its caller not there. */
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")

#define TRUTH_MAX 32

struct truth_table {
	uint32_t n;
	struct {
		char name[56];
		uint64_t ns;
	} regions[TRUTH_MAX];
};

static struct truth_table *truth;
static __thread uint8_t truth_depth[TRUTH_MAX] __attribute__((unused));
static double truth_seconds;
static uint64_t truth_start_ns;
static volatile uint64_t truth_sink;

static inline uint64_t truth_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline uint64_t truth_now(void)
{
	return truth_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* The region of that name, made when new. Only the first process of a family makes new ones at the
 * same time as nobody else: all are declared or met before children or threads start. */
static uint32_t truth_region(const char *name)
{
	uint32_t i;

	for (i = 0; i < truth->n; i++)
		if (strcmp(truth->regions[i].name, name) == 0)
			return i;
	if (i == TRUTH_MAX)
		abort();
	snprintf(truth->regions[i].name, sizeof(truth->regions[i].name), "%s", name);
	truth->n = i + 1;
	return i;
}

static inline void truth_add(uint32_t region, uint64_t ns)
{
	__atomic_fetch_add(&truth->regions[region].ns, ns, __ATOMIC_RELAXED);
}

#define TIMED(name, ...)                                                     \
	do {                                                                 \
		uint32_t region_ = truth_region(name);                       \
		int outer_ = truth_depth[region_]++ == 0;                    \
		uint64_t began_ = truth_now();                               \
		__VA_ARGS__;                                                 \
		if (outer_)                                                  \
			truth_add(region_, truth_now() - began_);            \
		truth_depth[region_]--;                                      \
	} while (0)

/* argv[1] is the CPU time wanted, in seconds. With TRUTH_WAIT set, waits for a byte on standard input
 * first: whoever attaches to us needs the time. */
static inline void truth_init(int argc, char **argv)
{
	const char *fd_text = getenv("TRUTH_FD");
	int fd = fd_text ? atoi(fd_text) : memfd_create("truth", 0);
	char text[16];

	truth_start_ns = truth_now();
	if (!fd_text && ftruncate(fd, sizeof(*truth)) < 0)
		abort();
	truth = (struct truth_table *)mmap(NULL, sizeof(*truth), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (truth == MAP_FAILED)
		abort();
	snprintf(text, sizeof(text), "%d", fd);
	setenv("TRUTH_FD", text, 1);
	truth_seconds = argc > 1 ? atof(argv[1]) : 1;
	if (!fd_text && getenv("TRUTH_WAIT") && read(0, text, 1) < 0)
		abort();
}

/* CPU time of this process and of its children that ended. */
static inline double truth_cpu_s(void)
{
	struct rusage usage;
	double s = (double)truth_clock(CLOCK_PROCESS_CPUTIME_ID) / 1e9;

	getrusage(RUSAGE_CHILDREN, &usage);
	return s + (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
	       ((double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec) / 1e6;
}

static inline int truth_more(void)
{
	return truth_cpu_s() < truth_seconds;
}

/* Credits `name` with all this thread did since truth_init(). */
static inline void truth_since_start(const char *name)
{
	truth_add(truth_region(name), truth_now() - truth_start_ns);
}

static inline void truth_print(void)
{
	double cpu_s = truth_cpu_s();

	printf("{\"@cpu_s\":%.4f", cpu_s);
	for (uint32_t i = 0; i < truth->n; i++)
		printf(",\"%s\":%.5f", truth->regions[i].name, (double)truth->regions[i].ns / 1e9 / cpu_s);
	printf("}\n");
	fflush(stdout);
}

/* A number in [0, n), from a generator each thread has for itself. Seeded by the clock: children that all
 * took the same way would be sampled at the same few places of it. */
static inline uint32_t truth_random(uint32_t n)
{
	static __thread uint32_t state;

	if (state == 0)
		state = (uint32_t)(truth_clock(CLOCK_MONOTONIC) * 2654435761u) | 1;
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

/* Arithmetic that cannot be left out; about 1 ns a round with optimisation. */
static inline __attribute__((always_inline)) uint64_t truth_burn(uint32_t rounds, uint64_t seed)
{
	uint64_t x = seed | 1;

	for (uint32_t i = 0; i < rounds; i++)
		x = (x ^ (x >> 29)) * 0x9e3779b97f4a7c15u + i;
	truth_sink += x;
	return x;
}

#endif
