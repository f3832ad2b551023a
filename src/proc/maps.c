/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/maps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bisect.h"
#include "base/err.h"
#include "base/vec.h"
#include "proc/procfile.h"

#define MAPS_BYTES_MAX ((size_t)1 << 30)

static const struct str deleted_suffix = { " (deleted)", 10 };

/* Cuts the field before `sep` off *rest and reads it as a number. */
static bool cut_number(struct str *rest, char sep, int base, uint64_t *ret_value)
{
	return str_parse_u64(str_cut(rest, sep), base, ret_value) == 0;
}

static bool read_permissions(struct proc_map *map, struct str permissions)
{
	if (permissions.n != 4)
		return false;
	map->readable = permissions.p[0] == 'r';
	map->writable = permissions.p[1] == 'w';
	map->executable = permissions.p[2] == 'x';
	map->shared = permissions.p[3] == 's';
	return true;
}

/* "start-end perms offset major:minor inode", all numbers but the last in hexadecimal (proc(5)).
 * What follows, after some spaces, is the path: *rest. */
static bool read_numbers(struct proc_map *map, struct str *rest)
{
	uint64_t major, minor;

	if (!cut_number(rest, '-', 16, &map->start) || !cut_number(rest, ' ', 16, &map->end) ||
	    !read_permissions(map, str_cut(rest, ' ')) ||
	    !cut_number(rest, ' ', 16, &map->off) || !cut_number(rest, ':', 16, &major) ||
	    !cut_number(rest, ' ', 16, &minor) || !cut_number(rest, ' ', 10, &map->inode))
		return false;
	if (map->start >= map->end || major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	map->dev_major = (uint32_t)major;
	map->dev_minor = (uint32_t)minor;
	return true;
}

/* The kernel writes a line feed in a name as \012, and that alone: not even the backslash is
 * escaped (show_map_vma() in fs/proc/task_mmu.c), so no other escape may be undone. */
static void undo_escapes(struct str *path, char *writable)
{
	static const struct str line_feed = { "\\012", 4 };
	size_t n = 0;

	for (size_t i = 0; i < path->n; n++) {
		if (str_starts(str_skip(*path, i), line_feed)) {
			writable[n] = '\n';
			i += line_feed.n;
		} else {
			writable[n] = path->p[i++];
		}
	}
	writable[n] = '\0';
	path->n = n;
}

static int add_path(struct proc_maps *maps, struct proc_map *map, struct str path)
{
	const struct proc_map *before = maps->n ? &maps->items[maps->n - 1] : NULL;

	while (path.n && path.p[0] == ' ')
		path = str_skip(path, 1);
	if (str_ends(path, deleted_suffix)) {
		map->deleted = true;
		path.n -= deleted_suffix.n;
	}
	if (!path.n)
		return 0;
	/* A library's four or five mappings lie side by side and share one copy of its path. */
	if (before && str_eq(before->path, path)) {
		map->path = before->path;
		return 0;
	}
	map->path = arena_dup(&maps->arena, path);
	if (!map->path.p)
		return -ENOMEM;
	if (str_find(path, '\\') >= 0)
		undo_escapes(&map->path, (char *)(uintptr_t)map->path.p);
	return 0;
}

/* The list stays ascending and free of overlaps. The kernel promises both, but it prints a page of
 * lines at a time, and a mapping that grew or merged in between is told twice: the part already
 * told is cut off. False when nothing is left. */
static bool cut_overlap(const struct proc_maps *maps, struct proc_map *map)
{
	uint64_t told = maps->n ? maps->items[maps->n - 1].end : 0;

	if (map->start < told) {
		if (map->end <= told)
			return false;
		map->off += told - map->start;
		map->start = told;
	}
	return true;
}

static int parse_line(struct proc_maps *maps, struct str line)
{
	struct proc_map map = { 0 };
	int rc;

	if (!read_numbers(&map, &line))
		return -EBADMSG;
	if (!cut_overlap(maps, &map))
		return 0;
	if (VEC_RESERVE(&maps->items, &maps->cap, (uint64_t)maps->n + 1) < 0)
		return -ENOMEM;
	rc = add_path(maps, &map, line);
	if (rc == 0)
		maps->items[maps->n++] = map;
	return rc;
}

int proc_maps_parse(struct proc_maps *maps, struct str text, struct err *err)
{
	uint32_t line_number = 0;
	int rc = 0;

	*maps = (struct proc_maps){ 0 };
	while (rc == 0 && text.n) {
		line_number++;
		rc = parse_line(maps, str_cut(&text, '\n'));
	}
	if (rc == 0)
		return 0;
	proc_maps_fini(maps);
	if (rc == -ENOMEM)
		return err_fail(err, rc, "mappings: out of memory");
	return err_fail(err, rc, "mappings, line %u: expected 'start-end perms offset dev inode path'",
			line_number);
}

/* When the main thread has ended before the others, /proc/PID/maps is empty (or, by kernel version,
 * cannot be opened), while those of the living threads still tell the address space. */
static int read_through_threads(struct buf *buf, pid_t pid)
{
	struct pid_list threads = { 0 };
	int rc = process_threads(&threads, pid, NULL);

	for (uint32_t i = 0; rc == 0 && i < threads.n; i++) {
		if (threads.items[i] == pid)
			continue;
		if (procfile_read(buf, MAPS_BYTES_MAX, "%d/task/%d/maps", pid,
				  threads.items[i]) == 0 && buf->n)
			break;
	}
	pid_list_fini(&threads);
	return rc;
}

static int fail_to_read(pid_t pid, int rc, struct err *err)
{
	if (rc == -ESRCH)
		return err_fail(err, rc, "there is no process %d", pid);
	if (rc == -EACCES || rc == -EPERM)
		return err_fail(err, rc,
				"cannot read the mappings of process %d: %s; run as its user, as root, "
				"or with CAP_SYS_PTRACE", pid, err_text(rc));
	return err_fail(err, rc, "cannot read the mappings of process %d: %s", pid, err_text(rc));
}

int proc_maps_read(struct proc_maps *maps, pid_t pid, struct err *err)
{
	struct buf buf = { 0 };
	int rc = procfile_read(&buf, MAPS_BYTES_MAX, "%d/maps", pid);

	*maps = (struct proc_maps){ 0 };
	if (rc == -ESRCH || (rc == 0 && !buf.n))
		rc = read_through_threads(&buf, pid);
	if (rc < 0)
		rc = fail_to_read(pid, rc, err);
	else
		rc = proc_maps_parse(maps, buf_str(&buf), err);
	buf_fini(&buf);
	return rc;
}

void proc_maps_fini(struct proc_maps *maps)
{
	free(maps->items);
	arena_fini(&maps->arena);
	*maps = (struct proc_maps){ 0 };
}

const struct proc_map *proc_maps_find(const struct proc_maps *maps, uint64_t address)
{
	uint32_t at = BISECT(maps->n, i, maps->items[i].end <= address);

	return at < maps->n && maps->items[at].start <= address ? &maps->items[at] : NULL;
}
