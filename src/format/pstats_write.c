/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/sum.h"
#include "base/utf8.h"
#include "format/calls.h"
#include "format/pstats.h"

/* What pstats holds of a function, or of its calls from one caller. */
struct numbers {
	int64_t calls, self, total;
};

struct edge {
	uint32_t callee, caller;	/* keys */
	struct numbers numbers;
};

struct writer {
	const struct profile *profile;
	struct calls calls;
	struct frames keys;	/* of which only the frames are used: one for each (file, line, name) */
	uint32_t *key;		/* row -> key */
	uint32_t *row;		/* key -> its first row */
	struct numbers *numbers;	/* of a key */
	struct edge *edges;	/* by callee, then caller */
	uint32_t n_edges;
	double unit_ns;		/* of the profile's default type; 0: it is no time */
	int count_type;		/* whose values count calls, or else samples; -1: none does */
	bool counts_calls;
	struct buf out, text;
};

static void add_int(struct buf *out, int64_t value)
{
	uint64_t v = value < 0 ? 0 : (uint64_t)value;
	int32_t n = 0, small = (int32_t)v;

	if (v <= INT32_MAX) {
		buf_add_u8(out, 'i');
		buf_add(out, &small, sizeof(small));
		return;
	}
	for (uint64_t rest = v; rest; rest >>= 15)
		n++;
	buf_add_u8(out, 'l');
	buf_add(out, &n, sizeof(n));
	for (; n; n--, v >>= 15) {
		uint16_t digit = v & 0x7fff;

		buf_add(out, &digit, sizeof(digit));
	}
}

static void add_float(struct buf *out, double value)
{
	buf_add_u8(out, 'g');
	buf_add(out, &value, sizeof(value));
}

static void add_tuple(struct buf *out, uint32_t n)
{
	buf_add_u8(out, '(');
	buf_add(out, &n, sizeof(n));
}

/* Text must be UTF-8 there: what is not becomes U+FFFD. */
static void add_text(struct buf *out, struct str text)
{
	size_t at = out->n + 1;
	uint32_t n = 0;

	buf_add_u8(out, 'u');
	buf_add(out, &n, sizeof(n));
	while (text.n) {
		struct str from = text;
		uint32_t c;

		if (utf8_next(&text, &c))
			buf_add(out, from.p, from.n - text.n);
		else
			buf_add_str(out, STR("\xef\xbf\xbd"));
	}
	n = (uint32_t)(out->n - at - sizeof(n));
	if (!out->failed)
		memcpy(out->p + at, &n, sizeof(n));
}

static void add_key(struct writer *w, uint32_t key)
{
	const struct functions *functions = &w->calls.functions;
	uint32_t row = w->row[key];
	struct str file = functions_file(functions, row, true);

	buf_clear(&w->text);
	functions_add_name(functions, row, &w->text);
	add_tuple(&w->out, 3);
	add_text(&w->out, file.n ? file : STR("~"));
	add_int(&w->out, functions_line(functions, row));
	add_text(&w->out, buf_str(&w->text));
}

/* Of values in the profile's default type: seconds where it is a time, else the values as they are. */
static double seconds(const struct writer *w, int64_t value)
{
	return w->unit_ns ? (double)value * w->unit_ns / 1e9 : (double)value;
}

static void add_numbers(struct writer *w, const struct numbers *n)
{
	add_int(&w->out, n->calls);
	add_int(&w->out, n->calls);
	add_float(&w->out, seconds(w, n->self));
	add_float(&w->out, seconds(w, n->total));
}

/* Two functions of one place and name (in two modules) are one there. */
static uint32_t key_of(struct writer *w, uint32_t row)
{
	const struct profile *p = w->profile;
	const struct frame *frame = &w->calls.functions.rows.frames[row];
	const struct function *function = &p->frames.functions[frame->function];
	struct frame key = { .function = function->name, .line = function->start_line,
			     .module = function->file, .address = frame->address + 1 };

	if (!key.module)
		key.address += (uint64_t)frame->module << 32;
	return frames_add(&w->keys, &key);
}

static void add(struct numbers *to, struct numbers from)
{
	sum_add(&to->calls, from.calls);
	sum_add(&to->self, from.self);
	sum_add(&to->total, from.total);
}

