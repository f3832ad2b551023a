/* SPDX-License-Identifier: Apache-2.0 */
/* format/cpuprofile.h
 *
 * V8's .cpuprofile, as `node --cpu-prof`, Chrome's DevTools and their protocol write it
 * (chromedevtools.github.io/devtools-protocol, Profiler.Profile): a tree of calls, and which node was on
 * the stack at which time. What is kept and lost: docs/formats.md.
 */
#ifndef SONDE_FORMAT_CPUPROFILE_H
#define SONDE_FORMAT_CPUPROFILE_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct new_file;
struct profile;

bool cpuprofile_detect(struct str head);
int cpuprofile_read(struct profile *profile, struct input *input, struct err *err);
int cpuprofile_write(const struct profile *profile, struct new_file *file, struct err *err);

#endif
