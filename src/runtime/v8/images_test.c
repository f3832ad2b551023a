/* SPDX-License-Identifier: Apache-2.0 */
/* The seeds of images_fuzz.c, as they were read of running processes: that each drives the readers that it is there for
 * (docs/testing.md has the table). */
#include <stdio.h>

#include "base/test.h"
#include "runtime/v8/seed_test.h"

#define CORPUS "tests/corpus/runtime/v8/images"

enum { FUNCTION, INTERPRETED, BASELINE, OPTIMISED, MAGLEV, INLINED, PATTERN, WASM, BY_PLACE, LINES, N_DRIVEN };

struct driven {
	uint32_t n[N_DRIVEN];
};

static void see(void *seer, const struct v8_seed_told *told)
{
	struct driven *driven = seer;
	const struct v8_place *place = told->n ? &told->places[told->n - 1] : NULL;

	if (!place)
		return;
	driven->n[FUNCTION] += told->kind == V8_FUNCTION;
	driven->n[INTERPRETED] += told->kind == V8_INTERPRETED;
	driven->n[BASELINE] += told->kind == V8_BASELINE;
	driven->n[OPTIMISED] += place->tier == V8_TIER_TURBOFAN;
	driven->n[MAGLEV] += place->tier == V8_TIER_MAGLEV;
	driven->n[INLINED] += told->n > 1;
	driven->n[PATTERN] += told->kind == V8_REGEXP;
	driven->n[WASM] += told->tag == 'W';
	driven->n[BY_PLACE] += told->tag == 'A';
	driven->n[LINES] += place->line != 0;
}

static struct driven drive(const char *name)
{
	static struct seed seed;
	struct driven driven = { { 0 } };
	char path[300];

	snprintf(path, sizeof(path), CORPUS "/%s", name);
	seed_read_file(&seed, path);
	CHECK(v8_seed_replay(&seed, see, &driven));
	return driven;
}

/* What each of a name drives at least. */
static const struct {
	const char *mode;
	int wanted[N_DRIVEN];
} modes[] = {
	{ "", { [INTERPRETED] = 1, [OPTIMISED] = 1, [PATTERN] = 1, [WASM] = 1, [LINES] = 5 } },
	{ "-sparkplug", { [BASELINE] = 3, [PATTERN] = 1, [WASM] = 1, [LINES] = 2 } },
	{ "-osr", { [OPTIMISED] = 2, [INLINED] = 1, [BY_PLACE] = 1, [LINES] = 5 } },
};

TEST(every_version_drives_every_reader)
{
	static const unsigned versions[] = { 16, 18, 20, 21, 22, 23, 24, 25, 26 };

	for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++)
		for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
			char name[40];
			struct driven driven;

			snprintf(name, sizeof(name), "node%u%s", versions[v], modes[m].mode);
			driven = drive(name);
			printf("%-18s", name);
			for (int i = 0; i < N_DRIVEN; i++)
				printf(" %u", driven.n[i]);
			printf("\n");
			for (int i = 0; i < N_DRIVEN; i++)
				CHECK(driven.n[i] >= (uint32_t)modes[m].wanted[i]);
			CHECK(versions[v] < 24 || driven.n[MAGLEV] >= 5);
		}
}

TEST_MAIN(CASE(every_version_drives_every_reader))
