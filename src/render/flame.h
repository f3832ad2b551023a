/* SPDX-License-Identifier: Apache-2.0 */
/* render/flame.h - what a flame graph shows, whichever way it is drawn (SVG, HTML). */
#ifndef SONDE_RENDER_FLAME_H
#define SONDE_RENDER_FLAME_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/places.h"

struct amount_unit;
struct filter;
struct source_places;

struct flame_options {
	const char *title;		/* NULL: made from the value type */
	const struct filter *filter;	/* NULL: all samples */
	const char *filter_words;	/* NULL, or the filter as typed: "--focus zlib" */
	enum granularity granularity;
	const struct amount_unit *unit;	/* NULL, or the one that values are told in */
	int type;			/* value type of the profile; -1: its default */
	bool icicle;			/* root at the top */
	bool folded;			/* the head tells that frames are left out (analyze/shown.h) */
	const char *diff;		/* HTML: NULL, or what `sonde diff --json` says: a page of two sides,
					 * whose first two value types are theirs */
	const struct source_places *sources;	/* HTML: NULL, or where the source of its lines is looked for (of each
						 * module by its own build id) */
	uint32_t width_px;		/* SVG: 0 is 1200 */
	double min_share;		/* SVG: smaller boxes are left out; 0: those under 0.1 px */
};

#endif
