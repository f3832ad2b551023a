/* SPDX-License-Identifier: Apache-2.0 */
/* format/stackdump.h
 *
 * Stack dumps of jstack, py-spy, faulthandler, gdb, eu-stack, Go (format/dump_line.h): each thread in each dump
 * is one sample, so that a pile of dumps, in one file or in several, is a profile. One dump after
 * another in a file needs no mark between them; text before, between and behind them is passed over.
 *
 * Labels: "thread", "tid", "pid", "goroutine", and "state" as the dump words it.
 */
#ifndef SONDE_FORMAT_STACKDUMP_H
#define SONDE_FORMAT_STACKDUMP_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct profile;

bool stackdump_detect(struct str head);

/* In bounded memory beyond the profile itself. */
int stackdump_read(struct profile *profile, struct input *input, struct err *err);

#endif
