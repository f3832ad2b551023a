/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/named.h"
#include "analyze/top.h"
#include "base/err.h"
#include "base/sum.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/label.h"
#include "render/page.h"
#include "render/source.h"

/*
 *   parse   parse.c   12.0 % by itself, 41.5 % with what it called
 *     self%  total%  line
 *                      12  static int parse(struct lexer *l)
 *       3.1    10.0    14          while (more(l))
 */
#define PERCENT 7
#define LINE 8
#define AROUND 2	/* lines shown before and after those that cost something */
#define GAP 6		/* as many lines without any cost are left out */

struct list {
	struct page *page;
	const struct top *top;		/* BY_LINE */
	struct top_row **rows;		/* that match: by function, then line */
	uint32_t n;
};

static const struct place *place_of(const struct top *top, const struct top_row *row)
{
	return &top->places.items[row->place];
}

static int by_function_and_line(const void *a, const void *b, void *context)
{
	const struct top *top = context;
	const struct place *x = place_of(top, *(struct top_row *const *)a);
	const struct place *y = place_of(top, *(struct top_row *const *)b);

	return place_compare(x, y);
}

static bool same_function(const struct top *top, const struct top_row *a, const struct top_row *b)
{
	const struct place *x = place_of(top, a), *y = place_of(top, b);

	return str_eq(x->name, y->name) && str_eq(x->file, y->file) && str_eq(x->module, y->module);
}

static int choose(struct list *list, struct err *err)
{
	const char *expression = list->page->options->expression;
	const struct top *top = list->top;
	bool *named = NULL;
	int rc = named_places(&top->places, expression, &named, err);

	if (rc < 0)
		return rc;
	list->rows = calloc((size_t)top->n + 1, sizeof(*list->rows));
	for (uint32_t i = 0; list->rows && i < top->n; i++)
		if (named[top->rows[i].place])
			list->rows[list->n++] = &top->rows[i];
	free(named);
	if (!list->rows)
		return -ENOMEM;
	if (!list->n)
		return err_fail(err, -EINVAL, "no function in these samples matches '%s'", expression);
	qsort_r(list->rows, list->n, sizeof(*list->rows), by_function_and_line, (void *)top);
	return 0;
}

static void put_line(struct page *page, const struct top *top, const struct top_row *row, uint32_t line,
		     struct str text)
{
	char number[16];
	struct buf clean = { 0 };

	for (int k = 0; k < 2; k++) {
		int64_t value = !row ? 0 : k == 0 ? row->self : row->total;

		if (value)
			page_put_percent(page, value, top->total, PERCENT);
		else
			buf_addf(page->out, "%*s", PERCENT, "");
	}
	page_style(page, STYLE_DIM);
	snprintf(number, sizeof(number), line ? "%u" : "?", line);
	buf_addf(page->out, "%*s  ", LINE, number);
	page_style(page, STYLE_PLAIN);
	for (size_t i = 0, column = 0; i < text.n; i++) {	/* tabs are eight columns, as people write them */
		if (text.p[i] == '\t') {
			do
				buf_add_u8(&clean, ' ');
			while (++column % 8);
		} else {
			buf_add_u8(&clean, (uint8_t)text.p[i]);
			column++;
		}
	}
	label_fit(page->out, buf_str(&clean), page->width - 2 * PERCENT - LINE - 2, page->options->unicode);
	buf_fini(&clean);
	page_end_line(page);
}

static void put_source(struct page *page, const struct top *top, struct top_row *const *rows, uint32_t n,
		       const struct source *source)
{
	uint32_t next = 0;	/* the line after the last one that was put */

	for (uint32_t i = 0; i < n; i++) {
		uint32_t line = place_of(top, rows[i])->line, from, to;
		uint32_t following = i + 1 < n ? place_of(top, rows[i + 1])->line : 0;

		if (!line || line > source->n) {
			put_line(page, top, rows[i], line, STR("(not in the file)"));
			continue;
		}
		from = line > AROUND ? line - AROUND : 1;
		to = line + AROUND < source->n ? line + AROUND : source->n;
		if (following && following > line && following - line <= GAP + 2 * AROUND)
			to = following - 1;
		if (next && from < next)
			from = next;
		else if (next && from > next)
			buf_addf(page->out, "%*s\n", 2 * PERCENT + LINE, "...");
		for (uint32_t l = from; l <= to && (!following || l < following || following < line); l++)
			put_line(page, top, l == line ? rows[i] : NULL, l, source_line(source, l));
		next = to + 1;
	}
}

