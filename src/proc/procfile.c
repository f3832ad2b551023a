/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/procfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "base/vec.h"

#define CHUNK ((size_t)32 << 10)

int procfile_read_fd(struct buf *buf, size_t max, int fd)
{
	buf_clear(buf);
	for (;;) {
		ssize_t n;

		if (!buf_reserve(buf, CHUNK))
			return -ENOMEM;
		n = read(fd, buf->p + buf->n, buf->cap - buf->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		buf->n += (size_t)n;
		if (buf->n > max)
			return -EFBIG;
	}
}

int procfile_read(struct buf *buf, size_t max, const char *format, ...)
{
	char path[6 + PROCFILE_PATH_MAX] = "/proc/";
	va_list args;
	int fd, rc;

	va_start(args, format);
	vsnprintf(path + 6, sizeof(path) - 6, format, args);
	va_end(args);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		rc = -errno;
	} else {
		rc = procfile_read_fd(buf, max, fd);
		close(fd);
	}
	return rc == -ENOENT ? -ESRCH : rc;
}

int pid_list_add(struct pid_list *list, pid_t pid)
{
	if (VEC_RESERVE(&list->items, &list->cap, (uint64_t)list->n + 1) < 0)
		return -ENOMEM;
	list->items[list->n++] = pid;
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

void pid_list_sort(struct pid_list *list)
{
	uint32_t n = 0;

	if (list->n > 1)
		qsort(list->items, list->n, sizeof(*list->items), compare_pids);
	for (uint32_t i = 0; i < list->n; i++)
		if (!n || list->items[n - 1] != list->items[i])
			list->items[n++] = list->items[i];
	list->n = n;
}

int procfile_list_numbers(struct pid_list *list, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	uint64_t number;
	int rc = 0;

	list->n = 0;
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (rc == 0 && (entry = readdir(dir)))
		if (str_parse_u64(str_of(entry->d_name), 10, &number) == 0 &&
		    number <= INT32_MAX)
			rc = pid_list_add(list, (pid_t)number);
	closedir(dir);
	if (rc == 0)
		pid_list_sort(list);
	return rc;
}

struct str procfile_field(struct str text, struct str key)
{
	while (text.p) {
		struct str line = str_cut(&text, '\n');

		if (str_starts(line, key))
			return str_trim(str_over(line.p + key.n, line.n - key.n));
	}
	return (struct str){ 0 };
}
