/* SPDX-License-Identifier: Apache-2.0 */
/* render/html.h
 *
 * A flame graph as one HTML file: the page's own modules and styles (src/web/) and the packed
 * profile inside. It loads nothing, from a disk or a server: its content security policy forbids it.
 * It opens with the root at the top (options->icicle is the SVG's; here a key flips the picture).
 * How to read it, its keys and the embedded format: docs/flamegraph.md.
 */
#ifndef SONDE_RENDER_HTML_H
#define SONDE_RENDER_HTML_H

#include "render/flame.h"

struct buf;
struct err;
struct profile;

/* Appends the whole file to out; the same profile gives the same bytes. Every value type of the
 * profile is in it, options->type is shown first. 0, -EINVAL (no such value type) or -ENOMEM. */
int html_write(struct buf *out, const struct profile *profile, const struct flame_options *options,
	       struct err *err);

struct html_part {
	const char *name;	/* in the page's menu and its address: each has another */
	const struct profile *profile;
	struct flame_options options;
};

/* Several profiles in one file, which opens with the first and has a menu of them. n > 0. */
int html_write_all(struct buf *out, const struct html_part *parts, uint32_t n, struct err *err);

#endif
