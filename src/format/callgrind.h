/* SPDX-License-Identifier: Apache-2.0 */
/* format/callgrind.h
 *
 * Callgrind's profiles (valgrind.org/docs/manual/cl-format.html): lines of costs under "fn=" headings, calls
 * with what they cost in all. KCachegrind and callgrind_annotate read them. What is kept and lost:
 * docs/formats.md.
 */
#ifndef SONDE_FORMAT_CALLGRIND_H
#define SONDE_FORMAT_CALLGRIND_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct new_file;
struct profile;

bool callgrind_detect(struct str head);
int callgrind_read(struct profile *profile, struct input *input, struct err *err);
int callgrind_write(const struct profile *profile, struct new_file *file, struct err *err);

#endif
