/* SPDX-License-Identifier: Apache-2.0 */
#include "render/svg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/threads.h"
#include "analyze/view.h"
#include "base/buf.h"
#include "base/decimal.h"
#include "base/err.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/label.h"
#include "render/svg_page.h"

#define WIDTH_MIN 320
#define WIDTH_MAX 100000

/* What all boxes of a place say, where it stands in what has been drawn: bytes from, how many. */
struct told {
	size_t name, name_bytes;
	size_t rest, rest_bytes;
};

struct drawing {
	struct buf *out;
	const struct profile *profile;
	const struct flame_options *options;
	struct view view;
	struct buf scratch, words;
	double *next; /* node -> left edge of its next callee, as a share of all */
	uint32_t *depth;
	struct told *told; /* of each place; no bytes: not drawn yet */
	struct str unit;
	uint32_t type;
	uint32_t width, rows;
	bool kinds[FRAME_KIND_COUNT]; /* drawn, so that the legend names them */
	bool cut;		      /* at SVG_DEPTH_MAX */
};

static void add_text(struct drawing *d, struct str text)
{
	svg_add_text(d->out, text);
}

/* "12.3 % (1.23 s)" */
static void add_share(struct drawing *d, const char *word, int64_t value)
{
	buf_add_str(d->out, str_of(word));
	amount_add_percent(&d->words, value, d->view.total[0]);
	buf_add_str(&d->words, STR(" % ("));
	amount_add_in(&d->words, value, d->unit, d->options->unit, true);
	buf_add_u8(&d->words, ')');
	add_text(d, buf_str(&d->words));
	buf_clear(&d->words);
}

/* Where it is and what it is, a line each. */
static void add_rest(struct drawing *d, const struct place *place)
{
	struct buf *out = d->out;

	if (place->file.n) {
		buf_add_u8(out, '\n');
		add_text(d, place->file);
		if (place->line)
			buf_addf(out, ":%u", place->line);
	}
	if (place->module.n) {
		buf_add_u8(out, '\n');
		add_text(d, place->module);
	}
	if (place->kind) {
		buf_add_u8(out, '\n');
		add_text(d, str_of(frame_kind_words(place->kind)));
	}
}

static void add_again(struct buf *out, size_t from, size_t n)
{
	if (!buf_reserve(out, n))
		return;
	memcpy(out->p + out->n, out->p + from, n);
	out->n += n;
}

/* The name, then a line each: shares; the rest. */
static void put_title(struct drawing *d, uint32_t node, const struct place *place)
{
	struct told *told = node ? &d->told[d->view.place[node]] : &(struct told){ 0 };
	struct buf *out = d->out;
	size_t name = out->n + strlen("<title>"), rest;

	buf_add_str(out, STR("<title>"));
	if (told->name_bytes)
		add_again(out, told->name, told->name_bytes);
	else
		add_text(d, node ? place->name : STR("all"));
	told->name_bytes = out->n - name;
	told->name = name;
	add_share(d, "\ntotal ", d->view.total[node]);
	add_share(d, "\nself ", d->view.self[node]);
	rest = out->n;
	if (told->rest_bytes)
		add_again(out, told->rest, told->rest_bytes);
	else
		add_rest(d, place);
	told->rest_bytes = out->n - rest;
	told->rest = rest;
	buf_add_str(out, STR("</title>"));
}

/* Neighbours of one kind differ a little; a function looks the same wherever it is called. */
static unsigned shade(const struct place *place)
{
	return (unsigned)(hash_str(place->name) % 3);
}

static void put_box(struct drawing *d, uint32_t node, double left, double share)
{
	static const struct place all = { 0 };
	const struct place *place = node ? &d->view.places.items[d->view.place[node]] : &all;
	uint32_t row = d->options->icicle ? d->depth[node] : d->rows - 1 - d->depth[node];
	uint32_t y = SVG_HEAD + row * SVG_ROW;
	char rect_class[16];
	double inner = d->width - 2 * SVG_MARGIN, x = SVG_MARGIN + left * inner, w = share * inner;

	d->kinds[place->kind < FRAME_KIND_COUNT ? place->kind : FRAME_NONE] = true;
	buf_add_str(d->out, STR("<g class=\"b\" data-x=\""));
	decimal_add_short(d->out, left);
	buf_add_str(d->out, STR("\" data-w=\""));
	decimal_add_short(d->out, share);
	buf_add_str(d->out, STR("\">"));
	put_title(d, node, place);
	snprintf(rect_class, sizeof(rect_class), "k%u s%u", place->kind, shade(place));
	svg_add_box(d->out, rect_class, x, y, w, node ? place->name : STR("all"));
	buf_add_str(d->out, STR("</g>\n"));
}

