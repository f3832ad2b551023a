/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: CPython's headers of each version: Include/internal/pycore_runtime.h (pystate.h in 3.7),
 * pycore_interp.h, pycore_frame.h, pycore_debug_offsets.h (in pycore_runtime.h in 3.13), Include/code.h,
 * frameobject.h, genobject.h, pystate.h and unicodeobject.h (the last five under cpython/ in later ones). */
#include "runtime/python/offsets.h"

#include "abi/runtime.h"
#include "base/cursor.h"

#define NONE RUNTIME_NO_FIELD

static const struct python_offsets versions[] = {
	{ .minor = 6, .object_bytes = 16,
	  .runtime_interpreters = NONE, .runtime_key = NONE, .runtime_holder = NONE,
	  .interp_next = 0, .interp_threads = 8, .interp_modules = 16, .interp_gil = NONE,
	  .tstate_next = 8, .tstate_interp = 16, .tstate_frame = 24, .tstate_thread = 152,
	  .tstate_native = NONE, .cframe_frame = NONE,
	  .frame_previous = 24, .frame_code = 32, .frame_instr = 120, .frame_owner = NONE,
	  .frame_coroutine = 112, .frame_tlbc = NONE, .coroutine_frame = NONE,
	  .code_first_line = 36, .code_consts = 48, .code_file = 96, .code_name = 104,
	  .code_qualname = NONE, .code_table = 112, .code_start = NONE, .code_tlbc = NONE,
	  .tuple_items = 24, .string_ascii = 48, .string_compact = 72 },
	{ .minor = 7, .object_bytes = 16,
	  .runtime_interpreters = 24, .runtime_key = 1504, .runtime_holder = 1480,
	  .interp_next = 0, .interp_threads = 8, .interp_modules = 40, .interp_gil = NONE,
	  .tstate_next = 8, .tstate_interp = 16, .tstate_frame = 24, .tstate_thread = 176,
	  .tstate_native = NONE, .cframe_frame = NONE,
	  .frame_previous = 24, .frame_code = 32, .frame_instr = 104, .frame_owner = NONE,
	  .frame_coroutine = 96, .frame_tlbc = NONE, .coroutine_frame = NONE,
	  .code_first_line = 36, .code_consts = 48, .code_file = 96, .code_name = 104,
	  .code_qualname = NONE, .code_table = 112, .code_start = NONE, .code_tlbc = NONE,
	  .tuple_items = 24, .string_ascii = 48, .string_compact = 72 },
	{ .minor = 8, .object_bytes = 16,
	  .runtime_interpreters = 32, .runtime_key = 1392, .runtime_holder = 1368,
	  .interp_next = 0, .interp_threads = 8, .interp_modules = 56, .interp_gil = NONE,
	  .tstate_next = 8, .tstate_interp = 16, .tstate_frame = 24, .tstate_thread = 176,
	  .tstate_native = NONE, .cframe_frame = NONE,
	  .frame_previous = 24, .frame_code = 32, .frame_instr = 104, .frame_owner = NONE,
	  .frame_coroutine = 96, .frame_tlbc = NONE, .coroutine_frame = NONE,
	  .code_first_line = 40, .code_consts = 56, .code_file = 104, .code_name = 112,
	  .code_qualname = NONE, .code_table = 120, .code_start = NONE, .code_tlbc = NONE,
	  .tuple_items = 24, .string_ascii = 48, .string_compact = 72 },
	{ .minor = 9, .object_bytes = 16,
	  .runtime_interpreters = 32, .runtime_key = 584, .runtime_holder = 568,
	  .interp_next = 0, .interp_threads = 8, .interp_modules = 856, .interp_gil = NONE,
	  .tstate_next = 8, .tstate_interp = 16, .tstate_frame = 24, .tstate_thread = 176,
	  .tstate_native = NONE, .cframe_frame = NONE,
	  .frame_previous = 24, .frame_code = 32, .frame_instr = 104, .frame_owner = NONE,
	  .frame_coroutine = 96, .frame_tlbc = NONE, .coroutine_frame = NONE,
	  .code_first_line = 40, .code_consts = 56, .code_file = 104, .code_name = 112,
	  .code_qualname = NONE, .code_table = 120, .code_start = NONE, .code_tlbc = NONE,
	  .tuple_items = 24, .string_ascii = 48, .string_compact = 72 },
	{ .minor = 10, .object_bytes = 16,
	  .runtime_interpreters = 32, .runtime_key = 584, .runtime_holder = 568,
	  .interp_next = 0, .interp_threads = 8, .interp_modules = 856, .interp_gil = NONE,
	  .tstate_next = 8, .tstate_interp = 16, .tstate_frame = 24, .tstate_thread = 176,
	  .tstate_native = NONE, .cframe_frame = NONE,
	  .frame_previous = 24, .frame_code = 32, .frame_instr = 96, .frame_owner = NONE,
	  .frame_coroutine = 88, .frame_tlbc = NONE, .coroutine_frame = NONE,
	  .code_first_line = 40, .code_consts = 56, .code_file = 104, .code_name = 112,
	  .code_qualname = NONE, .code_table = 120, .code_start = NONE, .code_tlbc = NONE,
	  .tuple_items = 24, .string_ascii = 48, .string_compact = 72 },
	{ .minor = 11, .object_bytes = 16,
	  .runtime_interpreters = 40, .runtime_key = 592, .runtime_holder = 576,
	  .interp_next = 0, .interp_threads = 16, .interp_modules = 888, .interp_gil = NONE,
	  .tstate_next = 8, .tstate_interp = 16, .tstate_frame = 56, .tstate_thread = 152,
	  .tstate_native = 160, .cframe_frame = 8,
	  .frame_previous = 48, .frame_code = 32, .frame_instr = 56, .frame_owner = 68,
	  .frame_coroutine = NONE, .frame_tlbc = NONE, .coroutine_frame = 80,
	  .code_first_line = 72, .code_consts = 24, .code_file = 112, .code_name = 120,
	  .code_qualname = 128, .code_table = 136, .code_start = 184, .code_tlbc = NONE,
	  .tuple_items = 24, .string_ascii = 48, .string_compact = 72 },
	{ .minor = 12, .object_bytes = 16,
	  .runtime_interpreters = 40, .runtime_key = 1544, .runtime_holder = NONE,
	  .interp_next = 0, .interp_threads = 72, .interp_modules = 944, .interp_gil = 384,
	  .gil_holder = 8, .gil_locked = 16,
	  .tstate_next = 8, .tstate_interp = 16, .tstate_frame = 56, .tstate_thread = 136,
	  .tstate_native = 144, .cframe_frame = 0,
	  .frame_previous = 8, .frame_code = 0, .frame_instr = 56, .frame_owner = 70,
	  .frame_coroutine = NONE, .frame_tlbc = NONE, .coroutine_frame = 72,
	  .code_first_line = 68, .code_consts = 24, .code_file = 112, .code_name = 120,
	  .code_qualname = 128, .code_table = 136, .code_start = 192, .code_tlbc = NONE,
	  .tuple_items = 24, .string_ascii = 40, .string_compact = 56 },
	{ .minor = 13, .object_bytes = 16,
	  .runtime_interpreters = 632, .runtime_key = 2160, .runtime_holder = NONE,
	  .interp_next = 7264, .interp_threads = 7344, .interp_modules = 7656, .interp_gil = 16,
	  .gil_holder = 8, .gil_locked = 16,
	  .tstate_next = 8, .tstate_interp = 16, .tstate_frame = 72, .tstate_thread = 152,
	  .tstate_native = 160, .cframe_frame = NONE,
	  .frame_previous = 8, .frame_code = 0, .frame_instr = 56, .frame_owner = 70,
	  .frame_coroutine = NONE, .frame_tlbc = NONE, .coroutine_frame = 72,
	  .code_first_line = 68, .code_consts = 24, .code_file = 112, .code_name = 120,
	  .code_qualname = 128, .code_table = 136, .code_start = 200, .code_tlbc = NONE,
	  .tuple_items = 24, .string_ascii = 40, .string_compact = 56 },
	{ .minor = 14, .object_bytes = 16,
	  .runtime_interpreters = 808, .runtime_key = 2336, .runtime_holder = NONE,
	  .interp_next = 7272, .interp_threads = 7344, .interp_modules = 7688, .interp_gil = 16,
	  .gil_holder = 8, .gil_locked = 16,
	  .tstate_next = 8, .tstate_interp = 16, .tstate_frame = 72, .tstate_thread = 152,
	  .tstate_native = 160, .cframe_frame = NONE,
	  .frame_previous = 8, .frame_code = 0, .frame_instr = 56, .frame_owner = 74,
	  .frame_coroutine = NONE, .frame_tlbc = NONE, .coroutine_frame = 72,
	  .code_first_line = 68, .code_consts = 24, .code_file = 112, .code_name = 120,
	  .code_qualname = 128, .code_table = 136, .code_start = 208, .code_tlbc = NONE,
	  .tuple_items = 32, .string_ascii = 40, .string_compact = 56 },
};

