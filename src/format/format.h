/* SPDX-License-Identifier: Apache-2.0 */
/* format/format.h
 *
 * A profile as bytes: one table of formats, found by what a file contains (reading) or by what it is
 * called (writing).
 *
 *   pprof    .pb.gz .pprof          protobuf in gzip: what Sonde itself keeps profiles in
 *   pb       .pb                    the same, not compressed
 *   folded   .folded .collapsed .txt    "main;parse;lex 12": one line a stack
 *
 * Reading unwraps gzip and zstd, whatever the file is called; "-" is standard input. Files are
 * hostile: every failure is one sentence that names the file and the byte or line. What each format
 * holds and loses is in docs/formats.md, and so is how to add one.
 */
#ifndef SONDE_FORMAT_FORMAT_H
#define SONDE_FORMAT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "format/unwrap.h"

struct err;
struct input;
struct new_file;
struct profile;
struct read_aid;

#define FORMAT_SUFFIXES_MAX 4

struct format_type {
	const char *type, *unit;
};

struct format {
	const char *name;			/* what -f takes */
	const char *words;			/* one line for --help */
	const char *suffixes[FORMAT_SUFFIXES_MAX];
	bool needs_values;	/* what has no value type cannot be written: the writer relies on it */
	uint32_t keeps;		/* bits of format/losses.h: what of a profile comes back when it is read again; 0: nothing */
	struct format_type held[2];	/* without KEEPS(TYPES): what the default type is when read, and the other one */
	bool clamps;		/* values below zero are written as 0 */
	bool takes_directory;	/* of which it reads "data" and what lies beside (format/input.h) */
	bool is_any_text;	/* other text may look like it: asked last, and after format/stranger.h */
	bool untimed;	/* what it is written to shows no times */
	bool is_view;	/* written for eyes: gets the profile as views show it (analyze/shown.h) */

	/* Whether these first bytes (unwrapped, up to INPUT_HEAD_MAX) begin such a file; NULL: another
	 * row reads what this one writes, or nothing does. */
	bool (*detect)(struct str head);
	/* 0 or -errno with a sentence; of -ENOMEM the sentence is format.c's, in writing too. */
	int (*read)(struct profile *profile, struct input *input, struct err *err);
	/* NULL: it is only read. */
	int (*write)(const struct profile *profile, struct new_file *file, struct err *err);
};

/* Reads a file into `profile`, which is fresh from profile_init(). After a failure it holds part of
 * the file: profile_fini() is all that may follow. 0 or -errno (-EBADMSG: not what it claims to be).*/
int format_read(struct profile *profile, const char *path, struct err *err);

/* The same with what the caller knows beside the file (format/input.h). */
int format_read_aided(struct profile *profile, const char *path, const struct read_aid *aid,
		      struct err *err);

/* The same over bytes in memory, borrowed for the call. `what` names them in the sentences. */
int format_read_bytes(struct profile *profile, struct str bytes, const char *what,
		      struct err *err);

/* Several files as one profile (profile_merge()), read by as many threads as there are processors. aid may be
 * NULL. */
int format_read_all(struct profile *profile, const char *const *paths, size_t n,
		    const struct read_aid *aid, struct err *err);

/* The row of that -f name, or else of the path's ending; NULL when there is none. */
const struct format *format_named(struct str name);
const struct format *format_for_path(const char *path);

/* What the name's ending asks to be wrapped in, beyond what the format itself is ("x.folded.gz", and not "x.pb.gz");
 * *ret_stem is the name without that. */
enum wrapping format_wrapping(const char *path, struct str *ret_stem);

/* Writes the profile in the format called `format_name`, or (NULL) the one its path's ending names.
 * The file appears complete or not at all; "-" is standard output. 0 or -errno. */
int format_write(const struct profile *profile, const char *path, const char *format_name,
		 struct err *err);

/* The table, for --help and completion: *ret_n rows. */
const struct format *format_table(size_t *ret_n);

#endif
