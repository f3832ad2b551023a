/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

#define READ_CHUNK ((size_t)1 << 20)

static int read_stream(struct mapped_file *file, int fd, const char *what, struct err *err)
{
	struct buf buf = { .max = FILE_READ_MAX };
	ssize_t n = 0;

	while (buf_reserve(&buf, READ_CHUNK)) {
		n = read(fd, buf.p + buf.n, READ_CHUNK);
		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int rc = -errno;

			buf_fini(&buf);
			return err_fail(err, rc, "cannot read %s: %s", what, err_text(rc));
		}
		buf.n += (size_t)n;
	}
	if (buf.failed) {
		buf_fini(&buf);
		return err_fail(err, -EFBIG, "cannot read %s: it does not fit in memory", what);
	}
	*file = (struct mapped_file){ .p = buf.p, .n = buf.n, .copied = true };
	return 0;
}

int mapped_file_open_fd(struct mapped_file *file, int fd, const char *what, struct err *err)
{
	struct stat st;
	void *p;

	*file = (struct mapped_file){ 0 };
	if (fstat(fd, &st) < 0)
		return err_fail(err, -errno, "cannot read %s: %s", what, err_text(errno));
	if (S_ISDIR(st.st_mode))
		return err_fail(err, -EISDIR, "cannot read %s: it is a directory", what);
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return read_stream(file, fd, what, err);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return read_stream(file, fd, what, err);
	*file = (struct mapped_file){ .p = p, .n = (size_t)st.st_size };
	return 0;
}

int mapped_file_open(struct mapped_file *file, const char *path, struct err *err)
{
	int fd, rc;

	*file = (struct mapped_file){ 0 };
	if (!strcmp(path, "-"))
		return mapped_file_open_fd(file, STDIN_FILENO, "standard input", err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_fail(err, -errno, "cannot open %s: %s", path, err_text(errno));
	rc = mapped_file_open_fd(file, fd, path, err);
	close(fd);
	return rc;
}

void mapped_file_close(struct mapped_file *file)
{
	if (file->copied)
		free((void *)(uintptr_t)file->p);
	else if (file->p)
		munmap((void *)(uintptr_t)file->p, file->n);
	*file = (struct mapped_file){ 0 };
}

/* A place that a rename must not replace: standard output, a pipe, /dev/full. */
static bool written_directly(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

/* Which of our own streams is meant: by "-", or by a link to what it is (/dev/stdout, /dev/fd/2), which is a file, maybe, and
 * no link to be replaced. -1: none. */
static int stream_of(const char *path)
{
	struct stat link, there, own;

	if (!strcmp(path, "-"))
		return STDOUT_FILENO;
	if (lstat(path, &link) < 0 || !S_ISLNK(link.st_mode) || stat(path, &there) < 0)
		return -1;
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &own) == 0 && there.st_dev == own.st_dev && there.st_ino == own.st_ino)
			return fd;
	return -1;
}