/* Free-threaded ones begin every object with 32 bytes, not 16, and know more of each thread. */
static void free_thread(struct python_offsets *o)
{
	static const struct {
		uint16_t interp_next, interp_modules, owner, start, tlbc, code_tlbc;
	} own[] = {
		{ 7264, 7664, 70, 216, NONE, NONE },
		{ 7272, 7712, 78, 232, 72, 224 },
	};
	unsigned which = o->minor - 13;

	o->free_threaded = true;
	o->object_bytes += 16;
	o->interp_next = own[which].interp_next;
	o->interp_modules = own[which].interp_modules;
	o->frame_owner = own[which].owner;
	o->frame_tlbc = own[which].tlbc;
	o->code_start = own[which].start;
	o->code_tlbc = own[which].code_tlbc;
	o->gil_holder += 8;
	o->gil_locked += 8;
	o->coroutine_frame += 16;
	o->code_first_line += 16;
	o->code_consts += 16;
	o->code_file += 16;
	o->code_name += 16;
	o->code_qualname += 16;
	o->code_table += 16;
	o->tuple_items += 16;
	o->string_ascii += 16;
	o->string_compact += 16;
}

bool python_offsets_of(struct python_offsets *ret_offsets, unsigned minor, bool free_threaded)
{
	if (minor < PYTHON_MINOR_MIN || minor > PYTHON_MINOR_MAX || (free_threaded && minor < 13))
		return false;
	*ret_offsets = versions[minor - PYTHON_MINOR_MIN];
	if (free_threaded)
		free_thread(ret_offsets);
	return true;
}

