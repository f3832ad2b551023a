/* SPDX-License-Identifier: Apache-2.0 */
/* bpf_load FILE.bpf.o [CPUS]: loads the object for each kind of target, as collect/kernel.c does, and
 * prints what the verifier did: a line a program,
 *
 *	MODE PROGRAM processed INSNS verified USEC
 *
 * or, where it is refused, the error and the end of the verifier's log. Exit code 1 then.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/sample.h"

#define LOG_BYTES (2u << 20)
#define LOG_SHOWN 6000u
#define LOG_STATS 4	/* BPF_LOG_STATS of linux/bpf_verifier.h: counts, not each instruction */

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

/* Writes a variable of .rodata, found by its name in the object's type information. */
static int set(struct bpf_object *object, const char *name, uint32_t value, size_t value_bytes)
{
	const struct btf *btf = bpf_object__btf(object);
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	int id = btf ? btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC) : -ENOENT;
	const struct btf_type *section = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	size_t bytes = 0;
	char *values = map ? (char *)bpf_map__initial_value(map, &bytes) : NULL;

	for (uint32_t i = 0; section && values && i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *at = &btf_var_secinfos(section)[i];
		const struct btf_type *var = btf__type_by_id(btf, at->type);

		if (strcmp(btf__name_by_offset(btf, var->name_off), name) == 0) {
			memcpy(values + at->offset, &value, value_bytes);
			return 0;
		}
	}
	return -ENOENT;
}

static void print_log(const char *log)
{
	size_t n = strlen(log);

	fprintf(stderr, "%s%s\n", n > LOG_SHOWN ? "[...] " : "", n > LOG_SHOWN ? log + n - LOG_SHOWN : log);
}

/* The number behind a word of the log; 0 without one. */
static unsigned long number_behind(const char *log, const char *word)
{
	const char *at = strstr(log, word);

	return at ? strtoul(at + strlen(word), NULL, 10) : 0;
}

/* Loads the object for one kind of target; runtimes: with the steps that language runtimes need. */
static int load(const char *path, const char *mode_name, uint32_t mode, uint32_t runtimes, uint32_t cpus)
{
	static const char *const per_cpu[] = { "walks", "samples", "copies", "codes", "functions" };
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *program;
	struct bpf_map *map;
	char *logs[8] = { 0 };
	int rc = object ? set(object, "target_mode", mode, sizeof(mode)) : -errno, n = 0;

	if (rc == 0)
		rc = set(object, "with_runtimes", runtimes, sizeof(runtimes));
	if (rc == 0)	/* with 0 nothing of a copy's loop is looked at */
		rc = set(object, "copy_bytes", SAMPLE_COPY_MAX / 2, sizeof(uint32_t));
	if (rc < 0)
		goto out;
	for (size_t i = 0; i < sizeof(per_cpu) / sizeof(per_cpu[0]); i++) {
		map = bpf_object__find_map_by_name(object, per_cpu[i]);
		if (map)
			bpf_map__set_max_entries(map, cpus);
	}
	bpf_object__for_each_map(map, object)	/* before 6.1 timers take no others */
		if (bpf_map__type(map) == BPF_MAP_TYPE_HASH)
			bpf_map__set_map_flags(map, 0);
	bpf_object__for_each_program(program, object) {
		logs[n] = calloc(1, LOG_BYTES);
		bpf_program__set_log_level(program, LOG_STATS);
		bpf_program__set_log_buf(program, logs[n], LOG_BYTES);
		if (++n == 8)
			break;
	}
	rc = bpf_object__load(object);
	n = 0;
	bpf_object__for_each_program(program, object) {
		const char *log = logs[n++];

		if (strstr(log, "verification time") && rc == 0)
			printf("%s %s processed %lu verified %lu\n", mode_name, bpf_program__name(program),
			       number_behind(log, "processed "), number_behind(log, "verification time "));
		else if (rc < 0)
			print_log(log);
		if (n == 8)
			break;
	}
out:
	if (rc < 0)
		printf("%s refused %s\n", mode_name, strerror(-rc));
	for (n = 0; n < 8; n++)
		free(logs[n]);
	bpf_object__close(object);
	return rc;
}

int main(int argc, char **argv)
{
	uint32_t cpus = argc > 2 ? (uint32_t)atoi(argv[2]) : 1;
	int rc = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: bpf_load FILE.bpf.o [CPUS]\n");
		return 2;
	}
	libbpf_set_print(quiet);
	rc |= load(argv[1], "native", TARGET_TGIDS, 0, cpus);
	rc |= load(argv[1], "tgids", TARGET_TGIDS, RUNTIME_ALL, cpus);
	rc |= load(argv[1], "cgroup", TARGET_CGROUP, RUNTIME_ALL, cpus);
	rc |= load(argv[1], "all", TARGET_ALL, RUNTIME_ALL, cpus);
	return rc ? 1 : 0;
}
