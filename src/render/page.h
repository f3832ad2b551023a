/* SPDX-License-Identifier: Apache-2.0 */
/* render/page.h
 *
 * What the parts of the text report share: columns, colours, bars. Private to render/text*.c.
 *
 *   bar           self  total     value  name                      where
 *   ████████▌     42.1   88.0    4.21 s  deflate_slow              deflate.c:1520
 */
#ifndef SONDE_RENDER_PAGE_H
#define SONDE_RENDER_PAGE_H

#include "analyze/places.h"
#include "base/buf.h"
#include "render/text.h"

enum page_style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_WARN, STYLE_BAR };

struct page {
	struct buf *out;
	struct buf cell;	/* scratch for page_put_*() */
	const struct profile *profile;
	const struct text_options *options;
	struct str unit;	/* of the values shown */
	uint32_t type;
	uint32_t width;		/* columns of a line */
	uint32_t amount;	/* columns of a value with the space before it */
};

#define PAGE_BAR_COLUMNS 10

/* -EINVAL when the profile has no such value type. Borrows what it is given; page_close() ends it. */
int page_open(struct page *page, struct buf *out, const struct profile *profile,
	      const struct text_options *options, struct err *err);
void page_close(struct page *page);

/* Text from here on looks so, where colours are wanted. */
void page_style(struct page *page, enum page_style style);

/* A cell of `columns`: what the scratch holds, or text, at its right or left. */
void page_put_right(struct page *page, uint32_t columns);
void page_put_left(struct page *page, struct str text, uint32_t columns);

void page_put_percent(struct page *page, int64_t part, int64_t total, uint32_t columns);
void page_put_amount(struct page *page, int64_t value, uint32_t columns);
void page_put_count(struct page *page, uint64_t count, uint32_t columns);

/* A bar as long as part is of most, in a tint for the kind of frame. */
void page_put_bar(struct page *page, int64_t part, int64_t most, uint8_t kind);

/* "deflate.c:1520", or the module's file name: where a place is, in few words. Appended. */
void page_add_where(struct buf *out, const struct place *place);

/* How a line's rest is divided between names and where they are; 0 columns: not shown. */
struct page_split {
	uint32_t name, where;
};

struct page_split page_split(uint32_t left, uint32_t widest_name, uint32_t widest_where);

/* name and where, and the line's end. */
void page_put_place(struct page *page, const struct place *place, struct page_split split);

void page_end_line(struct page *page);

/* "and N more", a line of its own. */
void page_put_more(struct page *page, uint32_t n, uint32_t indent);

/* What was sampled, how long, what was lost. */
void text_head_put(struct page *page);

/* The tables; each begins with its own heading. */
int text_top(struct page *page, struct err *err);
int text_tree(struct page *page, struct err *err);
int text_threads(struct page *page, struct err *err);
int text_peek(struct page *page, struct err *err);	/* of options->expression */
int text_list(struct page *page, struct err *err);	/* likewise */
int text_code(struct page *page, struct err *err);	/* likewise */
int text_groups(struct page *page, struct err *err);	/* by options->by */

#endif
