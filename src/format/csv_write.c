/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/csv.h"
#include "base/err.h"
#include "base/file.h"
#include "format/calls.h"
#include "format/tables.h"

struct writer {
	const struct profile *profile;
	struct calls calls;
	char separator;
	struct buf out, text;
};

static void add_field(struct writer *w, struct str text)
{
	csv_add_field(&w->out, text, w->separator);
}

static void add_head(struct writer *w)
{
	static const char *const columns[] = { "function", "module", "file", "line", "kind" };
	const struct profile *p = w->profile;

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		buf_addf(&w->out, "%s%s", i == 0 ? "" : w->separator == ',' ? "," : "\t", columns[i]);
	for (uint32_t t = 0; t < p->n_types; t++) {
		for (int k = 0; k < 2; k++) {
			buf_clear(&w->text);
			buf_addf(&w->text, "%s_%.*s_%.*s", k ? "total" : "self",
				 STR_ARG(profile_type_name(p, t)),
				 STR_ARG(profile_type_unit(p, t)));
			buf_add_u8(&w->out, (uint8_t)w->separator);
			add_field(w, buf_str(&w->text));
		}
	}
	buf_add_u8(&w->out, '\n');
}

static void add_row(struct writer *w, uint32_t row)
{
	const struct functions *functions = &w->calls.functions;
	const struct frame *frame = &functions->rows.frames[row];
	const struct frames *frames = &w->profile->frames;
	uint32_t n = w->profile->n_types;

	buf_clear(&w->text);
	functions_add_name(functions, row, &w->text);
	add_field(w, buf_str(&w->text));
	buf_add_u8(&w->out, (uint8_t)w->separator);
	add_field(w, strings_get(&w->profile->strings, frames->modules[frame->module].path));
	buf_add_u8(&w->out, (uint8_t)w->separator);
	add_field(w, functions_file(functions, row, false));
	buf_addf(&w->out, "%c%u%c%s", w->separator, functions_line(functions, row), w->separator,
		 frame_kind_name(frame->kind));
	for (uint32_t t = 0; t < n; t++)
		buf_addf(&w->out, "%c%" PRId64 "%c%" PRId64, w->separator,
			 w->calls.self[(size_t)row * n + t], w->separator,
			 w->calls.total[(size_t)row * n + t]);
	buf_add_u8(&w->out, '\n');
}

struct ranked {
	uint32_t row;
	int64_t self, total;
};

static int costliest_first(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->self != y->self)
		return x->self > y->self ? -1 : 1;
	if (x->total != y->total)
		return x->total > y->total ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/* A function of frames that no sample has, or none any more, has none. */
static bool has_cost(const struct writer *w, uint32_t row)
{
	uint32_t n = w->profile->n_types;

	for (uint32_t t = 0; t < n; t++)
		if (w->calls.self[(size_t)row * n + t] || w->calls.total[(size_t)row * n + t])
			return true;
	return false;
}

static int add_rows(struct writer *w)
{
	uint32_t n = w->calls.functions.rows.n_frames, type = w->profile->default_type;
	struct ranked *ranked = calloc((size_t)n + 1, sizeof(*ranked));

	if (!ranked)
		return -ENOMEM;
	for (uint32_t row = 1; row < n; row++)
		ranked[row - 1] = (struct ranked){
			row, w->calls.self[(size_t)row * w->profile->n_types + type],
			w->calls.total[(size_t)row * w->profile->n_types + type] };
	if (n > 1)
		qsort(ranked, n - 1, sizeof(*ranked), costliest_first);
	for (uint32_t i = 0; i + 1 < n; i++)
		if (has_cost(w, ranked[i].row))
			add_row(w, ranked[i].row);
	free(ranked);
	return w->out.failed || w->text.failed ? -ENOMEM : 0;
}

static int write_separated(const struct profile *profile, char separator, struct new_file *file,
			   struct err *err)
{
	struct writer w = { .profile = profile, .separator = separator };
	int rc = calls_init(&w.calls, profile);

	if (rc == 0) {
		add_head(&w);
		rc = add_rows(&w);
	}
	if (rc == 0)
		rc = new_file_write(file, buf_str(&w.out), err);
	calls_fini(&w.calls);
	buf_fini(&w.out);
	buf_fini(&w.text);
	return rc;
}

int csv_write(const struct profile *profile, struct new_file *file, struct err *err)
{
	return write_separated(profile, ',', file, err);
}

int tsv_write(const struct profile *profile, struct new_file *file, struct err *err)
{
	return write_separated(profile, '\t', file, err);
}
