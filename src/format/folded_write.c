/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/sum.h"
#include "format/folded.h"
#include "format/functions.h"
#include "model/profile.h"

#define FLUSH_BYTES ((size_t)1 << 20)

/* The stacks by name alone: frames that differ only in line or address are one here. */
struct by_name {
	struct strings names;		/* as they are written */
	uint32_t *name_of;		/* frame -> its name */
	bool distinct;			/* no two frames have one name: the profile's tree will do */
	struct stacktree tree;		/* otherwise: its frames are ids of `names` */
	uint32_t columns[VALUE_TYPES_MAX], n_columns;	/* value types that are written */
	int64_t *self;			/* stack (of that tree) -> its counts, one a column */
};

static void by_name_fini(struct by_name *b)
{
	strings_fini(&b->names);
	free(b->name_of);
	stacktree_fini(&b->tree);
	free(b->self);
}

/* ';' ends a frame and a newline ends a stack: flamegraph.pl knows no way to quote them. */
static void escape(struct buf *name)
{
	for (size_t i = 0; i < name->n; i++) {
		char *c = &name->p[i];

		*c = *c == ';' ? ':' : *c == '\n' || *c == '\r' ? ' ' : *c;
	}
}

static uint32_t name_frame(struct by_name *b, const struct profile *profile, uint32_t id,
			   struct buf *buf)
{
	buf_clear(buf);
	frame_add_name(profile, &profile->frames.frames[id], buf);
	escape(buf);
	return strings_add(&b->names, buf_str(buf));
}

static int name_frames(struct by_name *b, const struct profile *profile)
{
	uint32_t n = profile->frames.n_frames;
	struct buf buf = { 0 };

	b->name_of = calloc((size_t)n + 1, sizeof(*b->name_of));
	for (uint32_t i = 0; b->name_of && i < n; i++)
		b->name_of[i] = name_frame(b, profile, i, &buf);
	b->distinct = b->names.n == n + 1;	/* the empty string is one, and frame 0 has a name */
	buf_fini(&buf);
	return b->name_of && !b->names.failed ? 0 : -ENOMEM;
}

static int sum_by_name(struct by_name *b, const struct profile *profile)
{
	const struct stacktree *tree = &profile->tree;
	uint32_t *to = b->distinct ? NULL : calloc((size_t)tree->n + 1, sizeof(*to));

	if (!b->distinct && !to)
		return -ENOMEM;
	for (uint32_t i = 1; to && i < tree->n; i++)
		to[i] = stacktree_push(&b->tree, to[tree->parent[i]], b->name_of[tree->frame[i]]);
	b->self = calloc(((size_t)(to ? b->tree.n : tree->n) + 1) * b->n_columns, sizeof(*b->self));
	for (uint32_t i = 0; b->self && i < profile->n && profile->n_types; i++) {
		const int64_t *values = profile->values + (size_t)i * profile->n_types;
		uint32_t stack = to ? to[profile->stack[i]] : profile->stack[i];

		for (uint32_t k = 0; k < b->n_columns; k++)
			sum_add(&b->self[(size_t)stack * b->n_columns + k], values[b->columns[k]]);
	}
	free(to);
	return !b->self || b->tree.failed ? -ENOMEM : 0;
}

/* "main;parse;lex " */
static void add_stack(struct buf *out, struct buf *path, const struct by_name *b,
		      const struct stacktree *tree, uint32_t stack)
{
	buf_clear(path);
	for (; stack; stack = tree->parent[stack]) {
		uint32_t frame = tree->frame[stack], name = b->distinct ? b->name_of[frame] : frame;

		buf_add(path, &name, sizeof(name));
	}
	for (size_t n = path->n / sizeof(uint32_t); n-- > 0;) {
		uint32_t name;

		memcpy(&name, path->p + n * sizeof(name), sizeof(name));
		buf_add_str(out, strings_get(&b->names, name));
		buf_add_u8(out, n ? ';' : ' ');
	}
}

/* The stack's line, when any of its counts is not 0. */
static bool add_line(const struct by_name *b, const struct stacktree *tree, uint32_t stack,
		     struct buf *out, struct buf *path)
{
	const int64_t *counts = b->self + (size_t)stack * b->n_columns;
	uint32_t k = 0;

	while (k < b->n_columns && !counts[k])
		k++;
	if (k == b->n_columns)
		return false;
	if (stack)
		add_stack(out, path, b, tree, stack);
	else	/* samples count, with or without a stack */
		buf_addf(out, "[no stack] ");
	for (k = 0; k < b->n_columns; k++) {
		if (counts[k] < 0)
			buf_add_u8(out, '-');
		buf_add_dec(out, counts[k] < 0 ? -(uint64_t)counts[k] : (uint64_t)counts[k]);
		buf_add_u8(out, k + 1 < b->n_columns ? ' ' : '\n');
	}
	return true;
}

static int write_lines(const struct by_name *b, const struct stacktree *tree, struct new_file *file,
		       struct buf *out, struct err *err)
{
	struct buf path = { 0 };
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < tree->n; i++) {
		if (!add_line(b, tree, i, out, &path))
			continue;
		if (out->failed || path.failed) {
			rc = -ENOMEM;
		} else if (out->n >= FLUSH_BYTES) {
			rc = new_file_write(file, buf_str(out), err);
			buf_clear(out);
		}
	}
	buf_fini(&path);
	return rc < 0 ? rc : new_file_write(file, buf_str(out), err);
}

/* Behind what is in `out` already. */
static int write_all(struct by_name *b, const struct profile *profile, struct buf *out,
		     struct new_file *file, struct err *err)
{
	int rc = name_frames(b, profile);

	stacktree_init(&b->tree);
	if (rc == 0)
		rc = sum_by_name(b, profile);
	if (rc == 0)
		rc = write_lines(b, b->distinct ? &profile->tree : &b->tree, file, out, err);
	buf_fini(out);
	by_name_fini(b);
	return rc;
}

int folded_write(const struct profile *profile, struct new_file *file, struct err *err)
{
	struct by_name b = { .columns = { profile->default_type }, .n_columns = 1 };
	struct buf out = { 0 };

	return write_all(&b, profile, &out, file, err);
}

/* A word of the first line: what would end it is replaced. */
static void add_type_word(struct buf *out, struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		buf_add_u8(out, (uint8_t)word.p[i] <= ' ' || word.p[i] == '/' ? '_' :
				(uint8_t)word.p[i]);
	if (!word.n)
		buf_add_u8(out, '_');
}

int folded_columns_write(const struct profile *profile, struct new_file *file, struct err *err)
{
	struct by_name b = { .n_columns = profile->n_types };
	struct buf out = { 0 };

	buf_addf(&out, "#");
	for (uint32_t i = 0; i < profile->n_types; i++) {
		b.columns[i] = i;
		buf_addf(&out, i == profile->default_type ? " *" : " ");
		add_type_word(&out, profile_type_name(profile, i));
		buf_add_u8(&out, '/');
		add_type_word(&out, profile_type_unit(profile, i));
	}
	buf_add_u8(&out, '\n');
	return write_all(&b, profile, &out, file, err);
}
