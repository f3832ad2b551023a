/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups, version 1 and 2: which processes one holds, and how BPF knows it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "proc/process.h"
#include "proc/procfile.h"

#define MOUNTINFO_BYTES_MAX ((size_t)64 << 20)
#define PROCS_BYTES_MAX ((size_t)64 << 20)
#define CGROUPS_MAX 1000000u	/* below one: a bound against a file system that is none */

struct paths {
	struct str *items;	/* each ends in a NUL */
	uint32_t n, cap;
	struct arena arena;
};

static int paths_add(struct paths *paths, struct str path)
{
	struct str copy;

	if (VEC_RESERVE(&paths->items, &paths->cap, (uint64_t)paths->n + 1) < 0)
		return -ENOMEM;
	copy = arena_dup(&paths->arena, path);
	if (!copy.p)
		return -ENOMEM;
	paths->items[paths->n++] = copy;
	return 0;
}

static void paths_fini(struct paths *paths)
{
	free(paths->items);
	arena_fini(&paths->arena);
}

/* 2, 1, or 0 for a directory that is no cgroup, and for what is no directory. */
static int cgroup_version(const char *path)
{
	struct statfs fs;
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode) || statfs(path, &fs) < 0)
		return 0;
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		return 2;
	return fs.f_type == CGROUP_SUPER_MAGIC ? 1 : 0;
}

/* Mount points in /proc/self/mountinfo have space, tab, line feed and backslash as \ooo. */
static struct str undo_octal(struct str escaped, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < escaped.n; n++) {
		uint64_t byte;

		if (escaped.p[i] == '\\' && escaped.n - i >= 4 &&
		    str_parse_u64(str_over(escaped.p + i + 1, 3), 8, &byte) == 0) {
			out[n] = (char)byte;
			i += 4;
		} else {
			out[n] = escaped.p[i++];
		}
	}
	return str_over(out, n);
}

/* "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw": adds the fifth field when the type, the
 * first behind " - ", is `type`. */
static int add_mount(struct paths *mounts, struct str line, struct str type)
{
	char *behind = line.n ? memmem(line.p, line.n, " - ", 3) : NULL;
	char point[PATH_MAX];
	struct str rest, escaped;

	if (!behind)
		return 0;
	rest = str_skip(line, (size_t)(behind - line.p) + 3);
	if (!str_eq(str_cut(&rest, ' '), type))
		return 0;
	for (int field = 1; field < 5; field++)
		str_cut(&line, ' ');
	escaped = str_cut(&line, ' ');
	if (escaped.n >= sizeof(point))
		return 0;
	return paths_add(mounts, undo_octal(escaped, point));
}

/* Where cgroups are mounted, version 2 first. */
static int find_mounts(struct paths *mounts)
{
	static const struct str types[] = { { "cgroup2", 7 }, { "cgroup", 6 } };
	struct buf buf = { 0 };
	int rc = procfile_read(&buf, MOUNTINFO_BYTES_MAX, "self/mountinfo");

	for (size_t i = 0; i < 2; i++) {
		struct str text = buf_str(&buf);

		while (rc == 0 && text.n)
			rc = add_mount(mounts, str_cut(&text, '\n'), types[i]);
	}
	buf_fini(&buf);
	return rc;
}

static int fail_unknown(const char *path, const struct paths *mounts, struct err *err)
{
	if (!mounts->n)
		return err_fail(err, -ENOENT, "there is no cgroup %s: no cgroup file system is mounted",
				path);
	return err_fail(err, -ENOENT,
			"there is no cgroup %s: it is neither a directory of a cgroup file system nor "
			"found below %s%s", path, mounts->items[0].p,
			mounts->n > 1 ? " or the version 1 controllers" : "");
}

/* The directory of a cgroup, in ret_dir (PATH_MAX bytes), and its version. A path that begins with
 * "/" but is no directory may also be what /proc/PID/cgroup tells: from the mount's top. */
