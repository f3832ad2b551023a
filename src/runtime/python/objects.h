/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/objects.h - CPython's strings and byte strings in another process's memory. */
#ifndef SONDE_RUNTIME_PYTHON_OBJECTS_H
#define SONDE_RUNTIME_PYTHON_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/runtime.h"
#include "base/arena.h"
#include "base/str.h"
#include "runtime/python/memory.h"

#define PYTHON_STRING_MAX 4096		/* characters; a longer one ends with an ellipsis */
#define PYTHON_BYTES_MAX ((uint32_t)4 << 20)

/* Which shape the objects have: all that the offsets of simple ones follow from. */
struct python_shape {
	uint8_t minor;
	uint16_t object_bytes;
};

static inline struct python_shape python_shape_of(const struct walk_python *python)
{
	return (struct python_shape){ python->minor, python->object_bytes };
}

/* The str at an address as UTF-8, in the arena; lone surrogates as U+FFFD. False when it is none. */
bool python_string(const struct python_memory *memory, struct python_shape shape, uint64_t address,
		   struct arena *arena, struct str *ret_text);

/* python_text_check() of a string. */
uint32_t python_string_check(const struct python_memory *memory, struct python_shape shape, uint64_t string);

/* A bytes object. False when it is none, or too long. */
bool python_bytes(const struct python_memory *memory, struct python_shape shape, uint64_t address,
		  struct arena *arena, struct str *ret_bytes);

/* An int that is not negative and fits. */
bool python_integer(const struct python_memory *memory, struct python_shape shape, uint64_t object,
		    uint64_t *ret_value);

/* Whether the object's type calls itself so ("code"). */
bool python_type_is(const struct python_memory *memory, struct python_shape shape, uint64_t object,
		    struct str name);

#endif
