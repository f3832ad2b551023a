/* SPDX-License-Identifier: Apache-2.0 */
/* format/massif.h
 *
 * What valgrind's massif writes: snapshots of a heap, some of them with a tree of who allocated it.
 *
 *   heap_tree=peak
 *   n2: 4494169 (heap allocation functions) malloc/new/new[], --alloc-fns, etc.
 *    n1: 3494169 0x109164: leaf (h.c:3)              leaf allocated, called by
 *     n0: 3327336 0x109175: mid (h.c:4)                mid, and by others that are not in the tree
 *    n0: 1000000 in 3 places, all below massif's threshold (1.00%)
 *
 * One snapshot becomes the profile: the peak, or the last one with a tree. Trees of several moments do not
 * add up.
 */
#ifndef SONDE_FORMAT_MASSIF_H
#define SONDE_FORMAT_MASSIF_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct profile;

bool massif_detect(struct str head);
int massif_read(struct profile *profile, struct input *input, struct err *err);

#endif
