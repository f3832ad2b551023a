/* SPDX-License-Identifier: Apache-2.0 */
/* format/gzip.h
 *
 * Bytes packed as one gzip member, quickly: for what is written whole and is large. The same bytes in give the same
 * bytes out, on any machine.
 *
 *   bytes   |---- first ----|-------- second --------|      two threads
 *   file    head | blocks | empty block | blocks, the last one marked so | sums
 *
 * A member for each would be simpler, but not all readers look behind the first one (pako 1, in speedscope;
 * DecompressionStream refuses what follows).
 */
#ifndef SONDE_FORMAT_GZIP_H
#define SONDE_FORMAT_GZIP_H

#include "base/str.h"

struct err;
struct new_file;

#define GZIP_SPLIT_MIN ((size_t)1 << 20)	/* bytes that are worth a second thread */

/* 0 or -errno. */
int gzip_write(struct new_file *file, struct str bytes, struct err *err);

#endif
