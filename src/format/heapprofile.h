/* SPDX-License-Identifier: Apache-2.0 */
/* format/heapprofile.h
 *
 * Who holds the heap, as gperftools' heap profiler, tcmalloc and jemalloc write it:
 *
 *   heap profile: 8: 96 [9: 120] @ heapprofile       or @ heap_v2/524288: one in so many bytes was sampled
 *   8: 96 [9: 120] @ 0x5599860bd19d 0x5599860bd1de   objects and bytes in use [allocated in all] @ callers
 *
 *   heap_v2/524288                                   jemalloc's
 *   @ 0x5599860bd19d 0x5599860bd1de
 *     t*: 8: 96 [0: 0]                               of all threads (t3: of one)
 *
 *   MAPPED_LIBRARIES:                                /proc/PID/maps
 *
 * and as Go writes it (/debug/pprof/heap?debug=1): with names below each stack (format/addressed.h).
 */
#ifndef SONDE_FORMAT_HEAPPROFILE_H
#define SONDE_FORMAT_HEAPPROFILE_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct profile;

bool heapprofile_detect(struct str head);
int heapprofile_read(struct profile *profile, struct input *input, struct err *err);

#endif