static void put_function(struct list *list, uint32_t first, uint32_t n)
{
	struct page *page = list->page;
	const struct top *top = list->top;
	const struct place *place = place_of(top, list->rows[first]);
	struct source source;
	bool found = source_open(&source, place->file, &(struct source_places){
		.directory = page->options->source_directory, .build_id = place->build_id,
		.fetch = page->options->fetch_source, .taken_ns = page->profile->start_wall_ns });
	int64_t self = 0;

	for (uint32_t i = 0; i < n; i++)
		sum_add(&self, list->rows[first + i]->self);
	page_style(page, STYLE_BOLD);
	label_fit(page->out, place->name, page->width, page->options->unicode);
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
	page_style(page, STYLE_DIM);
	label_fit(page->out, place->file.n ? place->file : place->module, page->width, page->options->unicode);
	buf_add_str(page->out, STR(": "));
	amount_add_percent(page->out, self, top->total);
	buf_add_str(page->out, STR(" % of all by itself"));
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
	if (!found)
		buf_add_str(page->out, place->file.n ?
			STR("the file is not here: --source DIR says where its sources are\n") :
			STR("no source file is known: build with -g, or get its debug information\n"));
	else if (source.changed)
		buf_add_str(page->out, STR("the file was written after the profile was taken: lines may be "
					   "others' by now\n"));
	page_style(page, STYLE_DIM);
	buf_addf(page->out, "%*s%*s%*s\n", PERCENT, "self%", PERCENT, "total%", LINE, "line");
	page_style(page, STYLE_PLAIN);
	if (found)
		put_source(page, top, list->rows + first, n, &source);
	for (uint32_t i = 0; !found && i < n; i++)
		put_line(page, top, list->rows[first + i], place_of(top, list->rows[first + i])->line,
			 (struct str){ 0 });
	source_close(&source);
}

/* Where each function's rows begin, the costliest by itself first. */
struct group {
	uint32_t first, n;
	int64_t self;
};

static int costliest_first(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->self != y->self)
		return x->self > y->self ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

static int put_functions(struct list *list)
{
	struct group *groups = calloc((size_t)list->n + 1, sizeof(*groups));
	uint32_t n = 0, shown;

	if (!groups)
		return -ENOMEM;
	for (uint32_t i = 0; i < list->n; i++) {
		if (!i || !same_function(list->top, list->rows[i - 1], list->rows[i]))
			groups[n++].first = i;
		groups[n - 1].n++;
		sum_add(&groups[n - 1].self, list->rows[i]->self);
	}
	qsort(groups, n, sizeof(*groups), costliest_first);
	shown = n < TEXT_FUNCTIONS_MAX ? n : TEXT_FUNCTIONS_MAX;
	for (uint32_t i = 0; i < shown; i++) {
		if (i)
			page_end_line(list->page);
		put_function(list, groups[i].first, groups[i].n);
	}
	if (shown < n)
		buf_addf(list->page->out, "\n%u more functions match '%s'\n", n - shown,
			 list->page->options->expression);
	free(groups);
	return 0;
}

int text_list(struct page *page, struct err *err)
{
	struct top_options wanted = { .filter = page->options->filter, .granularity = BY_LINE,
				      .order = TOP_BY_SELF, .type = page->type };
	struct top top;
	struct list list = { .page = page, .top = &top };
	int rc = top_init(&top, page->profile, &wanted, err);

	if (rc < 0)
		return rc;
	rc = choose(&list, err);
	if (rc == 0)
		rc = put_functions(&list);
	if (rc == -ENOMEM)
		err_set(err, "out of memory over %u lines", top.n);
	free(list.rows);
	top_fini(&top);
	return rc;
}
