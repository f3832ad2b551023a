/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "analyze/top.h"
#include "base/sum.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/label.h"
#include "render/page.h"

#define PERCENT 6 /* columns: ">99.9" and a space before it */
#define NARROW 64 /* below this many columns the amounts are left out */

static const char *const headings[] = {
	[BY_FUNCTION] = "Function",
	[BY_LINE] = "Function and line",
	[BY_FILE] = "File",
	[BY_MODULE] = "Module",
	[BY_ADDRESS] = "Address",
	[BY_KIND] = "Function and kind",
};

#define WHERE_HEADING STR("Where")

static struct page_split measure(const struct page *page, const struct top *top, uint32_t rows,
				 uint32_t left)
{
	uint32_t name = (uint32_t)strlen(headings[page->options->granularity]), where = 0;

	for (uint32_t i = 0; i < rows; i++) {
		const struct place *place = &top->places.items[top->rows[i].place];
		struct buf text = { 0 };
		uint32_t columns = label_columns(place->name, left);

		page_add_where(&text, place);
		if (columns > name)
			name = columns;
		columns = label_columns(buf_str(&text), left);
		if (columns > where)
			where = columns;
		buf_fini(&text);
	}
	if (where && where < WHERE_HEADING.n)
		where = WHERE_HEADING.n;
	return page_split(left, name, page->options->granularity == BY_FILE ||
			  page->options->granularity == BY_MODULE ? 0 : where);
}

static void put_heading(struct page *page, struct page_split split, bool amounts)
{
	page_style(page, STYLE_DIM);
	page_put_left(page, page->options->order == TOP_BY_SELF ? STR("Self") : STR("Total"),
		      PAGE_BAR_COLUMNS);
	buf_add_str(&page->cell, STR("self%"));
	page_put_right(page, PERCENT + 1);
	buf_add_str(&page->cell, STR("total%"));
	page_put_right(page, PERCENT + 1);
	if (amounts) {
		buf_add_str(&page->cell,
			    page->options->order == TOP_BY_SELF ? STR("self") : STR("total"));
		page_put_right(page, page->amount);
	}
	buf_add_str(page->out, STR("  "));
	if (split.where) {
		page_put_left(page, str_of(headings[page->options->granularity]), split.name);
		buf_add_str(page->out, STR("  "));
		buf_add_str(page->out, WHERE_HEADING);
	} else {
		buf_add_str(page->out, str_of(headings[page->options->granularity]));
	}
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
}

static void put_row(struct page *page, const struct top *top, const struct top_row *row,
		    struct page_split split, bool amounts)
{
	const struct place *place = &top->places.items[row->place];
	bool by_self = page->options->order == TOP_BY_SELF;
	int64_t shown = by_self ? row->self : row->total;
	int64_t first = by_self ? top->rows[0].self : top->rows[0].total, most = first < 0 ? -(first + 1) : first;

	page_put_bar(page, shown, most, place->kind);
	page_put_percent(page, row->self, top->total, PERCENT + 1);
	page_put_percent(page, row->total, top->total, PERCENT + 1);
	if (amounts)
		page_put_amount(page, shown, page->amount);
	buf_add_str(page->out, STR("  "));
	page_put_place(page, place, split);
}

/* As below a tree, what --min-share leaves out. */
static void put_least(struct page *page)
{
	if (page->options->min_share * 100 < 1e-9)
		return;
	page_style(page, STYLE_DIM);
	buf_addf(page->out, "what costs less than %g %% with all it calls is left out", page->options->min_share * 100);
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
}

static void put_rest(struct page *page, const struct top *top, uint32_t rows)
{
	int64_t self = 0;

	if (rows == top->n)
		return;
	for (uint32_t i = rows; i < top->n; i++)
		sum_add(&self, top->rows[i].self);
	page_style(page, STYLE_DIM);
	buf_add_str(page->out, STR("and "));
	amount_add_count(page->out, top->n - rows);
	buf_add_str(page->out, STR(" more, with "));
	amount_add_percent(page->out, self, top->total);
	buf_add_str(page->out, STR(" % by themselves"));
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
}

int text_top(struct page *page, struct err *err)
{
	const struct text_options *options = page->options;
	struct top_options wanted = { .filter = options->filter,
				      .granularity = options->granularity,
				      .order = options->order,
				      .type = page->type,
				      .min_share = options->min_share,
				      .limit = options->limit };
	bool amounts = page->width >= NARROW;
	uint32_t fixed = PAGE_BAR_COLUMNS + 2 * (PERCENT + 1) + (amounts ? page->amount : 0) + 2;
	struct page_split split;
	struct top top;
	uint32_t rows;
	int rc = top_init(&top, page->profile, &wanted, err);

	if (rc < 0)
		return rc;
	rows = options->limit && options->limit < top.n ? options->limit : top.n;
	split = measure(page, &top, rows, page->width - fixed);
	put_heading(page, split, amounts);
	for (uint32_t i = 0; i < rows; i++)
		put_row(page, &top, &top.rows[i], split, amounts);
	put_rest(page, &top, rows);
	put_least(page);
	top_fini(&top);
	return 0;
}
