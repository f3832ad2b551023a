/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: V8's src/logging/log.cc (CodeEventLogger, PerfBasicLogger, ComputeMarker), and what Node 16 to 25 and Deno 2 wrote. */
#include "model/v8name.h"

#include <stdio.h>

/* Where a loop was entered in optimised code, V8 14 writes "o*". */
static enum frame_kind kind_of(struct str state)
{
	if (str_starts(state, STR("o")))
		state = str_skip(state, 1);
	switch (state.n ? state.p[0] : 0) {
	case '~':
		return FRAME_INTERPRETED;
	case '^':
		return FRAME_SPARKPLUG;
	case '+':
		return FRAME_MAGLEV;
	case '*':
		return FRAME_TURBOFAN;
	default:
		return FRAME_JIT;
	}
}

/* Takes ":12" off the end. */
static bool cut_number(struct str *text, uint32_t *ret_number)
{
	ptrdiff_t colon = str_rfind(*text, ':');
	uint64_t number;

	if (colon <= 0 || str_parse_u64(str_skip(*text, (size_t)colon + 1), 10, &number) < 0)
		return false;
	*text = str_head(*text, (size_t)colon);
	*ret_number = number > INT32_MAX ? 0 : (uint32_t)number;
	return true;
}

/* The place is cut off where there is one: false. */
static bool cut_place(struct str *text, uint32_t *ret_line, uint32_t *ret_column, bool line_alone)
{
	struct str rest = *text;
	uint32_t number;

	if (!cut_number(&rest, ret_column))
		return false;
	if (!cut_number(&rest, &number)) {
		if (!line_alone)
			return false;
		number = *ret_column;
		*ret_column = 0;
	}
	*ret_line = number;
	*text = rest;
	return true;
}

/* "hot /app.js:1:13", " node:fs:12:5" (no name), "run" (no place). File names may have blanks too, of functions' names only
 * those of accessors. */
static struct v8_name split(struct str text, bool line_alone)
{
	struct v8_name found = { .name = text, .kind = FRAME_JIT };
	struct str rest = text;
	bool accessor = str_starts(text, STR("get ")) || str_starts(text, STR("set "));
	ptrdiff_t blank = str_find(str_skip(text, accessor ? 4 : 0), ' ');
	uint32_t line = 0, column = 0;

	blank += accessor && blank >= 0 ? 4 : 0;
	if (cut_place(&rest, &line, &column, line_alone)) {
		if (blank < 0 || (size_t)blank >= rest.n)
			return found;
		found.name = str_head(text, (size_t)blank);
		found.file = str_skip(rest, (size_t)blank + 1);
		found.line = line;
		found.column = column;
		if (str_starts(found.file, STR("file://")))
			found.file = str_skip(found.file, sizeof("file://") - 1);
	} else if (str_ends(text, STR(" "))) {
		found.name = str_head(text, text.n - 1);
	}
	return found;
}

struct v8_name v8_name_of_log(struct str text, struct str state)
{
	struct v8_name name = split(text, false);

	name.kind = kind_of(state);
	return name;
}

/* "fib-1-turbofan": WebAssembly, with its number and its compiler. */
static bool of_wasm(struct str text, struct v8_name *ret_name)
{
	static const struct {
		struct str end;
		enum frame_kind kind;
	} compilers[] = { { STR("-turbofan"), FRAME_TURBOFAN }, { STR("-liftoff"), FRAME_JIT } };

	for (size_t i = 0; i < sizeof(compilers) / sizeof(compilers[0]); i++) {
		struct str rest = text;
		ptrdiff_t dash;
		uint64_t number;

		if (!str_ends(text, compilers[i].end))
			continue;
		rest.n -= compilers[i].end.n;
		dash = str_rfind(rest, '-');
		if (dash <= 0 || str_parse_u64(str_skip(rest, (size_t)dash + 1), 10, &number) < 0)
			continue;
		*ret_name = (struct v8_name){ .name = str_head(rest, (size_t)dash), .kind = compilers[i].kind };
		return true;
	}
	return false;
}

static bool of_pattern(struct str text, struct v8_name *ret_name)
{
	static const struct str head = STR("RegExp.> src: '"), head_since_26 = STR("RegExp.< src: '"), old_head = STR("RegExp:");
	struct v8_name name = { .kind = FRAME_JIT, .is_pattern = true };
	ptrdiff_t end;

	if (str_starts(text, old_head)) {
		name.name = str_skip(text, old_head.n);
	} else if ((str_starts(text, head) || str_starts(text, head_since_26)) && str_ends(text, STR("'"))) {
		static const struct str flags = STR("' flags: '");
		struct str rest = str_head(text, text.n - 1);	/* (which are letters) */

		end = str_rfind(rest, '\'') + 1;
		rest = str_head(rest, (size_t)end);
		if (!str_ends(rest, flags) || rest.n < head.n + flags.n)
			return false;
		name.name = str_skip(str_head(rest, rest.n - flags.n), head.n);
	}
	if (!name.name.n)
		return false;
	*ret_name = name;
	return true;
}

bool v8_name_of_map(struct str text, struct v8_name *ret_name)
{
	static const struct str types[] = { { "JS:", 3 }, { "LazyCompile:", 12 }, { "Function:", 9 }, { "Script:", 7 }, { "Eval:", 5 } };
	struct str rest = { 0 };
	enum frame_kind kind;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && !rest.n; i++)
		if (str_starts(text, types[i]))
			rest = str_skip(text, types[i].n);
	if (!rest.n)
		return of_pattern(text, ret_name);
	kind = kind_of(rest);
	if (kind == FRAME_JIT)
		return of_wasm(rest, ret_name);
	rest = str_skip(rest, str_starts(rest, STR("o")) ? 2 : 1);
	if (str_starts(rest, STR("'")))		/* of one closure alone */
		rest = str_skip(rest, 1);
	*ret_name = split(rest, true);
	ret_name->kind = kind;
	return true;
}

struct str v8_name_shown(const struct v8_name *name, char text[V8_NAME_MAX_BYTES])
{
	struct str base = str_head(str_basename(name->file), 500);
	int n;

	if (name->is_pattern) {
		n = snprintf(text, V8_NAME_MAX_BYTES, "RegExp: %.*s", STR_ARG(str_head(name->name, 500)));
		return str_over(text, n > 0 ? (size_t)n : 0);
	}
	if (name->name.n)
		return name->name;
	if (!name->line)
		return STR("(anonymous)");
	n = name->column ? snprintf(text, V8_NAME_MAX_BYTES, "(anonymous %.*s:%u:%u)", STR_ARG(base), name->line, name->column) :
			   snprintf(text, V8_NAME_MAX_BYTES, "(anonymous %.*s:%u)", STR_ARG(base), name->line);
	return str_over(text, n > 0 ? (size_t)n : 0);
}
