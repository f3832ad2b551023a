/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfscript.h
 *
 * What `perf script` prints, with whichever fields and options it was asked for: one sample after another,
 * a head and (where call chains were recorded) a line a frame, innermost first.
 *
 *   server  4000/4001    [000]   100.000000:     981997 cycles:P:
 *   	    7f12b2e7b4 parse+0x3b4 (/opt/app/lib/libengine.so.2)
 *   	        55dc1 main+0x1c1 (/opt/app/bin/server)
 *
 *   worker (perfscript_worker.h)   text -> blocks: every distinct line is a number; two and more at once
 *   reader (perfscript_read.c)     blocks -> profile: the numbers' frames, labels and value types
 */
#ifndef SONDE_FORMAT_PERFSCRIPT_H
#define SONDE_FORMAT_PERFSCRIPT_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct profile;

bool perfscript_detect(struct str head);

/* In bounded memory beyond the profile itself. */
int perfscript_read(struct profile *profile, struct input *input, struct err *err);

#endif
