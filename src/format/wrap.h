/* SPDX-License-Identifier: Apache-2.0 */
/* format/wrap.h
 *
 * Files written in gzip or zstd, as their names end in .gz or .zst. The same bytes in give the same bytes out:
 * no time and no name are in them.
 */
#ifndef SONDE_FORMAT_WRAP_H
#define SONDE_FORMAT_WRAP_H

#include "base/str.h"
#include "format/unwrap.h"

struct err;
struct new_file;

/* What a name's ending asks for; *ret_stem is the name without it. ".pb.gz" is a format of its own (format.c) and is
 * not asked here. */
enum wrapping wrapping_for_path(const char *path, struct str *ret_stem);

/* What is written to the open file from now on is wrapped. 0 or -ENOMEM. */
int wrap_file(struct new_file *file, enum wrapping wrapping);

/* Open, write, commit; wrapped as the name asks for. `wrapped` false: as it is. */
int wrap_write_whole(const char *path, bool wrapped, struct str bytes, struct err *err);

#endif
