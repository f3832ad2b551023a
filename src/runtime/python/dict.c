/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: CPython's Objects/dict-common.h (to 3.10), Include/internal/pycore_dict.h (from 3.11),
 * pycore_object.h (managed dictionaries), Objects/object_layout.md of 3.11 and 3.12. */
#include "runtime/python/dict.h"

#include "base/cursor.h"

#define SPLIT_MAX 254		/* attributes of a class that share their keys */

/* To 3.10: refcnt, size, lookup, usable, nentries, the indices, then (hash, key, value). */
static bool open_keys(struct python_dict *dict, const struct python_memory *memory, uint64_t keys)
{
	uint64_t head[5];
	unsigned index = 8;

	if (!python_read(memory, head, sizeof(head), keys) || head[4] > head[1] ||
	    head[1] > UINT32_MAX)
		return false;
	if (head[1] <= 0xff)
		index = 1;
	else if (head[1] <= 0xffff)
		index = 2;
	else
		index = 4;
	dict->entries = keys + sizeof(head) + head[1] * index;
	dict->n = head[4] < PYTHON_DICT_MAX ? (uint32_t)head[4] : PYTHON_DICT_MAX;
	dict->entry_bytes = 24;
	dict->key_at = 8;
	return true;
}

enum { KEYS_GENERAL, KEYS_STRINGS, KEYS_SPLIT };

/* From 3.11: refcnt, log2 of size, log2 of the indices' bytes, kind, version, usable, nentries; the
 * indices; then (hash, key, value) or, where all keys are strings, (key, value). */
static bool open_keys_11(struct python_dict *dict, const struct python_memory *memory,
			 uint64_t keys)
{
	uint8_t head[32];
	struct cursor c = cursor_over(str_over(head, sizeof(head)));
	uint8_t log2_indices, kind;
	uint64_t n;

	if (!python_read(memory, head, sizeof(head), keys))
		return false;
	cursor_skip(&c, 9);
	log2_indices = cursor_u8(&c);
	kind = cursor_u8(&c);
	cursor_seek(&c, 24);
	n = cursor_u64(&c);
	if (log2_indices > 34 || kind > KEYS_SPLIT || n >> log2_indices)
		return false;
	dict->entries = keys + sizeof(head) + ((uint64_t)1 << log2_indices);
	dict->n = n < PYTHON_DICT_MAX ? (uint32_t)n : PYTHON_DICT_MAX;
	dict->entry_bytes = kind == KEYS_GENERAL ? 24 : 16;
	dict->key_at = kind == KEYS_GENERAL ? 8 : 0;
	return true;
}

/* Keys, and where the values are when they are not beside them (0: they are). */
static bool open_table(struct python_dict *dict, const struct python_memory *memory,
		       struct python_shape shape, uint64_t keys, uint64_t values)
{
	dict->at = dict->first = dict->held = 0;
	dict->values = 0;
	if (!keys || (shape.minor <= 10 ? !open_keys(dict, memory, keys) :
					  !open_keys_11(dict, memory, keys)))
		return false;
	if (!values)
		return true;
	if (dict->n > SPLIT_MAX)
		return false;
	dict->values = values + (shape.minor >= 13 ? 8 : 0);	/* after their numbers */
	return true;
}

bool python_dict_open(struct python_dict *dict, const struct python_memory *memory,
		      struct python_shape shape, uint64_t address)
{
	uint64_t both[2];	/* after the number of pairs, and a version or a watcher */

	return address && python_read(memory, both, sizeof(both), address + shape.object_bytes + 16) &&
	       open_table(dict, memory, shape, both[0], both[1]);
}

/* False when not even one more can be read. */
static bool fill(struct python_dict *dict, const struct python_memory *memory)
{
	uint32_t n = sizeof(dict->chunk) / dict->entry_bytes;

	if (n > dict->n - dict->at)
		n = dict->n - dict->at;
	dict->first = dict->at;
	dict->held = n;
	if (python_read(memory, dict->chunk, (size_t)n * dict->entry_bytes,
			dict->entries + (uint64_t)dict->at * dict->entry_bytes))
		return true;
	dict->held = 0;
	return false;
}

