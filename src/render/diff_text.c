/* SPDX-License-Identifier: Apache-2.0 */
/* A diff for a person at a terminal. */
#include <errno.h>
#include <math.h>

#include "analyze/diff.h"
#include "base/err.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/diff.h"
#include "render/label.h"
#include "render/page.h"

#define WORD 7 /* columns of a line's first word */
#define SHARE 7
#define CHANGE 8
#define INTERVAL 16
#define TIMES 9
#define AMOUNT 11
#define P 9
#define P_FROM 48 /* columns from which there is room for ... */
#define INTERVAL_FROM 72
#define RELATIVE_FROM 92
#define AMOUNTS_FROM 122

struct sheet {
	struct page page;
	const struct diff_view *view;
	bool p, interval, relative, amounts;
	uint32_t left; /* columns for names and places */
};

/* ---- the head ---- */

/* Words that go on in the next lines, below where they began. */
static void put_wrapped(struct page *page, struct str text, uint32_t indent)
{
	uint32_t room = page->width - indent;

	while (text.n) {
		size_t end = text.n;

		if (label_columns(text, room + 1) > room) {
			for (end = 0; end < text.n;) {
				struct str rest = str_skip(text, end + 1);
				ptrdiff_t space = str_find(rest, ' ');
				size_t next = space < 0 ? text.n : end + 1 + (size_t)space;

				if (label_columns(str_head(text, next), room + 1) > room)
					break;
				end = next;
			}
			end = end ? end : text.n;
		}
		buf_add_str(page->out, str_head(text, end));
		page_end_line(page);
		text = str_trim(str_skip(text, end));
		for (uint32_t i = 0; text.n && i < indent; i++)
			buf_add_u8(page->out, ' ');
	}
}

static void put_fact(struct page *page, const char *word, struct buf *words)
{
	page_style(page, STYLE_DIM);
	page_put_left(page, str_of(word), WORD);
	page_style(page, STYLE_PLAIN);
	put_wrapped(page, buf_str(words), WORD);
	page->out->failed |= words->failed;
	buf_clear(words);
}

static void add_files(struct buf *words, const struct diff_view *view, unsigned side)
{
	buf_add_str(words, STR("  "));
	for (uint32_t i = 0; i < view->n_files[side] && i < 3; i++) {
		buf_add_str(words, i ? STR(", ") : STR(""));
		label_fit(words, str_of(view->files[side][i]), 60, view->text.unicode);
	}
	if (view->n_files[side] > 3)
		buf_addf(words, " and %u more", view->n_files[side] - 3);
}

static void put_head(struct sheet *sheet)
{
	const struct diff_view *view = sheet->view;
	struct page *page = &sheet->page;
	struct buf words = { 0 };

	page_style(page, STYLE_BOLD);
	diff_add_sentence(&words, view);
	put_wrapped(page, buf_str(&words), 0);
	buf_clear(&words);
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
	for (unsigned side = 0; side < 2; side++) {
		diff_add_side(&words, view, side);
		add_files(&words, view, side);
		put_fact(page, side ? "New" : "Base", &words);
	}
	diff_add_noise(&words, view);
	put_fact(page, "Noise", &words);
	diff_add_seen(&words, view);
	put_fact(page, "Seen", &words);
	if (view->text.folded) {
		buf_add_str(&words, STR("the language runtime's own frames (--native shows them)"));
		put_fact(page, "Hidden", &words);
	}
	if (view->text.filter_words) {
		label_fit(&words, str_of(view->text.filter_words), 200, view->text.unicode);
		put_fact(page, "Filter", &words);
	}
	if (view->above > 0) {
		page_style(page, diff_add_gate(&words, view) ? STYLE_WARN : STYLE_PLAIN);
		put_fact(page, "Gate", &words);
		page_style(page, STYLE_PLAIN);
	}
	buf_fini(&words);
}

/* ---- the table ---- */

static void put_heading_cell(struct page *page, const char *words, uint32_t columns)
{
	buf_add_str(&page->cell, str_of(words));
	page_put_right(page, columns);
}

