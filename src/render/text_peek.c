/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/peek.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/label.h"
#include "render/page.h"

/*
 *    40.0  400 ms    main                 callers: shares of the function's total
 *    60.0  600 ms    run
 *   100.0     1 s  parse                  the function
 *    30.0  300 ms    itself               callees
 *    70.0  700 ms    lex
 */
#define PERCENT 7
#define INDENT 2

static void put_row(struct page *page, const struct peek *peek, int64_t value, uint32_t indent,
		    const struct place *place, struct str words)
{
	uint32_t left = page->width - PERCENT - page->amount - 2 - indent;
	struct buf where = { 0 };
	struct page_split split;

	page_put_percent(page, value, peek->total, PERCENT);
	page_put_amount(page, value, page->amount);
	buf_addf(page->out, "%*s", (int)(2 + indent), "");
	if (!place) {
		page_style(page, STYLE_DIM);
		buf_add_str(page->out, words);
		page_style(page, STYLE_PLAIN);
		page_end_line(page);
		return;
	}
	page_add_where(&where, place);
	split = page_split(left, label_columns(place->name, left), label_columns(buf_str(&where), left));
	page_put_place(page, place, split);
	buf_fini(&where);
}

static void put_rows(struct page *page, const struct peeks *peeks, const struct peek *peek,
		     const struct peek_row *rows, uint32_t n)
{
	uint32_t limit = page->options->limit;

	for (uint32_t i = 0; i < n && (!limit || i < limit); i++)
		put_row(page, peek, rows[i].value, INDENT,
			rows[i].place ? &peeks->places.items[rows[i].place] : NULL,
			STR("nobody: stacks begin there"));
	if (limit && n > limit)
		page_put_more(page, n - limit, PERCENT + page->amount + 2 + INDENT);
}

static void put_heading(struct page *page, const struct peeks *peeks, const struct peek *peek)
{
	page_style(page, STYLE_DIM);
	buf_add_str(&page->cell, STR("share%"));
	page_put_right(page, PERCENT);
	buf_add_str(&page->cell, STR("value"));
	page_put_right(page, page->amount);
	buf_add_str(page->out, STR("  "));
	amount_add_percent(page->out, peek->total, peeks->total);
	buf_add_str(page->out, STR(" % of all, "));
	amount_add_percent(page->out, peek->self, peeks->total);
	buf_add_str(page->out, STR(" % by itself"));
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
}

static void put_peek(struct page *page, const struct peeks *peeks, const struct peek *peek)
{
	put_heading(page, peeks, peek);
	if (page->options->callers)
		put_rows(page, peeks, peek, peek->callers, peek->n_callers);
	page_style(page, STYLE_BOLD);
	put_row(page, peek, peek->total, 0, &peeks->places.items[peek->place], (struct str){ 0 });
	page_style(page, STYLE_PLAIN);
	if (!page->options->callees)
		return;
	if (peek->self)
		put_row(page, peek, peek->self, INDENT, NULL, STR("itself"));
	put_rows(page, peeks, peek, peek->callees, peek->n_callees);
}

int text_peek(struct page *page, struct err *err)
{
	struct peek_options wanted = { .filter = page->options->filter, .type = page->type,
				       .expression = page->options->expression,
				       .limit = TEXT_FUNCTIONS_MAX };
	struct peeks peeks;
	int rc = peeks_init(&peeks, page->profile, &wanted, err);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < peeks.n; i++) {
		if (i)
			page_end_line(page);
		put_peek(page, &peeks, &peeks.items[i]);
	}
	if (peeks.n < peeks.n_matching)
		buf_addf(page->out, "\n%u more functions match '%s'\n", peeks.n_matching - peeks.n,
			 page->options->expression);
	peeks_fini(&peeks);
	return 0;
}
