/* SPDX-License-Identifier: Apache-2.0 */
#include "format/v8log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/vec.h"
#include "format/batch.h"
#include "format/input.h"
#include "format/module_kind.h"
#include "format/v8codes.h"
#include "model/profile.h"
#include "model/v8name.h"

#define DEPTH_MAX 65536u
#define LIBRARIES_MAX 4096u
#define CODE_BYTES_MAX (256u << 20)
#define NAME_BYTES_MAX ((size_t)64 << 10)

/* V8's StateTag. */
static const char *const states[] = { "js", "gc", "parser", "bytecode compiler", "compiler", "other",
				      "external", "idle" };
enum { STATE_GC = 1, N_STATES = sizeof(states) / sizeof(states[0]) };

struct library {
	uint64_t start, end;
	uint32_t module;
	uint8_t kind;
};

struct reader {
	struct profile *profile;
	const struct input *input;
	uint64_t line;
	struct v8codes codes;
	struct library *libraries;
	uint32_t n_libraries, cap_libraries;
	uint32_t sets[N_STATES];	/* label sets; 0: not made yet */
	uint32_t collector;		/* the frame of the garbage collector */
	struct batch batch;
	struct buf name;
	uint64_t n_odd, first_odd;	/* lines that could not be read */
};

static void odd(struct reader *r)
{
	if (!r->n_odd++)
		r->first_odd = r->line;
}

static bool parse_hex(struct str text, uint64_t *ret)
{
	return str_starts(text, STR("0x")) && str_parse_u64(str_skip(text, 2), 16, ret) == 0;
}

static bool parse_number(struct str text, uint64_t *ret)
{
	return str_starts(text, STR("0x")) ? parse_hex(text, ret) : str_parse_u64(text, 10, ret) == 0;
}

/* "\x2C", "\n" and "\\" undone, into .name. */
static struct str unescape(struct reader *r, struct str text)
{
	text = str_head(text, NAME_BYTES_MAX);
	buf_clear(&r->name);
	for (size_t i = 0; i < text.n; i++) {
		struct str rest = str_skip(text, i + 1);
		uint64_t byte;

		if (text.p[i] != '\\' || !rest.n) {
			buf_add_u8(&r->name, (uint8_t)text.p[i]);
		} else if (rest.p[0] == 'x' && rest.n > 2 && str_parse_u64((struct str){ rest.p + 1, 2 }, 16, &byte) == 0) {
			buf_add_u8(&r->name, (uint8_t)byte);
			i += 3;
		} else {
			buf_add_u8(&r->name, rest.p[0] == 'n' ? '\n' : (uint8_t)rest.p[0]);
			i++;
		}
	}
	return buf_str(&r->name);
}

static uint32_t add_frame(struct reader *r, struct function *function, struct str name, enum frame_kind kind)
{
	struct frames *frames = &r->profile->frames;

	function->name = strings_add(&r->profile->strings, name);
	return frames_add(frames, &(struct frame){ .function = frames_add_function(frames, function),
						   .kind = (uint8_t)kind });
}

static uint32_t add_function(struct reader *r, struct str text, struct str state)
{
	struct v8_name name = v8_name_of_log(text, state);
	struct function function = { .start_line = name.line, .file = strings_add(&r->profile->strings, name.file) };
	char made[V8_NAME_MAX_BYTES];

	return add_frame(r, &function, v8_name_shown(&name, made), name.kind);
}

/* Whether the log has a state behind it: JavaScript, whatever its version calls it. */
static bool is_function(struct str type)
{
	static const struct str types[] = { { "JS", 2 }, { "LazyCompile", 11 }, { "Function", 8 }, { "Script", 6 },
					    { "Eval", 4 } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_eq(type, types[i]))
			return true;
	return false;
}

