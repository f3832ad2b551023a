/* SPDX-License-Identifier: Apache-2.0 */
/* resolve [-q] [-r N] BINARY < VADDRS
 *
 * Resolves the hexadecimal addresses on standard input and prints, per address, "0xVADDR" and one
 * line per frame, innermost first: name, path, line, column, declared line; tab separated. -q
 * prints only what it took. -r repeats with a fresh resolver. For bench/symbolize and for
 * tests/dwarf_oracle.py; built by bench/build-resolve. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/vec.h"
#include "elf/dwarf.h"
#include "elf/elf.h"

struct vaddrs {
	uint64_t *items;
	uint32_t n, cap;
};

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int read_vaddrs(struct vaddrs *vaddrs)
{
	char line[64];
	uint32_t kept = 0;

	while (fgets(line, sizeof(line), stdin)) {
		if (VEC_RESERVE(&vaddrs->items, &vaddrs->cap, vaddrs->n + 1) < 0)
			return -1;
		vaddrs->items[vaddrs->n++] = strtoull(line, NULL, 16);
	}
	if (vaddrs->n)
		qsort(vaddrs->items, vaddrs->n, sizeof(*vaddrs->items), by_value);
	for (uint32_t i = 0; i < vaddrs->n; i++)
		if (!i || vaddrs->items[i] != vaddrs->items[kept - 1])
			vaddrs->items[kept++] = vaddrs->items[i];
	vaddrs->n = kept;
	return 0;
}

/* Decimal into out, which has room. */
static void add_number(struct buf *out, uint32_t v)
{
	char digits[10];
	int n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		out->p[out->n++] = digits[--n];
}

static void add_frame(struct buf *out, const struct dwarf_frame *f)
{
	if (!buf_reserve(out, f->name.n + f->dir.n + f->file.n + 64))
		return;
	buf_add_str(out, f->name);
	out->p[out->n++] = '\t';
	buf_add_str(out, f->dir);
	if (f->dir.n)
		out->p[out->n++] = '/';
	buf_add_str(out, f->file);
	out->p[out->n++] = '\t';
	add_number(out, f->line);
	out->p[out->n++] = '\t';
	add_number(out, f->column);
	out->p[out->n++] = '\t';
	add_number(out, f->start_line);
	out->p[out->n++] = '\n';
}

static void print_result(const struct dwarf_result *result, const uint64_t *vaddrs)
{
	struct buf out = { 0 };

	for (uint32_t i = 0; i < result->n; i++) {
		buf_addf(&out, "0x%llx\n", (unsigned long long)vaddrs[i]);
		for (uint32_t k = result->first[i]; k < result->first[i + 1]; k++)
			add_frame(&out, &result->frames[k]);
		if (out.n > 1 << 16 || i + 1 == result->n) {
			fwrite(out.p, 1, out.n, stdout);
			buf_clear(&out);
		}
	}
	buf_fini(&out);
}

static int resolve(const char *path, const struct vaddrs *vaddrs, bool quiet, struct err *err)
{
	uint64_t start = clock_mono_ns(), opened;
	struct dwarf_result result = { 0 };
	struct dwarf *dwarf = NULL;
	struct rusage usage;
	struct elf elf = { 0 };
	int rc = elf_open(&elf, path, err);

	if (rc == 0)
		rc = dwarf_open(&dwarf, &elf, path, err);
	opened = clock_mono_ns();
	if (rc == 0)
		rc = dwarf_resolve(dwarf, vaddrs->items, vaddrs->n, &result, err);
	if (rc == 0 && quiet) {
		getrusage(RUSAGE_SELF, &usage);
		printf("%u addresses, %u frames: open %.3f s, resolve %.3f s, peak %ld MB\n",
		       result.n, result.n_frames, (double)(opened - start) / 1e9,
		       (double)(clock_mono_ns() - opened) / 1e9, usage.ru_maxrss / 1024);
	}
	if (!quiet)
		print_result(&result, vaddrs->items);
	dwarf_result_fini(&result);
	dwarf_close(dwarf);
	elf_close(&elf);
	return rc;
}

int main(int argc, char **argv)
{
	struct vaddrs vaddrs = { 0 };
	struct err err = { 0 };
	bool quiet = false;
	int option, repeat = 1, rc = 0;

	while ((option = getopt(argc, argv, "qr:")) != -1) {
		if (option == 'q')
			quiet = true;
		else if (option == 'r')
			repeat = atoi(optarg);
		else
			return 2;
	}
	if (optind + 1 != argc || read_vaddrs(&vaddrs) < 0) {
		fprintf(stderr, "usage: resolve [-q] [-r N] BINARY < VADDRS\n");
		return 2;
	}
	while (repeat-- > 0 && rc == 0)
		rc = resolve(argv[optind], &vaddrs, quiet, &err);
	if (rc < 0)
		fprintf(stderr, "resolve: %s\n", err.text);
	free(vaddrs.items);
	return rc < 0;
}
