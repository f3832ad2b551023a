/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/jsonread.h"
#include "format/gecko_reader.h"
#include "format/module_kind.h"
#include "model/profile.h"

static int read_strings(struct gecko_reader *r, struct gecko_tables *t)
{
	struct json_reader json = json_reader_over(t->strings_text);
	int rc = 0;

	json_enter(&json, '[');
	while (rc == 0 && json_next_item(&json))
		rc = gecko_append(&t->strings, strings_add(&r->profile->strings, json_take_str(&json)));
	return rc < 0 ? (json_reader_fini(&json), rc) : json_reader_end(&json, r->what, r->text, r->err);
}

static int read_functions(struct gecko_reader *r, struct gecko_tables *t)
{
	static const char *const names[] = { "name", "fileName", "lineNumber", "resource", "source" };
	static const char *const resource_names[] = { "lib" }, *const source_names[] = { "filename" };
	struct gecko_column c[5], lib[1] = { { 0 } }, sources[1] = { { 0 } };
	int rc = gecko_read_columns(r, t->funcs_text, names, c, 5);

	if (rc == 0)
		rc = gecko_read_columns(r, t->resources_text, resource_names, lib, 1);
	if (rc == 0)
		rc = gecko_read_columns(r, t->sources_text, source_names, sources, 1);
	for (uint32_t i = 0; rc == 0 && i < c[0].n; i++) {
		uint32_t resource = gecko_cell(&c[3], i, lib[0].n);
		uint32_t module = resource == GECKO_NONE ? GECKO_NONE : gecko_cell(&lib[0], resource, r->libs.n);
		uint32_t source = gecko_cell(&c[4], i, sources[0].n);	/* since version 58; before, .fileName */
		struct function function = {
			.name = gecko_id_at(&t->strings, gecko_cell(&c[0], i, t->strings.n)),
			.file = gecko_id_at(&t->strings, source == GECKO_NONE ? gecko_cell(&c[1], i, t->strings.n) :
							  gecko_cell(&sources[0], source, t->strings.n)),
			.start_line = gecko_cell_or_zero(&c[2], i),
		};

		if (!function.name)
			function.name = strings_add(&r->profile->strings, STR("[unknown]"));
		rc = gecko_append(&t->functions, frames_add_function(&r->profile->frames, &function));
		if (rc == 0)
			rc = gecko_append(&t->modules, module == GECKO_NONE ? 0 : r->libs.v[module]);
	}
	gecko_free_columns(c, 5);
	gecko_free_columns(lib, 1);
	gecko_free_columns(sources, 1);
	return rc;
}

/* samply writes an address where it knows no function. The files on this machine may know one; an address in no file,
 * as walks along frame pointers meet them, is no name at all. */
static void take_address_for_name(struct gecko_reader *r, struct frame *frame)
{
	struct str name = strings_get(&r->profile->strings, r->profile->frames.functions[frame->function].name);
	uint64_t told;

	if (!str_starts(name, STR("0x")) || str_parse_u64(str_skip(name, 2), 16, &told) < 0)
		return;
	if (frame->module && told == frame->address) {
		frame->function = 0;
	} else if (!frame->module) {
		frame->function = frames_add_function(&r->profile->frames, &(struct function){
			.name = strings_add(&r->profile->strings, STR("[unknown]")) });
		frame->address = 0;
		frame->kind = FRAME_UNKNOWN;
	}
}

/* Categories of code that is not the language's, in Firefox and in samply; whose code the module tells. */
static enum frame_kind kind_of(const struct gecko_reader *r, uint32_t category, uint32_t module)
{
	enum frame_kind kind = category == GECKO_NONE ? FRAME_NATIVE : (enum frame_kind)r->kinds.v[category];
	struct str path = strings_get(&r->profile->strings, r->profile->frames.modules[module].path);

	return kind == FRAME_NATIVE && !r->ours ? module_kind(path) : kind;
}