/* Type, kind, time, start, bytes, name, and of functions address and state */
static void read_creation(struct reader *r, struct str rest)
{
	struct str type = str_cut(&rest, ','), name, state;
	struct function function = { 0 };
	uint64_t start, bytes;
	char made[600];
	uint32_t frame;

	str_cut(&rest, ',');
	str_cut(&rest, ',');
	if (!parse_hex(str_cut(&rest, ','), &start) || str_parse_u64(str_cut(&rest, ','), 10, &bytes) < 0 ||
	    bytes > CODE_BYTES_MAX) {
		odd(r);
		return;
	}
	name = unescape(r, str_cut(&rest, ','));
	str_cut(&rest, ',');
	state = rest;
	if (is_function(type)) {
		frame = add_function(r, name, state);
	} else if (str_eq(type, STR("RegExp"))) {
		snprintf(made, sizeof(made), "RegExp: %.*s", (int)str_head(name, 500).n, name.p ? name.p : "");
		frame = add_frame(r, &function, str_of(made), FRAME_JIT);
	} else {
		frame = add_frame(r, &function, name.n ? name : type, FRAME_RUNTIME);
	}
	v8codes_add(&r->codes, start, (uint32_t)bytes, frame);
}

static void read_move(struct reader *r, struct str rest)
{
	uint64_t from, to;

	if (parse_hex(str_cut(&rest, ','), &from) && parse_hex(str_cut(&rest, ','), &to))
		v8codes_move(&r->codes, from, to);
	else
		odd(r);
}

static void read_delete(struct reader *r, struct str rest)
{
	uint64_t start;

	if (parse_hex(str_cut(&rest, ','), &start))
		v8codes_remove(&r->codes, start);
	else
		odd(r);
}

/* The start is where the file's first byte is, or would be. */
static int read_library(struct reader *r, struct str rest)
{
	struct module module = { 0 };
	struct str path = unescape(r, str_cut(&rest, ','));

	if (!parse_hex(str_cut(&rest, ','), &module.start) || !parse_hex(str_cut(&rest, ','), &module.limit) ||
	    module.limit <= module.start || r->n_libraries == LIBRARIES_MAX) {
		odd(r);
		return 0;
	}
	module.path = strings_add(&r->profile->strings, path);
	if (VEC_RESERVE(&r->libraries, &r->cap_libraries, (uint64_t)r->n_libraries + 1) < 0)
		return -ENOMEM;
	r->libraries[r->n_libraries++] = (struct library){
		module.start, module.limit, frames_add_module(&r->profile->frames, &module), (uint8_t)module_kind(path) };
	return 0;
}

static uint32_t frame_of(struct reader *r, uint64_t address)
{
	uint32_t frame = v8codes_find(&r->codes, address);
	struct function function = { 0 };

	for (uint32_t i = 0; !frame && i < r->n_libraries; i++) {
		const struct library *library = &r->libraries[i];

		if (address >= library->start && address < library->end)
			frame = frames_add(&r->profile->frames, &(struct frame){
				.module = library->module, .kind = library->kind, .address = address });
	}
	return frame ? frame : add_frame(r, &function, STR("[unknown]"), FRAME_UNKNOWN);
}

static uint32_t label_set(struct reader *r, uint64_t state)
{
	struct strings *strings = &r->profile->strings;
	struct label label = { .key = strings_add(strings, STR("state")) };

	if (state >= N_STATES)
		return 0;
	if (!r->sets[state]) {
		label.str = strings_add(strings, str_of(states[state]));
		r->sets[state] = labels_add(&r->profile->labels, &label, 1);
	}
	return r->sets[state];
}

/* Callers are addresses, or differ from the one before by "+0x10"; "overflow" where there are more. */
static int read_stack(struct reader *r, struct str rest, uint64_t pc, uint32_t *frames, uint32_t *ret_n)
{
	uint64_t last = pc, value;
	uint32_t n = *ret_n;

	while (rest.n && n < DEPTH_MAX) {
		struct str word = str_cut(&rest, ',');
		bool up = str_starts(word, STR("+")), down = str_starts(word, STR("-"));

		if (str_eq(word, STR("overflow")))
			break;
		if (!parse_hex(str_skip(word, up || down), &value))
			return -EBADMSG;
		last = up ? last + value : down ? last - value : value;
		frames[n++] = frame_of(r, last);
	}
	*ret_n = n;
	return 0;
}

