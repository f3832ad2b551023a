/* SPDX-License-Identifier: Apache-2.0 */
/* render/svg_page.h
 *
 * What flame graphs in SVG share: the page around the boxes, its script (svg.js) and styles (svg.css).
 * Private to render/svg*.c and render/diff_svg.c. In pixels:
 *
 *   title                                   [reset zoom] [search]
 *   how much, how many samples, kinds of frames     share matched
 *   boxes, SVG_ROW high each
 *   what the pointer is on
 */
#ifndef SONDE_RENDER_SVG_PAGE_H
#define SONDE_RENDER_SVG_PAGE_H

#include <stdint.h>

#include "base/str.h"

struct buf;

#define SVG_WIDTH 1200
#define SVG_MARGIN 12
#define SVG_HEAD 62
#define SVG_FOOT 30
#define SVG_ROW 20
#define SVG_BOX 19
#define SVG_TITLE_COLUMN 11	/* of the title */
#define SVG_KEYS 160		/* pixels at the right of both lines: "Reset zoom" and "Search"; what a search matched */
#define SVG_COLUMN 7		/* pixels of a column of 12 px text, until the script can measure */
#define SVG_LEAST_LABEL 29	/* three columns */
#define SVG_LEAST_PIXELS 0.1	/* narrower boxes are left out */
#define SVG_DEPTH_MAX 4000	/* deeper ones too: viewers refuse higher pictures */

/* Up to the boxes; rows: of boxes. And what follows the head, which stands behind the boxes. */
void svg_page_open(struct buf *out, uint32_t width, uint32_t rows);
void svg_page_close(struct buf *out, uint32_t width, uint32_t rows);

/* Clean text (label_clean()) with what XML has a meaning for escaped. */
void svg_add_escaped(struct buf *out, struct str clean);

/* Any bytes, as XML text. */
void svg_add_text(struct buf *out, struct str text);

/* <rect> and, where there is room, <text> of one box; `label` is any bytes. */
void svg_add_box(struct buf *out, const char *rect_class, double x, uint32_t y, double w,
		 struct str label);

#endif
