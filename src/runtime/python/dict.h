/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/dict.h
 *
 * CPython's dictionaries in another process's memory, and the attributes of instances, which may be in
 * one or beside the object. A dictionary that changes meanwhile gives wrong pairs: who takes one checks
 * what it points to.
 */
#ifndef SONDE_RUNTIME_PYTHON_DICT_H
#define SONDE_RUNTIME_PYTHON_DICT_H

#include "runtime/python/objects.h"

#define PYTHON_DICT_MAX (1u << 20)	/* pairs; of a larger one the first are seen */
#define PYTHON_DICT_CHUNK 1536		/* bytes read at once */

struct python_dict {
	uint64_t entries, values;	/* values: where a split one has them; else 0 */
	uint32_t n, at;
	uint8_t entry_bytes, key_at;	/* of an entry; of the key in it, the value follows */
	uint32_t first, held;		/* entries in the chunk */
	uint8_t chunk[PYTHON_DICT_CHUNK];
};

/* False when it is none. */
bool python_dict_open(struct python_dict *dict, const struct python_memory *memory,
		      struct python_shape shape, uint64_t address);

/* The next pair of objects; false at the end. */
bool python_dict_next(struct python_dict *dict, const struct python_memory *memory,
		      uint64_t *ret_key, uint64_t *ret_value);

/* Whether the object is a str of these ASCII characters. */
bool python_string_is(const struct python_memory *memory, struct python_shape shape,
		      uint64_t address, struct str ascii);

/* What dict has under a str; 0 when it has nothing. */
uint64_t python_dict_find(const struct python_memory *memory, struct python_shape shape,
			  uint64_t dict, struct str key);

/* What an instance of a class written in Python has as self.name; 0 when it has nothing. */
uint64_t python_attribute(const struct python_memory *memory, struct python_shape shape,
			  uint64_t object, struct str name);

#endif
