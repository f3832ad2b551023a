/* SPDX-License-Identifier: Apache-2.0 */
/* A diff as a flame graph: red got more, blue less, and nothing that is only noise has a colour. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/diffgraph.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/diff.h"
#include "render/label.h"
#include "render/svg_page.h"

#define TITLE_COLUMN 9 /* pixels of a column of the title */

struct drawing {
	struct buf *out;
	struct buf words;
	const struct diff_view *view;
	struct diffgraph graph;
	double *next;	/* node -> left edge of its next callee, as a part of all */
	double all;	/* width of the root */
	struct str unit;
	uint32_t rows;
};

static const struct subject *subject_of(const struct drawing *d, const struct diffgraph_node *node)
{
	const struct difftree *tree = &d->view->diff->tree;

	return &tree->subjects.items[tree->tree.frame[node->item]];
}

/* "new 13.51 % (1.43 s)" */
static void add_cost(struct drawing *d, const char *word, unsigned side, double part)
{
	const struct diff *diff = d->view->diff;
	double whole = diff->side[0].total / diff->side[0].norm;
	double value = part * whole * diff->side[side].norm;

	buf_addf(&d->words, "\n%s ", word);
	diff_add_points(&d->words, part, false);
	buf_add_str(&d->words, STR(" % ("));
	amount_add_in(&d->words, (int64_t)fmax(-9e18, fmin(9e18, value)), d->unit, d->view->text.unit,
		      true);
	buf_add_u8(&d->words, ')');
}

static void put_title(struct drawing *d, const struct diffgraph_node *node, bool root)
{
	const struct place *place = &subject_of(d, node)->place;

	buf_clear(&d->words);
	add_cost(d, "base", 0, node->base);
	add_cost(d, "new", 1, node->now);
	buf_add_str(&d->words, STR("\nchange "));
	diff_add_points(&d->words, node->now - node->base, true);
	if (node->is_new || node->is_gone)
		buf_add_str(&d->words, node->is_new ? STR(", new") : STR(", gone"));
	else
		buf_addf(&d->words, ", %+.1f %% of itself", (node->now / node->base - 1) * 100);
	if (!node->tint && node->now != node->base)
		buf_add_str(&d->words, STR(", within noise"));
	buf_add_str(d->out, STR("<title>"));
	svg_add_text(d->out, root ? STR("all") : place->name);
	svg_add_escaped(d->out, buf_str(&d->words));
	if (!root && place->file.n) {
		buf_add_u8(d->out, '\n');
		svg_add_text(d->out, place->file);
		if (place->line)
			buf_addf(d->out, ":%u", place->line);
	}
	if (!root && place->module.n) {
		buf_add_u8(d->out, '\n');
		svg_add_text(d->out, place->module);
	}
	buf_add_str(d->out, STR("</title>"));
}

static void put_box(struct drawing *d, uint32_t i, double left, double share)
{
	const struct diffgraph_node *node = &d->graph.nodes[i];
	uint32_t y = SVG_HEAD + (d->rows - 1 - node->depth) * SVG_ROW;
	double inner = SVG_WIDTH - 2 * SVG_MARGIN;
	char rect_class[16];

	snprintf(rect_class, sizeof(rect_class), "%c%d%s", node->tint > 0 ? 'u' : node->tint ? 'd' : 'z',
		 abs(node->tint), node->tint && node->is_new ? " new" :
				  node->tint && node->is_gone ? " gone" : "");
	buf_addf(d->out, "<g class=\"b\" data-x=\"%.9g\" data-w=\"%.9g\">", left, share);
	put_title(d, node, !i);
	svg_add_box(d->out, rect_class, SVG_MARGIN + left * inner, y, share * inner,
		    i ? subject_of(d, node)->place.name : STR("all"));
	buf_add_str(d->out, STR("</g>\n"));
}