/* ---- _Py_DebugOffsets */

#define WORDS_MAX (PYTHON_DEBUG_BYTES / 8)

enum field {	/* what is taken; each version has them at places of its own */
	RUNTIME_BYTES, INTERPRETERS, INTERP_BYTES, INTERP_NEXT, INTERP_THREADS, INTERP_MODULES,
	INTERP_GIL, INTERP_OWN_GIL, GIL_LOCKED, GIL_HOLDER, TSTATE_BYTES, TSTATE_NEXT, TSTATE_INTERP,
	TSTATE_FRAME, TSTATE_THREAD, TSTATE_NATIVE, FRAME_BYTES, FRAME_PREVIOUS, FRAME_CODE,
	FRAME_INSTR, FRAME_OWNER, FRAME_TLBC, CODE_BYTES, CODE_FILE, CODE_NAME, CODE_QUALNAME,
	CODE_TABLE, CODE_FIRST_LINE, CODE_START, CODE_TLBC, OBJECT_BYTES, TUPLE_ITEMS, STRING_BYTES,
	STRING_ASCII, GENERATOR_FRAME, FIELD_COUNT
};

/* The word that has the field; 0: none has. */
static const uint8_t words_of_13[FIELD_COUNT] = {
	[RUNTIME_BYTES] = 3, [INTERPRETERS] = 5, [INTERP_BYTES] = 6, [INTERP_NEXT] = 8,
	[INTERP_THREADS] = 9, [INTERP_MODULES] = 11, [INTERP_GIL] = 14, [INTERP_OWN_GIL] = 15,
	[GIL_LOCKED] = 17, [GIL_HOLDER] = 18, [TSTATE_BYTES] = 19, [TSTATE_NEXT] = 21,
	[TSTATE_INTERP] = 22, [TSTATE_FRAME] = 23, [TSTATE_THREAD] = 24, [TSTATE_NATIVE] = 25,
	[FRAME_BYTES] = 28, [FRAME_PREVIOUS] = 29, [FRAME_CODE] = 30, [FRAME_INSTR] = 31,
	[FRAME_OWNER] = 33, [CODE_BYTES] = 34, [CODE_FILE] = 35, [CODE_NAME] = 36,
	[CODE_QUALNAME] = 37, [CODE_TABLE] = 38, [CODE_FIRST_LINE] = 39, [CODE_START] = 43,
	[OBJECT_BYTES] = 44, [TUPLE_ITEMS] = 51, [STRING_BYTES] = 67, [STRING_ASCII] = 70,
};

