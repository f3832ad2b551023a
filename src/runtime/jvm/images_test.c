/* SPDX-License-Identifier: Apache-2.0 */
/* The seeds of images_fuzz.c, as they were read of running processes: that each drives the readers that it is there for
 * (docs/testing.md has the table). */
#include <stdio.h>

#include "base/test.h"
#include "runtime/jvm/seed_test.h"

#define CORPUS "tests/corpus/runtime/jvm/images"

enum { HEAPS, CHUNKS, THREADS, INTERPRETED, C1, C2, INLINED, STUBS, LINES, N_DRIVEN };

struct driven {
	uint32_t n[N_DRIVEN];
};

static void see(void *seer, const struct jvm_seed_told *told)
{
	struct driven *driven = seer;
	const struct jvm_place *place = told->n ? &told->places[told->n - 1] : NULL;

	if (told->tag == 'L') {
		driven->n[HEAPS] += told->n;
		driven->n[CHUNKS] += told->kind;
	} else if (told->tag == 'T') {
		driven->n[THREADS] += str_eq(place->name, STR("a thread of th\xc3\xa9 image \xe5\x90\x8d\xe5\x89\x8d"));
	} else if (place) {
		driven->n[INTERPRETED] += place->tier == JVM_TIER_INTERPRETER;
		driven->n[C1] += place->tier == JVM_TIER_C1;
		driven->n[C2] += place->tier == JVM_TIER_C2;
		driven->n[INLINED] += told->n > 1;
		driven->n[STUBS] += told->kind == JVM_STUB;
		driven->n[LINES] += place->line != 0;
	}
}

static struct driven drive(const char *name)
{
	static struct seed seed;
	struct driven driven = { { 0 } };
	char path[300];

	snprintf(path, sizeof(path), CORPUS "/%s", name);
	seed_read_file(&seed, path);
	CHECK(jvm_seed_replay(&seed, see, &driven));
	return driven;
}

/* What each of a name drives at least. */
static const struct {
	const char *mode;
	int wanted[N_DRIVEN];
} modes[] = {
	{ "", { [HEAPS] = 1, [THREADS] = 1, [INTERPRETED] = 3, [C1] = 3, [C2] = 3, [INLINED] = 1, [STUBS] = 1, [LINES] = 20 } },
	{ "-xint", { [HEAPS] = 1, [THREADS] = 1, [INTERPRETED] = 8, [LINES] = 8 } },
	{ "-c1", { [HEAPS] = 1, [THREADS] = 1, [C1] = 8, [LINES] = 8 } },
	{ "-zgc", { [HEAPS] = 1, [THREADS] = 1, [C2] = 3, [LINES] = 20 } },
};

TEST(every_jdk_drives_every_reader)
{
	static const unsigned jdks[] = { 11, 17, 21, 24, 25, 26 };

	for (size_t v = 0; v < sizeof(jdks) / sizeof(jdks[0]); v++)
		for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
			char name[40];
			struct driven driven;

			if (jdks[v] == 11 && !strcmp(modes[m].mode, "-zgc"))
				continue;
			snprintf(name, sizeof(name), "jdk%u%s", jdks[v], modes[m].mode);
			driven = drive(name);
			printf("%-12s", name);
			for (int i = 0; i < N_DRIVEN; i++)
				printf(" %u", driven.n[i]);
			printf("\n");
			for (int i = 0; i < N_DRIVEN; i++)
				CHECK(driven.n[i] >= (uint32_t)modes[m].wanted[i]);
			/* chunks of virtual threads' frames */
			CHECK(driven.n[CHUNKS] == (jdks[v] >= 21));
		}
}

TEST_MAIN(CASE(every_jdk_drives_every_reader))
