/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a thread: stacks, frames, functions and where they are from. */
#include <stdlib.h>

#include "base/vec.h"
#include "format/gecko.h"
#include "format/gecko_writer.h"

static void local_add(struct gecko_local *local, uint32_t id)
{
	if (local->index[id] || VEC_RESERVE(&local->items, &local->cap, (uint64_t)local->n + 1) < 0)
		return;
	local->items[local->n] = id;
	local->index[id] = ++local->n;
}

static void local_clear(struct gecko_local *local)
{
	while (local->n)
		local->index[local->items[--local->n]] = 0;
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* A caller's number is below its callees', there and so here. */
static void gather_stacks(struct gecko_writer *w, const struct thread_of_samples *thread)
{
	const struct profile *p = w->profile;

	for (uint32_t i = 0; i < thread->n; i++)
		for (uint32_t s = p->stack[w->threads.order[thread->first + i]];
		     s && !w->stacks.index[s]; s = p->tree.parent[s])
			local_add(&w->stacks, s);
	if (w->stacks.n)
		qsort(w->stacks.items, w->stacks.n, sizeof(uint32_t), ascending);
	for (uint32_t i = 0; i < w->stacks.n; i++)
		w->stacks.index[w->stacks.items[i]] = i + 1;
}

void gecko_gather(struct gecko_writer *w, const struct thread_of_samples *thread)
{
	const struct profile *p = w->profile;

	local_clear(&w->stacks);
	local_clear(&w->frames);
	local_clear(&w->rows);
	local_clear(&w->modules);
	strings_fini(&w->strings);
	w->strings = (struct strings){ 0 };
	gather_stacks(w, thread);
	for (uint32_t i = 0; i < w->stacks.n; i++)
		local_add(&w->frames, p->tree.frame[w->stacks.items[i]]);
	for (uint32_t i = 0; i < w->frames.n; i++)
		local_add(&w->rows, w->functions.row_of[w->frames.items[i]]);
	for (uint32_t i = 0; i < w->rows.n; i++)
		if (w->functions.rows.frames[w->rows.items[i]].module)
			local_add(&w->modules, w->functions.rows.frames[w->rows.items[i]].module);
}

typedef void cell(struct gecko_writer *w, uint32_t i);

struct column {
	const char *name;
	cell *add;
};

/* Rows of columns: the last one of `columns` has no name. */
static void add_table(struct gecko_writer *w, const char *name, uint32_t n, const struct column *columns)
{
	json_key(w->json, name);
	json_open(w->json, '{');
	json_key(w->json, "length");
	json_uint(w->json, n);
	for (; columns->name; columns++) {
		json_key(w->json, columns->name);
		json_open(w->json, '[');
		for (uint32_t i = 0; i < n && jsonfile_flush(w->out); i++)
			columns->add(w, i);
		json_close(w->json, ']');
	}
	json_close(w->json, '}');
}

static void null_cell(struct gecko_writer *w, uint32_t i)
{
	(void)i;
	json_null(w->json);
}

static void zero_cell(struct gecko_writer *w, uint32_t i)
{
	(void)i;
	json_uint(w->json, 0);
}

static void false_cell(struct gecko_writer *w, uint32_t i)
{
	(void)i;
	json_bool(w->json, false);
}

static void uint_or_null(struct gecko_writer *w, uint64_t v)
{
	if (v)
		json_uint(w->json, v);
	else
		json_null(w->json);
}

static const struct frame *frame_at(const struct gecko_writer *w, uint32_t i)
{
	return &w->profile->frames.frames[w->frames.items[i]];
}

static void stack_prefix(struct gecko_writer *w, uint32_t i)
{
	uint32_t parent = w->profile->tree.parent[w->stacks.items[i]];

	if (parent)
		json_uint(w->json, w->stacks.index[parent] - 1);
	else
		json_null(w->json);
}

static void stack_frame(struct gecko_writer *w, uint32_t i)
{
	json_uint(w->json, w->frames.index[w->profile->tree.frame[w->stacks.items[i]]] - 1);
}

static void stack_category(struct gecko_writer *w, uint32_t i)
{
	json_uint(w->json, w->profile->frames.frames[w->profile->tree.frame[w->stacks.items[i]]].kind);
}

static void frame_address(struct gecko_writer *w, uint32_t i)
{
	uint64_t address = frame_at(w, i)->address;

	if (address && address < 1ull << 53)	/* what a number of JavaScript holds */
		json_uint(w->json, address);
	else
		json_int(w->json, -1);
}

static void frame_depth(struct gecko_writer *w, uint32_t i)
{
	json_uint(w->json, frame_at(w, i)->inlined);
}

static void frame_category(struct gecko_writer *w, uint32_t i)
{
	json_uint(w->json, frame_at(w, i)->kind);
}

static void frame_func(struct gecko_writer *w, uint32_t i)
{
	json_uint(w->json, w->rows.index[w->functions.row_of[w->frames.items[i]]] - 1);
}

static void frame_line(struct gecko_writer *w, uint32_t i)
{
	uint_or_null(w, frame_at(w, i)->line);
}

static void frame_column(struct gecko_writer *w, uint32_t i)
{
	uint_or_null(w, frame_at(w, i)->column);
}

static void func_name(struct gecko_writer *w, uint32_t i)
{
	buf_clear(&w->text);
	functions_add_name(&w->functions, w->rows.items[i], &w->text);
	json_uint(w->json, strings_add(&w->strings, buf_str(&w->text)));
}

static void func_resource(struct gecko_writer *w, uint32_t i)
{
	uint32_t module = w->functions.rows.frames[w->rows.items[i]].module;

	json_int(w->json, module ? (int64_t)w->modules.index[module] - 1 : -1);
}

static void func_file(struct gecko_writer *w, uint32_t i)
{
	struct str file = functions_file(&w->functions, w->rows.items[i], false);

	if (file.n)
		json_uint(w->json, strings_add(&w->strings, file));
	else
		json_null(w->json);
}

static void func_line(struct gecko_writer *w, uint32_t i)
{
	uint_or_null(w, functions_line(&w->functions, w->rows.items[i]));
}

struct str gecko_module_path(const struct gecko_writer *w, uint32_t module)
{
	return strings_get(&w->profile->strings, w->profile->frames.modules[module].path);
}

static void resource_lib(struct gecko_writer *w, uint32_t i)
{
	json_uint(w->json, w->modules.items[i] - 1);
}

static void resource_name(struct gecko_writer *w, uint32_t i)
{
	json_uint(w->json, strings_add(&w->strings, str_basename(gecko_module_path(w, w->modules.items[i]))));
}

static void resource_type(struct gecko_writer *w, uint32_t i)
{
	(void)i;
	json_uint(w->json, 1);		/* a library */
}

static const struct column stack_columns[] = {
	{ "prefix", stack_prefix }, { "frame", stack_frame },
	{ "category", stack_category }, { "subcategory", zero_cell }, { 0 },
};

static const struct column frame_columns[] = {
	{ "address", frame_address }, { "inlineDepth", frame_depth },
	{ "category", frame_category }, { "subcategory", zero_cell },
	{ "func", frame_func }, { "nativeSymbol", null_cell },
	{ "innerWindowID", null_cell }, { "implementation", null_cell },
	{ "line", frame_line }, { "column", frame_column }, { 0 },
};

static const struct column func_columns[] = {
	{ "name", func_name }, { "isJS", false_cell }, { "relevantForJS", false_cell },
	{ "resource", func_resource }, { "fileName", func_file },
	{ "lineNumber", func_line }, { "columnNumber", null_cell }, { 0 },
};

static const struct column resource_columns[] = {
	{ "lib", resource_lib }, { "name", resource_name }, { "host", null_cell },
	{ "type", resource_type }, { 0 },
};

static const struct column symbol_columns[] = {
	{ "address", null_cell }, { "functionSize", null_cell }, { "libIndex", null_cell },
	{ "name", null_cell }, { 0 },
};

static const struct column marker_columns[] = {
	{ "category", null_cell }, { "data", null_cell }, { "endTime", null_cell },
	{ "name", null_cell }, { "phase", null_cell }, { "startTime", null_cell }, { 0 },
};

void gecko_add_tables(struct gecko_writer *w)
{
	add_table(w, "stackTable", w->stacks.n, stack_columns);
	add_table(w, "frameTable", w->frames.n, frame_columns);
	add_table(w, "funcTable", w->rows.n, func_columns);
	add_table(w, "resourceTable", w->modules.n, resource_columns);
	add_table(w, "nativeSymbols", 0, symbol_columns);
	add_table(w, "markers", 0, marker_columns);
}
