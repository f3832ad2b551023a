/* SPDX-License-Identifier: Apache-2.0 */
/* bench/unwind_rows.c - how fast CFI becomes rows, and how many; bench/unwind-rows runs it.
 *
 *   unwind_rows [-n] FILE...	-n: without readelf
 *
 * Median of 5 runs each, page cache warm, open and close of the file included. One dictionary is
 * shared by all files, as in the product. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "elf/elf.h"
#include "unwind/unwind.h"

#define RUNS 5

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
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

static double readelf_ms(const char *path)
{
	double ms[RUNS];
	char command[4096];

	snprintf(command, sizeof(command), "readelf --debug-dump=frames-interp '%s' >/dev/null 2>&1",
		 path);
	for (int i = 0; i < RUNS; i++) {
		double start = now_ms();

		if (system(command) != 0)
			return 0;
		ms[i] = now_ms() - start;
	}
	return median(ms);
}

static void measure(const char *path, struct unwind_rules *shared, bool with_readelf)
{
	struct unwind_table table = { 0 };
	struct unwind_rules own;
	double ms[RUNS], peer;
	size_t bytes = 0;
	const char *slash = strrchr(path, '/');

	for (int i = 0; i < RUNS; i++) {
		double start = now_ms();

		unwind_table_fini(&table);
		if (build_once(path, shared, &table, &bytes) < 0)
			return;
		ms[i] = now_ms() - start;
	}
	unwind_table_fini(&table);
	if (unwind_rules_init(&own) < 0 || build_once(path, &own, &table, &bytes) < 0)
		return;
	peer = with_readelf ? readelf_ms(path) : 0;
	printf("%-24.24s %6.1f %7u %8u %8u %6u %5u %8u %9u %5.2f %7.2f %8.0f %6.0f\n",
	       slash ? slash + 1 : path, (double)bytes / 1e6, table.stats.fdes, table.stats.rows_raw,
	       table.stats.rows, table.stats.unsupported, table.stats.damaged, own.n,
	       table.n_cells * 8,
	       table.stats.rows ? (double)table.n_cells * 8 / table.stats.rows : 0, median(ms), peer,
	       peer / ms[RUNS / 2]);
	fflush(stdout);
	unwind_rules_fini(&own);
	unwind_table_fini(&table);
}

int main(int argc, char **argv)
{
	bool with_readelf = argc < 2 || strcmp(argv[1], "-n") != 0;
	struct unwind_rules shared;

	if (unwind_rules_init(&shared) < 0)
		return 1;
	printf("%-24s %6s %7s %8s %8s %6s %5s %8s %9s %5s %7s %8s %6s\n", "file", "MB", "FDEs",
	       "raw rows", "kept", "unsup.", "bad", "rules", "bytes", "B/row", "ms", "readelf",
	       "ratio");
	for (int i = with_readelf ? 1 : 2; i < argc; i++)
		measure(argv[i], &shared, with_readelf);
	printf("rules of all files together: %u of %u\n", shared.n, UNWIND_RULES_MAX);
	unwind_rules_fini(&shared);
	return 0;
}
