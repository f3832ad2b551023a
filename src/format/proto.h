/* SPDX-License-Identifier: Apache-2.0 */
/* format/proto.h
 *
 * Protocol buffers on the wire (protobuf.dev/programming-guides/encoding): a message is a run of
 * fields, each a tag (number << 3 | wire type) and a value. A repeated number may be packed: one
 * run of varints instead of a field each.
 */
#ifndef SONDE_FORMAT_PROTO_H
#define SONDE_FORMAT_PROTO_H

#include "base/buf.h"
#include "base/cursor.h"

enum proto_wire { PROTO_VARINT = 0, PROTO_FIXED64 = 1, PROTO_BYTES = 2, PROTO_FIXED32 = 5 };

struct proto_field {
	uint32_t number;
	enum proto_wire wire;
	uint64_t value;		/* of a number */
	struct str bytes;	/* of PROTO_BYTES: a string, a message or packed numbers */
};

/* The next field of the message; false at its end or (c->failed) where it is not sound. */
static inline bool proto_next(struct cursor *c, struct proto_field *field)
{
	uint64_t tag;

	if (!cursor_more(c))
		return false;
	*field = (struct proto_field){ 0 };	/* a value of the wrong wire type reads as zero */
	tag = cursor_uleb(c);
	field->number = (uint32_t)(tag >> 3);
	field->wire = (enum proto_wire)(tag & 7);
	if (!field->number || tag > UINT32_MAX)
		return cursor_fail(c);
	if (field->wire == PROTO_BYTES)
		field->bytes = cursor_bytes(c, cursor_uleb(c));
	else if (field->wire == PROTO_VARINT)
		field->value = cursor_uleb(c);
	else if (field->wire == PROTO_FIXED64)
		field->value = cursor_u64(c);
	else if (field->wire == PROTO_FIXED32)
		field->value = cursor_u32(c);
	else
		return cursor_fail(c);	/* groups were never used by the formats we read */
	return !c->failed;
}

static inline void proto_add_tag(struct buf *buf, uint32_t number, enum proto_wire wire)
{
	buf_add_uleb(buf, (uint64_t)number << 3 | wire);
}

/* Zero is the default and is left out. */
static inline void proto_add_uint(struct buf *buf, uint32_t number, uint64_t value)
{
	if (!value)
		return;
	proto_add_tag(buf, number, PROTO_VARINT);
	buf_add_uleb(buf, value);
}

/* What stands before the n bytes of a string or a message. */
static inline void proto_add_head(struct buf *buf, uint32_t number, size_t n)
{
	proto_add_tag(buf, number, PROTO_BYTES);
	buf_add_uleb(buf, n);
}

/* A string or a message; an empty one is written too: it may be an element of a repeated field. */
static inline void proto_add_bytes(struct buf *buf, uint32_t number, struct str bytes)
{
	proto_add_head(buf, number, bytes.n);
	buf_add_str(buf, bytes);
}

/* How many bytes proto_add_bytes() writes of n. */
static inline size_t proto_bytes_size(uint32_t number, size_t n)
{
	return uleb_size((uint64_t)number << 3) + uleb_size(n) + n;
}

#endif
