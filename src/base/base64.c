/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include "base/buf.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put(char *to, uint32_t triple)
{
	to[0] = digits[triple >> 18 & 63];
	to[1] = digits[triple >> 12 & 63];
	to[2] = digits[triple >> 6 & 63];
	to[3] = digits[triple & 63];
}

void base64_add(struct buf *out, struct str bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	size_t whole = bytes.n / 3, rest = bytes.n % 3;

	if (bytes.n > SIZE_MAX / 2 || !buf_reserve(out, (whole + (rest > 0)) * 4))
		return;
	for (size_t i = 0; i < whole; i++, p += 3, out->n += 4)
		put(out->p + out->n, (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]);
	if (!rest)
		return;
	put(out->p + out->n, (uint32_t)p[0] << 16 | (rest > 1 ? (uint32_t)p[1] << 8 : 0));
	memset(out->p + out->n + rest + 1, '=', 3 - rest);
	out->n += 4;
}
