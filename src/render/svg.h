/* SPDX-License-Identifier: Apache-2.0 */
/* render/svg.h
 *
 * A flame graph as one SVG file: opens anywhere as a picture; in a browser zooms (click), searches
 * (Ctrl-F, regular expressions, share matched) and names what the pointer is on. No network, no
 * other file. Valid XML 1.0 whatever bytes names hold.
 */
#ifndef SONDE_RENDER_SVG_H
#define SONDE_RENDER_SVG_H

#include "render/flame.h"

struct buf;
struct err;
struct profile;

/* Appends the whole file to out. 0, -EINVAL (no such value type) or -ENOMEM. */
int svg_write(struct buf *out, const struct profile *profile, const struct flame_options *options,
	      struct err *err);

#endif
