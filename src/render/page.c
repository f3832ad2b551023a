/* SPDX-License-Identifier: Apache-2.0 */
#include "render/page.h"

#include <errno.h>

#include "base/err.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/label.h"

#define WIDTH_DEFAULT 100
#define WIDTH_MIN 40
#define WIDTH_MAX 1000
#define AMOUNT 11 /* a value and the space before it */

static const char *const escapes[] = {
	[STYLE_PLAIN] = "\x1b[0m", [STYLE_BOLD] = "\x1b[1m", [STYLE_DIM] = "\x1b[2m",
	[STYLE_WARN] = "\x1b[33m", [STYLE_BAR] = "\x1b[36m",
};

/* The page's palette, in the colours every terminal has. */
static const char *const tints[FRAME_KIND_COUNT] = {
	[FRAME_NONE] = "\x1b[37m",    [FRAME_KERNEL] = "\x1b[31m",
	[FRAME_NATIVE] = "\x1b[33m",  [FRAME_LIBRARY] = "\x1b[93m",
	[FRAME_JIT] = "\x1b[36m",     [FRAME_INTERPRETED] = "\x1b[34m",
	[FRAME_RUNTIME] = "\x1b[35m", [FRAME_UNKNOWN] = "\x1b[90m",
	[FRAME_C1] = "\x1b[92m",      [FRAME_C2] = "\x1b[32m",
	[FRAME_SPARKPLUG] = "\x1b[92m", [FRAME_MAGLEV] = "\x1b[32m",
	[FRAME_TURBOFAN] = "\x1b[32m",
};

#define SMALLEST_PART 10000	/* of the whole: what is less is seldom shown */

/* What amount_add() needs; in a unit that was asked for the whole may need more, and so may small parts of it. */
static uint32_t amount_columns(struct page *page)
{
	uint32_t columns = AMOUNT;

	for (int64_t part = 1; page->options->unit && part <= SMALLEST_PART; part *= 10) {
		amount_add_in(&page->cell, profile_total(page->profile, page->type) / part,
			      amount_cell_unit(page->unit), page->options->unit, page->options->unicode);
		if (label_columns(buf_str(&page->cell), 40) >= columns)
			columns = label_columns(buf_str(&page->cell), 40) + 1;
		buf_clear(&page->cell);
	}
	return columns;
}

int page_open(struct page *page, struct buf *out, const struct profile *profile,
	      const struct text_options *options, struct err *err)
{
	uint32_t width = options->width ? options->width : WIDTH_DEFAULT;
	uint32_t type = options->type < 0 ? profile->default_type : (uint32_t)options->type;

	*page = (struct page){ .out = out, .profile = profile, .options = options, .type = type };
	if (type >= profile->n_types)
		return err_fail(err, -EINVAL, "the profile has no value type %u", type);
	page->unit = strings_get(&profile->strings, profile->types[type].unit);
	page->width = width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
	page->amount = amount_columns(page);
	return 0;
}

void page_close(struct page *page)
{
	buf_fini(&page->cell);
}

void page_style(struct page *page, enum page_style style)
{
	if (page->options->color)
		buf_add_str(page->out, str_of(escapes[style]));
}

static void pad(struct buf *out, uint32_t columns)
{
	while (columns--)
		buf_add_u8(out, ' ');
}

void page_put_right(struct page *page, uint32_t columns)
{
	uint32_t used = label_columns(buf_str(&page->cell), columns);

	pad(page->out, used < columns ? columns - used : 1);	/* never touch the cell before */
	buf_add_str(page->out, buf_str(&page->cell));
	buf_clear(&page->cell);
}

void page_put_left(struct page *page, struct str text, uint32_t columns)
{
	uint32_t used = label_fit(page->out, text, columns, page->options->unicode);

	pad(page->out, columns - used);
}

void page_put_percent(struct page *page, int64_t part, int64_t total, uint32_t columns)
{
	amount_add_percent(&page->cell, part, total);
	page_put_right(page, columns);
}

void page_put_amount(struct page *page, int64_t value, uint32_t columns)
{
	amount_add_in(&page->cell, value, amount_cell_unit(page->unit), page->options->unit,
		      page->options->unicode);
	page_put_right(page, columns);
}

void page_put_count(struct page *page, uint64_t count, uint32_t columns)
{
	amount_add_count(&page->cell, count);
	page_put_right(page, columns);
}

/* Eighths of a column: U+258F (one eighth) up to U+2588 (all). Without Unicode, halves: '#', '-'.
 */
void page_put_bar(struct page *page, int64_t part, int64_t most, uint8_t kind)
{
	double share = most > 0 && part > 0 ? (double)part / (double)most : 0;
	uint32_t eighths = (uint32_t)(share * PAGE_BAR_COLUMNS * 8 + 0.5), used = 0;

	if (page->options->color)
		buf_add_str(page->out, str_of(tints[kind < FRAME_KIND_COUNT ? kind : FRAME_NONE]));
	for (; used < PAGE_BAR_COLUMNS && eighths; used++) {
		uint32_t part_of_cell = eighths < 8 ? eighths : 8;

		eighths -= part_of_cell;
		if (page->options->unicode)
			buf_add(page->out, (char[]){ '\xe2', '\x96', (char)(0x90 - part_of_cell) },
				3);
		else
			buf_add_u8(page->out, part_of_cell >= 4 ? '#' : '-');
	}
	pad(page->out, PAGE_BAR_COLUMNS - used);
	page_style(page, STYLE_PLAIN);
}

/* What eval() made is called by the file that it is in: "[eval in /srv/app.js]". */
#define EVAL_IN STR("[eval in ")

void page_add_where(struct buf *out, const struct place *place)
{
	if (str_starts(place->file, EVAL_IN))
		buf_add_str(out, EVAL_IN);
	buf_add_str(out, str_basename(place->file.n ? place->file : place->module));
	if (place->file.n && place->line)
		buf_addf(out, ":%u", place->line);
}

struct page_split page_split(uint32_t left, uint32_t widest_name, uint32_t widest_where)
{
	struct page_split split = { .name = left };

	if (left < 30 || !widest_where)	/* no room for two, or nothing to tell */
		return split;
	split.where = left * 2 / 5;
	if (widest_name + 2 < left && left - widest_name - 2 > split.where)
		split.where = left - widest_name - 2;
	if (split.where > widest_where)
		split.where = widest_where;
	split.name = left - split.where - 2;
	if (split.name > widest_name)
		split.name = widest_name;
	return split;
}

void page_put_place(struct page *page, const struct place *place, struct page_split split)
{
	struct buf where = { 0 };

	page_add_where(&where, place);
	if (!split.where || !where.n) {
		label_fit(page->out, place->name, split.name, page->options->unicode);
	} else {
		page_put_left(page, place->name, split.name);
		buf_add_str(page->out, STR("  "));
		page_style(page, STYLE_DIM);
		label_fit(page->out, buf_str(&where), split.where, page->options->unicode);
		page_style(page, STYLE_PLAIN);
	}
	page_end_line(page);
	buf_fini(&where);
}

void page_end_line(struct page *page)
{
	buf_add_u8(page->out, '\n');
}

void page_put_more(struct page *page, uint32_t n, uint32_t indent)
{
	page_style(page, STYLE_DIM);
	buf_addf(page->out, "%*sand %u more\n", (int)indent, "", n);
	page_style(page, STYLE_PLAIN);
}
