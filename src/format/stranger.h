/* SPDX-License-Identifier: Apache-2.0 */
/* format/stranger.h
 *
 * Files that people give to a profiler and that are no profile, or one that must be unpacked or converted first: what
 * they are, and what to do.
 */
#ifndef SONDE_FORMAT_STRANGER_H
#define SONDE_FORMAT_STRANGER_H

#include "base/str.h"

/* "an XZ archive: unpack it first (xz -d)", of what begins with these bytes (unwrapped); NULL: nothing known. */
const char *stranger_words(struct str head);

#endif
