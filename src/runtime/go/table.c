/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/go/table.h"

#include "base/bisect.h"
#include "base/cursor.h"

/* Per-pc data of a record (runtime.funcdata and pcdata, internal/abi/symtab.go). */
#define PCDATA_INLINE_INDEX 2u
#define FUNCDATA_INLINE_TREE 3u

/* An entry of an inline tree. */
#define INLINE_BYTES_118 20u
#define INLINE_BYTES_120 16u

#define NO_FUNCDATA UINT32_MAX

static uint32_t functab_word(const struct go_table *table, uint64_t index)
{
	struct cursor c = cursor_over(table->records);

	cursor_skip(&c, index * 4);
	return cursor_u32(&c);
}

static struct str string_at(struct str bytes, uint64_t offset)
{
	struct cursor c = cursor_over(bytes);

	cursor_skip(&c, offset);
	return cursor_cstr(&c);
}

/* Behind the fixed part: pcdata[n_pcdata], funcdata[n_funcdata], each a u32. */
static void read_tails(struct go_function *function, struct cursor *c, uint32_t n_pcdata,
		       uint32_t n_funcdata)
{
	struct cursor data = *c;

	if (n_pcdata > PCDATA_INLINE_INDEX) {
		cursor_skip(&data, 4 * PCDATA_INLINE_INDEX);
		function->inline_values = cursor_u32(&data);
	}
	cursor_skip(c, 4 * (uint64_t)n_pcdata);
	if (n_funcdata > FUNCDATA_INLINE_TREE) {
		cursor_skip(c, 4 * FUNCDATA_INLINE_TREE);
		function->inlines = cursor_u32(c);
	}
	if (c->failed || data.failed || !function->inline_values)
		function->inlines = NO_FUNCDATA;
}

bool go_table_function(const struct go_table *table, uint32_t i, struct go_function *ret_function)
{
	struct go_function function = { .inlines = NO_FUNCDATA };
	struct cursor c = cursor_over(table->records);
	uint32_t n_pcdata, n_funcdata, name;

	if (i >= table->n_functions)
		return false;
	function.start = table->text + functab_word(table, 2 * (uint64_t)i);
	function.end = table->text + functab_word(table, 2 * (uint64_t)i + 2);
	cursor_skip(&c, functab_word(table, 2 * (uint64_t)i + 1));
	if (table->text + cursor_u32(&c) != function.start || function.end < function.start)
		return false;
	name = cursor_u32(&c);
	cursor_skip(&c, 8);		/* args, deferreturn */
	function.sp_values = cursor_u32(&c);
	function.file_values = cursor_u32(&c);
	function.line_values = cursor_u32(&c);
	n_pcdata = cursor_u32(&c);
	function.unit = cursor_u32(&c);
	if (table->layout >= GO_LAYOUT_120)
		function.start_line = cursor_u32(&c);
	function.id = cursor_u8(&c);
	function.flags = cursor_u8(&c);
	cursor_skip(&c, 1);
	n_funcdata = cursor_u8(&c);
	if (c.failed)
		return false;
	read_tails(&function, &c, n_pcdata, n_funcdata);
	function.name = string_at(table->names, name);
	*ret_function = function;
	return true;
}

bool go_table_find(const struct go_table *table, uint64_t vaddr, struct go_function *ret_function)
{
	uint32_t before;

	if (vaddr < table->text || vaddr >= table->text_end)
		return false;
	before = BISECT(table->n_functions, i, table->text + functab_word(table, 2 * (uint64_t)i) <= vaddr);
	return before && go_table_function(table, before - 1, ret_function) && vaddr >= ret_function->start &&
	       vaddr < ret_function->end;
}

/* ---- Tables of values by pc. ---- */

struct go_steps go_steps_over(const struct go_table *table, uint32_t offset, uint64_t start)
{
	struct go_steps steps = { .pc = start, .value = -1 };

	if (offset)
		steps.bytes = str_skip(table->values, offset);
	return steps;
}

