/* SPDX-License-Identifier: Apache-2.0 */
#include "render/svg.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/threads.h"
#include "analyze/view.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/label.h"

/* The page, in pixels:
 *
 *   title                                   [reset zoom] [search]
 *   how much, how many samples, kinds of frames     share matched
 *   boxes, ROW high each
 *   what the pointer is on
 */
#define WIDTH_DEFAULT 1200
#define WIDTH_MIN 320
#define WIDTH_MAX 100000
#define MARGIN 12
#define HEAD 62
#define FOOT 30
#define ROW 20
#define BOX 19
#define PIXELS_PER_COLUMN 7 /* of 12 px text, until the script can measure */
#define LEAST_LABEL 29	    /* three columns */
#define LEAST_PIXELS 0.1    /* narrower boxes are left out */
#define DEPTH_MAX 4000	    /* deeper ones too: viewers refuse higher pictures */
#define NAME_BYTES_MAX 8192 /* of a name in a box's <title> */

/* The files as they are, so that a browser's tools and ours read them: see svg.js, svg.css. */
__asm__(".pushsection .rodata\n"
	"svg_script: .incbin \"src/render/svg.js\"\n"
	"svg_script_end:\n"
	"svg_style: .incbin \"src/render/svg.css\"\n"
	"svg_style_end:\n"
	".popsection\n");
extern const char svg_script[], svg_script_end[], svg_style[], svg_style_end[];

struct drawing {
	struct buf *out;
	const struct profile *profile;
	const struct flame_options *options;
	struct view view;
	struct buf scratch, words;
	double *next; /* node -> left edge of its next callee, as a share of all */
	uint32_t *depth;
	struct str unit;
	uint32_t type;
	uint32_t width, rows;
	bool kinds[FRAME_KIND_COUNT]; /* drawn, so that the legend names them */
	bool cut;		      /* at DEPTH_MAX */
};

static void add_escaped(struct buf *out, struct str clean)
{
	while (clean.n) {
		size_t plain = 0;

		while (plain < clean.n && !strchr("<>&\"", clean.p[plain]))
			plain++;
		buf_add(out, clean.p, plain);
		clean = str_skip(clean, plain);
		if (!clean.n)
			break;
		buf_addf(out, "&#%d;", clean.p[0]);
		clean = str_skip(clean, 1);
	}
}

/* Any bytes, as XML text: what is no character that XML allows was made one by label_clean(). */
static void add_text(struct drawing *d, struct str text)
{
	buf_clear(&d->scratch);
	label_clean(&d->scratch, text, NAME_BYTES_MAX);
	add_escaped(d->out, buf_str(&d->scratch));
}

/* "12.3 % (1.23 s)" */
static void add_share(struct drawing *d, const char *word, int64_t value)
{
	buf_add_str(d->out, str_of(word));
	amount_add_percent(&d->words, value, d->view.total[0]);
	buf_add_str(&d->words, STR(" % ("));
	amount_add(&d->words, value, d->unit, true);
	buf_add_u8(&d->words, ')');
	add_text(d, buf_str(&d->words));
	buf_clear(&d->words);
}