static const uint8_t words_of_14[FIELD_COUNT] = {
	[RUNTIME_BYTES] = 3, [INTERPRETERS] = 5, [INTERP_BYTES] = 6, [INTERP_NEXT] = 8,
	[INTERP_THREADS] = 9, [INTERP_MODULES] = 12, [INTERP_GIL] = 15, [INTERP_OWN_GIL] = 16,
	[GIL_LOCKED] = 18, [GIL_HOLDER] = 19, [TSTATE_BYTES] = 22, [TSTATE_NEXT] = 24,
	[TSTATE_INTERP] = 25, [TSTATE_FRAME] = 26, [TSTATE_THREAD] = 27, [TSTATE_NATIVE] = 28,
	[FRAME_BYTES] = 31, [FRAME_PREVIOUS] = 32, [FRAME_CODE] = 33, [FRAME_INSTR] = 34,
	[FRAME_OWNER] = 36, [FRAME_TLBC] = 38, [CODE_BYTES] = 39, [CODE_FILE] = 40,
	[CODE_NAME] = 41, [CODE_QUALNAME] = 42, [CODE_TABLE] = 43, [CODE_FIRST_LINE] = 44,
	[CODE_START] = 48, [CODE_TLBC] = 49, [OBJECT_BYTES] = 50, [TUPLE_ITEMS] = 57,
	[STRING_BYTES] = 77, [STRING_ASCII] = 80, [GENERATOR_FRAME] = 85,
};

struct words {
	uint64_t at[WORDS_MAX];
	const uint8_t *places;
	bool failed;
};

/* A field that has to be there, within a structure of `limit` bytes. */
static uint16_t within(struct words *w, enum field field, uint64_t limit)
{
	uint64_t value = w->at[w->places[field]];

	if (value >= limit || value >= RUNTIME_NO_FIELD) {
		w->failed = true;
		return RUNTIME_NO_FIELD;
	}
	return (uint16_t)value;
}

static uint64_t bytes_of(struct words *w, enum field field, uint64_t least, uint64_t most)
{
	uint64_t value = w->at[w->places[field]];

	if (value < least || value > most)
		w->failed = true;
	return value;
}

