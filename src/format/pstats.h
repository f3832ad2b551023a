/* SPDX-License-Identifier: Apache-2.0 */
/* format/pstats.h
 *
 * What Python's cProfile and profile write (Stats.dump_stats(), Lib/cProfile.py, Lib/pstats.py): a
 * dictionary in marshal's format (Python/marshal.c), from (file, line, function) to (primitive calls,
 * calls, own time, time in all, {caller: the same four}). What is kept and lost: docs/formats.md.
 */
#ifndef SONDE_FORMAT_PSTATS_H
#define SONDE_FORMAT_PSTATS_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct new_file;
struct profile;

bool pstats_detect(struct str head);
int pstats_read(struct profile *profile, struct input *input, struct err *err);
int pstats_write(const struct profile *profile, struct new_file *file, struct err *err);

#endif