static int read_frames(struct gecko_reader *r, struct gecko_tables *t)
{
	static const char *const names[] = { "func", "line", "column", "address", "category", "inlineDepth",
					     "lib" };
	struct gecko_column c[7];
	int rc = gecko_read_columns(r, t->frames_text, names, c, 7);

	for (uint32_t i = 0; rc == 0 && i < c[0].n; i++) {
		uint32_t func = gecko_cell(&c[0], i, t->functions.n), category = gecko_cell(&c[4], i, r->kinds.n);
		uint32_t lib = gecko_cell(&c[6], i, r->libs.n);	/* since version 70; before, the function's resource's */
		struct frame frame = { .kind = FRAME_NATIVE, .line = gecko_cell_or_zero(&c[1], i) };
		double address = i < c[3].n ? c[3].v[i] : -1;

		if (func == GECKO_NONE) {
			rc = gecko_bad(r, t->frames_text, "a frame is of no function of the file");
			break;
		}
		frame.function = t->functions.v[func];
		frame.module = lib == GECKO_NONE ? t->modules.v[func] : r->libs.v[lib];
		frame.column = (uint16_t)gecko_cell_or_zero(&c[2], i);
		frame.inlined = gecko_cell_or_zero(&c[5], i) > 0;
		if (address > 0 && address < 0x1p53)
			frame.address = (uint64_t)address;
		frame.kind = (uint8_t)kind_of(r, category, frame.module);
		if (!r->ours)
			take_address_for_name(r, &frame);
		rc = gecko_append(&t->frames, frames_add(&r->profile->frames, &frame));
	}
	gecko_free_columns(c, 7);
	return rc;
}

/* The caller's stack; GECKO_NONE: there is none, or (*ret_wrong) none that stands before. Since version 66 it is told by how
 * far before it stands, 0: none. */
static uint32_t prefix_of(const struct gecko_column *prefix, const struct gecko_column *offset, uint32_t i, bool *ret_wrong)
{
	const struct gecko_column *column = offset->n ? offset : prefix;
	uint32_t v = gecko_cell(column, i, UINT32_MAX);

	*ret_wrong = v == GECKO_NONE ? column == offset || (i < column->n && !isnan(column->v[i])) : false;
	if (v == GECKO_NONE || (column == offset && v == 0))
		return GECKO_NONE;
	*ret_wrong = column == offset ? v > i : v >= i;
	return *ret_wrong ? GECKO_NONE : column == offset ? i - v : v;
}

static int read_stacks(struct gecko_reader *r, struct gecko_tables *t)
{
	static const char *const names[] = { "prefix", "frame", "prefixOffset" };
	struct gecko_column c[3];
	int rc = gecko_read_columns(r, t->stacks_text, names, c, 3);

	if (rc == 0 && c[1].n && !c[0].n && !c[2].n)
		rc = gecko_bad(r, t->stacks_text, "stacks without the column of their callers");

	for (uint32_t i = 0; rc == 0 && i < c[1].n; i++) {
		bool wrong;
		uint32_t frame = gecko_cell(&c[1], i, t->frames.n), prefix = prefix_of(&c[0], &c[2], i, &wrong);

		if (frame == GECKO_NONE)
			rc = gecko_bad(r, t->stacks_text, "a stack has a frame that is not there");
		else if (wrong)
			rc = gecko_bad(r, t->stacks_text, "a stack stands before that of its caller");
		else
			rc = gecko_append(&t->stacks, stacktree_push(&r->profile->tree,
							       prefix == GECKO_NONE ? 0 : t->stacks.v[prefix],
							       t->frames.v[frame]));
	}
	gecko_free_columns(c, 3);
	return rc;
}

int gecko_read_tables(struct gecko_reader *r, struct gecko_tables *t)
{
	int rc = read_strings(r, t);

	if (rc == 0)
		rc = read_functions(r, t);
	if (rc == 0)
		rc = read_frames(r, t);
	return rc < 0 ? rc : read_stacks(r, t);
}

void gecko_tables_fini(struct gecko_tables *t)
{
	free(t->strings.v);
	free(t->functions.v);
	free(t->modules.v);
	free(t->frames.v);
	free(t->stacks.v);
}
