/* SPDX-License-Identifier: Apache-2.0 */
/* bench/formats.c - makes large profiles, and times what Sonde does with them.
 *
 *   formats gen-pprof FILE [MB [LABELS]]  synthetic pprof, uncompressed size given (50); each sample
 *                                    with 1 (the thread's id) to 4 labels (as Sonde records)
 *   formats gen-many DIR N KB        N small pprof files, plain, of one program: DIR/000.pb, 001.pb, ...
 *   formats gen-folded FILE [LINES]  synthetic folded stacks (1,000,000 lines: 231 MB, 2.6 M nodes)
 *   formats read FILE                reads; prints what is in it, seconds, MB/s and peak memory
 *   formats parts OUT FILE           reads it twice, merges, writes; prints each part
 *   formats merge OUT FILE...        reads all, merges, writes
 *
 * Generated stacks are walks through one random call graph: a call site goes on to a few others, the
 * first of them mostly. Numbers come from a fixed seed.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "format/format.h"
#include "format/pprof.h"
#include "format/proto.h"
#include "model/profile.h"

#define SITES 100000u
#define FUNCTIONS 30000u
#define SITES_OF_SMALL 400u	/* with 150 bytes each for their locations, functions and strings */

static uint64_t seed = 88172645463325252u;
static uint32_t sites = SITES;	/* of the program */

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * n >> 32);
}

static uint32_t mix(uint32_t a, uint32_t b, uint32_t n)
{
	return (uint32_t)((hash_u64(a, b) >> 32) * (uint64_t)n >> 32);
}

/* The next call site: most sites call on to one place mostly; `wild` in 100 go their own way. */
static uint32_t next_site(uint32_t site, uint32_t wild)
{
	uint32_t k = 0;

	if (rnd(100) < wild)
		k = 1 + rnd(1 + mix(site, 7, 12));
	return mix(site, 100 + k, sites);
}

static void put(struct buf *out, FILE *file)
{
	fwrite(out->p, 1, out->n, file);
	buf_clear(out);
}

static void gen_name(struct buf *name, uint32_t i)
{
	static const char *const words[] = { "parse", "emit", "lower", "visit", "hash", "insert",
		"fold", "scan", "alloc", "copy", "reduce", "spill", "select", "merge", "walk", "print" };

	buf_clear(name);
	buf_addf(name, "%s_%s%u", words[mix(i, 1, 16)], words[mix(i, 2, 16)], i);
	if (mix(i, 3, 4) == 0)
		buf_addf(name, "<std::pair<int, %s>>", words[mix(i, 4, 16)]);
}

/* Below n, small ones more often: most stacks are near the usual depth. */
static uint32_t least(uint32_t n)
{
	uint32_t a = rnd(n), b = rnd(n);

	return a < b ? a : b;
}

struct gen {
	struct buf message, inner, out, strings;
	uint32_t *ids, n_ids;		/* site -> location id, in order of first use */
	uint32_t *sites;		/* and back */
	bool *called;			/* functions that a location names */
	uint32_t n_strings;
	uint32_t labels, key;		/* how many each sample has; string of the first one's key */
};

static uint32_t gen_string(struct gen *g, struct str s)
{
	proto_add_bytes(&g->strings, PPROF_STRING, s);
	return g->n_strings++;
}

static void gen_type(struct gen *g, const char *type, const char *unit)
{
	buf_clear(&g->message);
	proto_add_uint(&g->message, PPROF_TYPE_TYPE, gen_string(g, str_of(type)));
	proto_add_uint(&g->message, PPROF_TYPE_UNIT, gen_string(g, str_of(unit)));
	proto_add_bytes(&g->out, PPROF_SAMPLE_TYPE, buf_str(&g->message));
}

static void gen_sample(struct gen *g)
{
	uint32_t stack[64], depth = 20 + least(41), site = 1, n = 0;

	while (n < depth) {
		stack[n++] = site;
		site = next_site(site, n < 4 ? 20 : 6);
	}
	buf_clear(&g->message);
	buf_clear(&g->inner);
	while (n--) {
		if (!g->ids[stack[n]]) {
			g->ids[stack[n]] = ++g->n_ids;
			g->sites[g->n_ids] = stack[n];
		}
		buf_add_uleb(&g->inner, g->ids[stack[n]]);
	}
	proto_add_bytes(&g->message, PPROF_SAMPLE_LOCATION, buf_str(&g->inner));
	buf_clear(&g->inner);
	buf_add_uleb(&g->inner, 1 + rnd(3));
	buf_add_uleb(&g->inner, 10101010 * (1 + rnd(3)));
	proto_add_bytes(&g->message, PPROF_SAMPLE_VALUE, buf_str(&g->inner));
	for (uint32_t thread = rnd(8), k = 0; k < g->labels; k++) {
		buf_clear(&g->inner);
		proto_add_uint(&g->inner, PPROF_LABEL_KEY, g->key + k);
		if (k < 2)
			proto_add_uint(&g->inner, PPROF_LABEL_NUM, 1000 + (k ? 0 : thread));
		else
			proto_add_uint(&g->inner, PPROF_LABEL_STR, g->key + k + (k > 2 ? thread : 0));
		proto_add_bytes(&g->message, PPROF_SAMPLE_LABEL, buf_str(&g->inner));
	}
	proto_add_bytes(&g->out, PPROF_SAMPLE, buf_str(&g->message));
}

