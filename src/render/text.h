/* SPDX-License-Identifier: Apache-2.0 */
/* render/text.h
 *
 * The report for a person at a terminal: a head (what was sampled, how long, what was lost), then a
 * table. Everything is appended to a struct buf; the caller prints. Names from outside are made
 * harmless (control bytes, direction marks) and shortened to the width.
 */
#ifndef SONDE_RENDER_TEXT_H
#define SONDE_RENDER_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/top.h"
#include "render/source.h"

struct amount_unit;
struct buf;
struct err;
struct filter;
struct machine_reader;
struct profile;

enum text_table { TEXT_TOP, TEXT_TREE, TEXT_THREADS, TEXT_PEEK, TEXT_LIST, TEXT_CODE };

#define TEXT_FUNCTIONS_MAX 10 /* of TEXT_PEEK, TEXT_LIST, TEXT_CODE: an expression may match many */

struct text_options {
	enum text_table table;
	enum granularity granularity;	/* BY_LINE is --lines */
	enum top_order order;		/* of TEXT_TOP */
	const struct filter *filter;	/* NULL: all samples */
	const char *filter_words;	/* NULL, or the filter as typed: "--focus zlib" */
	const char *expression;		/* of those three: which functions */
	bool callers, callees;		/* of TEXT_PEEK: what is shown */
	const char *source_directory;	/* of TEXT_LIST, TEXT_CODE: NULL, or where to look for files first */
	source_fetch *fetch_source;	/* of both: NULL, or who has files that are not here */
	const struct machine_reader *machine;	/* of TEXT_CODE: who has the code */
	const char *by;			/* NULL, or a label: before the table, what each value cost */
	bool folded;			/* the head tells that frames are left out (analyze/shown.h) */
	int type;			/* value type of the profile; -1: its default */
	const struct amount_unit *unit;	/* NULL, or the one that values are told in (render/amount.h) */
	uint32_t width;			/* columns of the terminal; 0: 100 */
	uint32_t limit;			/* rows of a table; 0: all */
	double min_share;		/* TEXT_TREE, TEXT_TOP: what is smaller is left out; 0 is 0.01 of a tree for a person */
	bool color;			/* a terminal, and no NO_COLOR */
	bool unicode;			/* the locale is UTF-8 */
};

/* The head and the table. 0, -EINVAL (no such value type) or -ENOMEM. */
int text_report(struct buf *out, const struct profile *profile, const struct text_options *options,
		struct err *err);

/* Only the head. */
int text_head(struct buf *out, const struct profile *profile, const struct text_options *options,
	      struct err *err);

#endif
