/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfscript_frames.h
 *
 * The text of a place in a stack, as perfscript_worker.h hands it over, as frames of a profile:
 *
 *   "parse+0x3b4 (/opt/app/server)"             one frame
 *   "\t  401 lex (inlined)\n\t  401 parse (/opt/app/server)"    two, the first one inlined into the other
 *
 * A frame without a name is called by its module, "[libc.so.6]", as people know it from
 * stackcollapse-perf.pl, and keeps its address.
 */
#ifndef SONDE_FORMAT_PERFSCRIPT_FRAMES_H
#define SONDE_FORMAT_PERFSCRIPT_FRAMES_H

#include <stdbool.h>

#include "base/buf.h"

struct profile;

/* Appends the ids of the frames, innermost first, to `ids`; false: the text is no frame. */
bool perf_frames_add(struct profile *profile, struct str text, struct buf *ids);

#endif
