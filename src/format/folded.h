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

bool folded_detect(struct str head);

/* In bounded memory beyond the profile itself. */
int folded_read(struct profile *profile, struct input *input, struct err *err);

/* The default value type; one line for each stack of names. */
int folded_write(const struct profile *profile, struct new_file *file, struct err *err);

#endif