/* The name, then a line each: shares; where it is and what it is. */
static void put_title(struct drawing *d, uint32_t node, const struct place *place)
{
	struct buf *out = d->out;

	buf_add_str(out, STR("<title>"));
	add_text(d, node ? place->name : STR("all"));
	add_share(d, "\ntotal ", d->view.total[node]);
	add_share(d, "\nself ", d->view.self[node]);
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
	uint32_t y = HEAD + row * ROW;
	double inner = d->width - 2 * MARGIN, x = MARGIN + left * inner, w = share * inner;

	d->kinds[place->kind < FRAME_KIND_COUNT ? place->kind : FRAME_NONE] = true;
	buf_addf(d->out, "<g class=\"b\" data-x=\"%.9g\" data-w=\"%.9g\">", left, share);
	put_title(d, node, place);
	buf_addf(d->out,
		 "<rect class=\"k%u s%u\" x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" "
		 "rx=\"2\"/>",
		 place->kind, shade(place), x, y,
		 w > 3	   ? w - 1
		 : w < 0.3 ? 0.3
			   : w,
		 BOX);
	if (w >= LEAST_LABEL) {
		buf_addf(d->out, "<text x=\"%.2f\" y=\"%u\">", x + 4, y + 14);
		buf_clear(&d->scratch);
		label_fit_box(&d->scratch, node ? place->name : STR("all"),
			      (uint32_t)((w - 8) / PIXELS_PER_COLUMN));
		add_escaped(d->out, buf_str(&d->scratch));
		buf_add_str(d->out, STR("</text>"));
	}
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

static void put_legend(struct drawing *d, uint32_t x, uint32_t y)
{
	for (int kind = FRAME_KERNEL; kind < FRAME_KIND_COUNT; kind++) {
		struct str words = str_of(frame_kind_words((enum frame_kind)kind));

		if (!d->kinds[kind])
			continue;
		buf_addf(d->out,
			 "<rect class=\"k%d\" x=\"%u\" y=\"%u\" width=\"11\" height=\"11\" "
			 "rx=\"2\"/><text class=\"dim\" x=\"%u\" y=\"%u\">",
			 kind, x, y - 10, x + 16, y);
		add_text(d, words);
		buf_add_str(d->out, STR("</text>\n"));
		x += 16 + (uint32_t)words.n * PIXELS_PER_COLUMN + 14;
	}
}

/* "12.3 s · 1,218 samples in 10.0 s · interpreter hidden (--native shows it) · --focus zlib": at the usual
 * width there is room for all but the last. */
static void add_summary(struct drawing *d)
{
	struct buf *words = &d->words;

	if ((int)d->type != samples_type(d->profile)) {
		amount_add(words, d->view.total[0], d->unit, true);
		buf_add_str(words, STR(" · "));
	}
	amount_add_count(words, samples_kept(d->profile, d->options->filter));
	buf_add_str(words, STR(" samples"));
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
	if (d->options->folded)
		buf_add_str(words, STR(" · interpreter hidden (--native shows it)"));
	if (d->options->filter_words) {
		buf_add_str(words, STR(" · "));
		buf_add_str(words, str_of(d->options->filter_words));
	}
	if (d->cut)
		buf_addf(words, " · cut at %d frames", DEPTH_MAX);
}

static void put_head(struct drawing *d)
{
	struct str title =
		d->options->title ? str_of(d->options->title) : amount_title(d->profile, d->type);
	uint32_t half = d->width / PIXELS_PER_COLUMN / 2, used;

	buf_addf(d->out, "<text id=\"title\" x=\"%d\" y=\"26\">", MARGIN);
	add_text(d, title);
	buf_add_str(d->out, STR("</text>\n"));
	buf_addf(d->out, "<text class=\"dim\" x=\"%d\" y=\"48\">", MARGIN);
	add_summary(d);
	used = label_columns(buf_str(&d->words), half);
	buf_clear(&d->scratch);
	label_fit(&d->scratch, buf_str(&d->words), half, true);
	add_escaped(d->out, buf_str(&d->scratch));
	buf_clear(&d->words);
	buf_add_str(d->out, STR("</text>\n"));
	put_legend(d, MARGIN + used * PIXELS_PER_COLUMN + 16, 48);
}

static void put_page(struct drawing *d)
{
	uint32_t height = HEAD + d->rows * ROW + FOOT, right = d->width - MARGIN;
	struct buf *out = d->out;

	buf_addf(out,
		 "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
		 "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sonde\" version=\"1.1\" "
		 "width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\">\n<style><![CDATA[\n",
		 d->width, height, d->width, height);
	buf_add(out, svg_style, (size_t)(svg_style_end - svg_style));
	buf_addf(out, "]]></style>\n<rect id=\"back\" width=\"%u\" height=\"%u\"/>\n", d->width,
		 height);
	buf_add_str(out, STR("<g id=\"boxes\">\n"));
	put_boxes(d);
	buf_add_str(out, STR("</g>\n"));
	put_head(d);
	buf_addf(out,
		 "<text id=\"reset\" class=\"key hidden\" x=\"%u\" y=\"26\" text-anchor=\"end\">"
		 "Reset zoom</text>\n"
		 "<text id=\"search\" class=\"key hidden\" x=\"%u\" y=\"26\" text-anchor=\"end\">"
		 "Search</text>\n"
		 "<text id=\"matched\" x=\"%u\" y=\"48\" text-anchor=\"end\"></text>\n"
		 "<text id=\"details\" x=\"%d\" y=\"%u\"></text>\n<script><![CDATA[\n",
		 right - 60, right, right, MARGIN, height - 10);
	buf_add(out, svg_script, (size_t)(svg_script_end - svg_script));
	buf_add_str(out, STR("]]></script>\n</svg>\n"));
}

static int measure(struct drawing *d)
{
	const struct view *view = &d->view;

	d->next = calloc(view->n, sizeof(*d->next));
	d->depth = calloc(view->n, sizeof(*d->depth));
	if (!d->next || !d->depth)
		return -ENOMEM;
	for (uint32_t i = 1; i < view->n; i++)
		d->depth[i] = d->depth[view->parent[i]] + 1;
	d->cut = view->depth_max >= DEPTH_MAX;
	d->rows = d->cut ? DEPTH_MAX : view->depth_max + 1;
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
	d.width = options->width_px ? options->width_px : WIDTH_DEFAULT;
	d.width = d.width < WIDTH_MIN ? WIDTH_MIN : d.width > WIDTH_MAX ? WIDTH_MAX : d.width;
	wanted.type = d.type;
	wanted.min_share =
		options->min_share > 0 ? options->min_share : LEAST_PIXELS / (d.width - 2 * MARGIN);
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
	buf_fini(&d.scratch);
	buf_fini(&d.words);
	view_fini(&d.view);
	return rc;
}
