/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "analyze/threads.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/label.h"
#include "render/page.h"

#define PERCENT 7
#define SAMPLES 13
#define ID 9

static struct page_split measure(const struct threads *threads, uint32_t rows, uint32_t left)
{
	uint32_t process = 7, thread = 6;

	for (uint32_t i = 0; i < rows; i++) {
		uint32_t columns = label_columns(threads->rows[i].process, left);

		process = columns > process ? columns : process;
		columns = label_columns(threads->rows[i].thread, left);
		thread = columns > thread ? columns : thread;
	}
	return page_split(left, process, thread);
}

static void put_heading(struct page *page, struct page_split split)
{
	static const struct {
		const char *words;
		uint32_t columns;	/* 0: of an amount */
	} cells[] = { { "share%", PERCENT },
		      { "value", 0 },
		      { "samples", SAMPLES },
		      { "pid", ID },
		      { "tid", ID } };

	page_style(page, STYLE_DIM);
	page_put_left(page, STR("Share"), PAGE_BAR_COLUMNS);
	for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++) {
		buf_add_str(&page->cell, str_of(cells[i].words));
		page_put_right(page, cells[i].columns ? cells[i].columns : page->amount);
	}
	buf_add_str(page->out, STR("  "));
	page_put_left(page, STR("Process"), split.name);
	buf_add_str(page->out, STR("  Thread"));
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
}

static void put_id(struct page *page, bool known, int64_t id)
{
	if (known)
		buf_addf(&page->cell, "%" PRId64, id);
	else
		buf_add_u8(&page->cell, '-');
	page_put_right(page, ID);
}

static struct str name_or_dash(struct str name)
{
	return name.n ? name : STR("-");
}

static void put_row(struct page *page, const struct threads *threads, uint32_t i,
		    struct page_split split)
{
	const struct thread_row *row = &threads->rows[i];

	page_put_bar(page, row->value, threads->rows[0].value, FRAME_NATIVE);
	page_put_percent(page, row->value, threads->total, PERCENT);
	page_put_amount(page, row->value, page->amount);
	page_put_count(page, row->samples, SAMPLES);
	put_id(page, row->has_pid, row->pid);
	put_id(page, row->has_tid, row->tid);
	buf_add_str(page->out, STR("  "));
	page_put_left(page, name_or_dash(row->process), split.name);
	buf_add_str(page->out, STR("  "));
	label_fit(page->out, name_or_dash(row->thread), split.where, page->options->unicode);
	page_end_line(page);
}

int text_threads(struct page *page, struct err *err)
{
	uint32_t fixed = PAGE_BAR_COLUMNS + PERCENT + page->amount + SAMPLES + 2 * ID + 2, rows, left;
	const struct text_options *options = page->options;
	struct page_split split;
	struct threads threads;
	int rc = threads_init(&threads, page->profile, options->filter, page->type, err);

	if (rc < 0)
		return rc;
	rows = options->limit && options->limit < threads.n ? options->limit : threads.n;
	left = page->width > fixed + 32 ? page->width - fixed : 32;
	split = measure(&threads, rows, left);
	put_heading(page, split);
	for (uint32_t i = 0; i < rows; i++)
		put_row(page, &threads, i, split);
	if (rows < threads.n)
		page_put_more(page, threads.n - rows, 0);
	threads_fini(&threads);
	return 0;
}
