/* SPDX-License-Identifier: Apache-2.0 */
/* base/buf.h
 *
 * A growing run of bytes with a cap.
 *
 * Sticky like the cursor: once memory or the cap is exhausted, .failed is set and further adds do
 * nothing, so writing code is straight-line with one check at the end. {0} is empty, capped at
 * BUF_MAX_DEFAULT. buf_fini() frees.
 */
#ifndef SONDE_BASE_BUF_H
#define SONDE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

#define BUF_MAX_DEFAULT ((size_t)8 << 30)

struct buf {
	char *p;
	size_t n, cap;
	size_t max;	/* 0: BUF_MAX_DEFAULT */
	bool failed;
};

/* What buf_reserve() does when there is no room. */
bool buf_grow(struct buf *buf, size_t n);

/* Makes room for n more bytes; false (and .failed) when there is none. */
static inline bool buf_reserve(struct buf *buf, size_t n)
{
	return (n <= buf->cap - buf->n && !buf->failed) || buf_grow(buf, n);
}

static inline void buf_add(struct buf *buf, const void *p, size_t n)
{
	if (n && buf_reserve(buf, n)) {
		memcpy(buf->p + buf->n, p, n);
		buf->n += n;
	}
}

void buf_addf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void buf_add_str(struct buf *buf, struct str s)
{
	buf_add(buf, s.p, s.n);
}

static inline void buf_add_u8(struct buf *buf, uint8_t byte)
{
	if ((buf->n < buf->cap && !buf->failed) || buf_reserve(buf, 1))
		buf->p[buf->n++] = (char)byte;
}

/* Unsigned LEB128, the same bytes as protobuf's varint. */
void buf_add_uleb(struct buf *buf, uint64_t v);

/* How many bytes that is. */
static inline size_t uleb_size(uint64_t v)
{
	return (size_t)(63 - __builtin_clzll(v | 1)) / 7 + 1;
}

/* v in decimal. */
void buf_add_dec(struct buf *buf, uint64_t v);

static inline struct str buf_str(const struct buf *buf)
{
	return (struct str){ buf->p, buf->n };
}

/* Empties without giving memory back; .failed is cleared. */
static inline void buf_clear(struct buf *buf)
{
	buf->n = 0;
	buf->failed = false;
}

void buf_fini(struct buf *buf);

#endif
