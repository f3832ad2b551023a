/* SPDX-License-Identifier: Apache-2.0 */
/* render/source.h
 *
 * The lines of a source file, from this machine's disk: where the profile says that it is, or below a
 * directory that the reader names, under the longest end of that path that is there; else from whoever
 * fetches it by the build id of the program (debuginfod: elf/debuginfod.h, handed down).
 */
#ifndef SONDE_RENDER_SOURCE_H
#define SONDE_RENDER_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/file.h"
#include "base/str.h"

/* A descriptor of that file of the build's source, which the caller closes, and where it is; or -errno. */
typedef int source_fetch(struct str build_id, struct str path, char *ret_path, size_t path_size);

struct source_places {
	const char *directory;	/* NULL, or where to look first */
	struct str build_id;	/* in hexadecimal; empty: not known */
	source_fetch *fetch;	/* NULL: nobody */
	bool only_fetched;	/* nothing of this machine */
	uint64_t taken_ns;	/* when the profile was taken, since 1970; 0: not known */
};

struct source {
	struct mapped_file file;
	uint32_t *begin;	/* line - 1 -> offset; begin[n] is the end */
	uint32_t n;		/* lines; 0: it is not there */
	bool changed;		/* it was written after `taken_ns` */
	char path[4096];	/* where it was found */
};

/* False: it is not there (then it is empty), or out of memory. source_close() in either case. */
bool source_open(struct source *source, struct str path, const struct source_places *places);
void source_close(struct source *source);

/* A line, from 1 on, without its end; empty beyond the file. */
struct str source_line(const struct source *source, uint32_t line);

#endif