/* Callees stand side by side from the left edge of their caller; what is left of it is its own. */
static void put_boxes(struct drawing *d)
{
	const struct view *view = &d->view;
	double all = view->total[0] > 0 ? (double)view->total[0] : 1;

	put_box(d, 0, 0, 1);
	for (uint32_t i = 1; i < view->n; i++) {
		double share = (double)view->total[i] / all;
		double left = d->next[view->parent[i]];

		if (share <= 0)
			continue;
		if (left + share > 1) /* sums that did not fit their type */
			share = 1 - left;
		d->next[i] = left;
		d->next[view->parent[i]] = left + share;
		if (d->depth[i] < d->rows && share > 0)
			put_box(d, i, left, share);
	}
}

/* Pixels of a kind in the legend, and the words: without what stands in parentheses. */
static uint32_t legend_width(int kind, struct str *ret_words)
{
	struct str words = str_of(frame_kind_words((enum frame_kind)kind));
	ptrdiff_t more = str_find(words, '(');

	*ret_words = more > 0 ? str_trim(str_head(words, (size_t)more)) : words;
	return 16 + (uint32_t)ret_words->n * SVG_COLUMN + 14;
}

static uint32_t legend_widths(const struct drawing *d)
{
	uint32_t sum = 0;
	struct str words;

	for (int kind = FRAME_KERNEL; kind < FRAME_KIND_COUNT; kind++)
		if (d->kinds[kind])
			sum += legend_width(kind, &words);
	return sum;
}

/* The kinds from `first` on, up to x = limit; the first one for which there is no room. */
static int put_legend(struct drawing *d, int first, uint32_t x, uint32_t limit, uint32_t y)
{
	for (int kind = first; kind < FRAME_KIND_COUNT; kind++) {
		struct str words;
		uint32_t width = legend_width(kind, &words);

		if (!d->kinds[kind])
			continue;
		if (x + width - 14 > limit)
			return kind;
		buf_addf(d->out,
			 "<rect class=\"k%d\" x=\"%u\" y=\"%u\" width=\"11\" height=\"11\" "
			 "rx=\"2\"/><text class=\"dim\" x=\"%u\" y=\"%u\">",
			 kind, x, y - 10, x + 16, y);
		add_text(d, words);
		buf_add_str(d->out, STR("</text>\n"));
		x += width;
	}
	return FRAME_KIND_COUNT;
}

/* "12.3 s · 1,218 samples in 10.0 s · runtime frames hidden (--native shows them) · --focus zlib": at the usual
 * width there is room for all but the last. */
static void add_summary(struct drawing *d)
{
	struct buf *words = &d->words;

	if ((int)d->type != samples_type(d->profile)) {
		amount_add_in(words, d->view.total[0], d->unit, d->options->unit, true);
		buf_add_str(words, STR(" · "));
	}
	amount_add_count(words, samples_kept(d->profile, d->options->filter));
	/* without a count (Go's heap, locks) there are only rows */
	buf_add_str(words, samples_type(d->profile) < 0 ? STR(" stacks") : STR(" samples"));
	if (d->profile->period > 0 &&
	    str_eq(strings_get(&d->profile->strings, d->profile->period_type.unit),
		   STR("nanoseconds")))
		buf_addf(words, " at %.4g Hz", 1e9 / (double)d->profile->period);
	if (d->profile->duration_ns) {
		buf_add_str(words, STR(" in "));
		amount_add(words, (int64_t)(d->profile->duration_ns & INT64_MAX),
			   STR("nanoseconds"), true);
	}
	if (d->profile->stats.known && profile_dropped(d->profile)) {
		buf_add_str(words, STR(" · "));
		amount_add_count(words, profile_dropped(d->profile));
		buf_add_str(words, STR(" events lost"));
	}
	if (kept_negative(d->profile, d->options->filter, d->type))
		buf_add_str(words, STR(" · values below zero are not drawn"));
	if (d->options->folded)
		buf_add_str(words, STR(" · runtime frames hidden (--native shows them)"));
	if (d->options->filter_words) {
		buf_add_str(words, STR(" · "));
		buf_add_str(words, str_of(d->options->filter_words));
	}
	if (d->cut)
		buf_addf(words, " · cut at %d frames", SVG_DEPTH_MAX);
}

