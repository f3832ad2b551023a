/* SPDX-License-Identifier: Apache-2.0 */
/* bench/naming.c - opens one file and names addresses of it, as a recording's end does.
 *
 *   naming FILE N            prints addresses, named, frames, functions, milliseconds, peak memory (KiB)
 *   naming FILE N addresses  prints the addresses, for peers
 *
 * The addresses are N random ones of .text (fixed seed).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/err.h"
#include "elf/elf.h"
#include "model/frames.h"
#include "model/strings.h"
#include "symbol/symbol.h"

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Sorted and distinct; returns how many. */
static uint32_t make_addresses(const char *path, uint64_t *addresses, uint32_t n)
{
	const struct elf_section *text;
	uint64_t seed = 88172645463325252u;
	uint32_t kept = 0;
	struct elf elf;

	if (elf_open(&elf, path, NULL) < 0)
		return 0;
	text = elf_find_section(&elf, STR(".text"));
	for (uint32_t i = 0; text && text->size && i < n; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		addresses[i] = text->vaddr + seed % text->size;
	}
	if (text && text->size)
		qsort(addresses, n, sizeof(*addresses), compare);
	for (uint32_t i = 0; text && text->size && i < n; i++)
		if (!kept || addresses[i] != addresses[kept - 1])
			addresses[kept++] = addresses[i];
	elf_close(&elf);
	return kept;
}

static int name_all(const char *path, const uint64_t *addresses, uint32_t n)
{
	struct symbol_object *object = NULL;
	struct symbol_chains chains = { 0 };
	struct strings strings = { 0 };
	struct frames frames;
	struct err err = { 0 };
	struct rusage usage;
	uint64_t start = clock_mono_ns();
	int rc;

	frames_init(&frames, &strings);
	rc = symbol_object_open_file(&object, -1, str_of(path), STR(""), (struct str){ 0 }, &err);
	if (rc == 0)
		rc = symbol_resolve(object, &frames, addresses, n, &chains, &err);
	if (rc < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	start = clock_mono_ns() - start;
	getrusage(RUSAGE_SELF, &usage);
	printf("%u %u %u %u %.1f %ld\n", n, chains.n_named, chains.first[n],
	       frames.n_functions - 1, (double)start / 1e6, usage.ru_maxrss);
	symbol_chains_fini(&chains);
	symbol_object_close(object);
	frames_fini(&frames);
	strings_fini(&strings);
	return 0;
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	uint64_t *addresses = calloc(n ? n : 1, sizeof(*addresses));
	int rc = 0;

	if (argc < 3 || !addresses) {
		fprintf(stderr, "usage: naming FILE N [addresses]\n");
		return 2;
	}
	n = make_addresses(argv[1], addresses, n);
	if (argc > 3)
		for (uint32_t i = 0; i < n; i++)
			printf("0x%llx\n", (unsigned long long)addresses[i]);
	else
		rc = name_all(argv[1], addresses, n);
	free(addresses);
	return rc;
}