static void put_heading(struct sheet *sheet, struct page_split split)
{
	struct page *page = &sheet->page;
	struct str what = sheet->view->diff->by_stack ? STR("Stack, innermost first")
			  : sheet->view->granularity == BY_LINE ? STR("Function and line")
								: STR("Function");

	page_style(page, STYLE_DIM);
	buf_add_str(page->out, STR("  "));
	put_heading_cell(page, "base%", SHARE);
	put_heading_cell(page, "new%", SHARE);
	put_heading_cell(page, "change", CHANGE);
	if (sheet->interval)
		put_heading_cell(page, "95 % interval", INTERVAL);
	if (sheet->relative)
		put_heading_cell(page, "of itself", TIMES + 1);
	if (sheet->amounts) {
		put_heading_cell(page, "base", AMOUNT);
		put_heading_cell(page, "new", AMOUNT);
	}
	if (sheet->p)
		put_heading_cell(page, "p", P);
	buf_add_str(page->out, STR("  "));
	if (split.where) {
		page_put_left(page, what, split.name);
		buf_add_str(page->out, STR("  Where"));
	} else {
		label_fit(page->out, what, sheet->left, page->options->unicode);
	}
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
}

/* Up, down, moved because others did; nothing where noise explains it. */
static void put_mark(struct page *page, const struct diff_number *number)
{
	bool unicode = page->options->unicode, up = number->now > number->base;

	switch (number->verdict) {
	case DIFF_NAMED:
		page_style(page, up ? STYLE_WARN : STYLE_BAR);
		buf_add_str(page->out, up ? (unicode ? STR("▲ ") : STR("+ "))
					  : (unicode ? STR("▼ ") : STR("- ")));
		break;
	case DIFF_FOLLOWS:
		buf_add_str(page->out, unicode ? STR("· ") : STR("~ "));
		break;
	case DIFF_WITHIN:
		buf_add_str(page->out, unicode ? STR("≈ ") : STR("? "));
		break;
	case DIFF_NOISE:
	case DIFF_UNTESTED:
		page_style(page, STYLE_DIM);
		buf_add_str(page->out, STR("  "));
	}
}

static void put_relative(struct page *page, const struct diff_number *number)
{
	double percent = number->relative * 100;

	if (!(number->base > 0))	/* only its callees cost: neither new nor gone */
		buf_add_str(&page->cell, number->now > 0 ? STR("new") : STR("-"));
	else if (!(number->now > 0))
		buf_add_str(&page->cell, STR("gone"));
	else if (fabs(percent) >= 9999.5)
		buf_addf(&page->cell, "x%.3g", number->relative + 1);
	else
		buf_addf(&page->cell, fabs(percent) < 99.95 ? "%+.1f %%" : "%+.0f %%", percent);
	page_put_right(page, TIMES + 1);
}

/* A cost as its side had it, all runs together. */
static void put_cost(struct sheet *sheet, double cost, unsigned side)
{
	double value = cost * sheet->view->diff->side[side].norm;

	page_put_amount(&sheet->page, (int64_t)fmax(-9e18, fmin(9e18, value)), AMOUNT);
}

static void put_row_name(struct sheet *sheet, const struct diff_row *row, struct page_split split)
{
	struct page *page = &sheet->page;
	const struct diff *diff = sheet->view->diff;
	struct place place = *diff_place(diff, row);
	struct buf name = { 0 };

	if (diff->by_stack) {
		diff_add_stack(&name, sheet->view, row, page->options->unicode ? " ← " : " < ");
		label_fit(page->out, buf_str(&name), split.name + 2 + split.where,
			  page->options->unicode);
		page_end_line(page);
	} else {
		buf_add_str(&name, place.name);
		if (row->measure == DIFF_TOTAL && sheet->view->text.order != TOP_BY_TOTAL)
			buf_add_str(&name, STR(" (and all it calls)"));
		place.name = buf_str(&name);
		page_put_place(page, &place, split);
	}
	page->out->failed |= name.failed;
	buf_fini(&name);
}

