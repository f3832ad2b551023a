/* SPDX-License-Identifier: Apache-2.0 */
/* format/gperfcpu.h
 *
 * CPU profiles of gperftools (CPUPROFILE=...), of 64-bit little-endian machines; words of 8 bytes:
 *
 *   0, n, 0, period in us, 0, ...       header: n words follow the second one
 *   count, depth, pc, caller, ...       a stack, innermost first; callers are places to return to
 *   0, 1, 0                             the end
 *   text                                /proc/PID/maps
 */
#ifndef SONDE_FORMAT_GPERFCPU_H
#define SONDE_FORMAT_GPERFCPU_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct profile;

bool gperfcpu_detect(struct str head);
int gperfcpu_read(struct profile *profile, struct input *input, struct err *err);

#endif
