/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/strings.h
 *
 * V8's strings: what a function or a script is called, and the source text.
 *
 *   sequential   the characters are in the object (one or two bytes each)
 *   cons         two strings, one behind the other      sliced   a part of another
 *   thin         another string is it                   external the characters are outside the heap
 */
#ifndef SONDE_RUNTIME_V8_STRINGS_H
#define SONDE_RUNTIME_V8_STRINGS_H

#include "base/arena.h"
#include "base/str.h"
#include "runtime/v8/objects.h"

#define V8_NAME_MAX 512u		/* characters of a name; the rest is cut off */

/* As UTF-8, in the arena; false when it is no string or cannot be read. What is no character (half a
 * surrogate pair) becomes U+FFFD. */
bool v8_string(const struct v8_memory *memory, uint64_t object, uint32_t max_characters,
	       struct arena *arena, struct str *ret_string);

/* Calls `see` for each run of characters of a string, in order, from the first on: `width` is 1 or 2
 * bytes a character. False when it is no string, cannot be read, or `see` said so. */
bool v8_string_scan(const struct v8_memory *memory, uint64_t object, uint32_t from,
		    uint32_t max_characters,
		    bool (*see)(void *seer, const void *characters, uint32_t n, unsigned width),
		    void *seer);

/* Its length in characters; false when it is no string. */
bool v8_string_length(const struct v8_memory *memory, uint64_t object, uint32_t *ret_length);

#endif
