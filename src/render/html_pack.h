/* SPDX-License-Identifier: Apache-2.0 */
/* render/html_pack.h
 *
 * A profile as the bytes that src/web/data.js reads: strings, frames, the tree, who spent what
 * where. The layout is described in docs/flamegraph.md. Names are only ever part of this block, which is
 * compressed and encoded, so they never meet HTML.
 */
#ifndef SONDE_RENDER_HTML_PACK_H
#define SONDE_RENDER_HTML_PACK_H

#include "render/flame.h"

struct buf;
struct err;
struct profile;

/* Appends the block, and to `lines` what each source line cost, where the profile tells lines; not compressed.
 * 0, -EINVAL (no such value type) or -ENOMEM. */
int html_pack(struct buf *out, struct buf *lines, const struct profile *profile,
	      const struct flame_options *options, struct err *err);

#endif