static void gen_line(struct gen *g, uint32_t function, uint32_t line)
{
	g->called[function] = true;
	buf_clear(&g->inner);
	proto_add_uint(&g->inner, PPROF_LINE_FUNCTION, function + 1);
	proto_add_uint(&g->inner, PPROF_LINE_LINE, line);
	proto_add_bytes(&g->message, PPROF_LOCATION_LINE, buf_str(&g->inner));
}

static void gen_location(struct gen *g, uint32_t id)
{
	uint32_t site = g->sites[id];

	buf_clear(&g->message);
	proto_add_uint(&g->message, PPROF_LOCATION_ID, id);
	proto_add_uint(&g->message, PPROF_LOCATION_MAPPING, 1 + mix(site, 5, 8));
	proto_add_uint(&g->message, PPROF_LOCATION_ADDRESS, 0x400000 + site * 16);
	for (uint32_t i = mix(site, 6, 10) < 3 ? 1 + mix(site, 8, 3) : 0; i > 0; i--)
		gen_line(g, mix(site, 20 + i, FUNCTIONS), 1 + mix(site, 40 + i, 3000));
	gen_line(g, site % FUNCTIONS, 1 + mix(site, 9, 3000));
	proto_add_bytes(&g->out, PPROF_LOCATION, buf_str(&g->message));
}

static void gen_tables(struct gen *g)
{
	struct buf text = { 0 };

	for (uint32_t i = 1; i <= 8; i++) {
		buf_clear(&g->message);
		buf_clear(&text);
		buf_addf(&text, "/usr/lib/libpart%u.so.1", i);
		proto_add_uint(&g->message, PPROF_MAPPING_ID, i);
		proto_add_uint(&g->message, PPROF_MAPPING_START, (uint64_t)i << 32);
		proto_add_uint(&g->message, PPROF_MAPPING_LIMIT, (uint64_t)(i + 1) << 32);
		proto_add_uint(&g->message, PPROF_MAPPING_FILE, gen_string(g, buf_str(&text)));
		proto_add_uint(&g->message, PPROF_MAPPING_HAS_FUNCTIONS, 1);
		proto_add_bytes(&g->out, PPROF_MAPPING, buf_str(&g->message));
	}
	for (uint32_t id = 1; id <= g->n_ids; id++)
		gen_location(g, id);
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		if (!g->called[i])
			continue;
		buf_clear(&g->message);
		gen_name(&text, i);
		proto_add_uint(&g->message, PPROF_FUNCTION_ID, i + 1);
		proto_add_uint(&g->message, PPROF_FUNCTION_NAME, gen_string(g, buf_str(&text)));
		buf_addf(&text, "/src/%u.cc", i % 500);
		proto_add_uint(&g->message, PPROF_FUNCTION_FILE, gen_string(g, buf_str(&text)));
		proto_add_bytes(&g->out, PPROF_FUNCTION, buf_str(&g->message));
	}
	buf_fini(&text);
}

static int gen_pprof(const char *path, size_t bytes, uint32_t labels)
{
	struct gen g = { .labels = labels, .ids = calloc(SITES + 1, 4), .sites = calloc(SITES + 1, 4),
			 .called = calloc(FUNCTIONS, 1) };
	FILE *file = fopen(path, "w");
	size_t done = 0;
	uint32_t samples = 0;

	if (!file || !g.ids || !g.sites || !g.called)
		return 1;
	gen_string(&g, STR(""));
	gen_type(&g, "samples", "count");
	gen_type(&g, "cpu", "nanoseconds");
	g.key = gen_string(&g, STR("tid"));
	gen_string(&g, STR("pid"));
	gen_string(&g, STR("process"));
	gen_string(&g, STR("thread"));
	for (int i = 0; i < 8; i++)
		gen_string(&g, STR("worker"));
	/* what locations, functions and strings will take is left free */
	for (; done + g.out.n + (sites < SITES ? sites * 150 : 6 << 20) < bytes; samples++) {
		gen_sample(&g);
		if (g.out.n > 1 << 20) {
			done += g.out.n;
			put(&g.out, file);
		}
	}
	gen_tables(&g);
	buf_add_str(&g.out, buf_str(&g.strings));
	put(&g.out, file);
	fprintf(stderr, "%s: %u samples, %u locations\n", path, samples, g.n_ids);
	free(g.ids);
	free(g.sites);
	free(g.called);
	buf_fini(&g.message);
	buf_fini(&g.inner);
	buf_fini(&g.out);
	buf_fini(&g.strings);
	return fclose(file) ? 1 : 0;
}

