/* SPDX-License-Identifier: Apache-2.0 */
/* format/folded.h
 *
 * Folded stacks, as stackcollapse-*.pl write and flamegraph.pl reads them: a stack and a count a line,
 * outermost frame first.
 *
 *   main;parse;operator new 12
 *
 * The count is what follows the last space, so names may hold spaces. Bytes are kept as they are,
 * UTF-8 or not. Blank lines and lines that begin with '#' are passed over.
 */
#ifndef SONDE_FORMAT_FOLDED_H
#define SONDE_FORMAT_FOLDED_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct new_file;
struct profile;

/* Any text. */
bool folded_detect(struct str head);

/* In bounded memory beyond the profile itself. */
int folded_read(struct profile *profile, struct input *input, struct err *err);

/* The default value type; one line for each stack of names. */
int folded_write(const struct profile *profile, struct new_file *file, struct err *err);

/* The same with several counts a line, as difffolded.pl writes two and flamegraph.pl draws them: a column
 * for each value type. The first line names them, the default one with a star:
 *
 *   # samples/count *cpu/nanoseconds
 *   main;parse 12 120000000
 *
 * Without such a line two columns are "base" and "new", the second one the default. */
bool folded_columns_detect(struct str head);
int folded_columns_read(struct profile *profile, struct input *input, struct err *err);
int folded_columns_write(const struct profile *profile, struct new_file *file, struct err *err);

#endif
