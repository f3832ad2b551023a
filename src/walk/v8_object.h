/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/v8_object.h
 *
 * Reading objects of V8's heap: a word, a type, or an object's head at once, whose type is looked at.
 * The map of a kind of object is the same one again and again: it is looked at once a walk
 * (w->v8.maps).
 *
 * Layouts: objects/heap-object.h, objects/map.h; offsets of fields are the process's own (struct walk_v8 in
 * abi/runtime.h, found by runtime/v8/).
 * Part of walk/v8.h, the first; expects what walk/walk.h has before that.
 */
#ifndef SONDE_WALK_V8_OBJECT_H
#define SONDE_WALK_V8_OBJECT_H

WALK_INLINE uint64_t walk_v8_word(struct walk *w, uint64_t at)
{
	uint64_t word;

	return !(at & 7) && walk_read_object(w, &word, sizeof(word), at) ? word : 0;
}

WALK_INLINE uint32_t walk_v8_half(struct walk *w, uint64_t at)
{
	uint32_t half;

	return !(at & 3) && walk_read_object(w, &half, sizeof(half), at) ? half : 0;
}

/* An object's instance type; RUNTIME_NO_FIELD when it cannot be read. */
WALK_INLINE uint16_t walk_v8_type(struct walk *w, uint64_t object)
{
	uint64_t map = object ? v8_untag(walk_v8_word(w, object)) : 0;
	uint16_t type;

	if (!map || !walk_read_object(w, &type, sizeof(type), map + w->v8.layout.map_type))
		return RUNTIME_NO_FIELD;
	return type;
}

WALK_INLINE bool walk_v8_read_head(struct walk *w, uint64_t object, enum walk_v8_kind kind)
{
	uint64_t n = w->v8.head_bytes[kind];

	barrier_var(n);
	if (n > sizeof(w->v8.head) || !object || (object & 7))
		return false;
	return walk_read_object(w, w->v8.head, (uint32_t)n, object);
}

/* Reads an object's head: whether its instance type is one of these. A collection under way leaves where an
 * object is now in place of its map: *object is there then. What else was there stays until the
 * collection is over. */
WALK_INLINE bool walk_v8_head_is(struct walk *w, uint64_t *object, enum walk_v8_kind kind, uint16_t first,
				 uint16_t last)
{
	struct walk_v8_state *v = &w->v8;
	uint16_t type;
	uint64_t map;

	if (!walk_v8_read_head(w, *object, kind))
		return false;
	if (v->head[0] && !(v->head[0] & 7)) {
		*object = v->head[0];
		if (!walk_v8_read_head(w, *object, kind))
			return false;
	}
	map = v8_untag(v->head[0]);
	if (map && map == v->maps[kind])
		return true;
	if (!map || !walk_read_object(w, &type, sizeof(type), map + v->layout.map_type) || type < first ||
	    type > last)
		return false;
	v->maps[kind] = map;
	return true;
}

/* A word of the head that was read. */
WALK_INLINE uint64_t walk_v8_head_word(const struct walk *w, uint32_t off)
{
	uint64_t i = off >> 3;

	barrier_var(i);
	return i < WALK_V8_HEAD_WORDS && !(off & 7) ? w->v8.head[i] : 0;
}

WALK_INLINE uint32_t walk_v8_head_half(const struct walk *w, uint32_t off)
{
	return off & 3 ? 0 : (uint32_t)(walk_v8_head_word(w, off & ~7u) >> ((off & 4) * 8));
}

#endif
