/* SPDX-License-Identifier: Apache-2.0 */
/* format/contention.h
 *
 * Who waited for locks, as Go writes it (/debug/pprof/mutex?debug=1, block?debug=1) and gperftools do:
 *
 *   --- mutex:                           or "--- contention:", "--- contentionz 1 ---"
 *   cycles/second=2596097917             without it cycles are nanoseconds
 *   sampling period=5                    each event stands for so many
 *   1238470945 398 @ 0x69f2db 0x6a0137   cycles and events
 *   #	0x69f2da	sync.(*Mutex).Unlock+0x5a	/usr/local/go/src/sync/mutex.go:65
 */
#ifndef SONDE_FORMAT_CONTENTION_H
#define SONDE_FORMAT_CONTENTION_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct profile;

bool contention_detect(struct str head);
int contention_read(struct profile *profile, struct input *input, struct err *err);

#endif
