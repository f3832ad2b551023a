/* SPDX-License-Identifier: Apache-2.0 */
/* bench/unwind_rows.c - how fast CFI becomes rows, and how many; bench/unwind-rows runs it.
 *
 *   unwind_rows [-n] FILE...	-n: without readelf
 *
 * Median of 5 runs each, taken in turns, page cache warm, open and close of the file included. Both
 * use one thread, and CPU time is compared: a busy machine then changes little. One dictionary is
 * shared by all files, as in the product. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/err.h"
#include "elf/elf.h"
#include "unwind/unwind.h"

#define RUNS 5

static double now_ms(void)
{
	return (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double ms[RUNS])
{
	qsort(ms, RUNS, sizeof(*ms), by_value);
	return ms[RUNS / 2];
}

static int build_once(const char *path, struct unwind_rules *rules, struct unwind_table *table,
		      size_t *ret_bytes)
{
	struct elf elf = { 0 };
	struct err err = { 0 };
	int rc = elf_open(&elf, path, &err);

	if (rc == 0) {
		*ret_bytes = elf.bytes.n;
		rc = unwind_build(table, &elf, rules, &err);
	}
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", path, err.text);
	elf_close(&elf);
	return rc;
}

/* CPU time of one readelf. */
static double readelf_ms(const char *path)
{
	pid_t pid;
	struct rusage usage = { 0 };

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr))
			execlp("readelf", "readelf", "--debug-dump=frames-interp", path, NULL);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, NULL, 0, &usage) < 0)
		return 0;
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static void print(const char *path, size_t bytes, const struct unwind_table *table,
		  uint32_t n_rules, double ms, double peer_ms)
{
	const char *slash = strrchr(path, '/');
	const struct unwind_stats *s = &table->stats;

	printf("%-24.24s %6.1f %7u %8u %8u %6u %5u %6u %9u %6.2f %7.2f", slash ? slash + 1 : path,
	       (double)bytes / 1e6, s->fdes, s->rows_raw, s->rows, s->unsupported, s->damaged,
	       n_rules, table->n_cells * 8, s->rows ? (double)table->n_cells * 8 / s->rows : 0, ms);
	if (peer_ms > 0)
		printf(" %8.0f %6.1f", peer_ms, peer_ms / ms);
	printf("\n");
	fflush(stdout);
}

static void measure(const char *path, struct unwind_rules *shared, bool with_readelf)
{
	struct unwind_table table = { 0 };
	struct unwind_rules own;
	double ms[RUNS], peer_ms[RUNS] = { 0 };
	size_t bytes = 0;

	for (int i = 0; i < RUNS; i++) {
		double start = now_ms();

		unwind_table_fini(&table);
		if (build_once(path, shared, &table, &bytes) < 0)
			return;
		ms[i] = now_ms() - start;
		if (with_readelf)
			peer_ms[i] = readelf_ms(path);
	}
	unwind_table_fini(&table);
	if (unwind_rules_init(&own) < 0 || build_once(path, &own, &table, &bytes) < 0)
		return;
	print(path, bytes, &table, own.n, median(ms), median(peer_ms));
	unwind_rules_fini(&own);
	unwind_table_fini(&table);
}

int main(int argc, char **argv)
{
	bool with_readelf = argc < 2 || strcmp(argv[1], "-n") != 0;
	struct unwind_rules shared;

	if (unwind_rules_init(&shared) < 0)
		return 1;
	printf("%-24s %6s %7s %8s %8s %6s %5s %6s %9s %6s %7s %8s %6s\n", "file", "MB", "FDEs",
	       "raw rows", "kept", "unsup.", "bad", "rules", "bytes", "B/row", "CPU ms",
	       "readelf", "ratio");
	for (int i = with_readelf ? 1 : 2; i < argc; i++)
		measure(argv[i], &shared, with_readelf);
	printf("rules of all files together: %u of %u\n", shared.n, UNWIND_RULES_MAX);
	unwind_rules_fini(&shared);
	return 0;
}
