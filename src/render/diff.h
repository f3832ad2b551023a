/* SPDX-License-Identifier: Apache-2.0 */
/* render/diff.h
 *
 * A diff (analyze/diff.h) for eyes, for programs and for pull requests. docs/diff.md tells how to read
 * it, docs/diff-json.md what is in the JSON.
 */
#ifndef SONDE_RENDER_DIFF_H
#define SONDE_RENDER_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "render/text.h"

struct buf;
struct diff;
struct diff_number;
struct diff_row;
struct difflines;
struct err;
struct profile;
struct source_places;

struct diff_view {
	const struct diff *diff;
	const struct profile *profile;	/* of the new side: names the value type */
	uint32_t type;
	const char *const *files[2];	/* as typed */
	uint32_t n_files[2];
	struct text_options text;	/* width, colour, limit, filter words, folded */
	enum granularity granularity;
	double least;			/* the gate's: see diff_worst() */
	double above;			/* 0: no gate */
	const struct difflines *lines;	/* the page's; NULL: it has none */
	const struct source_places *sources;	/* the page's; NULL: it holds no source */
	bool only_named;		/* a table of what changed, and nothing else */
};

/* "parse_json() got 12.4 % ± 1.1 slower in share; nothing else changed beyond noise." Appended. */
void diff_add_sentence(struct buf *out, const struct diff_view *view);

/* What noise was taken to be, in a sentence. */
void diff_add_noise(struct buf *out, const struct diff_view *view);

/* What would have been seen. */
void diff_add_seen(struct buf *out, const struct diff_view *view);

/* "1,234 samples, 1.23 s in 3 runs" */
void diff_add_side(struct buf *out, const struct diff_view *view, unsigned side);

/* "f()": the name of a function so that it reads as one. */
void diff_add_name(struct buf *out, const struct diff_view *view, const struct diff_row *row);

/* "main > parse > lex": the callers of a stack's innermost frame, and itself. */
void diff_add_stack(struct buf *out, const struct diff_view *view, const struct diff_row *row,
		    const char *joint);

/* "+4.0" points of the base's whole cost; "<0.0001" */
void diff_add_points(struct buf *out, double points, bool sign);
void diff_add_p(struct buf *out, double p);

/* Part of the base's whole cost, 0..1: what tables show. */
double diff_part(const struct diff *diff, double cost);

/* What the gate says, when there is one: "Exceeds ..." or nothing. True when it is exceeded. */
bool diff_add_gate(struct buf *out, const struct diff_view *view);

int diff_text(struct buf *out, const struct diff_view *view, struct err *err);
int diff_markdown(struct buf *out, const struct diff_view *view, struct err *err);
int diff_json(struct buf *out, const struct diff_view *view, struct err *err);

/* A red and blue flame graph as a file of its own, like render/svg.h. */
int diff_svg(struct buf *out, const struct diff_view *view, struct err *err);

/* Base, new and difference in one page, like render/html.h. */
int diff_html(struct buf *out, const struct diff_view *view, struct err *err);

#endif