bool go_steps_next(struct go_steps *steps, struct go_step *ret_step)
{
	struct cursor c = cursor_over(str_skip(steps->bytes, steps->at));
	bool first = steps->at == 0;
	uint64_t start = steps->pc;
	uint32_t difference = (uint32_t)cursor_uleb(&c);
	uint32_t size = (uint32_t)cursor_uleb(&c);

	/* differences are zig-zag; a 0 ends the table, but the first may be one; no step is empty */
	if (c.failed || (!difference && !first) || !size) {
		steps->bytes.n = 0;
		return false;
	}
	steps->at += cursor_pos(&c);
	steps->value = (int32_t)((uint32_t)steps->value +
				 (difference >> 1 ^ (0u - (difference & 1))));
	steps->pc += size;
	*ret_step = (struct go_step){ start, steps->pc, steps->value };
	return true;
}

static int32_t value_at(const struct go_table *table, uint32_t offset, uint64_t start,
			uint64_t vaddr)
{
	struct go_steps steps = go_steps_over(table, offset, start);
	struct go_step step;

	while (go_steps_next(&steps, &step))
		if (vaddr < step.end)
			return vaddr >= step.start ? step.value : -1;
	return -1;
}

/* ---- Names and lines. ---- */

static struct str file_at(const struct go_table *table, const struct go_function *function,
			  uint64_t vaddr)
{
	int32_t number = value_at(table, function->file_values, function->start, vaddr);
	struct cursor c = cursor_over(table->units);
	uint32_t offset;

	if (number < 0)
		return (struct str){ 0 };
	cursor_skip(&c, 4 * ((uint64_t)function->unit + (uint32_t)number));
	offset = cursor_u32(&c);
	if (c.failed || offset == UINT32_MAX)
		return (struct str){ 0 };
	return string_at(table->files, offset);
}

static void place_frame(const struct go_table *table, const struct go_function *function,
			uint64_t vaddr, struct go_frame *frame)
{
	int32_t line = value_at(table, function->line_values, function->start, vaddr);

	frame->file = file_at(table, function, vaddr);
	frame->line = line > 0 ? (uint32_t)line : 0;
}

/* The inlined call that holds vaddr, when one does: fills the frame's name, and where in the function
 * the call itself stands. */
static bool read_inlined(const struct go_table *table, const struct go_function *function,
			 uint64_t vaddr, struct go_frame *frame, uint64_t *ret_caller)
{
	bool old = table->layout == GO_LAYOUT_118;
	uint64_t size = old ? INLINE_BYTES_118 : INLINE_BYTES_120;
	struct cursor c = cursor_over(table->inlines);
	uint32_t name, parent;
	int32_t index;

	if (function->inlines == NO_FUNCDATA)
		return false;
	index = value_at(table, function->inline_values, function->start, vaddr);
	if (index < 0)
		return false;
	cursor_skip(&c, function->inlines + (uint64_t)index * size);
	cursor_skip(&c, old ? 12 : 4);
	name = cursor_u32(&c);
	parent = cursor_u32(&c);
	if (!old)
		frame->start_line = cursor_u32(&c);
	if (c.failed || parent >= function->end - function->start)
		return false;
	frame->name = string_at(table->names, name);
	frame->inlined = true;
	*ret_caller = function->start + parent;
	return frame->name.n > 0;
}

uint32_t go_table_frames(const struct go_table *table, uint64_t vaddr,
			 struct go_frame frames[GO_FRAMES_MAX])
{
	struct go_function function;
	uint32_t n = 0;

	if (!go_table_find(table, vaddr, &function) || !function.line_values || !function.name.n)
		return 0;
	for (; n < GO_FRAMES_MAX - 1; n++) {
		struct go_frame frame = { 0 };
		uint64_t caller;

		if (!read_inlined(table, &function, vaddr, &frame, &caller))
			break;
		place_frame(table, &function, vaddr, &frame);
		frames[n] = frame;
		vaddr = caller;
	}
	frames[n] = (struct go_frame){ .name = function.name, .start_line = function.start_line };
	place_frame(table, &function, vaddr, &frames[n]);
	return n + 1;
}
