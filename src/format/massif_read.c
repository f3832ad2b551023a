/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "base/sum.h"
#include "format/batch.h"
#include "format/input.h"
#include "format/lines.h"
#include "format/massif.h"
#include "format/module_kind.h"
#include "model/profile.h"

#define DEPTH_MAX 4096
#define ROWS_MAX ((size_t)16 << 20)	/* in one tree */

/* A line of a tree. */
struct row {
	uint32_t depth;		/* 0: the whole */
	uint32_t line;		/* of the source */
	uint64_t number;	/* of the file's line */
	uint64_t address;
	int64_t bytes;
	struct function function;
	uint32_t module;
	uint8_t kind;
	bool keeps_address;
};

struct snapshot {
	uint64_t number, time;
	uint64_t extra_bytes, stack_bytes;	/* not in the tree */
	bool has_tree, is_peak;
};

struct reader {
	struct profile *profile;
	struct lines lines;
	struct batch batch;
	struct snapshot now, best;
	struct buf rows, best_rows;	/* trees of these two */
	bool in_tree;
	uint64_t n_trees;
};

static uint32_t intern(struct reader *r, struct str s)
{
	return strings_add(&r->profile->strings, s);
}

static int bad(const struct reader *r, const char *why, struct err *err)
{
	return err_fail(err, -EBADMSG, "%s:%llu: %s", r->lines.input->what,
			(unsigned long long)r->lines.number, why);
}

static const struct row *rows_of(const struct buf *buf)
{
	return (const struct row *)(const void *)buf->p;
}

static size_t n_rows(const struct buf *buf)
{
	return buf->n / sizeof(struct row);
}

/* "leaf (h.c:3)", "malloc (in /usr/lib/libc.so.6)", "??? (in /bin/x)" */
static void parse_place(struct reader *r, struct str text, struct row *row)
{
	size_t open = text.n;
	struct str name = text, where = { 0 };
	struct module module = { 0 };
	char made[256];
	uint64_t line;

	if (text.n && text.p[text.n - 1] == ')')
		while (open && text.p[open - 1] != '(')
			open--;
	if (open > 1 && open < text.n) {
		name = str_trim(str_head(text, open - 1));
		where = (struct str){ text.p + open, text.n - open - 1 };
	}
	if (str_starts(where, STR("in "))) {
		where = str_skip(where, 3);
		module.path = intern(r, where);
	} else {
		ptrdiff_t colon = str_rfind(where, ':');

		if (colon > 0 && str_parse_u64(str_skip(where, (size_t)colon + 1), 10, &line) == 0) {
			row->line = line > INT32_MAX ? 0 : (uint32_t)line;
			row->function.file = intern(r, str_head(where, (size_t)colon));
		} else if (where.n && name.n) {
			name = text;	/* "(below main)", or a name that ends so */
		}
		where = (struct str){ 0 };
	}
	row->module = module.path ? frames_add_module(&r->profile->frames, &module) : 0;
	row->kind = (uint8_t)module_kind(where);
	if (!name.n || str_eq(name, STR("???"))) {
		name = module_frame_name(where, made, sizeof(made));
		row->kind = FRAME_UNKNOWN;
		row->keeps_address = true;
	}
	row->function.name = intern(r, name);
}

