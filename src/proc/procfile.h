/* SPDX-License-Identifier: Apache-2.0 */
/* proc/procfile.h
 *
 * What the files of this room share: reading a whole file below /proc, and the numbered entries of
 * a directory (/proc itself, /proc/PID/task).
 */
#ifndef SONDE_PROC_PROCFILE_H
#define SONDE_PROC_PROCFILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "proc/process.h"

#define PROCFILE_PATH_MAX 64	/* "/proc/2147483647/task/2147483647/..." */

/* Replaces the contents of buf by those of /proc/<format...>, at most `max` bytes. 0 or -errno;
 * says no sentence, for only the caller knows what it wanted. ESRCH and ENOENT both become -ESRCH:
 * a process may go between open and read. */
int procfile_read(struct buf *buf, size_t max, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Reads an open file to its end. -EFBIG past max. Never maps it: a file that another process cuts
 * short while we look must not kill us. */
int procfile_read_fd(struct buf *buf, size_t max, int fd);

/* Replaces the list by the directory's entries that are numbers, ascending. */
int procfile_list_numbers(struct pid_list *list, const char *path);

/* Sorts ascending and drops duplicates. */
void pid_list_sort(struct pid_list *list);

int pid_list_add(struct pid_list *list, pid_t pid);

/* "KEY:\tvalue" in the text of a status file: the value, without white space at its ends, lent by
 * text; .p is NULL when there is no such line. `key` holds the colon. */
struct str procfile_field(struct str text, struct str key);

#endif
