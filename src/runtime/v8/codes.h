/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/codes.h
 *
 * Functions and optimised code that were seen in stacks, with the tables that lead from an instruction to
 * lines: copied out of the process at first sight, since V8 moves and frees both.
 *
 *   the frame's words --v8_codes_read()--> id --v8_codes_place()--> frames, innermost first
 *
 * Several frames where calls were inlined.
 * Memory: all strings live as long as the table. Threads: one.
 */
#ifndef SONDE_RUNTIME_V8_CODES_H
#define SONDE_RUNTIME_V8_CODES_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/runtime.h"
#include "base/str.h"
#include "runtime/v8/objects.h"

#define V8_INLINED_MAX 64u	/* frames of one place */

/* What stands for a frame once it is read: id << 32 | the low half of its second word (abi/sample.h), and
 * this where it is returned to. Id 0: no function, the word says what. */
#define V8_VADDR_RETURN (1u << 31)

struct v8_codes;

/* NULL when out of memory. */
struct v8_codes *v8_codes_new(void);
void v8_codes_free(struct v8_codes *codes);

enum v8_tier { V8_TIER_NONE, V8_TIER_IGNITION, V8_TIER_SPARKPLUG, V8_TIER_MAGLEV, V8_TIER_TURBOFAN };

/* One function at one place. */
struct v8_place {
	struct str name;	/* "Parser.next"; empty: it could not be read */
	struct str file;	/* the script's name; empty: V8's own */
	uint32_t line, column;	/* 0: not known */
	uint32_t first_line;
	enum v8_tier tier;
};

/* What the walk recorded of a frame (abi/sample.h). */
struct v8_seen {
	uint32_t kind;		/* enum v8_frame: interpreted, baseline, function, optimised or a regular expression */
	uint64_t address;
	uint32_t check;
};

/* The id of what was seen, read now; 0 with *ret_fault when it is not there any more.
 * Not remembered by address: the caller does. */
uint32_t v8_codes_read(struct v8_codes *codes, const struct v8_memory *memory, struct v8_owner owner,
		       const struct v8_seen *seen, enum v8_fault *ret_fault);

/* The id of a function that could not be read, but of which enough is there to know it when it is read another time, before
 * or later; 0: there is not. It is incomplete. */
uint32_t v8_codes_await(struct v8_codes *codes, const struct v8_memory *memory, struct v8_owner owner,
			const struct v8_seen *seen, enum v8_fault fault);

/* Why an id has no place. */
enum v8_fault v8_codes_fault(const struct v8_codes *codes, uint32_t id);

/* An instruction of a function whose code is not known (V8_AT in abi/sample.h). */
struct v8_where {
	uint64_t pc;
	bool is_return;		/* it is returned to */
	uint32_t bytes_check, function_check;
};

/* The optimised code that it is in: false where there is none that says it is of that function, or other
 * code is there now. *ret_place is for v8_codes_place(). */
bool v8_codes_at(const struct v8_memory *memory, const struct v8_where *where, struct v8_seen *ret_seen,
		 uint32_t *ret_place);

/* The same for an instruction of WebAssembly, whose frame has that instance of a module; 0: it is not found. */
uint32_t v8_codes_wasm(struct v8_codes *codes, const struct v8_memory *memory, uint32_t process, uint64_t instance,
		       uint64_t pc);

/* What the last v8_codes_read() found is true: its functions are known again when V8 has moved them. Where it was read of
 * two times, and v8_codes_still() is not true, it may be of two functions. */
void v8_codes_believe(struct v8_codes *codes);

/* Whether where in the function a frame stands could not be read, and may be another time. */
bool v8_codes_incomplete(const struct v8_codes *codes, uint32_t id);

/* Whether it is still there. */
bool v8_codes_still(const struct v8_memory *memory, const struct v8_seen *seen);

/* The frames at a place in it, innermost first; their number, 0 for an id that is none. `place` is what
 * the walk recorded, `is_return` that it is returned to. */
uint32_t v8_codes_place(const struct v8_codes *codes, uint32_t id, uint32_t place, bool is_return,
			struct v8_place places[V8_INLINED_MAX]);

#endif
