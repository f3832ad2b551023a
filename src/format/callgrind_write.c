/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "format/callgrind.h"
#include "format/calls.h"

#define FLUSH_BYTES ((size_t)1 << 20)

struct writer {
	const struct profile *profile;
	struct calls calls;
	struct new_file *file;
	struct err *err;
	struct buf out, text;
	bool *told;		/* row: its name has been given its number */
	int count_type;		/* "calls", which is no event here, or "samples"; -1: neither */
	bool counts_calls;
	int rc;
};

static void flush(struct writer *w, size_t most)
{
	if (w->rc == 0 && w->out.failed)
		w->rc = -ENOMEM;
	if (w->rc == 0 && w->out.n >= most) {
		w->rc = new_file_write(w->file, buf_str(&w->out), w->err);
		buf_clear(&w->out);
	}
}

/* A line's end would end the name, and blanks in an event's name end that. */
static void add_clean(struct buf *out, struct str text, bool is_event)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = (uint8_t)text.p[i];

		buf_add_u8(out, c < ' ' || (is_event && c == ' ') ? '_' : c);
	}
}

static bool is_event(const struct writer *w, uint32_t type)
{
	return !w->counts_calls || type != (uint32_t)w->count_type;
}

static uint32_t event_at(const struct writer *w, uint32_t k)
{
	uint32_t first = w->profile->default_type;

	return k == 0 ? first : k <= first ? k - 1 : k;
}

/* The type that views show is the first event, by which callgrind_annotate sorts. */
static void add_head(struct writer *w)
{
	const struct profile *p = w->profile;

	buf_add_str(&w->out, STR("# callgrind format\nversion: 1\ncreator: sonde " SONDE_VERSION "\n"));
	for (uint32_t k = 0; k < p->n_types; k++) {
		if (!is_event(w, event_at(w, k)))
			continue;
		buf_add_str(&w->out, STR("desc: unit "));
		add_clean(&w->out, profile_type_name(p, event_at(w, k)), true);
		buf_add_str(&w->out, STR(": "));
		add_clean(&w->out, profile_type_unit(p, event_at(w, k)), true);
		buf_add_u8(&w->out, '\n');
	}
	buf_add_str(&w->out, STR("positions: line\nevents:"));
	for (uint32_t k = 0; k < p->n_types; k++) {
		if (!is_event(w, event_at(w, k)))
			continue;
		buf_add_u8(&w->out, ' ');
		add_clean(&w->out, profile_type_name(p, event_at(w, k)), true);
	}
	buf_add_u8(&w->out, '\n');
}

static void add_costs(struct writer *w, uint32_t line, const int64_t *values)
{
	buf_add_dec(&w->out, line);
	for (uint32_t k = 0; k < w->profile->n_types; k++) {
		int64_t v = values[event_at(w, k)];

		if (!is_event(w, event_at(w, k)))
			continue;
		buf_add_u8(&w->out, ' ');
		buf_add_dec(&w->out, v > 0 ? (uint64_t)v : 0);
	}
	buf_add_u8(&w->out, '\n');
}

static struct str module_path(const struct writer *w, uint32_t row)
{
	const struct frames *frames = &w->profile->frames;

	return strings_get(&w->profile->strings,
			   frames->modules[w->calls.functions.rows.frames[row].module].path);
}

/* A name in brackets would be read as the number of one: it is told with a number, its function's. */
static void add_named(struct writer *w, const char *key, struct str name, uint32_t row)
{
	buf_add_str(&w->out, str_of(key));
	if (str_starts(name, STR("(")))
		buf_addf(&w->out, "(%u) ", row);
	add_clean(&w->out, name.n ? name : STR("???"), false);
	buf_add_u8(&w->out, '\n');
}

/* Where a function is and what it is called: key is "" or, for one that is called, "c". */
static void add_function(struct writer *w, uint32_t row, bool called)
{
	add_named(w, called ? "cob=" : "ob=", module_path(w, row), row);
	add_named(w, called ? "cfi=" : "fl=", functions_file(&w->calls.functions, row, false), row);
	buf_addf(&w->out, "%sfn=(%u)", called ? "c" : "", row);
	if (!w->told[row]) {
		buf_clear(&w->text);
		functions_add_name(&w->calls.functions, row, &w->text);
		buf_add_u8(&w->out, ' ');
		add_clean(&w->out, buf_str(&w->text), false);
		w->told[row] = true;
	}
	buf_add_u8(&w->out, '\n');
}

static void add_call(struct writer *w, uint32_t i)
{
	const struct call_edge *edge = &w->calls.edges[i];
	size_t at = (size_t)i * w->profile->n_types;
	const int64_t *total = w->calls.edge_total + at;
	int64_t n = w->count_type < 0 ? 1 :
		    (w->counts_calls ? w->calls.edge_self + at : total)[w->count_type];

	add_function(w, edge->callee, true);
	buf_addf(&w->out, "calls=%lld %u\n", n > 0 ? (long long)n : 1LL,
		 functions_line(&w->calls.functions, edge->callee));
	add_costs(w, edge->line, total);
}

static void add_functions(struct writer *w)
{
	const struct calls *c = &w->calls;
	uint32_t line = 0, edge = 0;

	for (uint32_t row = 1; row < c->functions.rows.n_frames && w->rc == 0; row++) {
		bool has_lines = line < c->n_lines && c->lines[line].row == row;

		if (!has_lines && (edge == c->n_edges || c->edges[edge].caller != row))
			continue;
		buf_add_u8(&w->out, '\n');
		add_function(w, row, false);
		for (; line < c->n_lines && c->lines[line].row == row; line++)
			add_costs(w, c->lines[line].line, c->line_self + (size_t)line * w->profile->n_types);
		for (; edge < c->n_edges && c->edges[edge].caller == row; edge++)
			add_call(w, edge);
		flush(w, FLUSH_BYTES);
	}
}

int callgrind_write(const struct profile *profile, struct new_file *file, struct err *err)
{
	struct writer w = { .profile = profile, .file = file, .err = err,
			    .count_type = profile_find_type(profile, STR("calls")) };

	w.counts_calls = w.count_type >= 0 && profile->n_types > 1;
	if (w.count_type < 0)
		w.count_type = profile_find_type(profile, STR("samples"));
	w.rc = calls_init(&w.calls, profile);
	w.told = calloc((size_t)w.calls.functions.rows.n_frames + 1, sizeof(*w.told));
	if (!w.told)
		w.rc = -ENOMEM;
	if (w.rc == 0) {
		add_head(&w);
		add_functions(&w);
		flush(&w, 0);
	}
	calls_fini(&w.calls);
	free(w.told);
	buf_fini(&w.out);
	buf_fini(&w.text);
	return w.rc;
}