/* A file without a name: should we be killed, nothing is left. -1 where a file system has none. */
static int open_nameless(const char *path)
{
	struct str name = str_basename(str_of(path));
	char folder[PATH_MAX];
	size_t n = strlen(path) - name.n;

	if (n >= sizeof(folder) || access("/proc/self/fd", F_OK) < 0)
		return -1;	/* without /proc it could not be given a name */
	memcpy(folder, path, n);
	folder[n] = '\0';
	return open(n ? folder : ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
}

static int open_beside(struct new_file *file)
{
	mode_t mask = umask(0);

	umask(mask);
	if (asprintf(&file->temporary, "%s.XXXXXX", file->path) < 0) {
		file->temporary = NULL;
		errno = ENOMEM;
		return -1;
	}
	file->fd = mkostemp(file->temporary, O_CLOEXEC);
	if (file->fd >= 0) {
		(void)!fchmod(file->fd, 0666 & ~mask);
		return file->fd;
	}
	free(file->temporary);
	file->temporary = NULL;
	return -1;
}

/* A file that others could not read, or may write, stays so when another takes its place. */
static void keep_mode(const struct new_file *file)
{
	struct stat st;

	if (lstat(file->path, &st) == 0 && S_ISREG(st.st_mode))
		(void)!fchmod(file->fd, st.st_mode & 0777);
}

int new_file_open(struct new_file *file, const char *path, struct err *err)
{
	int stream = stream_of(path), rc;

	*file = NEW_FILE_CLOSED;
	if (stream >= 0) {
		const char *name = stream == STDOUT_FILENO ? "standard output" : "standard error";

		file->fd = fcntl(stream, F_DUPFD_CLOEXEC, 3);
		if (file->fd < 0)
			return err_fail(err, -errno, "cannot write %s: %s", name, err_text(errno));
		file->path = strdup(name);
		return file->path ? 0 : -ENOMEM;
	}
	file->path = strdup(path);
	if (!file->path)
		return -ENOMEM;
	if (written_directly(path)) {
		file->fd = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		file->fd = open_nameless(path);
		file->nameless = file->fd >= 0;
		if (file->fd < 0)
			open_beside(file);
		if (file->fd >= 0)
			keep_mode(file);
	}
	if (file->fd >= 0)
		return 0;
	rc = -errno;
	new_file_close(file);
	return err_fail(err, rc, "cannot write %s: %s", path, err_text(rc));
}

int new_file_write_through(struct new_file *file, struct str bytes, struct err *err)
{
	while (bytes.n) {
		ssize_t n = write(file->fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_fail(err, -errno, "cannot write %s: %s", file->path,
					err_text(errno));
		bytes = str_skip(bytes, (size_t)n);
	}
	return 0;
}

int new_file_write(struct new_file *file, struct str bytes, struct err *err)
{
	return file->filter ? file->filter->write(file, bytes, false, err) : new_file_write_through(file, bytes, err);
}

/* Gives a nameless file a name beside its place: a link cannot replace what is there, a rename can. */
static int give_name(struct new_file *file)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", file->fd);
	for (int attempt = 0; attempt < 100; attempt++) {
		free(file->temporary);
		if (asprintf(&file->temporary, "%s.%d-%d", file->path, getpid(), attempt) < 0) {
			file->temporary = NULL;
			return -ENOMEM;
		}
		if (linkat(AT_FDCWD, self, AT_FDCWD, file->temporary, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	free(file->temporary);
	file->temporary = NULL;
	return -errno;
}

int new_file_commit(struct new_file *file, struct err *err)
{
	int rc = file->filter ? file->filter->write(file, (struct str){ 0 }, true, err) : 0;

	if (rc < 0) {
		new_file_close(file);
		return rc;
	}
	if (file->nameless)
		rc = give_name(file);
	if (close(file->fd) < 0 && rc == 0)
		rc = -errno;
	file->fd = -1;
	if (rc == 0 && file->temporary) {
		if (rename(file->temporary, file->path) < 0) {
			rc = -errno;
		} else {
			free(file->temporary);
			file->temporary = NULL;
		}
	}
	if (rc < 0)
		err_set(err, "cannot write %s: %s", file->path, err_text(rc));
	new_file_close(file);
	return rc;
}

void new_file_close(struct new_file *file)
{
	if (file->filter)
		file->filter->close(file);
	if (file->fd >= 0)
		close(file->fd);
	if (file->temporary)
		unlink(file->temporary);
	free(file->temporary);
	free(file->path);
	*file = NEW_FILE_CLOSED;
}

int file_write_whole(const char *path, struct str bytes, struct err *err)
{
	struct new_file file;
	int rc = new_file_open(&file, path, err);

	if (rc == 0)
		rc = new_file_write(&file, bytes, err);
	if (rc == 0)
		rc = new_file_commit(&file, err);
	new_file_close(&file);
	return rc;
}