bool python_dict_next(struct python_dict *dict, const struct python_memory *memory,
		      uint64_t *ret_key, uint64_t *ret_value)
{
	while (dict->at < dict->n) {
		uint64_t pair[2];
		uint32_t at;

		if (dict->at - dict->first >= dict->held && !fill(dict, memory))
			return false;
		at = dict->at++;
		memcpy(pair, dict->chunk + (at - dict->first) * dict->entry_bytes + dict->key_at,
		       sizeof(pair));
		if (dict->values)
			pair[1] = python_word(memory, dict->values + (uint64_t)at * 8);
		if (!pair[0] || !pair[1])
			continue;
		*ret_key = pair[0];
		*ret_value = pair[1];
		return true;
	}
	return false;
}

bool python_string_is(const struct python_memory *memory, struct python_shape shape,
		      uint64_t address, struct str ascii)
{
	char text[64];
	uint64_t at = address + shape.object_bytes + (shape.minor <= 11 ? 32 : 24);

	return python_word(memory, address + shape.object_bytes) == ascii.n &&
	       ascii.n <= sizeof(text) && python_read(memory, text, ascii.n, at) &&
	       str_eq(str_over(text, ascii.n), ascii);
}

static uint64_t find_in(struct python_dict *dict, const struct python_memory *memory,
			struct python_shape shape, struct str name)
{
	uint64_t key, value;

	while (python_dict_next(dict, memory, &key, &value))
		if (python_string_is(memory, shape, key, name))
			return value;
	return 0;
}

uint64_t python_dict_find(const struct python_memory *memory, struct python_shape shape,
			  uint64_t dict_address, struct str key)
{
	struct python_dict dict;

	return python_dict_open(&dict, memory, shape, dict_address) ?
		       find_in(&dict, memory, shape, key) : 0;
}

/* ---- instances */

#define FLAG_INLINE_VALUES (1u << 2)	/* from 3.13 */
#define FLAG_MANAGED_DICT (1u << 4)	/* from 3.11 */

/* In PyTypeObject, after what begins every object. */
#define TYPE_BASICSIZE 16
#define TYPE_FLAGS 152
#define TYPE_DICTOFFSET 272

/* In PyHeapTypeObject: the keys that its instances share. */
static uint16_t cached_keys_at(struct python_shape shape)
{
	return (uint16_t)(shape.object_bytes + (shape.minor == 11 ? 856 : 864));
}

/* The words before a managed object: 3.11 has (values, dictionary) there, 3.12 either, marked by its
 * lowest bit, from 3.13 on the dictionary, and the values follow the object. */
static bool open_managed(struct python_dict *dict, const struct python_memory *memory,
			 struct python_shape shape, uint64_t object, uint64_t type, uint64_t flags)
{
	bool free_threaded = shape.object_bytes == 32 && shape.minor >= 13;
	uint64_t own = python_word(memory, object - (free_threaded ? 8 : 24)), values = 0;

	if (shape.minor == 11) {
		values = python_word(memory, object - 32);
	} else if (shape.minor == 12 && (own & 1)) {
		values = own + 1;
		own = 0;
	} else if (shape.minor >= 13 && (flags & FLAG_INLINE_VALUES) && !own) {
		values = object + python_word(memory, type + shape.object_bytes + TYPE_BASICSIZE);
	}
	if (own)
		return python_dict_open(dict, memory, shape, own);
	return values && open_table(dict, memory, shape,
				    python_word(memory, type + cached_keys_at(shape)), values);
}

uint64_t python_attribute(const struct python_memory *memory, struct python_shape shape,
			  uint64_t object, struct str name)
{
	uint64_t type = python_word(memory, object + shape.object_bytes - 8), offset;
	uint64_t flags = python_word(memory, type + shape.object_bytes + TYPE_FLAGS);
	struct python_dict dict;
	bool found;

	if (!type)
		return 0;
	if (shape.minor >= 11 && (flags & FLAG_MANAGED_DICT)) {
		found = open_managed(&dict, memory, shape, object, type, flags);
	} else {
		offset = python_word(memory, type + shape.object_bytes + TYPE_DICTOFFSET);
		found = offset && offset < 65536 &&
			python_dict_open(&dict, memory, shape, python_word(memory, object + offset));
	}
	return found ? find_in(&dict, memory, shape, name) : 0;
}
