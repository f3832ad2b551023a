/* SPDX-License-Identifier: Apache-2.0 */
/* format/callframe.h - the "callFrame" of what V8's inspector writes: a function, where it is, and what ran. */
#ifndef SONDE_FORMAT_CALLFRAME_H
#define SONDE_FORMAT_CALLFRAME_H

#include <stdint.h>

struct json_reader;
struct profile;

/* Takes the object that stands next. A frame without a line; 0: the root, which is no function. */
uint32_t callframe_read(struct profile *profile, struct json_reader *json);

#endif