/* Of row or edge i, whose values these are. */
static struct numbers numbers_of(const struct writer *w, const int64_t *self, const int64_t *total, uint32_t i)
{
	uint32_t type = w->profile->default_type;
	size_t at = (size_t)i * w->profile->n_types;
	int64_t calls = w->count_type < 0 ? 0 : (w->counts_calls ? self : total)[at + (size_t)w->count_type];

	return (struct numbers){ calls > 0 ? calls : 0, self[at + type], total[at + type] };
}

static int compare(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return x->callee != y->callee ? (x->callee < y->callee ? -1 : 1) :
	       (x->caller > y->caller) - (x->caller < y->caller);
}

static void gather_edges(struct writer *w)
{
	const struct calls *c = &w->calls;

	for (uint32_t i = 0; i < c->n_edges; i++)
		w->edges[i] = (struct edge){ w->key[c->edges[i].callee], w->key[c->edges[i].caller],
					     numbers_of(w, c->edge_self, c->edge_total, i) };
	qsort(w->edges, c->n_edges, sizeof(*w->edges), compare);
	for (uint32_t i = 0; i < c->n_edges; i++) {
		struct edge *last = w->n_edges ? &w->edges[w->n_edges - 1] : NULL;

		if (last && !compare(last, &w->edges[i]))
			add(&last->numbers, w->edges[i].numbers);
		else
			w->edges[w->n_edges++] = w->edges[i];
	}
}

static int gather(struct writer *w)
{
	uint32_t rows = w->calls.functions.rows.n_frames;

	w->key = calloc((size_t)rows + 1, sizeof(*w->key));
	w->row = calloc((size_t)rows + 2, sizeof(*w->row));
	w->numbers = calloc((size_t)rows + 2, sizeof(*w->numbers));
	w->edges = calloc((size_t)w->calls.n_edges + 1, sizeof(*w->edges));
	if (!w->key || !w->row || !w->numbers || !w->edges)
		return -ENOMEM;
	for (uint32_t row = 1; row < rows; row++) {
		w->key[row] = key_of(w, row);
		if (!w->row[w->key[row]])
			w->row[w->key[row]] = row;
		add(&w->numbers[w->key[row]], numbers_of(w, w->calls.self, w->calls.total, row));
	}
	gather_edges(w);
	return w->keys.failed ? -ENOMEM : 0;
}

static int write_file(struct writer *w, struct new_file *file, struct err *err)
{
	uint32_t edge = 0;

	buf_add_u8(&w->out, '{');
	for (uint32_t key = 1; key < w->keys.n_frames; key++) {
		add_key(w, key);
		add_tuple(&w->out, 5);
		add_numbers(w, &w->numbers[key]);
		buf_add_u8(&w->out, '{');
		for (; edge < w->n_edges && w->edges[edge].callee == key; edge++) {
			add_key(w, w->edges[edge].caller);
			add_tuple(&w->out, 4);
			add_numbers(w, &w->edges[edge].numbers);
		}
		buf_add_u8(&w->out, '0');
	}
	buf_add_u8(&w->out, '0');
	return w->out.failed || w->text.failed ? -ENOMEM : new_file_write(file, buf_str(&w->out), err);
}

int pstats_write(const struct profile *profile, struct new_file *file, struct err *err)
{
	struct writer w = { .profile = profile, .count_type = profile_find_type(profile, STR("calls")) };
	int rc;

	w.unit_ns = profile_unit_ns(profile, profile->default_type);
	w.counts_calls = w.count_type >= 0;
	if (!w.counts_calls)
		w.count_type = profile_find_type(profile, STR("samples"));
	frames_init(&w.keys, NULL);
	rc = calls_init(&w.calls, profile);
	if (rc == 0)
		rc = gather(&w);
	if (rc == 0)
		rc = write_file(&w, file, err);
	calls_fini(&w.calls);
	frames_fini(&w.keys);
	free(w.key);
	free(w.row);
	free(w.numbers);
	free(w.edges);
	buf_fini(&w.out);
	buf_fini(&w.text);
	return rc;
}
