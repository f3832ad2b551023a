/* SPDX-License-Identifier: Apache-2.0 */
/* walk_cost PID SECONDS [HZ]: what a walk inside the kernel costs, by stack depth, measured there
 * around the walk, and why walks ended. bench/walk builds and runs it over known programs. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "collect/cpu.h"

#define WALKS_MAX (1u << 20)

struct walk_cost {
	uint32_t frames, ns;
};

static struct {
	struct walk_cost *items;
	uint32_t n;
	uint64_t ends[WALK_END_COUNT], copied;
} walks;

static const char *const words[] = {
#define X(id, text) [WALK_##id] = text,
	WALK_ENDS(X)
#undef X
};

static int take(void *context, const struct raw_sample *sample)
{
	(void)context;
	walks.ends[sample->end]++;
	walks.copied += sample->copied;
	if (!sample->copied && sample->walk_ns && walks.n < WALKS_MAX)
		walks.items[walks.n++] = (struct walk_cost){ sample->n - sample->n_kernel,
							     sample->walk_ns };
	return 0;
}

static int by_ns(const void *left, const void *right)
{
	const struct walk_cost *a = left, *b = right;

	return (a->ns > b->ns) - (a->ns < b->ns);
}

static void print_depths(uint32_t low, uint32_t high)
{
	struct walk_cost *some = calloc(walks.n + 1, sizeof(*some));
	uint64_t frames = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < walks.n; i++) {
		if (walks.items[i].frames >= low && walks.items[i].frames < high) {
			some[n++] = walks.items[i];
			frames += walks.items[i].frames;
		}
	}
	qsort(some, n, sizeof(*some), by_ns);
	if (n)
		printf("%5u-%-5u %8u %8.1f %10u %10u %12.1f\n", low, high - 1, n,
		       (double)frames / n, some[n / 2].ns, some[(size_t)n * 99 / 100].ns,
		       some[n / 2].ns / ((double)frames / n));
	free(some);
}

int main(int argc, char **argv)
{
	pid_t pid = argc > 2 ? atoi(argv[1]) : 0;
	struct cpu_options options = {
		.rate_hz = argc > 3 ? (uint32_t)atoi(argv[3]) : 999, .mode = TARGET_TGIDS,
		.pids = &pid, .n_pids = 1, .measure_walks = true,
	};
	struct cpu_collector *cpu;
	struct cpu_totals totals;
	struct err err = { 0 };
	uint64_t end;

	if (!pid)
		return fprintf(stderr, "usage: walk_cost PID SECONDS [HZ]\n"), 2;
	if (pid < 0)
		options.mode = TARGET_ALL;
	walks.items = calloc(WALKS_MAX, sizeof(*walks.items));
	if (cpu_start(&cpu, &options, take, NULL, &err) < 0)
		return fprintf(stderr, "walk_cost: %s\n", err.text), 1;
	end = clock_mono_ns() + (uint64_t)atoi(argv[2]) * 1000000000u;
	while (clock_mono_ns() < end && cpu_poll(cpu, 100) == 0 && (pid < 0 || kill(pid, 0) == 0))
		;
	cpu_stop(cpu, &totals);
	printf("%11s %8s %8s %10s %10s %12s\n", "frames", "walks", "mean", "median ns", "p99 ns",
	       "ns a frame");
	for (uint32_t low = 1; low < 1u << 16; low *= 2)
		print_depths(low, low * 2);
	for (int i = 0; i < WALK_END_COUNT; i++)
		if (walks.ends[i])
			printf("%8llu %s\n", (unsigned long long)walks.ends[i], words[i]);
	printf("events %llu = recorded %llu + ring full %llu; copied %llu; tables %.1f KB\n",
	       (unsigned long long)totals.counters.events,
	       (unsigned long long)totals.counters.recorded,
	       (unsigned long long)totals.counters.drops[DROP_RING_FULL],
	       (unsigned long long)walks.copied, (double)totals.table_bytes / 1e3);
	cpu_close(cpu);
	return 0;
}
