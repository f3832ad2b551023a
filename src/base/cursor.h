/* SPDX-License-Identifier: Apache-2.0 */
/* base/cursor.h
 *
 * Reading hostile bytes: the only code that dereferences them.
 *
 * Sticky: after one short read every further read yields zero and moves nothing, so parsing code
 * is straight-line with one check of .failed, and loops test `cursor_more()`. Little endian.
 * Bounds are compared by subtracting, never by adding.
 */
#ifndef SONDE_BASE_CURSOR_H
#define SONDE_BASE_CURSOR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct cursor {
	const uint8_t *p;	/* next byte */
	const uint8_t *end;
	const uint8_t *start;	/* for cursor_pos() */
	bool failed;
};

static inline struct cursor cursor_over(struct str bytes)
{
	/* Never NULL: even adding 0 to it is undefined, and moves by 0 are common. (As wide as the widest read: gcc 14
	 * takes what cursor_want() forbids for a read behind it.) */
	static const uint8_t nothing[8];
	const uint8_t *p = bytes.p ? (const uint8_t *)bytes.p : nothing;

	return (struct cursor){ p, p + (bytes.p ? bytes.n : 0), p, false };
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

/* Bytes read so far: what an error message names. */
static inline size_t cursor_pos(const struct cursor *c)
{
	return (size_t)(c->p - c->start);
}

static inline bool cursor_more(const struct cursor *c)
{
	return !c->failed && c->p < c->end;
}

static inline bool cursor_fail(struct cursor *c)
{
	c->failed = true;
	c->p = c->end;
	return false;
}

/* Whether n bytes are left; fails the cursor when not. */
static inline bool cursor_want(struct cursor *c, uint64_t n)
{
	return n <= cursor_left(c) || cursor_fail(c);
}

static inline void cursor_skip(struct cursor *c, uint64_t n)
{
	if (cursor_want(c, n))
		c->p += n;
}

/* Moves to an absolute offset from the start. */
static inline void cursor_seek(struct cursor *c, uint64_t offset)
{
	if (c->failed)
		return;
	if (offset > (uint64_t)(c->end - c->start))
		cursor_fail(c);
	else
		c->p = c->start + offset;
}

#define CURSOR_FIXED(name, type)                                \
	static inline type cursor_##name(struct cursor *c)      \
	{                                                       \
		type v;                                         \
								\
		if (!cursor_want(c, sizeof(v)))                 \
			return 0;                               \
		memcpy(&v, c->p, sizeof(v));                    \
		c->p += sizeof(v);                              \
		return v;                                       \
	}
CURSOR_FIXED(u8, uint8_t)
CURSOR_FIXED(u16, uint16_t)
CURSOR_FIXED(u32, uint32_t)
CURSOR_FIXED(u64, uint64_t)
CURSOR_FIXED(s8, int8_t)
CURSOR_FIXED(s16, int16_t)
CURSOR_FIXED(s32, int32_t)
CURSOR_FIXED(s64, int64_t)
#undef CURSOR_FIXED

/* An unsigned number of 1 to 8 bytes. */
static inline uint64_t cursor_uint(struct cursor *c, unsigned size)
{
	uint64_t v = 0;

	if (size > sizeof(v) || !cursor_want(c, size)) {
		cursor_fail(c);
		return 0;
	}
	memcpy(&v, c->p, size);
	c->p += size;
	return v;
}

/* LEB128 (DWARF 7.6; protobuf's varint is the unsigned one). Bits past the 64th are dropped;
 * more than 10 bytes fail the cursor. */
static inline uint64_t cursor_uleb_slow(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint8_t byte = cursor_u8(c);

		if (shift < 64)
			v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return c->failed ? 0 : v;
	}
	cursor_fail(c);
	return 0;
}

/* One byte is the common case; two to eight are gathered from one load, without a branch that
 * depends on their number. */
static inline uint64_t cursor_uleb(struct cursor *c)
{
	uint64_t v, stop;

	if (c->p < c->end && *c->p < 0x80)
		return *c->p++;
	if (cursor_left(c) < sizeof(v))
		return cursor_uleb_slow(c);
	memcpy(&v, c->p, sizeof(v));
	stop = ~v & 0x8080808080808080u;
	if (!stop)
		return cursor_uleb_slow(c);
	c->p += ((unsigned)__builtin_ctzll(stop) + 1) / 8;
	v &= stop ^ (stop - 1);		/* the bytes up to the one that ends it */
	v &= 0x7f7f7f7f7f7f7f7fu;
	v = (v & 0x007f007f007f007fu) | (v & 0x7f007f007f007f00u) >> 1;
	v = (v & 0x00003fff00003fffu) | (v & 0x3fff00003fff0000u) >> 2;
	return (v & 0x0fffffffu) | (v & 0x0fffffff00000000u) >> 4;
}

/* For long runs of numbers that nearly all take one to four bytes: half the work of cursor_uleb(), and the
 * cursor stays in registers. */
static inline __attribute__((always_inline)) uint64_t cursor_uleb_short(struct cursor *c)
{
	struct cursor copy;
	uint64_t value;
	uint32_t v, stop;

	if (__builtin_expect(cursor_left(c) >= sizeof(v), 1)) {
		memcpy(&v, c->p, sizeof(v));
		stop = ~v & 0x80808080u;
		if (__builtin_expect(stop != 0, 1)) {
			c->p += ((unsigned)__builtin_ctz(stop) + 1) / 8;
			v &= stop ^ (stop - 1);
			return (v & 0x7f) | (v >> 1 & 0x3f80) | (v >> 2 & 0x1fc000) |
			       (v >> 3 & 0xfe00000);
		}
	}
	copy = *c;	/* whose address may be taken */
	value = cursor_uleb_slow(&copy);
	*c = copy;
	return value;
}

static inline int64_t cursor_sleb(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint8_t byte = cursor_u8(c);

		if (shift < 64)
			v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			if ((byte & 0x40) && shift + 7 < 64)
				v |= ~(uint64_t)0 << (shift + 7);
			return c->failed ? 0 : (int64_t)v;
		}
	}
	cursor_fail(c);
	return 0;
}

/* The next n bytes, borrowed from what the cursor runs over. */
static inline struct str cursor_bytes(struct cursor *c, uint64_t n)
{
	struct str s = { 0 };

	if (cursor_want(c, n)) {
		s = str_over(c->p, (size_t)n);
		c->p += n;
	}
	return s;
}

/* The bytes up to a NUL, which is passed over; fails when there is none. */
static inline struct str cursor_cstr(struct cursor *c)
{
	const uint8_t *nul = cursor_left(c) ? memchr(c->p, 0, cursor_left(c)) : NULL;
	struct str s = { 0 };

	if (!nul) {
		cursor_fail(c);
		return s;
	}
	s = str_over(c->p, (size_t)(nul - c->p));
	c->p = nul + 1;
	return s;
}

/* A cursor over the next n bytes, which this one passes over. A short one is born failed. */
static inline struct cursor cursor_sub(struct cursor *c, uint64_t n)
{
	struct cursor sub = cursor_over(cursor_bytes(c, n));

	sub.failed = c->failed;
	return sub;
}

#endif
