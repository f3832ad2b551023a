/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: CPython's Include/cpython/unicodeobject.h (PyASCIIObject, PyCompactUnicodeObject,
 * PyUnicodeObject), bytesobject.h, object.h (PyTypeObject.tp_name) of each version. */
#include "runtime/python/objects.h"

#include <stdlib.h>

#include "base/cursor.h"
#include "base/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"
#define TYPE_NAME_MAX 64

struct string_state {
	unsigned kind;		/* bytes of a character */
	bool compact, ascii;
};

/* "interned", which is at most 3, has two bits, eight in a free-threaded 3.14, sixteen in builds on the
 * way there: the bits behind it, of which the kind is never 0, tell which. */
static struct string_state read_state(uint32_t word)
{
	unsigned bits = word & 0xfc ? word >> 2 : word & 0xff00 ? word >> 8 : word >> 16;

	return (struct string_state){ bits & 7, bits >> 3 & 1, bits >> 4 & 1 };
}

/* Where the characters are; 0 when it is no string. */
static uint64_t find_characters(const struct python_memory *memory, struct python_shape shape,
				uint64_t address, struct string_state state)
{
	/* length, hash, state; wstr up to 3.11 */
	uint64_t ascii = shape.object_bytes + (shape.minor <= 11 ? 32 : 24);
	/* utf8_length, utf8; wstr_length up to 3.11 */
	uint64_t compact = ascii + (shape.minor <= 11 ? 24 : 16);

	if (state.kind != 1 && state.kind != 2 && state.kind != 4)
		return 0;
	if (state.ascii && state.kind != 1)
		return 0;
	if (!state.compact)
		return python_word(memory, address + compact);
	return address + (state.ascii ? ascii : compact);
}

static uint32_t character_at(const uint8_t *raw, unsigned kind, uint32_t i)
{
	uint32_t c = 0;

	memcpy(&c, raw + (size_t)i * kind, kind);
	return c;
}

bool python_string(const struct python_memory *memory, struct python_shape shape, uint64_t address,
		   struct arena *arena, struct str *ret_text)
{
	uint8_t raw[PYTHON_STRING_MAX * 4];
	char text[PYTHON_STRING_MAX * 4 + sizeof(ELLIPSIS)];
	struct string_state state;
	uint64_t length, at;
	uint32_t word, n;
	size_t bytes = 0;
	struct str copy;

	if (!python_read_u64(memory, address + shape.object_bytes, &length) ||
	    !python_read_u32(memory, address + shape.object_bytes + 16, &word) ||
	    length > INT64_MAX)
		return false;
	state = read_state(word);
	at = find_characters(memory, shape, address, state);
	n = length < PYTHON_STRING_MAX ? (uint32_t)length : PYTHON_STRING_MAX;
	if (!at || (n && !python_read(memory, raw, (size_t)n * state.kind, at)))
		return false;
	for (uint32_t i = 0; i < n; i++)
		bytes += utf8_put(text + bytes, character_at(raw, state.kind, i));
	if (n < length) {
		memcpy(text + bytes, ELLIPSIS, strlen(ELLIPSIS));
		bytes += strlen(ELLIPSIS);
	}
	copy = arena_dup(arena, str_over(text, bytes));
	if (!copy.p)
		return false;
	*ret_text = copy;
	return true;
}

uint32_t python_string_check(const struct python_memory *memory, struct python_shape shape, uint64_t string)
{
	uint64_t text[PYTHON_TEXT_WORDS] = { 0 }, at = string + shape.object_bytes;

	python_read(memory, text, python_text_bytes(at), at);
	return python_text_check(text);
}

bool python_bytes(const struct python_memory *memory, struct python_shape shape, uint64_t address,
		  struct arena *arena, struct str *ret_bytes)
{
	uint64_t n;
	char *copy;

	if (!python_read_u64(memory, address + shape.object_bytes, &n) || n > PYTHON_BYTES_MAX)
		return false;
	copy = arena_alloc(arena, n + 1);
	/* after its length: its hash, then the bytes */
	if (!copy || (n && !python_read(memory, copy, n, address + shape.object_bytes + 16)))
		return false;
	*ret_bytes = str_over(copy, n);
	return true;
}

bool python_type_is(const struct python_memory *memory, struct python_shape shape, uint64_t object,
		    struct str name)
{
	char text[TYPE_NAME_MAX];
	uint64_t type = python_word(memory, object + shape.object_bytes - 8);
	/* a type is an object of a variable size: its name follows */
	uint64_t at = type ? python_word(memory, type + shape.object_bytes + 8) : 0;

	return at && name.n < sizeof(text) && python_read(memory, text, name.n + 1, at) &&
	       str_eq(str_over(text, name.n), name) && !text[name.n];
}

/* Digits of 30 bits; from 3.12 on a tag with their number above 3 bits of sign. */
bool python_integer(const struct python_memory *memory, struct python_shape shape, uint64_t object,
		    uint64_t *ret_value)
{
	uint64_t n = python_word(memory, object + shape.object_bytes), value = 0;
	uint32_t digits[3] = { 0 };

	if (shape.minor >= 12)
		n = n & 3 ? UINT64_MAX : n >> 3;	/* the sign of 0 is 1, of what is less, 2 */
	if (!object || n > 3 || !python_read(memory, digits, n * 4, object + shape.object_bytes + 8))
		return false;
	for (unsigned i = (unsigned)n; i-- > 0;) {
		if (value >> 34 || digits[i] >> 30)
			return false;
		value = value << 30 | digits[i];
	}
	*ret_value = value;
	return true;
}
