/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/classes.h
 *
 * Which class a method stands in, by the text of its script: V8 keeps a class's scope only where something needs it
 * (private members, a static block, the class's name in its own methods), and in Node 16 not its place.
 *
 *   class Parser {            member  position of its "("  class
 *     next() {}                       21                   Parser
 *     static of(text) {}              42                   Parser
 *   }
 *
 * A class without a name of its own is called as what it is assigned to at once ("const Parser = class {").
 *
 * The text is read once a script, token by token; what it is told of is the place where V8 says that a function's parameters
 * begin. Texts and comments, templates and regular expressions are stepped over; where a slash begins one is told by what
 * stands before it, so a text can be misread from there on: a function counts only where a member's parameters begin.
 * Memory: names in the arena it was read with, columns by malloc.
 */
#ifndef SONDE_RUNTIME_V8_CLASSES_H
#define SONDE_RUNTIME_V8_CLASSES_H

#include "base/arena.h"
#include "base/str.h"
#include "runtime/v8/objects.h"

struct v8_members {
	uint32_t *at;		/* ascending: characters of the text */
	uint32_t *names;	/* index in .classes */
	struct str *classes;
	uint32_t n, cap_at, cap_names, n_classes, cap_classes;
	bool read;
};

/* Those of each script, by its number among scripts.h's. */
struct v8_classes {
	struct v8_members *items;
	uint32_t cap;
};

void v8_members_fini(struct v8_members *members);
void v8_classes_fini(struct v8_classes *classes);

/* Those of a script's text (a string of V8's). False: the text cannot be read; what was read of it stays out. */
bool v8_members_read(const struct v8_memory *memory, uint64_t source, struct arena *arena, struct v8_members *members);

/* The class of the member whose parameters begin there; empty: no member's do, or its class has no name. */
struct str v8_members_class(const struct v8_members *members, uint32_t at);

#endif
