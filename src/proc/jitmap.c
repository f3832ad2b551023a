/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/jitmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "proc/maps.h"
#include "proc/perfhome.h"
#include "proc/process.h"
#include "proc/procfile.h"

#define JIT_FILE_MAX ((size_t)2 << 30)

int jit_map_add(struct jit_map *map, struct jit_code code)
{
	if (VEC_RESERVE(&map->items, &map->cap, (uint64_t)map->n + 1) < 0)
		return -ENOMEM;
	code.name = arena_dup(&map->arena, code.name);
	if (!code.name.p)
		return -ENOMEM;
	code.order = map->n;
	map->items[map->n++] = code;
	return 0;
}

static int compare_codes(const void *a, const void *b)
{
	const struct jit_code *left = a, *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	if (left->time_ns != right->time_ns)
		return left->time_ns < right->time_ns ? -1 : 1;
	return (left->order > right->order) - (left->order < right->order);
}

/*
 * Ranges that overlap, sorted by start, are searched as a tree that is nowhere stored: the middle of
 * [low, high) is the root of what lies left and right of it, and reach[middle] the highest end in
 * [low, high). Both functions go as deep as the logarithm of n, 32 at most.
 */
static uint64_t set_reach(struct jit_map *map, uint32_t low, uint32_t high)
{
	uint32_t middle = low + (high - low) / 2;
	uint64_t left, right, reach;

	if (low >= high)
		return 0;
	left = set_reach(map, low, middle);
	right = set_reach(map, middle + 1, high);
	reach = map->items[middle].end;
	if (reach < left)
		reach = left;
	if (reach < right)
		reach = right;
	map->reach[middle] = reach;
	return reach;
}

struct query {
	uint64_t address, time_ns;
	const struct jit_code *best;
};

static void consider(struct query *query, const struct jit_code *code)
{
	const struct jit_code *best = query->best;

	if (code->end <= query->address || (query->time_ns && code->time_ns > query->time_ns))
		return;
	if (!best || code->time_ns > best->time_ns ||
	    (code->time_ns == best->time_ns && code->order > best->order))
		query->best = code;
}

static void search(const struct jit_map *map, struct query *query, uint32_t low, uint32_t high)
{
	uint32_t middle = low + (high - low) / 2;

	if (low >= high || map->reach[middle] <= query->address)
		return;
	search(map, query, low, middle);
	if (map->items[middle].start > query->address)
		return;
	consider(query, &map->items[middle]);
	search(map, query, middle + 1, high);
}

int jit_map_seal(struct jit_map *map)
{
	uint64_t *reach;

	if (!map->n)
		return 0;
	reach = reallocarray(map->reach, map->n, sizeof(*reach));
	if (!reach)
		return -ENOMEM;
	map->reach = reach;
	qsort(map->items, map->n, sizeof(*map->items), compare_codes);
	set_reach(map, 0, map->n);
	return 0;
}

const struct jit_code *jit_map_find(const struct jit_map *map, uint64_t address, uint64_t time_ns)
{
	struct query query = { .address = address, .time_ns = time_ns };

	search(map, &query, 0, map->n);
	return query.best;
}

void jit_map_fini(struct jit_map *map)
{
	free(map->items);
	free(map->reach);
	arena_fini(&map->arena);
	*map = (struct jit_map){ 0 };
}

typedef int (*parse_fn)(struct jit_map *map, struct str bytes, struct err *err);

/* Reads fd, which it closes, and parses what it holds. A copy, never a mapping: the process may cut
 * its file short at any time. */
static int load_fd(struct jit_map *map, int fd, parse_fn parse, const char *what, struct err *err)
{
	struct buf buf = { 0 };
	int rc = procfile_read_fd(&buf, JIT_FILE_MAX, fd);

	close(fd);
	if (rc < 0)
		err_set(err, "cannot read %s: %s", what, err_text(rc));
	else
		rc = parse(map, buf_str(&buf), err);
	buf_fini(&buf);
	return rc;
}

static int load_perf(struct jit_map *map, const struct perf_home *home, struct err *err)
{
	int fd = perf_home_open_map(home);
	char name[32];

	snprintf(name, sizeof(name), "perf-%d.map", home->pid);
	return fd < 0 ? fd : load_fd(map, fd, jit_map_parse_perf, name, err);
}

static bool is_jitdump(struct str path)
{
	struct str base = str_basename(path);

	return str_starts(base, STR("jit-")) && str_ends(base, STR(".dump"));
}

static int load_mapped_jitdump(struct jit_map *map, pid_t pid, struct err *err)
{
	struct proc_maps maps;
	int rc = proc_maps_read(&maps, pid, NULL);

	if (rc < 0)
		return -ENOENT;
	rc = -ENOENT;
	for (uint32_t i = 0; rc == -ENOENT && i < maps.n; i++) {
		const struct proc_map *item = &maps.items[i];
		int fd;

		if (!item->inode || !is_jitdump(item->path))
			continue;
		fd = process_open_mapped(pid, item->start, item->end, item->path, item->inode,
					 NULL);
		if (fd >= 0)
			rc = load_fd(map, fd, jit_map_parse_jitdump, item->path.p, err);
	}
	proc_maps_fini(&maps);
	return rc;
}

int jit_map_load(struct jit_map *map, pid_t pid, struct err *err)
{
	struct err why = { 0 };
	struct perf_home home;
	int from_perf, from_dump;

	*map = (struct jit_map){ 0 };
	perf_home_open(&home, pid);
	from_perf = load_perf(map, &home, &why);
	perf_home_close(&home);
	from_dump = load_mapped_jitdump(map, pid, &why);
	if (from_perf == 0 || from_dump == 0)
		return 0;
	jit_map_fini(map);
	if (why.text[0])
		return err_fail(err, from_perf == -ENOENT ? from_dump : from_perf, "%s", why.text);
	return err_fail(err, -ENOENT, "process %d has neither a perf map nor a jitdump", pid);
}

int jit_map_load_perf(struct jit_map *map, const struct perf_home *home, struct err *err)
{
	int rc;

	*map = (struct jit_map){ 0 };
	rc = load_perf(map, home, err);
	return rc == -ENOENT ? err_fail(err, rc, "the process left no perf map") : rc;
}

int jit_map_load_jitdump(struct jit_map *map, const char *path, struct err *err)
{
	struct stat st;
	int fd;

	*map = (struct jit_map){ 0 };
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_fail(err, -errno, "cannot open %s: %s", path, err_text(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_fail(err, -EINVAL, "%s is no regular file", path);
	}
	return load_fd(map, fd, jit_map_parse_jitdump, path, err);
}
