/* SPDX-License-Identifier: Apache-2.0 */
/* format/gecko.h
 *
 * The Firefox Profiler's processed profile (github.com/firefox-devtools/profiler, src/types/profile.ts and
 * docs-developer/CHANGELOG-formats.md): tables as columns, one set for each thread. Version 48 is written; what
 * it needs of them has been where it is read since 41, and in later versions may be shared by all threads.
 */
#ifndef SONDE_FORMAT_GECKO_H
#define SONDE_FORMAT_GECKO_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct new_file;
struct profile;

#define GECKO_VERSION 48
#define GECKO_PRODUCT "Sonde"

bool gecko_detect(struct str head);
int gecko_read(struct profile *profile, struct input *input, struct err *err);
int gecko_write(const struct profile *profile, struct new_file *file, struct err *err);

#endif
