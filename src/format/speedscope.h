/* SPDX-License-Identifier: Apache-2.0 */
/* format/speedscope.h
 *
 * speedscope's file format (github.com/jlfwong/speedscope, src/lib/file-format-spec.ts): frames that are
 * shared, and profiles that are lists of weighted stacks ("sampled") or of frames that open and close
 * ("evented"). What is kept and lost: docs/formats.md.
 */
#ifndef SONDE_FORMAT_SPEEDSCOPE_H
#define SONDE_FORMAT_SPEEDSCOPE_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct new_file;
struct profile;

#define SPEEDSCOPE_SCHEMA "https://www.speedscope.app/file-format-schema.json"

bool speedscope_detect(struct str head);
int speedscope_read(struct profile *profile, struct input *input, struct err *err);
int speedscope_write(const struct profile *profile, struct new_file *file, struct err *err);

#endif