static int resolve(const char *path, char *ret_dir, struct err *err)
{
	struct paths mounts = { 0 };
	int version = 0, rc;

	if (path[0] == '/') {
		version = cgroup_version(path);
		if (version && (size_t)snprintf(ret_dir, PATH_MAX, "%s", path) < PATH_MAX)
			return version;
		version = 0;
	}
	rc = find_mounts(&mounts);
	for (uint32_t i = 0; rc == 0 && !version && path[0] && i < mounts.n; i++)
		if ((size_t)snprintf(ret_dir, PATH_MAX, "%s/%s", mounts.items[i].p, path) < PATH_MAX)
			version = cgroup_version(ret_dir);
	if (rc < 0)
		err_set(err, "cannot find the cgroup mounts: /proc/self/mountinfo: %s", err_text(rc));
	else if (!version)
		rc = fail_unknown(path, &mounts, err);
	paths_fini(&mounts);
	return rc < 0 ? rc : version;
}

static int add_processes(struct pid_list *list, struct str dir)
{
	struct buf buf = { 0 };
	struct str text;
	uint64_t pid;
	char *path;
	int fd, rc = 0;

	if (asprintf(&path, "%s/cgroup.procs", dir.p) < 0)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	if (fd < 0)
		return -errno;
	rc = procfile_read_fd(&buf, PROCS_BYTES_MAX, fd);
	close(fd);
	text = buf_str(&buf);
	/* 0 stands for a process of another pid namespace. */
	while (rc == 0 && text.n)
		if (str_parse_u64(str_cut(&text, '\n'), 10, &pid) == 0 && pid && pid <= INT32_MAX)
			rc = pid_list_add(list, (pid_t)pid);
	buf_fini(&buf);
	return rc;
}

static int add_children(struct paths *todo, struct str dir)
{
	DIR *handle = opendir(dir.p);
	struct dirent *entry;
	int rc = 0;

	if (!handle)
		return -errno;
	while (rc == 0 && todo->n < CGROUPS_MAX && (entry = readdir(handle))) {
		char *path;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (asprintf(&path, "%s/%s", dir.p, entry->d_name) < 0) {
			rc = -ENOMEM;
			break;
		}
		rc = paths_add(todo, str_of(path));
		free(path);
	}
	closedir(handle);
	return rc;
}

/* A cgroup below may be removed while we walk, and a threaded one has no processes of its own to
 * tell (EOPNOTSUPP; they are told above it). Neither is an error. */
static bool passes(int rc, bool below)
{
	return rc == 0 || (below && (rc == -ENOENT || rc == -ENODEV || rc == -EOPNOTSUPP));
}

static int walk(struct pid_list *list, const char *dir)
{
	struct paths todo = { 0 };
	int rc = paths_add(&todo, str_of(dir));

	for (uint32_t i = 0; rc == 0 && i < todo.n; i++) {
		struct str path = todo.items[i];

		rc = add_processes(list, path);
		if (passes(rc, i > 0))
			rc = add_children(&todo, path);
		if (passes(rc, i > 0))
			rc = 0;
	}
	paths_fini(&todo);
	return rc;
}

int process_list_by_cgroup(struct pid_list *list, const char *path, struct err *err)
{
	char dir[PATH_MAX];
	int rc = resolve(path, dir, err);

	list->n = 0;
	if (rc < 0)
		return rc;
	rc = walk(list, dir);
	if (rc == -EOPNOTSUPP)
		return err_fail(err, rc, "cgroup %s is threaded: name the cgroup above it", path);
	if (rc < 0)
		return err_fail(err, rc, "cannot list the processes of cgroup %s: %s", path,
				err_text(rc));
	pid_list_sort(list);
	return 0;
}

int cgroup_v2_id(const char *path, uint64_t *ret_id, struct err *err)
{
	char dir[PATH_MAX];
	struct stat st;
	int version = resolve(path, dir, err);

	if (version < 0)
		return version;
	if (version != 2)
		return err_fail(err, -ENOENT, "cgroup %s is of version 1, which has no ids", path);
	if (stat(dir, &st) < 0)
		return err_fail(err, -errno, "cannot look at cgroup %s: %s", path, err_text(errno));
	*ret_id = st.st_ino;
	return 0;
}
