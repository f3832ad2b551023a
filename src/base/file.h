/* SPDX-License-Identifier: Apache-2.0 */
/* base/file.h
 *
 * Whole files in, whole files out.
 *
 * struct mapped_file  a file's bytes, mapped read-only (or read, when it cannot be mapped: a pipe,
 *                     /proc). {0} is closed; closing it is legal.
 * struct new_file     a file that appears complete or not at all: written beside its place, and
 *                     renamed over it by new_file_commit(), with the mode of the file that was
 *                     there. Pipes, devices and "-" (standard
 *                     output) are written directly.
 */
#ifndef SONDE_BASE_FILE_H
#define SONDE_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct err;

struct mapped_file {
	const char *p;
	size_t n;
	bool copied;	/* p is malloc's, not a mapping */
};

#define FILE_READ_MAX ((size_t)16 << 30)	/* a stream longer than this is refused */

/* "-" is standard input. 0 or -errno; the sentence names the path. */
int mapped_file_open(struct mapped_file *file, const char *path, struct err *err);

/* The same over an open descriptor, which stays the caller's. `what` names it in the sentence. */
int mapped_file_open_fd(struct mapped_file *file, int fd, const char *what, struct err *err);

static inline struct str mapped_file_view(const struct mapped_file *file)
{
	return (struct str){ file->p, file->n };
}

void mapped_file_close(struct mapped_file *file);

struct new_file;

/* What stands between new_file_write() and the file: it hands on what it makes of the bytes with
 * new_file_write_through(). `end`: no more follow. 0 or -errno with a sentence. */
struct new_file_filter {
	int (*write)(struct new_file *file, struct str bytes, bool end, struct err *err);
	void (*close)(struct new_file *file);	/* frees .filtering */
};

struct new_file {
	int fd;			/* -1: closed */
	char *path, *temporary;	/* owned; temporary is NULL when it has no name besides path */
	bool nameless;		/* it has none at all until the commit (O_TMPFILE) */
	const struct new_file_filter *filter;	/* NULL: bytes are written as they are */
	void *filtering;	/* the filter's own */
};

#define NEW_FILE_CLOSED ((struct new_file){ .fd = -1 })

/* Nothing is visible at `path` until the commit. */
int new_file_open(struct new_file *file, const char *path, struct err *err);

/* Writes all of `bytes`. -errno (ENOSPC, EPIPE, ...) with a sentence. */
int new_file_write(struct new_file *file, struct str bytes, struct err *err);

/* The same past the filter. */
int new_file_write_through(struct new_file *file, struct str bytes, struct err *err);

/* Makes the file visible under its name, in place of what was there. Closes in every case. */
int new_file_commit(struct new_file *file, struct err *err);

/* Throws away what was not committed. Legal on a closed one. */
void new_file_close(struct new_file *file);

/* open, write, commit. */
int file_write_whole(const char *path, struct str bytes, struct err *err);

#endif
