/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/v8/scripts.h"

#include <stdlib.h>

#include "base/bisect.h"
#include "base/vec.h"
#include "runtime/v8/strings.h"

#define NAME_MAX_CHARACTERS 4096u

void v8_scripts_fini(struct v8_scripts *scripts)
{
	for (uint32_t i = 0; i < scripts->n; i++)
		free(scripts->items[i].starts);
	free(scripts->items);
	idindex_fini(&scripts->index);
	idindex_fini(&scripts->whole);
	arena_fini(&scripts->arena);
	*scripts = (struct v8_scripts){ 0 };
}

struct lines {
	uint32_t *starts;
	uint32_t n, cap, at;
	uint32_t before;	/* the character before */
};

static bool begin_line(struct lines *lines)
{
	if (lines->n >= V8_LINES_MAX ||
	    VEC_RESERVE(&lines->starts, &lines->cap, (uint64_t)lines->n + 1) < 0)
		return false;
	lines->starts[lines->n++] = lines->at;
	return true;
}

/* A line ends at \n, \r, \r\n, U+2028 and U+2029 (ECMA-262, line terminators). */
static bool see_characters(void *seer, const void *characters, uint32_t n, unsigned width)
{
	struct lines *lines = seer;
	const uint8_t *narrow = characters;
	const uint16_t *wide = characters;

	for (uint32_t i = 0; i < n; i++, lines->at++) {
		uint32_t c = width == 1 ? narrow[i] : wide[i];
		bool ended = lines->before == '\n' || lines->before == 0x2028 ||
			     lines->before == 0x2029 || (lines->before == '\r' && c != '\n');

		lines->before = c;
		if (ended && !begin_line(lines))
			return false;
	}
	return true;
}

/* Whether the script is there, and has that text. */
static bool has_source(const struct v8_memory *memory, const struct v8_script *script)
{
	uint64_t source;
	int32_t id;

	return v8_type(memory, script->address) == memory->objects->type_script &&
	       v8_smi(memory, script->address, memory->objects->script_id, &id) && id == script->id &&
	       v8_pointer(memory, script->address, memory->objects->script_source, &source) &&
	       source == script->source;
}

