/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/groups.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/label.h"
#include "render/page.h"

#define PERCENT 7
#define SAMPLES 13

static void put_heading(struct page *page, const struct groups *groups, uint32_t left)
{
	static const struct {
		const char *words;
		uint32_t columns;	/* 0: of an amount */
	} cells[] = { { "share%", PERCENT }, { "value", 0 }, { "samples", SAMPLES } };

	page_style(page, STYLE_DIM);
	page_put_left(page, STR("Share"), PAGE_BAR_COLUMNS);
	for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++) {
		buf_add_str(&page->cell, str_of(cells[i].words));
		page_put_right(page, cells[i].columns ? cells[i].columns : page->amount);
	}
	buf_add_str(page->out, STR("  By "));
	label_fit(page->out, str_of(groups->key), left - 3, page->options->unicode);
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
}

/* Rows of times are not in the order of their values. */
static int64_t most_of(const struct groups *groups)
{
	int64_t most = 0;

	for (uint32_t i = 0; i < groups->n; i++)
		if (groups->rows[i].value > most)
			most = groups->rows[i].value;
	return most;
}

static void put_row(struct page *page, const struct groups *groups, uint32_t i, int64_t most, uint32_t left)
{
	const struct group_row *row = &groups->rows[i];
	struct buf value = { 0 };

	page_put_bar(page, row->value, most, FRAME_NATIVE);
	page_put_percent(page, row->value, groups->total, PERCENT);
	page_put_amount(page, row->value, page->amount);
	page_put_count(page, row->samples, SAMPLES);
	buf_add_str(page->out, STR("  "));
	if (row->label)
		group_add_value(&value, row);
	else
		group_add_words(&value, groups, i);
	label_fit(page->out, buf_str(&value), left, page->options->unicode);
	page_end_line(page);
	page->out->failed |= value.failed;
	buf_fini(&value);
}

int text_groups(struct page *page, struct err *err)
{
	uint32_t fixed = PAGE_BAR_COLUMNS + PERCENT + page->amount + SAMPLES + 2, rows, left;
	const struct text_options *options = page->options;
	struct groups groups;
	int64_t most;
	int rc = groups_init(&groups, page->profile, options->by, options->filter, page->type, err);

	if (rc < 0)
		return rc;
	rows = options->limit && options->limit < groups.n ? options->limit : groups.n;
	left = page->width > fixed + 24 ? page->width - fixed : 24;
	most = most_of(&groups);
	put_heading(page, &groups, left);
	for (uint32_t i = 0; i < rows; i++)
		put_row(page, &groups, i, most, left);
	if (rows < groups.n)
		page_put_more(page, groups.n - rows, 0);
	groups_fini(&groups);
	return 0;
}