static void put_row(struct sheet *sheet, const struct diff_row *row, struct page_split split)
{
	const struct diff *diff = sheet->view->diff;
	const struct diff_number *number = &row->of[row->measure];
	struct page *page = &sheet->page;

	put_mark(page, number);
	diff_add_points(&page->cell, diff_part(diff, number->base), false);
	page_put_right(page, SHARE);
	diff_add_points(&page->cell, diff_part(diff, number->now), false);
	page_put_right(page, SHARE);
	diff_add_points(&page->cell, diff_part(diff, number->now - number->base), true);
	page_put_right(page, CHANGE);
	if (sheet->interval) {
		diff_add_points(&page->cell, diff_part(diff, number->low), true);
		buf_add_str(&page->cell, STR(" .. "));
		diff_add_points(&page->cell, diff_part(diff, number->high), true);
		page_put_right(page, INTERVAL);
	}
	if (sheet->relative)
		put_relative(page, number);
	if (sheet->amounts) {
		put_cost(sheet, number->base, 0);
		put_cost(sheet, number->now, 1);
	}
	if (sheet->p && number->verdict == DIFF_FOLLOWS)
		buf_add_str(&page->cell, STR("follows"));
	else if (sheet->p && number->verdict == DIFF_WITHIN)
		buf_add_str(&page->cell, STR("within"));
	else if (sheet->p)
		diff_add_p(&page->cell, number->q);
	if (sheet->p)
		page_put_right(page, P);
	buf_add_str(page->out, STR("  "));
	put_row_name(sheet, row, split);
	page_style(page, STYLE_PLAIN);
}

static struct page_split measure(struct sheet *sheet, uint32_t rows)
{
	const struct diff *diff = sheet->view->diff;
	uint32_t fixed = 2 + 2 * SHARE + CHANGE + 2, name = 8, where = 0, left;

	fixed += sheet->p ? P : 0;
	fixed += sheet->interval ? INTERVAL : 0;
	fixed += sheet->relative ? TIMES + 1 : 0;
	fixed += sheet->amounts ? 2 * AMOUNT : 0;
	left = sheet->page.width > fixed + 8 ? sheet->page.width - fixed : 8;
	sheet->left = left;
	for (uint32_t i = 0; i < rows; i++) {
		const struct place *place = diff_place(diff, &diff->rows[i]);
		struct buf text = { 0 };
		uint32_t columns = label_columns(place->name, left);

		if (diff->rows[i].measure == DIFF_TOTAL)
			columns += 19;
		page_add_where(&text, place);
		name = columns > name ? columns : name;
		columns = label_columns(buf_str(&text), left);
		where = columns > where ? columns : where;
		buf_fini(&text);
	}
	if (where && where < 5)
		where = 5;
	return page_split(left, name, diff->by_stack ? 0 : where);
}

static uint32_t rows_shown(const struct diff_view *view)
{
	uint32_t n = view->only_named ? view->diff->n_named : view->diff->n;

	return view->text.limit && view->text.limit < n ? view->text.limit : n;
}

int diff_text(struct buf *out, const struct diff_view *view, struct err *err)
{
	struct sheet sheet = { .view = view };
	struct page_split split;
	uint32_t rows = rows_shown(view);
	int rc = page_open(&sheet.page, out, view->profile, &view->text, err);

	if (rc < 0)
		return rc;
	sheet.p = sheet.page.width >= P_FROM;
	sheet.interval = sheet.page.width >= INTERVAL_FROM;
	sheet.relative = sheet.page.width >= RELATIVE_FROM;
	sheet.amounts = sheet.page.width >= AMOUNTS_FROM;
	put_head(&sheet);
	if (rows) {
		page_end_line(&sheet.page);
		split = measure(&sheet, rows);
		put_heading(&sheet, split);
		for (uint32_t i = 0; i < rows; i++)
			put_row(&sheet, &view->diff->rows[i], split);
	}
	if (rows < view->diff->n && !view->only_named) {
		page_style(&sheet.page, STYLE_DIM);
		buf_add_str(out, STR("and "));
		amount_add_count(out, view->diff->n - rows);
		buf_add_str(out, STR(" more that changed less"));
		page_style(&sheet.page, STYLE_PLAIN);
		page_end_line(&sheet.page);
	}
	if (out->failed || sheet.page.cell.failed)
		rc = err_fail(err, -ENOMEM, "out of memory for the diff");
	page_close(&sheet.page);
	return rc;
}