static int add_tick(struct reader *r, struct str rest, uint32_t *frames)
{
	struct str words[5];
	uint64_t pc, time_us, external, top, state;
	int64_t one = 1;
	uint32_t n = 0, *to;

	for (int i = 0; i < 5; i++)
		words[i] = str_cut(&rest, ',');
	if (!parse_hex(words[0], &pc) || str_parse_u64(words[1], 10, &time_us) < 0 ||
	    str_parse_u64(words[2], 10, &external) < 0 || !parse_hex(words[3], &top) ||
	    !parse_number(words[4], &state) || time_us > UINT64_MAX / 1000) {
		odd(r);
		return 0;
	}
	if (external)	/* a function of C++ that was called: better than where in it it stood */
		pc = top;
	frames[n++] = frame_of(r, pc);
	if (state == STATE_GC)
		frames[n++] = r->collector;
	if (read_stack(r, rest, pc, frames, &n) < 0) {
		odd(r);
		return 0;
	}
	to = batch_words(&r->batch, n);
	if (!to)
		return -ENOMEM;
	for (uint32_t i = n; i-- > 0;)
		*to++ = frames[i];
	batch_add(&r->batch, n, label_set(r, state), time_us * 1000, &one);
	return 0;
}

static int read_lines(struct reader *r, struct str rest, uint32_t *frames)
{
	int rc = 0;

	while (rc == 0 && rest.n) {
		struct str line = str_cut(&rest, '\n'), key;

		r->line++;
		key = str_cut(&line, ',');
		if (str_eq(key, STR("tick")))
			rc = add_tick(r, line, frames);
		else if (str_eq(key, STR("code-creation")))
			read_creation(r, line);
		else if (str_eq(key, STR("code-move")))
			read_move(r, line);
		else if (str_eq(key, STR("code-delete")))
			read_delete(r, line);
		else if (str_eq(key, STR("shared-library")))
			rc = read_library(r, line);
		if (r->codes.failed || r->name.failed)
			rc = -ENOMEM;
	}
	return rc;
}

static void add_notes(struct reader *r)
{
	char text[128];

	if (!r->n_odd)
		return;
	snprintf(text, sizeof(text), "sonde: note %llu lines could not be read, the first is line %llu",
		 (unsigned long long)r->n_odd, (unsigned long long)r->first_odd);
	profile_add_comment(r->profile, str_of(text));
}

int v8log_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile, .input = input,
			    .batch = { .profile = profile, .timed = true } };
	uint32_t *frames = calloc((size_t)DEPTH_MAX + 2, sizeof(*frames));
	struct function collector = { 0 };
	struct str bytes = { 0 };
	int rc = frames ? input_whole(input, &bytes, err) : -ENOMEM;

	profile_add_type(profile, STR("samples"), STR("count"));
	r.collector = add_frame(&r, &collector, STR("(garbage collector)"), FRAME_RUNTIME);
	if (rc == 0)
		rc = read_lines(&r, bytes, frames);
	if (rc == 0)
		rc = batch_flush(&r.batch);
	if (rc == 0)
		add_notes(&r);
	if (rc == 0 && !profile->n)
		rc = err_fail(err, -EBADMSG, "%s holds no ticks: it is V8's log of a run without --prof, or of less than a "
			      "millisecond", input->what);
	free(frames);
	free(r.libraries);
	buf_fini(&r.name);
	v8codes_fini(&r.codes);
	batch_fini(&r.batch);
	return rc;
}

bool v8log_detect(struct str head)
{
	return str_starts(head, STR("v8-version,"));
}
