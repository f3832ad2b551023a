/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/large.h"

bool buf_grow(struct buf *buf, size_t n)
{
	size_t max = buf->max ? buf->max : BUF_MAX_DEFAULT;
	size_t cap = buf->cap ? buf->cap * 2 : 256;
	char *p;

	if (buf->failed)
		return false;
	if (buf->n > max || n > max - buf->n) {
		buf->failed = true;
		return false;
	}
	if (cap > max)	/* room beyond the cap would be filled without being asked about */
		cap = max;
	if (cap < buf->n + n)
		cap = buf->n + n;
	p = large_realloc(buf->p, cap);
	if (!p) {
		buf->failed = true;
		return false;
	}
	buf->p = p;
	buf->cap = cap;
	return true;
}

void buf_addf(struct buf *buf, const char *format, ...)
{
	char small[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (n < 0) {
		buf->failed = true;
		return;
	}
	if ((size_t)n < sizeof(small)) {
		buf_add(buf, small, (size_t)n);
		return;
	}
	if (!buf_reserve(buf, (size_t)n + 1))
		return;
	va_start(args, format);
	vsnprintf(buf->p + buf->n, (size_t)n + 1, format, args);
	va_end(args);
	buf->n += (size_t)n;
}

void buf_add_uleb(struct buf *buf, uint64_t v)
{
	if (!buf_reserve(buf, 10))
		return;
	while (v >= 0x80) {
		buf->p[buf->n++] = (char)(v | 0x80);
		v >>= 7;
	}
	buf->p[buf->n++] = (char)v;
}

void buf_add_dec(struct buf *buf, uint64_t v)
{
	char digits[20];
	size_t n = 0;

	do {
		digits[sizeof(digits) - ++n] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_add(buf, digits + sizeof(digits) - n, n);
}

void buf_fini(struct buf *buf)
{
	free(buf->p);
	*buf = (struct buf){ .max = buf->max };
}