static void take_state(struct words *w, struct python_offsets *o)
{
	uint64_t runtime = bytes_of(w, RUNTIME_BYTES, 1024, (uint64_t)64 << 20);
	uint64_t interp = bytes_of(w, INTERP_BYTES, 1024, (uint64_t)64 << 20);
	uint64_t tstate = bytes_of(w, TSTATE_BYTES, 64, 65536);
	uint64_t own = w->at[w->places[INTERP_OWN_GIL]];

	o->runtime_interpreters = within(w, INTERPRETERS, runtime - 8);
	o->interp_next = within(w, INTERP_NEXT, interp - 8);
	o->interp_threads = within(w, INTERP_THREADS, interp - 8);
	o->interp_modules = within(w, INTERP_MODULES, interp - 8);
	o->interp_gil = within(w, INTERP_GIL, interp - 8);
	/* the last two are told as places in the interpreter's own GIL, which others may share; it can be
	 * far from the beginning */
	if (own < interp && w->at[w->places[GIL_HOLDER]] - own < 1024 &&
	    w->at[w->places[GIL_LOCKED]] - own < 1024) {
		o->gil_holder = (uint16_t)(w->at[w->places[GIL_HOLDER]] - own);
		o->gil_locked = (uint16_t)(w->at[w->places[GIL_LOCKED]] - own);
	} else {
		w->failed = true;
	}
	o->tstate_next = within(w, TSTATE_NEXT, tstate - 8);
	o->tstate_interp = within(w, TSTATE_INTERP, tstate - 8);
	o->tstate_frame = within(w, TSTATE_FRAME, tstate - 8);
	o->tstate_thread = within(w, TSTATE_THREAD, tstate - 8);
	o->tstate_native = within(w, TSTATE_NATIVE, tstate - 8);
}

static void take_objects(struct words *w, struct python_offsets *o)
{
	uint64_t frame = bytes_of(w, FRAME_BYTES, 64, 128);
	uint64_t code = bytes_of(w, CODE_BYTES, 128, 1024);
	uint64_t string = bytes_of(w, STRING_BYTES, 48, 256);

	o->object_bytes = (uint16_t)bytes_of(w, OBJECT_BYTES, 16, 64);
	o->frame_previous = within(w, FRAME_PREVIOUS, frame - 8);
	o->frame_code = within(w, FRAME_CODE, frame - 8);
	o->frame_instr = within(w, FRAME_INSTR, frame - 8);
	o->frame_owner = within(w, FRAME_OWNER, frame);
	o->code_first_line = within(w, CODE_FIRST_LINE, code - 4);
	o->code_file = within(w, CODE_FILE, code - 8);
	o->code_name = within(w, CODE_NAME, code - 8);
	o->code_qualname = within(w, CODE_QUALNAME, code - 8);
	o->code_table = within(w, CODE_TABLE, code - 8);
	o->code_start = within(w, CODE_START, code + 1);
	o->tuple_items = within(w, TUPLE_ITEMS, 256);
	o->string_ascii = within(w, STRING_ASCII, 256);
	o->string_compact = (uint16_t)(string - 8);	/* less the pointer that others have */
	if (o->free_threaded && w->places[FRAME_TLBC]) {
		o->frame_tlbc = within(w, FRAME_TLBC, frame - 4);
		o->code_tlbc = within(w, CODE_TLBC, code - 8);
	}
	if (w->places[GENERATOR_FRAME])
		o->coroutine_frame = within(w, GENERATOR_FRAME, 1024);
}

bool python_offsets_read(struct python_offsets *ret_offsets, struct str debug)
{
	struct cursor c = cursor_over(debug);
	struct words w = { .failed = false };
	struct python_offsets o;
	uint64_t version;

	if (!str_starts(debug, STR("xdebugpy")))
		return false;
	for (unsigned i = 0; i < WORDS_MAX && cursor_left(&c) >= 8; i++)
		w.at[i] = cursor_u64(&c);
	version = w.at[1];
	/* what is not told (the key) is taken from the version's table, and proved elsewhere */
	if (version >> 32 || version >> 24 != 3 || w.at[2] > 1 || (uint8_t)(version >> 16) < 13 ||
	    !python_offsets_of(&o, (uint8_t)(version >> 16), w.at[2]))
		return false;
	w.places = o.minor == 13 ? words_of_13 : words_of_14;
	take_state(&w, &o);
	take_objects(&w, &o);
	if (w.failed)
		return false;
	*ret_offsets = o;
	return true;
}