static int gen_many(const char *dir, uint32_t n, size_t kb)
{
	char path[4096];
	int rc = 0;

	sites = SITES_OF_SMALL;
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		snprintf(path, sizeof(path), "%s/%03u.pb", dir, i);
		rc = gen_pprof(path, kb * 1000, 1);
	}
	return rc;
}

static int gen_folded(const char *path, uint32_t lines)
{
	FILE *file = fopen(path, "w");
	struct buf out = { 0 }, name = { 0 };

	if (!file)
		return 1;
	for (uint32_t i = 0; i < lines; i++) {
		uint32_t depth = 4 + rnd(13), site = 1;

		for (uint32_t n = 0; n < depth; n++) {
			gen_name(&name, site % FUNCTIONS);
			buf_add_str(&out, buf_str(&name));
			buf_add_u8(&out, n + 1 < depth ? ';' : ' ');
			site = next_site(site, n < 4 ? 55 : 60);
		}
		buf_add_dec(&out, 1 + rnd(20));
		buf_add_u8(&out, '\n');
		if (out.n > 1 << 20)
			put(&out, file);
	}
	put(&out, file);
	return fclose(file) ? 1 : 0;
}

static long peak_mb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss >> 10;
}

struct times {
	uint64_t wall, cpu;
};

static struct times times_now(void)
{
	return (struct times){ clock_mono_ns(), clock_ns(CLOCK_PROCESS_CPUTIME_ID) };
}

/* Wall and processor seconds: on a busy machine only the second says much. */
static double print_times(const char *what, struct times start)
{
	struct times end = times_now();

	printf("%-6s %.3f s (%.3f s of CPU)  ", what, (double)(end.wall - start.wall) / 1e9,
	       (double)(end.cpu - start.cpu) / 1e9);
	return (double)(end.wall - start.wall) / 1e9;
}

static int fail(const struct err *err)
{
	fprintf(stderr, "formats: %s\n", err->text);
	return 1;
}

static int read_one(struct profile *profile, const char *path)
{
	struct err err = { 0 };
	struct stat st = { 0 };
	struct times start = times_now();
	double seconds;

	profile_init(profile);
	if (format_read(profile, path, &err) < 0)
		return fail(&err);
	seconds = print_times("read", start);
	stat(path, &st);
	printf("%.0f MB/s, peak %ld MB: %u rows, %u nodes, %u frames, %u strings\n",
	       (double)st.st_size / 1e6 / seconds, peak_mb(), profile->n, profile->tree.n,
	       profile->frames.n_frames, profile->strings.n);
	return 0;
}

/* Each part by itself, one after another. */
static int parts(const char *out, const char *path)
{
	struct profile a, b;
	struct err err = { 0 };
	struct times start;

	if (read_one(&a, path) || read_one(&b, path))
		return 1;
	start = times_now();
	if (profile_merge(&a, &b) < 0)
		return 1;
	print_times("merge", start);
	printf("%u rows, %u nodes\n", a.n, a.tree.n);
	start = times_now();
	if (format_write(&a, out, NULL, &err) < 0)
		return fail(&err);
	print_times("write", start);
	printf("peak %ld MB\n", peak_mb());
	profile_fini(&a);
	profile_fini(&b);
	return 0;
}

/* As a user would: read all, write one. */
static int merge(const char *out, char **paths, int n)
{
	struct profile profile;
	struct err err = { 0 };

	profile_init(&profile);
	if (format_read_all(&profile, (const char *const *)paths, (size_t)n, NULL, &err) < 0 ||
	    format_write(&profile, out, NULL, &err) < 0)
		return fail(&err);
	profile_fini(&profile);
	return 0;
}

int main(int argc, char **argv)
{
	struct profile profile;
	int rc;

	if (argc >= 3 && !strcmp(argv[1], "gen-pprof"))
		return gen_pprof(argv[2], (argc > 3 ? strtoul(argv[3], NULL, 10) : 50) * 1000000,
				 argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 1);
	if (argc == 5 && !strcmp(argv[1], "gen-many"))
		return gen_many(argv[2], (uint32_t)strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	if (argc >= 3 && !strcmp(argv[1], "gen-folded"))
		return gen_folded(argv[2], argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1000000);
	if (argc == 3 && !strcmp(argv[1], "read")) {
		rc = read_one(&profile, argv[2]);
		profile_fini(&profile);
		return rc;
	}
	if (argc == 4 && !strcmp(argv[1], "parts"))
		return parts(argv[2], argv[3]);
	if (argc >= 4 && !strcmp(argv[1], "merge"))
		return merge(argv[2], argv + 3, argc - 3);
	fprintf(stderr, "usage: formats gen-pprof|gen-many|gen-folded|read|parts|merge FILE...\n");
	return 2;
}
