/* SPDX-License-Identifier: Apache-2.0 */
#include "format/marshal.h"

#include <stdlib.h>

#include "base/vec.h"

#define DEPTH_MAX 64
#define REF_FLAG 0x80

static uint32_t fail(struct marshal *m, const char *why)
{
	if (!m->why)
		m->why = why;
	return UINT32_MAX;
}

static uint32_t out_of_memory(struct marshal *m)
{
	m->out_of_memory = true;
	return fail(m, "out of memory");
}

static uint32_t new_node(struct marshal *m, enum marshal_kind kind)
{
	if (VEC_RESERVE(&m->nodes, &m->cap_nodes, (uint64_t)m->n_nodes + 1) < 0)
		return out_of_memory(m);
	m->nodes[m->n_nodes] = (struct marshal_node){ .kind = kind, .at = m->at };
	return m->n_nodes++;
}

static uint32_t new_int(struct marshal *m, int64_t value)
{
	uint32_t node = new_node(m, MARSHAL_INT);

	if (node != UINT32_MAX)
		m->nodes[node].integer = value;
	return node;
}

static uint32_t new_float(struct marshal *m, double value)
{
	uint32_t node = new_node(m, MARSHAL_FLOAT);

	if (node != UINT32_MAX)
		m->nodes[node].real = value;
	return node;
}

static uint32_t new_text(struct marshal *m, struct str text)
{
	uint32_t node = new_node(m, MARSHAL_TEXT);

	if (node != UINT32_MAX)
		m->nodes[node].text = text;
	return node;
}

/* Digits of 15 bits, as many as the number's size says; a negative number has a negative size. */
static int64_t read_long(struct marshal *m)
{
	int32_t size = cursor_s32(&m->c);
	uint32_t n = size < 0 ? 0u - (uint32_t)size : (uint32_t)size;
	uint64_t v = 0;
	bool large = n > 4;

	if (n > cursor_left(&m->c) / 2) {
		cursor_fail(&m->c);
		return 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint64_t digit = cursor_u16(&m->c) & 0x7fff;

		if (i < 4)
			v |= digit << 15 * i;
	}
	if (large)
		return size < 0 ? INT64_MIN : INT64_MAX;
	return size < 0 ? -(int64_t)v : (int64_t)v;
}

static double read_float_text(struct marshal *m)
{
	struct str text = cursor_bytes(&m->c, cursor_u8(&m->c));
	char copy[256];

	memcpy(copy, text.p ? text.p : "", text.n);
	copy[text.n] = '\0';
	return strtod(copy, NULL);
}