/* Nothing when V8 has moved either meanwhile. */
static void read_lines(struct v8_script *script, const struct v8_memory *memory)
{
	struct lines lines = { 0 };
	bool ok = has_source(memory, script) && begin_line(&lines) &&
		  v8_string_scan(memory, script->source, 0, UINT32_MAX, see_characters, &lines) &&
		  has_source(memory, script);

	if (!ok) {
		free(lines.starts);
		return;
	}
	script->starts = lines.starts;
	script->n_starts = lines.n;
	script->n_characters = lines.at;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The path of "file:///srv/my%20app.mjs"; anything else as it is. */
static struct str path_of(struct str name, struct arena *arena)
{
	const struct str head = STR("file://");
	struct str url = str_skip(name, head.n);
	size_t n = 0;
	char *p;

	if (!str_starts(name, head) || !str_starts(url, STR("/")) || !(p = arena_alloc(arena, url.n)))
		return name;
	for (size_t i = 0; i < url.n; i++) {
		int high = -1, low = -1;

		if (url.p[i] == '%' && url.n - i > 2) {
			high = hex_digit(url.p[i + 1]);
			low = hex_digit(url.p[i + 2]);
		}
		if (high < 0 || low < 0 || !(high | low)) {
			p[n++] = url.p[i];
			continue;
		}
		p[n++] = (char)(high << 4 | low);
		i += 2;
	}
	return str_over(p, n);
}

enum named { NAMED, NAMELESS, MOVED };

/* MOVED: there is a string, or was a moment ago. */
static enum named script_name(const struct v8_memory *memory, uint64_t script, struct arena *arena,
			      struct str *ret_name)
{
	const uint16_t offs[] = { memory->objects->script_url, memory->objects->script_name };
	enum named named = NAMELESS;
	uint64_t name;

	for (int i = 0; i < 2; i++) {
		unsigned type;

		if (!v8_pointer(memory, script, offs[i], &name))
			continue;
		if (!v8_string(memory, name, NAME_MAX_CHARACTERS, arena, ret_name)) {
			type = v8_type(memory, name);
			if (type == 0xffff || type < memory->objects->first_nonstring)
				named = MOVED;
		} else if (ret_name->n) {
			*ret_name = path_of(*ret_name, arena);
			return NAMED;
		}
	}
	return named;
}

/* Code that eval() made mostly has no name of its own: it is named by who called eval(). *ret_nameless: it may have, but what
 * should tell is being moved. */
static struct str eval_name(const struct v8_memory *memory, uint64_t script, struct arena *arena, bool *ret_nameless)
{
	const struct v8_objects *o = memory->objects;
	uint64_t shared, from;
	enum named named;
	struct str file;
	char *p;

	*ret_nameless = true;
	if (!v8_pointer(memory, script, o->script_eval_shared, &shared) ||
	    v8_type(memory, shared) != o->type_shared ||
	    !v8_pointer(memory, shared, o->shared_script, &from) ||
	    v8_type(memory, from) != o->type_script)
		return STR("[eval]");
	named = script_name(memory, from, arena, &file);
	*ret_nameless = named == MOVED;
	if (named != NAMED)
		return STR("[eval]");
	p = arena_alloc(arena, file.n + 10);
	if (!p)
		return STR("[eval]");
	memcpy(p, "[eval in ", 9);
	memcpy(p + 9, file.p, file.n);
	p[9 + file.n] = ']';
	return str_over(p, file.n + 10);
}

static const struct v8_memory *now_of(const struct v8_memory *memory)
{
	return memory->now ? memory->now : memory;
}

static bool read_script(struct v8_script *script, const struct v8_memory *memory, struct arena *arena)
{
	const struct v8_objects *o = memory->objects;
	enum named named;

	if (v8_type(memory, script->address) != o->type_script)
		return false;
	(void)v8_smi(memory, script->address, o->script_line, &script->line_offset);
	(void)v8_smi(memory, script->address, o->script_column, &script->column_offset);
	named = script_name(memory, script->address, arena, &script->name);
	if (named == MOVED)
		return false;
	if (named == NAMELESS)
		script->name = eval_name(memory, script->address, arena, &script->nameless);
	if (script->source)
		read_lines(script, now_of(memory));
	return true;
}

static bool same(const struct v8_script *a, const struct v8_script *b)
{
	return a->address == b->address && a->source == b->source && a->owner.process == b->owner.process &&
	       a->owner.thread == b->owner.thread && a->id == b->id;
}

static uint64_t owner_hash(struct v8_owner owner, int32_t id)
{
	return hash_u64((uint64_t)owner.process << 32 | owner.thread, (uint32_t)id);
}

/* The whole one of that thread and number, and of that name if it has one; 0: there is none. */
static uint32_t find_whole(const struct v8_scripts *scripts, const struct v8_script *script)
{
	uint32_t step = 0, id;

	if (!script->owner.thread)
		return 0;
	while ((id = idindex_probe(&scripts->whole, owner_hash(script->owner, script->id), &step))) {
		const struct v8_script *other = &scripts->items[id];

		if (other->owner.process == script->owner.process && other->owner.thread == script->owner.thread &&
		    other->id == script->id && (script->nameless || str_eq(script->name, other->name)))
			return id;
	}
	return 0;
}

/* One that has just been read, if it is whole. */
static void keep_whole(struct v8_scripts *scripts, uint32_t id)
{
	const struct v8_script *script = &scripts->items[id];

	if (script->owner.thread && script->starts && !script->nameless && !find_whole(scripts, script))
		(void)idindex_add(&scripts->whole, owner_hash(script->owner, script->id), id);
}

uint32_t v8_scripts_whole(const struct v8_scripts *scripts, uint32_t id)
{
	const struct v8_script *script = &scripts->items[id];
	uint32_t whole = script->starts && !script->nameless ? id : find_whole(scripts, script);

	return whole ? whole : id;
}

uint32_t v8_scripts_read(struct v8_scripts *scripts, const struct v8_memory *memory,
			 struct v8_owner owner, uint64_t address)
{
	const struct v8_objects *o = memory->objects;
	struct v8_script script = { .address = address, .owner = owner };
	uint32_t step = 0, id;
	uint64_t hash;

	if (!v8_smi(memory, address, o->script_id, &script.id))
		return 0;
	/* its text, which is young when it begins to run, is soon moved: as it is now */
	if (!v8_pointer(now_of(memory), address, o->script_source, &script.source) ||
	    !has_source(now_of(memory), &script))
		(void)v8_pointer(memory, address, o->script_source, &script.source);
	hash = hash_u64(hash_u64(address, script.source), owner_hash(owner, script.id));
	while ((id = idindex_probe(&scripts->index, hash, &step))) {
		if (!same(&scripts->items[id], &script))
			continue;
		if (!scripts->items[id].starts && script.source) {	/* it was being moved */
			read_lines(&scripts->items[id], now_of(memory));
			keep_whole(scripts, id);
		}
		return id;
	}
	if (!scripts->n && VEC_RESERVE(&scripts->items, &scripts->cap, 1) == 0)
		scripts->n = 1;
	if (!read_script(&script, memory, &scripts->arena) || !scripts->n ||
	    VEC_RESERVE(&scripts->items, &scripts->cap, (uint64_t)scripts->n + 1) < 0 ||
	    idindex_add(&scripts->index, hash, scripts->n) < 0) {
		free(script.starts);
		return 0;
	}
	scripts->items[scripts->n] = script;
	keep_whole(scripts, scripts->n);
	return scripts->n++;
}

void v8_script_place(const struct v8_script *script, int32_t position, uint32_t *ret_line,
		     uint32_t *ret_column)
{
	int64_t line, column;
	uint32_t row;

	*ret_line = *ret_column = 0;
	if (position < 0 || !script->n_starts || (uint32_t)position > script->n_characters)
		return;
	/* (the first line starts at 0) */
	row = BISECT(script->n_starts, i, script->starts[i] <= (uint32_t)position) - 1;
	line = (int64_t)row + 1 + script->line_offset;
	column = (int64_t)position - script->starts[row] + 1 + (row ? 0 : script->column_offset);
	if (line > 0 && line <= INT32_MAX)
		*ret_line = (uint32_t)line;
	if (column > 0 && column <= INT32_MAX)
		*ret_column = (uint32_t)column;
}
