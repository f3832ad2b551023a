/* SPDX-License-Identifier: Apache-2.0 */
/* session/naming.h
 *
 * From (image, vaddr) to named frames: every image's distinct addresses are resolved in one batch, then
 * the tree of raw stacks becomes the profile's tree of named ones, inlined calls expanded.
 */
#ifndef SONDE_SESSION_NAMING_H
#define SONDE_SESSION_NAMING_H

#include "model/profile.h"
#include "session/rawtree.h"

struct err;
struct images;

/* Adds all that was counted to the profile, whose value types are "samples" and "cpu" (nanoseconds: the
 * period each), and fills its share of named frames; where the tree has times, each sample as a row of
 * its own, in the order they came in, at its time since start_ns. runtime_lines: an
 * interpreter's own frames have lines and inlined calls too. 0 or -ENOMEM. */
int naming_finish(struct profile *profile, const struct rawtree *raw, const struct images *images,
		  uint64_t period_ns, uint64_t start_ns, bool runtime_lines, struct err *err);

#endif
