/* SPDX-License-Identifier: Apache-2.0 */
/* The last section of the page's block: what each source line of a function cost. */
#include <errno.h>
#include <stdlib.h>

#include "analyze/top.h"
#include "model/profile.h"
#include "render/html_packer.h"

#define LINES_MOST 500000u	/* a profile with more has none in its page */

struct line {
	uint32_t frame, line;	/* of the block; in its file */
	uint32_t place;		/* BY_LINE */
};

struct lines {
	struct line *items;	/* by frame, then line */
	uint32_t n;
	int64_t *self, *total;	/* of each place, of one type */
	uint32_t n_places;
};

static bool any_line(const struct profile *profile)
{
	for (uint32_t i = 0; i < profile->frames.n_frames; i++)
		if (profile->frames.frames[i].line)
			return true;
	return false;
}

static int by_frame_and_line(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->frame != y->frame)
		return x->frame < y->frame ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

/* Which lines there are: those of a kept sample, with the function that each is in. */
static int list_lines(struct lines *lines, const struct packer *p, const struct top *top)
{
	uint32_t *function = calloc((size_t)top->places.n + 1, sizeof(*function));

	lines->n_places = top->places.n;
	lines->items = calloc((size_t)top->n + 1, sizeof(*lines->items));
	lines->self = calloc((size_t)top->places.n + 1, sizeof(*lines->self));
	lines->total = calloc((size_t)top->places.n + 1, sizeof(*lines->total));
	if (!function || !lines->items || !lines->self || !lines->total) {
		free(function);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < p->profile->frames.n_frames; i++)
		function[top->places.of_frame[i]] = p->rank_of[p->places.of_frame[i]];
	for (uint32_t i = 0; i < top->n; i++) {
		uint32_t place = top->rows[i].place, line = top->places.items[place].line;

		if (function[place] && line)
			lines->items[lines->n++] = (struct line){ function[place], line, place };
	}
	qsort(lines->items, lines->n, sizeof(*lines->items), by_frame_and_line);
	if (lines->n > LINES_MOST)
		lines->n = 0;
	free(function);
	return 0;
}

/* Two columns: self and total of each line. */
static void put_costs(struct packer *p, const struct lines *lines, const struct top *top, uint32_t type)
{
	for (uint32_t i = 0; i < lines->n_places; i++)
		lines->self[i] = lines->total[i] = 0;
	for (uint32_t i = 0; i < top->n; i++) {
		const struct top_row *row = &top->rows[i];

		lines->self[row->place] = row->self > 0 ? row->self : 0;
		lines->total[row->place] = row->total > 0 ? row->total : 0;
	}
	for (uint32_t i = 0; i < lines->n; i++)
		buf_add_uleb(p->out, (uint64_t)lines->self[lines->items[i].place] / p->scale[type]);
	for (uint32_t i = 0; i < lines->n; i++)
		buf_add_uleb(p->out, (uint64_t)lines->total[lines->items[i].place] / p->scale[type]);
}

static void put_names(struct packer *p, const struct lines *lines)
{
	uint32_t before = 0;

	buf_add_uleb(p->out, lines->n);
	for (uint32_t i = 0; i < lines->n; i++) {
		buf_add_uleb(p->out, lines->items[i].frame - before);
		before = lines->items[i].frame;
	}
	for (uint32_t i = 0; i < lines->n; i++)
		buf_add_uleb(p->out, lines->items[i].line);
}

int html_put_lines(struct packer *p, struct err *err)
{
	struct lines lines = { 0 };
	int rc = 0;

	if (p->options->granularity != BY_FUNCTION || p->options->diff || !any_line(p->profile)) {
		buf_add_uleb(p->out, 0);
		return 0;
	}
	for (uint32_t type = 0; rc == 0 && type < p->profile->n_types; type++) {
		struct top_options wanted = { .filter = p->options->filter, .granularity = BY_LINE,
					      .order = TOP_BY_SELF, .type = type };
		struct top top;

		rc = top_init(&top, p->profile, &wanted, err);
		if (rc < 0)
			break;
		if (type == 0)
			rc = list_lines(&lines, p, &top);
		if (rc == 0 && type == 0)
			put_names(p, &lines);
		if (rc == 0 && lines.n)
			put_costs(p, &lines, &top, type);
		top_fini(&top);
	}
	free(lines.items);
	free(lines.self);
	free(lines.total);
	return rc;
}