static double read_float(struct marshal *m)
{
	uint64_t bits = cursor_u64(&m->c);
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static uint32_t read_object(struct marshal *m, int depth, bool *ret_end);

static bool append(struct marshal *m, uint32_t **list, uint32_t *n, uint32_t *cap, uint32_t node)
{
	if (VEC_RESERVE(list, cap, (uint64_t)*n + 1) < 0) {
		out_of_memory(m);
		return false;
	}
	(*list)[(*n)++] = node;
	return true;
}

/* n items, or (a dictionary) as many as come before its end. They are gathered aside, since items of items
 * go into the same array. */
static uint32_t read_items(struct marshal *m, uint32_t node, uint64_t n, bool is_dict, int depth)
{
	uint32_t *list = NULL, count = 0, cap = 0;
	bool end = false;

	if (node == UINT32_MAX)
		return node;
	if (n > cursor_left(&m->c))	/* each takes a byte at least */
		fail(m, "more items than the file has bytes");
	while (!m->why && (is_dict || count < n)) {
		uint32_t item = read_object(m, depth + 1, is_dict && count % 2 == 0 ? &end : NULL);

		if (end || item == UINT32_MAX || !append(m, &list, &count, &cap, item))
			break;
	}
	if (!m->why) {
		m->nodes[node].first = m->n_items;
		m->nodes[node].n = count;
		for (uint32_t i = 0; i < count && append(m, &m->items, &m->n_items, &m->cap_items, list[i]); i++)
			;
	}
	free(list);
	return m->why ? UINT32_MAX : node;
}

static uint32_t read_ref(struct marshal *m, const uint32_t *refs, uint32_t n)
{
	uint32_t i = cursor_u32(&m->c);

	if (m->c.failed)
		return fail(m, "the file ends in the middle");
	return i < n && refs[i] != UINT32_MAX ? refs[i] : fail(m, "a reference to what is not there");
}

/* Python 2 counts its interned strings, and nothing else, and refers to them by that number. */
static uint32_t read_interned(struct marshal *m)
{
	uint32_t node = new_text(m, cursor_bytes(&m->c, cursor_u32(&m->c)));

	return append(m, &m->interned, &m->n_interned, &m->cap_interned, node) ? node : UINT32_MAX;
}

/* What needs no other objects. UINT32_MAX without .why: it is none of these. */
static uint32_t read_simple(struct marshal *m, char type)
{
	switch (type) {
	case 'N':
	case '.':
		return new_node(m, MARSHAL_NONE);
	case 'T':
	case 'F':
		return new_int(m, type == 'T');
	case 'i':
		return new_int(m, cursor_s32(&m->c));
	case 'I':
		return new_int(m, cursor_s64(&m->c));
	case 'l':
		return new_int(m, read_long(m));
	case 'f':
		return new_float(m, read_float_text(m));
	case 'g':
		return new_float(m, read_float(m));
	case 't':
		return read_interned(m);
	case 's':
	case 'u':
	case 'a':
	case 'A':
		return new_text(m, cursor_bytes(&m->c, cursor_u32(&m->c)));
	case 'z':
	case 'Z':
		return new_text(m, cursor_bytes(&m->c, cursor_u8(&m->c)));
	default:
		return UINT32_MAX;
	}
}

static uint32_t read_compound(struct marshal *m, char type, uint32_t ref, int depth)
{
	uint32_t node = new_node(m, type == '{' ? MARSHAL_DICT : MARSHAL_TUPLE);
	uint64_t n = type == ')' ? cursor_u8(&m->c) : type == '{' ? 0 : cursor_u32(&m->c);

	/* (it may be referred to only once it is whole: a circle would have no end) */
	node = read_items(m, node, n, type == '{', depth);
	if (ref != UINT32_MAX && node != UINT32_MAX)
		m->refs[ref] = node;
	return node;
}

/* ret_end: an object may be missing here, which ends a dictionary. */
static uint32_t read_object(struct marshal *m, int depth, bool *ret_end)
{
	size_t at = cursor_pos(&m->c);
	uint8_t byte = cursor_u8(&m->c);
	char type = (char)(byte & ~REF_FLAG);
	uint32_t ref = UINT32_MAX, node;

	m->at = at;
	if (m->c.failed)
		return fail(m, "the file ends in the middle");
	if (ret_end && type == '0') {
		*ret_end = true;
		return UINT32_MAX;
	}
	if (depth > DEPTH_MAX)
		return fail(m, "objects in each other too deeply");
	if (type == 'r')
		return read_ref(m, m->refs, m->n_refs);
	if (type == 'R')
		return read_ref(m, m->interned, m->n_interned);
	if (byte & REF_FLAG) {
		ref = m->n_refs;
		if (!append(m, &m->refs, &m->n_refs, &m->cap_refs, UINT32_MAX))
			return UINT32_MAX;
	}
	if (type == '(' || type == ')' || type == '[' || type == '{')
		return read_compound(m, type, ref, depth);
	node = read_simple(m, type);
	if (m->c.failed)
		return fail(m, "the file ends in the middle");
	if (node == UINT32_MAX)
		return fail(m, "an object of a kind that has no place in a profile");
	if (ref != UINT32_MAX)
		m->refs[ref] = node;
	return node;
}

uint32_t marshal_read(struct marshal *m, struct str bytes)
{
	*m = (struct marshal){ .c = cursor_over(bytes) };
	return read_object(m, 0, NULL);
}

void marshal_fini(struct marshal *m)
{
	free(m->nodes);
	free(m->items);
	free(m->refs);
	free(m->interned);
}

double marshal_number(const struct marshal *m, uint32_t node)
{
	const struct marshal_node *n = &m->nodes[node];

	return n->kind == MARSHAL_INT ? (double)n->integer : n->kind == MARSHAL_FLOAT ? n->real : 0;
}