/* " n1: 3494169 0x109164: leaf (h.c:3)" */
static int take_row(struct reader *r, struct str line, struct err *err)
{
	struct row row = { .number = r->lines.number };
	struct str rest = line, word;
	uint64_t number;

	while (row.depth < line.n && line.p[row.depth] == ' ')
		row.depth++;
	rest = str_skip(line, row.depth);
	word = str_cut(&rest, ':');
	if (word.n < 2 || word.p[0] != 'n' || str_parse_u64(str_skip(word, 1), 10, &number) < 0)
		return bad(r, "expected 'nCOUNT: BYTES PLACE'", err);
	rest = str_trim(rest);
	word = str_cut(&rest, ' ');
	if (str_parse_u64(word, 10, &number) < 0 || number > INT64_MAX)
		return bad(r, "expected a number of bytes behind the 'nCOUNT:'", err);
	row.bytes = (int64_t)number;
	if (row.depth > DEPTH_MAX)
		return bad(r, "the tree is deeper than 4096", err);
	if (n_rows(&r->rows) ? !row.depth || row.depth > rows_of(&r->rows)[n_rows(&r->rows) - 1].depth + 1 :
			       row.depth)
		return bad(r, "the place is not below another one of the tree", err);
	if (n_rows(&r->rows) == ROWS_MAX)
		return bad(r, "the tree has more than 16777216 places", err);
	if (str_starts(rest, STR("0x"))) {
		word = str_cut(&rest, ':');
		if (str_parse_u64(str_skip(word, 2), 16, &row.address) < 0)
			return bad(r, "expected an address before the ':'", err);
		parse_place(r, str_trim(rest), &row);
	} else {
		/* the whole, or "in 3 places, all below massif's threshold (1.00%)" */
		row.function.name = intern(r, STR("[places below massif's threshold]"));
		row.kind = FRAME_UNKNOWN;
	}
	buf_add(&r->rows, &row, sizeof(row));
	return r->rows.failed ? -ENOMEM : 0;
}

/* The tree has ended: is it the one to show? */
static void settle_tree(struct reader *r)
{
	struct buf other = r->best_rows;

	if (!r->in_tree)
		return;
	r->in_tree = false;
	r->n_trees++;
	r->now.has_tree = true;
	if (r->best.is_peak && !r->now.is_peak)
		return;
	r->best = r->now;
	r->best_rows = r->rows;
	r->rows = other;
}

static void take_header(struct reader *r, struct str key, struct str value)
{
	char text[1024];

	snprintf(text, sizeof(text), "massif %.*s: %.*s", STR_ARG(key), STR_ARG(value));
	profile_add_comment(r->profile, str_of(text));
}

static int take_line(struct reader *r, struct str line, struct err *err)
{
	struct str value = line, key = str_cut(&value, '=');
	uint64_t *number = str_eq(key, STR("snapshot")) ? &r->now.number :
			   str_eq(key, STR("time")) ? &r->now.time :
			   str_eq(key, STR("mem_heap_extra_B")) ? &r->now.extra_bytes :
			   str_eq(key, STR("mem_stacks_B")) ? &r->now.stack_bytes : NULL;

	if (r->in_tree && line.n && line.p[0] != '#')
		return take_row(r, line, err);
	settle_tree(r);
	if (number == &r->now.number)
		r->now = (struct snapshot){ 0 };
	if (number && str_parse_u64(value, 10, number) < 0)
		return bad(r, "expected a number behind the '='", err);
	if (number || !str_eq(key, STR("heap_tree")))
		return 0;
	r->in_tree = str_eq(value, STR("detailed")) || str_eq(value, STR("peak"));
	r->now.is_peak = str_eq(value, STR("peak"));
	buf_clear(&r->rows);
	return 0;
}

static int read_lines(struct reader *r, struct err *err)
{
	static const char *const keys[] = { "desc", "cmd", "time_unit" };
	struct str line;
	int rc;

	while ((rc = lines_next(&r->lines, &line, err)) > 0) {
		if (r->lines.number <= 3) {
			struct str value = line, key = str_cut(&value, ':');

			if (str_eq(key, str_of(keys[r->lines.number - 1])))
				take_header(r, key, str_trim(value));
			continue;
		}
		rc = take_line(r, line, err);
		if (rc < 0)
			return rc;
	}
	if (rc == 0)
		settle_tree(r);
	return rc;
}

static uint32_t frame_of(struct reader *r, const struct row *row, bool inlined, const struct row *caller)
{
	struct frame frame = {
		.function = frames_add_function(&r->profile->frames, &row->function),
		.line = row->line, .module = row->module, .kind = row->kind, .inlined = inlined,
		.address = row->keeps_address ? row->address : 0,
	};

	if (inlined) {
		frame.module = caller->module;
		frame.kind = caller->kind;
		frame.address = caller->keeps_address ? caller->address : 0;
	}
	return frames_add(&r->profile->frames, &frame);
}

