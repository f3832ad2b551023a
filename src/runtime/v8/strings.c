/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/v8/strings.h"

#include "base/buf.h"
#include "base/utf8.h"

#define STEPS_MAX 4096		/* strings that one is made of */
#define DEPTH_MAX 64
#define LENGTH_MAX ((1u << 29) - 24)	/* V8's own String::kMaxLength */
#define CHUNK 4096

enum { SEQUENTIAL, CONS, EXTERNAL, SLICED, THIN = 5 };

#define REPRESENTATION 7u
#define ONE_BYTE 8u
#define UNCACHED 16u	/* external: where the characters are is not in the object */

struct piece {
	uint64_t object;
	uint32_t from, n;
};

struct scan {
	const struct v8_memory *memory;
	struct piece stack[DEPTH_MAX];
	uint32_t depth, steps;
	bool (*see)(void *seer, const void *characters, uint32_t n, unsigned width);
	void *seer;
};

bool v8_string_length(const struct v8_memory *memory, uint64_t object, uint32_t *ret_length)
{
	uint32_t length;

	if (!v8_is_string(memory, object) ||
	    !v8_field_u32(memory, object, memory->objects->string_length, &length) ||
	    length > LENGTH_MAX)
		return false;
	*ret_length = length;
	return true;
}

static bool push(struct scan *scan, uint64_t object, uint32_t from, uint32_t n)
{
	if (!n)
		return true;
	if (scan->depth >= DEPTH_MAX)
		return false;
	scan->stack[scan->depth++] = (struct piece){ object, from, n };
	return true;
}

static bool scan_characters(struct scan *scan, uint64_t at, unsigned width, uint32_t n)
{
	_Alignas(2) uint8_t chunk[CHUNK];

	while (n) {
		uint32_t now = n < CHUNK / width ? n : CHUNK / width;

		if (!scan->memory->read(scan->memory->context, chunk, (size_t)now * width, at) ||
		    !scan->see(scan->seer, chunk, now, width))
			return false;
		at += (uint64_t)now * width;
		n -= now;
	}
	return true;
}

static bool push_cons(struct scan *scan, const struct piece *piece)
{
	const struct v8_objects *o = scan->memory->objects;
	uint64_t first, second;
	uint32_t n_first, head = 0;

	if (!v8_pointer(scan->memory, piece->object, o->cons_first, &first) ||
	    !v8_pointer(scan->memory, piece->object, o->cons_second, &second) ||
	    !v8_string_length(scan->memory, first, &n_first))
		return false;
	if (piece->from < n_first)
		head = n_first - piece->from < piece->n ? n_first - piece->from : piece->n;
	return push(scan, second, piece->from + head - n_first, piece->n - head) &&
	       push(scan, first, piece->from, head);
}

static bool push_sliced(struct scan *scan, const struct piece *piece)
{
	const struct v8_objects *o = scan->memory->objects;
	uint64_t parent;
	int32_t off;

	return v8_pointer(scan->memory, piece->object, o->sliced_parent, &parent) &&
	       v8_smi(scan->memory, piece->object, o->sliced_offset, &off) && off >= 0 &&
	       (uint32_t)off <= LENGTH_MAX &&
	       push(scan, parent, (uint32_t)off + piece->from, piece->n);
}

/* One piece: its characters are seen, or what it is made of comes to the stack. */
static bool scan_piece(struct scan *scan, const struct piece *piece)
{
	const struct v8_objects *o = scan->memory->objects;
	unsigned type = v8_type(scan->memory, piece->object);
	unsigned width = type & ONE_BYTE ? 1 : 2;
	uint32_t length;
	uint64_t at;

	if (!v8_string_length(scan->memory, piece->object, &length) || piece->from > length ||
	    piece->n > length - piece->from)
		return false;
	switch (type & REPRESENTATION) {
	case SEQUENTIAL:
		at = piece->object + o->string_chars;
		break;
	case EXTERNAL:
		if (type & UNCACHED || !v8_field(scan->memory, piece->object, o->external_data, &at))
			return false;
		break;
	case CONS:
		return push_cons(scan, piece);
	case SLICED:
		return push_sliced(scan, piece);
	case THIN:
		return v8_pointer(scan->memory, piece->object, o->thin_actual, &at) &&
		       push(scan, at, piece->from, piece->n);
	default:
		return false;
	}
	return scan_characters(scan, at + (uint64_t)piece->from * width, width, piece->n);
}

bool v8_string_scan(const struct v8_memory *memory, uint64_t object, uint32_t from,
		    uint32_t max_characters,
		    bool (*see)(void *seer, const void *characters, uint32_t n, unsigned width),
		    void *seer)
{
	struct scan scan = { .memory = memory, .see = see, .seer = seer };
	uint32_t length;

	if (!v8_string_length(memory, object, &length) || from > length)
		return false;
	length -= from;
	push(&scan, object, from, length < max_characters ? length : max_characters);
	while (scan.depth) {
		struct piece piece = scan.stack[--scan.depth];

		if (++scan.steps > STEPS_MAX || !scan_piece(&scan, &piece))
			return false;
	}
	return true;
}

/* UTF-16 to UTF-8, a pair of surrogates at a time. */
struct utf8 {
	struct buf out;
	uint32_t high;		/* a high surrogate that waits for its low one */
};

static void put(struct utf8 *utf8, uint32_t c)
{
	char bytes[4];

	buf_add(&utf8->out, bytes, utf8_put(bytes, c));
}

static void put_unit(struct utf8 *utf8, uint32_t c)
{
	bool low = c >= 0xdc00 && c < 0xe000;

	if (utf8->high && low) {
		put(utf8, 0x10000 + ((utf8->high - 0xd800) << 10) + (c - 0xdc00));
		utf8->high = 0;
		return;
	}
	if (utf8->high)
		put(utf8, UTF8_REPLACEMENT);
	utf8->high = 0;
	if (c >= 0xd800 && c < 0xdc00)
		utf8->high = c;
	else
		put(utf8, c);	/* (half a pair is none, and is written so) */
}

static bool see_characters(void *seer, const void *characters, uint32_t n, unsigned width)
{
	struct utf8 *utf8 = seer;

	for (uint32_t i = 0; i < n; i++)
		put_unit(utf8, width == 1 ? ((const uint8_t *)characters)[i] :
					    ((const uint16_t *)characters)[i]);
	return !utf8->out.failed;
}

bool v8_string(const struct v8_memory *memory, uint64_t object, uint32_t max_characters,
	       struct arena *arena, struct str *ret_string)
{
	struct utf8 utf8 = { .out = { .max = (size_t)max_characters * 4 + 8 } };
	bool ok = v8_string_scan(memory, object, 0, max_characters, see_characters, &utf8);

	if (utf8.high)
		put(&utf8, UTF8_REPLACEMENT);
	if (ok && !utf8.out.failed) {
		*ret_string = arena_dup(arena, buf_str(&utf8.out));
		ok = ret_string->p;
	}
	buf_fini(&utf8.out);
	return ok;
}
