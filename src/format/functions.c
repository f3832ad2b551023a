/* SPDX-License-Identifier: Apache-2.0 */
#include "format/functions.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/sum.h"

static uint32_t add_row(struct functions *f, const struct frame *frame)
{
	struct frame row = { .function = frame->function, .module = frame->module };

	if (!row.function)
		row.address = frame->address;
	if (!row.function && !row.module && !row.address)
		row.line = 1;	/* a row of its own: 0 is none */
	return frames_add(&f->rows, &row);
}

static int add_rows(struct functions *f)
{
	const struct frames *frames = &f->profile->frames;
	uint8_t *kinds;

	f->row_of = calloc((size_t)frames->n_frames + 1, sizeof(*f->row_of));
	kinds = calloc((size_t)frames->n_frames + 2, 1);
	for (uint32_t i = 1; f->row_of && kinds && i < frames->n_frames; i++) {
		uint32_t row = add_row(f, &frames->frames[i]);

		f->row_of[i] = row;
		if (!kinds[row])
			kinds[row] = frames->frames[i].kind;
	}
	/* only now, since rows are told apart by all of their bytes */
	for (uint32_t i = 1; kinds && i < f->rows.n_frames; i++)
		f->rows.frames[i].kind = kinds[i];
	free(kinds);
	return kinds && f->row_of && !f->rows.failed ? 0 : -ENOMEM;
}

static int add_stacks(struct functions *f)
{
	const struct stacktree *tree = &f->profile->tree;

	f->node = calloc((size_t)tree->n + 1, sizeof(*f->node));
	for (uint32_t i = 1; f->node && i < tree->n; i++)
		f->node[i] = stacktree_push(&f->tree, f->node[tree->parent[i]],
					    f->row_of[tree->frame[i]]);
	return f->node && !f->tree.failed ? 0 : -ENOMEM;
}

int functions_init(struct functions *f, const struct profile *profile)
{
	int rc;

	*f = (struct functions){ .profile = profile };
	frames_init(&f->rows, NULL);
	stacktree_init(&f->tree);
	rc = add_rows(f);
	return rc < 0 ? rc : add_stacks(f);
}

void functions_fini(struct functions *f)
{
	frames_fini(&f->rows);
	stacktree_fini(&f->tree);
	free(f->node);
	free(f->row_of);
}

static const struct function *function_of(const struct functions *f, uint32_t row)
{
	return &f->profile->frames.functions[f->rows.frames[row].function];
}

static struct str module_path(const struct functions *f, uint32_t row)
{
	const struct frames *frames = &f->profile->frames;

	return strings_get(&f->profile->strings, frames->modules[f->rows.frames[row].module].path);
}

void frame_add_name(const struct profile *profile, const struct frame *frame, struct buf *out)
{
	const struct frames *frames = &profile->frames;
	struct str name = str_trim(strings_get(&profile->strings, frames->functions[frame->function].name));
	struct str file = str_basename(strings_get(&profile->strings, frames->modules[frame->module].path));

	if (name.n) {
		buf_add_str(out, name);
	} else if (frame->address) {
		buf_add_str(out, file);
		buf_addf(out, "%s0x%llx", file.n ? "+" : "", (unsigned long long)frame->address);
	} else {
		buf_add_str(out, STR("[unknown]"));
	}
}

void functions_add_name(const struct functions *f, uint32_t row, struct buf *out)
{
	frame_add_name(f->profile, &f->rows.frames[row], out);
}

struct str functions_file(const struct functions *f, uint32_t row, bool module_too)
{
	struct str file = strings_get(&f->profile->strings, function_of(f, row)->file);

	return file.n || !module_too ? file : module_path(f, row);
}

uint32_t functions_line(const struct functions *f, uint32_t row)
{
	return function_of(f, row)->start_line;
}

int64_t *functions_self(const struct functions *f, uint32_t type)
{
	const struct profile *profile = f->profile;
	int64_t *self = calloc((size_t)f->tree.n + 1, sizeof(*self));

	for (uint32_t i = 0; self && i < profile->n && type < profile->n_types; i++)
		sum_add(&self[f->node[profile->stack[i]]], profile_value(profile, i, type));
	return self;
}

uint32_t functions_path(const struct functions *f, uint32_t node, uint32_t *rows, uint32_t max)
{
	uint32_t depth = stacktree_depth(&f->tree, node), n = depth < max ? depth : max;

	for (uint32_t at = depth; node; node = f->tree.parent[node])
		if (--at < max)
			rows[at] = f->tree.frame[node];
	return n;
}