/* What of this place's bytes is in none of the places below it is a stack: its callers are not in the tree. */
static int add_stack(struct reader *r, const uint32_t *path, uint32_t depth, int64_t bytes)
{
	const struct row *rows = rows_of(&r->best_rows);
	uint32_t *to = batch_words(&r->batch, depth + 1);

	if (!to)
		return -ENOMEM;
	if (!depth)
		*to = frame_of(r, &rows[path[0]], false, NULL);
	for (uint32_t d = depth; d >= 1; d--) {
		const struct row *row = &rows[path[d]], *caller = d < depth ? &rows[path[d + 1]] : NULL;
		bool inlined = caller && row->address && row->address == caller->address;

		*to++ = frame_of(r, row, inlined, caller);
	}
	batch_add(&r->batch, depth ? depth : 1, 0, 0, &bytes);
	return r->batch.failed || profile_failed(r->profile) ? -ENOMEM : 0;
}

/* `left` is, for each row of the path, what its children have not accounted for yet. */
static int close_rows(struct reader *r, const uint32_t *path, const int64_t *left, uint32_t from,
		      uint32_t to, struct err *err)
{
	int rc = 0;

	for (uint32_t d = to; rc == 0 && d-- > from;) {
		if (left[d] < 0)
			return err_fail(err, -EBADMSG, "%s:%llu: the parts of this place are more than its whole",
					r->lines.input->what, (unsigned long long)rows_of(&r->best_rows)[path[d]].number);
		if (left[d])
			rc = add_stack(r, path, d, left[d]);
	}
	return rc;
}

static int add_tree(struct reader *r, struct err *err)
{
	const struct row *rows = rows_of(&r->best_rows);
	uint32_t path[DEPTH_MAX + 2];
	int64_t left[DEPTH_MAX + 2];
	uint32_t depth = 0;	/* rows in the path */
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < n_rows(&r->best_rows); i++) {
		uint32_t d = rows[i].depth;

		rc = close_rows(r, path, left, d, depth, err);
		path[d] = i;
		left[d] = rows[i].bytes;
		if (d)
			sum_take(&left[d - 1], rows[i].bytes);
		depth = d + 1;
	}
	return rc < 0 ? rc : close_rows(r, path, left, 0, depth, err);
}

static void add_notes(struct reader *r)
{
	char text[256];

	snprintf(text, sizeof(text), "sonde: note massif snapshot %llu%s at %llu, one of %llu with a tree; beside the heap: "
		 "%llu bytes of administration, %llu of stacks", (unsigned long long)r->best.number,
		 r->best.is_peak ? " (the peak)" : "", (unsigned long long)r->best.time,
		 (unsigned long long)r->n_trees, (unsigned long long)r->best.extra_bytes,
		 (unsigned long long)r->best.stack_bytes);
	profile_add_comment(r->profile, str_of(text));
}

int massif_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile, .lines = { .input = input },
			    .batch = { .profile = profile } };
	int rc;

	profile_add_type(profile, STR("inuse_space"), STR("bytes"));
	rc = read_lines(&r, err);
	if (rc == 0 && !r.best.has_tree)
		rc = err_fail(err, -EBADMSG, "%s holds no snapshot with a tree: run massif with "
			      "--detailed-freq=1", input->what);
	if (rc == 0)
		rc = add_tree(&r, err);
	if (rc == 0)
		rc = batch_flush(&r.batch);
	if (rc == 0)
		add_notes(&r);
	lines_fini(&r.lines);
	batch_fini(&r.batch);
	buf_fini(&r.rows);
	buf_fini(&r.best_rows);
	return rc;
}

/* The three lines that begin the file, and no other tool's. */
bool massif_detect(struct str head)
{
	struct str rest = head;

	return str_starts(str_cut(&rest, '\n'), STR("desc:")) &&
	       str_starts(str_cut(&rest, '\n'), STR("cmd:")) &&
	       str_starts(str_cut(&rest, '\n'), STR("time_unit:"));
}
