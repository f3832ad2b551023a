/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/functions.h
 *
 * Functions: SharedFunctionInfo, what all closures of one piece of source have in common.
 *
 *   name   its own; Class.method where it stands in a class with a name (classes.h); what V8 inferred
 *          ("exports.parse", "Parser.next") where it has none; else "(anonymous app.js:12:5)"
 */
#ifndef SONDE_RUNTIME_V8_FUNCTIONS_H
#define SONDE_RUNTIME_V8_FUNCTIONS_H

#include "runtime/v8/classes.h"
#include "runtime/v8/scripts.h"

struct v8_function {
	struct str name;	/* in the arena it was read with */
	uint32_t script;	/* 0: none, it is V8's own */
	uint32_t line, column;	/* where it begins; 0: not known */
	bool classless;		/* a method whose class is not known, since the text is being moved */
};

/* What the scope says, before names and positions. */
struct v8_scope {
	uint64_t name, inferred, outer;	/* strings, and the scope around it; 0: none */
	int32_t start, end;		/* -1: not told */
	uint8_t type;
};

/* False when it is no ScopeInfo. */
bool v8_scope_read(const struct v8_memory *memory, uint64_t scope, struct v8_scope *ret_scope);

/* The check of a function as it is now; false when it is none. */
bool v8_function_check_now(const struct v8_memory *memory, uint64_t shared, uint32_t *ret_check);

/* Names it; false when it is no function. Strings are in the arena, scripts and their classes are added. */
bool v8_function_read(const struct v8_memory *memory, uint64_t shared, struct v8_scripts *scripts,
		      struct v8_classes *classes, struct v8_owner owner, struct arena *arena,
		      struct v8_function *ret_function);

#endif