static void put_head(struct drawing *d)
{
	struct str title =
		d->options->title ? str_of(d->options->title) : amount_title(d->profile, d->type);
	uint32_t half = d->width / SVG_COLUMN / 2, room = d->width - 2 * SVG_MARGIN - 16, legend = legend_widths(d), used;
	int left;

	buf_addf(d->out, "<text id=\"title\" x=\"%d\" y=\"26\">", SVG_MARGIN);
	add_text(d, title);
	buf_add_str(d->out, STR("</text>\n"));
	buf_addf(d->out, "<text class=\"dim\" x=\"%d\" y=\"48\">", SVG_MARGIN);
	add_summary(d);
	/* the summary has what the legend leaves, half of the line at least */
	if (legend < room && (room - legend) / SVG_COLUMN > half)
		half = (room - legend) / SVG_COLUMN;
	buf_clear(&d->scratch);
	label_fit(&d->scratch, buf_str(&d->words), half, true);
	used = label_columns(buf_str(&d->scratch), half);
	svg_add_escaped(d->out, buf_str(&d->scratch));
	buf_clear(&d->words);
	buf_add_str(d->out, STR("</text>\n"));
	left = put_legend(d, FRAME_KERNEL, SVG_MARGIN + used * SVG_COLUMN + 16, d->width - SVG_KEYS, 48);
	/* the rest behind the title, before the two words that are pressed */
	used = label_columns(title, d->width / SVG_TITLE_COLUMN);
	put_legend(d, left, SVG_MARGIN + used * SVG_TITLE_COLUMN + 24, d->width - SVG_KEYS, 26);
}

static void put_page(struct drawing *d)
{
	svg_page_open(d->out, d->width, d->rows);
	put_boxes(d);
	buf_add_str(d->out, STR("</g>\n"));
	put_head(d);
	svg_page_close(d->out, d->width, d->rows);
}

static int measure(struct drawing *d)
{
	const struct view *view = &d->view;

	d->next = calloc(view->n, sizeof(*d->next));
	d->depth = calloc(view->n, sizeof(*d->depth));
	d->told = calloc((size_t)view->places.n + 1, sizeof(*d->told));
	if (!d->next || !d->depth || !d->told)
		return -ENOMEM;
	for (uint32_t i = 1; i < view->n; i++)
		d->depth[i] = d->depth[view->parent[i]] + 1;
	d->cut = view->depth_max >= SVG_DEPTH_MAX;
	d->rows = d->cut ? SVG_DEPTH_MAX : view->depth_max + 1;
	return 0;
}

int svg_write(struct buf *out, const struct profile *profile, const struct flame_options *options,
	      struct err *err)
{
	struct drawing d = { .out = out, .profile = profile, .options = options };
	struct view_options wanted = { .filter = options->filter,
				       .granularity = options->granularity };
	int rc;

	d.type = options->type < 0 ? profile->default_type : (uint32_t)options->type;
	d.width = options->width_px ? options->width_px : SVG_WIDTH;
	d.width = d.width < WIDTH_MIN ? WIDTH_MIN : d.width > WIDTH_MAX ? WIDTH_MAX : d.width;
	wanted.type = d.type;
	wanted.min_share =
		options->min_share > 0 ? options->min_share : SVG_LEAST_PIXELS / (d.width - 2 * SVG_MARGIN);
	rc = view_init(&d.view, profile, &wanted, err);
	if (rc < 0)
		return rc;
	d.unit = strings_get(&profile->strings, profile->types[d.type].unit);
	rc = measure(&d);
	if (!rc)
		put_page(&d);
	if (!rc && (out->failed || d.words.failed || d.scratch.failed))
		rc = -ENOMEM;
	if (rc < 0)
		err_set(err, "out of memory for a flame graph of %u boxes", d.view.n);
	free(d.next);
	free(d.depth);
	free(d.told);
	buf_fini(&d.scratch);
	buf_fini(&d.words);
	view_fini(&d.view);
	return rc;
}