static void put_boxes(struct drawing *d)
{
	for (uint32_t i = 0; i < d->graph.n; i++) {
		const struct diffgraph_node *node = &d->graph.nodes[i];
		double share = diffgraph_width(node) / d->all;
		double left = i ? d->next[node->parent] : 0;

		d->next[i] = left;
		if (i)
			d->next[node->parent] = left + share;
		if (node->depth < d->rows && share > 0)
			put_box(d, i, left, share);
	}
}

static void put_legend(struct buf *out, uint32_t x, uint32_t y)
{
	static const struct {
		const char *class, *words;
	} keys[] = { { "d4", "" },	 { "d2", "less" },	{ "z0", "within noise" },
		     { "u2", "" },	 { "u4", "more" },	{ "u4 new", "new" },
		     { "d4 gone", "gone" } };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		buf_addf(out, "<rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"11\" height=\"11\" "
			 "rx=\"2\"/>", keys[i].class, x, y - 10);
		x += 15;
		if (!*keys[i].words)
			continue;
		buf_addf(out, "<text class=\"dim\" x=\"%u\" y=\"%u\">%s</text>\n", x, y,
			 keys[i].words);
		x += (uint32_t)strlen(keys[i].words) * SVG_COLUMN + 14;
	}
}

static void put_head(struct drawing *d)
{
	struct buf *words = &d->words, fitted = { 0 };
	uint32_t room = (SVG_WIDTH - 2 * SVG_MARGIN - 140) / TITLE_COLUMN, used;

	buf_clear(words);
	diff_add_sentence(words, d->view);
	buf_addf(d->out, "<text id=\"title\" x=\"%d\" y=\"26\">", SVG_MARGIN);
	label_fit(&fitted, buf_str(words), room, true);
	svg_add_escaped(d->out, buf_str(&fitted));
	buf_addf(d->out, "</text>\n<text class=\"dim\" x=\"%d\" y=\"48\">", SVG_MARGIN);
	buf_clear(words);
	buf_clear(&fitted);
	buf_add_str(words, STR("base "));
	diff_add_side(words, d->view, 0);
	buf_add_str(words, STR(" · new "));
	diff_add_side(words, d->view, 1);
	if (d->view->text.folded)
		buf_add_str(words, STR(" · runtime frames hidden"));
	if (d->view->text.filter_words)
		buf_addf(words, " · %s", d->view->text.filter_words);
	used = label_fit(&fitted, buf_str(words), SVG_WIDTH / SVG_COLUMN / 2, true);
	svg_add_escaped(d->out, buf_str(&fitted));
	buf_add_str(d->out, STR("</text>\n"));
	put_legend(d->out, SVG_MARGIN + used * SVG_COLUMN + 16, 48);
	d->out->failed |= fitted.failed;
	buf_fini(&fitted);
}

int diff_svg(struct buf *out, const struct diff_view *asked, struct err *err)
{
	struct diff_view view = *asked;
	struct drawing d = { .out = out, .view = &view };
	int rc = diffgraph_init(&d.graph, view.diff,
				SVG_LEAST_PIXELS / (SVG_WIDTH - 2 * SVG_MARGIN), err);

	if (rc < 0)
		return rc;
	view.text.unicode = true;
	d.unit = strings_get(&view.profile->strings, view.profile->types[view.type].unit);
	d.next = calloc((size_t)d.graph.n + 1, sizeof(*d.next));
	d.all = d.graph.n ? diffgraph_width(&d.graph.nodes[0]) : 1;
	d.rows = d.graph.depth_max >= SVG_DEPTH_MAX ? SVG_DEPTH_MAX : d.graph.depth_max + 1;
	if (d.next) {
		svg_page_open(out, SVG_WIDTH, d.rows);
		put_boxes(&d);
		buf_add_str(out, STR("</g>\n"));
		put_head(&d);
		svg_page_close(out, SVG_WIDTH, d.rows);
	}
	if (!d.next || out->failed || d.words.failed)
		rc = err_fail(err, -ENOMEM, "out of memory for a flame graph of %u boxes",
			      d.graph.n);
	free(d.next);
	buf_fini(&d.words);
	diffgraph_fini(&d.graph);
	return rc;
}
