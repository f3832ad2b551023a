/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: V8's src/objects/instruction-stream.h, code.h, and running processes. */
#include "runtime/v8/streams.h"

#include <string.h>

#define ALIGNMENT 32u	/* of the first instruction: 32 or 64 */
#define PIECE 4096u
#define ADDRESS_END (1ull << 47)

/* Whether a word can be what every object begins with. */
static bool can_be_map(uint64_t word)
{
	return (word & 7) == V8_TAG && word < ADDRESS_END && word > PIECE;
}

/* Whether the head of code stands before `start`, and its Code says that pc is in it. */
static bool check_head(const struct v8_memory *memory, uint64_t start, uint64_t pc,
		       struct v8_stream *ret_stream)
{
	const struct v8_objects *o = memory->objects;
	bool inside = o->code_inside;
	uint64_t head = start - (inside ? o->code_start : o->stream_start), first = start;
	struct v8_stream stream = { .code = head, .start = start };

	if (!inside && (!v8_pointer(memory, head, 8, &stream.code) ||
			v8_type(memory, stream.code) != o->type_code ||
			!v8_field(memory, stream.code, o->code_start, &first)))
		return false;
	if (first != start || !v8_field_u32(memory, stream.code, o->code_size, &stream.size) ||
	    pc - start >= stream.size)
		return false;
	*ret_stream = stream;
	return true;
}

/* The words of a piece of memory in which heads may be, from the last to the first. */
struct search {
	const struct v8_memory *memory;
	uint64_t pc;
	uint64_t not_map;	/* a word that was looked at and is none */
	struct v8_stream *ret_stream;
};

enum { GO_ON, FOUND, NONE };

static int look_at(struct search *s, uint64_t start, uint64_t map)
{
	const struct v8_objects *o = s->memory->objects;
	uint16_t type;

	if (!can_be_map(map) || map == s->not_map)
		return GO_ON;
	if (!s->memory->read(s->memory->context, &type, sizeof(type), v8_untag(map) + o->map_type) ||
	    type != (o->code_inside ? o->type_code : o->type_stream)) {
		s->not_map = map;
		return GO_ON;
	}
	/* the first one below is it, or it is gone */
	return check_head(s->memory, start, s->pc, s->ret_stream) ? FOUND : NONE;
}

bool v8_stream_find(const struct v8_memory *memory, uint64_t pc, struct v8_stream *ret_stream)
{
	const struct v8_objects *o = memory->objects;
	struct search search = { memory, pc, 0, ret_stream };
	uint64_t before = o->code_inside ? o->code_start : o->stream_start;
	uint64_t start = pc & ~(uint64_t)(ALIGNMENT - 1), piece_at = UINT64_MAX;
	uint8_t piece[PIECE];
	int found = GO_ON;

	if ((!o->code_inside && o->type_stream == V8_NO_FIELD) || pc >= ADDRESS_END || (before & 7))
		return false;
	for (; found == GO_ON && pc - start < V8_STREAM_MAX && start > 2ull * PIECE; start -= ALIGNMENT) {
		uint64_t head = start - before, map;

		if ((head & ~(uint64_t)(PIECE - 1)) != piece_at) {
			piece_at = head & ~(uint64_t)(PIECE - 1);
			if (!memory->read(memory->context, piece, PIECE, piece_at))
				return false;
		}
		memcpy(&map, piece + (head - piece_at), sizeof(map));
		found = look_at(&search, start, map);
	}
	return found == FOUND;
}
