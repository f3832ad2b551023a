/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/offsets.h
 *
 * Where CPython's structures have their fields, for every version: tables up to 3.12, what the
 * interpreter says of itself from 3.13 on (_Py_DebugOffsets, the first bytes of _PyRuntime).
 *
 * The numbers of the tables are what the compiler says of each version's own headers;
 * tests/test_python_offsets.py asks it again. docs/python.md has them in words.
 */
#ifndef SONDE_RUNTIME_PYTHON_OFFSETS_H
#define SONDE_RUNTIME_PYTHON_OFFSETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define PYTHON_MINOR_MIN 6
#define PYTHON_MINOR_MAX 14

#define PYTHON_DEBUG_BYTES 760		/* of 3.14's; 3.13's are fewer */

/* Bytes into the structure that the name begins with; RUNTIME_NO_FIELD where it lacks the field. */
struct python_offsets {
	uint8_t minor;
	bool free_threaded;
	uint16_t object_bytes;		/* of what begins every object; its type is the last word */
	uint16_t runtime_interpreters, runtime_key, runtime_holder;
	uint16_t interp_next, interp_threads, interp_modules, interp_gil;
	uint16_t gil_holder, gil_locked;
	uint16_t tstate_next, tstate_interp, tstate_frame, tstate_thread, tstate_native;
	uint16_t cframe_frame;
	uint16_t frame_previous, frame_code, frame_instr, frame_owner, frame_coroutine, frame_tlbc;
	uint16_t coroutine_frame;
	uint16_t code_first_line, code_consts, code_file, code_name, code_qualname, code_table;
	uint16_t code_start, code_tlbc;
	uint16_t tuple_items;
	uint16_t string_ascii;		/* the characters of a compact ASCII string */
	uint16_t string_compact;	/* ... of another compact one; else a pointer to them */
};

/* Of a released version; false for one that is not known. */
bool python_offsets_of(struct python_offsets *ret_offsets, unsigned minor, bool free_threaded);

/* From _PyRuntime's first bytes: false when they do not describe themselves, or not plausibly. */
bool python_offsets_read(struct python_offsets *ret_offsets, struct str debug);

#endif
