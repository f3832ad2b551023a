/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the very file that a process has mapped. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/maps.h"
#include "proc/process.h"

#ifndef BCACHEFS_SUPER_MAGIC
#define BCACHEFS_SUPER_MAGIC 0xca451a4e
#endif

/* The file that is sought. */
struct identity {
	uint64_t inode;		/* 0: any */
	bool device_known;
	dev_t device;		/* as /proc/PID/maps tells it */
};

/* Subvolumes and overlays give a file another device in stat() than in /proc/PID/maps. */
static bool device_numbers_differ(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	switch ((unsigned long)fs.f_type) {
	case BTRFS_SUPER_MAGIC:
	case BCACHEFS_SUPER_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

static bool agrees(int fd, const struct stat *st, const struct identity *wanted)
{
	if (!wanted->inode)
		return true;
	if (st->st_ino != wanted->inode)
		return false;
	return !wanted->device_known || st->st_dev == wanted->device || device_numbers_differ(fd);
}

/* Opens path if it is the file that is sought: an fd, -ESTALE for another file, or -errno. Only
 * regular files are opened: opening a device may do something. */
static int open_if_same(const char *path, const struct identity *wanted)
{
	struct stat st;
	int fd, rc = 0;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = -ENOENT;
	else if (!agrees(fd, &st, wanted))
		rc = -ESTALE;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

/* What the process sees under that name: its own root and mount namespace. */
static int open_in_root(pid_t pid, const char *path, const struct identity *wanted)
{
	char *in_root;
	int fd;

	if (asprintf(&in_root, "/proc/%d/root%s", pid, path) < 0)
		return -ENOMEM;
	fd = open_if_same(in_root, wanted);
	free(in_root);
	return fd;
}

/* The mapping's device, if the mapping still is of the file that is sought: whether it is. A process
 * that is gone no longer tells. */
static bool learn_device(struct identity *wanted, pid_t pid, uint64_t start)
{
	const struct proc_map *map;
	struct proc_maps maps;

	if (proc_maps_read(&maps, pid, NULL) < 0)
		return false;
	map = proc_maps_find(&maps, start);
	if (map && map->inode == wanted->inode) {
		wanted->device = makedev(map->dev_major, map->dev_minor);
		wanted->device_known = true;
	}
	proc_maps_fini(&maps);
	return wanted->device_known;
}

/* The mapping's link leads to the file itself, whatever became of its name. Following it takes
 * CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN. Only the inode is compared, against the range having been
 * mapped anew. Before Linux 6.8 an overlay whose layers lie on several file systems gives another
 * inode in stat() than in /proc/PID/maps: there maps is asked again instead. */
static int open_map_file(pid_t pid, uint64_t start, uint64_t end, uint64_t inode)
{
	struct identity wanted = { .inode = inode }, any = { 0 };
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", pid,
		 (unsigned long long)start, (unsigned long long)end);
	fd = open_if_same(path, &wanted);
	if (fd != -ESTALE)
		return fd;
	fd = open_if_same(path, &any);
	if (fd < 0 || (device_numbers_differ(fd) && learn_device(&wanted, pid, start)))
		return fd;
	close(fd);
	return -ESTALE;
}

int process_open_mapped(pid_t pid, uint64_t start, uint64_t end, struct str path, uint64_t inode,
			struct err *err)
{
	struct identity wanted = { .inode = inode };
	char *name;
	int fd, rc;

	fd = open_map_file(pid, start, end, inode);
	if (fd >= 0)
		return fd;
	if (!path.n || path.p[0] != '/' || memchr(path.p, '\0', path.n))
		return err_fail(err, -ENOENT, "%.*s is no file", STR_ARG(path));
	name = strndup(path.p, path.n);
	if (!name)
		return -ENOMEM;
	if (inode)
		learn_device(&wanted, pid, start);
	rc = fd = open_in_root(pid, name, &wanted);
	if (fd < 0)
		fd = open_if_same(name, &wanted);
	free(name);
	if (fd >= 0)
		return fd;
	if (rc == -ESTALE || fd == -ESTALE)
		return err_fail(err, -ESTALE, "%.*s has been replaced since process %d mapped it",
				STR_ARG(path), pid);
	return err_fail(err, rc, "cannot open %.*s of process %d: %s", STR_ARG(path), pid,
			err_text(rc));
}
