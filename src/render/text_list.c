/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "analyze/listing.h"
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
	label_cut(page->out, buf_str(&clean), page->width - 2 * PERCENT - LINE - 2, page->options->unicode);
	buf_fini(&clean);
	page_end_line(page);
}

static void put_source(struct page *page, const struct listing *listing,
		       const struct listing_function *function, const struct source *source)
{
	const struct top_row *const *rows = listing->rows + function->first;
	uint32_t next = 0;	/* the line after the last one that was put */

	for (uint32_t i = 0; i < function->n; i++) {
		uint32_t line = listing_place(listing, function->first + i)->line, from, to;
		uint32_t following = i + 1 < function->n ?
				     listing_place(listing, function->first + i + 1)->line : 0;

		if (!line || line > source->n) {
			put_line(page, &listing->top, rows[i], line, STR("(not in the file)"));
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
			put_line(page, &listing->top, l == line ? rows[i] : NULL, l, source_line(source, l));
		next = to + 1;
	}
}

static void put_function(struct page *page, const struct listing *listing,
			 const struct listing_function *function)
{
	const struct place *place = listing_place(listing, function->first);
	struct source source;
	bool found = source_open(&source, place->file, &(struct source_places){
		.directory = page->options->source_directory, .build_id = place->build_id,
		.fetch = page->options->fetch_source, .taken_ns = page->profile->start_wall_ns });

	page_style(page, STYLE_BOLD);
	label_fit(page->out, place->name, page->width, page->options->unicode);
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
	page_style(page, STYLE_DIM);
	label_fit(page->out, place->file.n ? place->file : place->module, page->width, page->options->unicode);
	buf_add_str(page->out, STR(": "));
	amount_add_percent(page->out, function->self, listing->top.total);
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
		put_source(page, listing, function, &source);
	for (uint32_t i = 0; !found && i < function->n; i++)
		put_line(page, &listing->top, listing->rows[function->first + i],
			 listing_place(listing, function->first + i)->line, (struct str){ 0 });
	source_close(&source);
}

int text_list(struct page *page, struct err *err)
{
	struct listing listing;
	uint32_t shown;
	int rc = listing_init(&listing, page->profile, &(struct listing_options){
		.filter = page->options->filter, .expression = page->options->expression,
		.type = page->type }, err);

	if (rc < 0)
		return rc;
	shown = listing.n_functions < TEXT_FUNCTIONS_MAX ? listing.n_functions : TEXT_FUNCTIONS_MAX;
	for (uint32_t i = 0; i < shown; i++) {
		if (i)
			page_end_line(page);
		put_function(page, &listing, &listing.functions[i]);
	}
	if (shown < listing.n_functions)
		buf_addf(page->out, "\n%u more functions match '%s'\n", listing.n_functions - shown,
			 page->options->expression);
	listing_fini(&listing);
	return 0;
}
