/* SPDX-License-Identifier: Apache-2.0 */
#include "format/unwrap.h"

#include <errno.h>
#include <libdeflate.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define INFLATE_RATIO_MAX 1032	/* deflate cannot do better: 258 bytes from 2 bits */
#define INFLATE_MIN ((size_t)64 << 10)

enum wrapping wrapping_of(struct str head)
{
	if (str_starts(head, STR("\x1f\x8b")))
		return WRAPPING_GZIP;
	if (str_starts(head, STR("\x28\xb5\x2f\xfd")))
		return WRAPPING_ZSTD;
	return WRAPPING_NONE;
}

struct unwrapper {
	enum wrapping wrapping;
	bool complete;
	z_stream zlib;
	ZSTD_DCtx *zstd;
};

struct unwrapper *unwrapper_open(enum wrapping wrapping)
{
	struct unwrapper *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->wrapping = wrapping;
	if (wrapping == WRAPPING_ZSTD)
		u->zstd = ZSTD_createDCtx();
	if (wrapping == WRAPPING_ZSTD ? !u->zstd :
	    inflateInit2(&u->zlib, 15 + 16) != Z_OK) {	/* 16: gzip, not zlib */
		free(u);
		return NULL;
	}
	return u;
}

void unwrapper_close(struct unwrapper *u)
{
	if (!u)
		return;
	if (u->zstd)
		ZSTD_freeDCtx(u->zstd);
	else
		inflateEnd(&u->zlib);
	free(u);
}

static int step_gzip(struct unwrapper *u, struct str *raw, void *p, size_t n, size_t *ret_n)
{
	z_stream *z = &u->zlib;
	uInt in = raw->n > UINT_MAX ? UINT_MAX : (uInt)raw->n;
	int rc;

	if (u->complete) {
		/* padding after the last member, as tape blocks leave it */
		while (raw->n && raw->p[0] == 0)
			*raw = str_skip(*raw, 1);
		in = raw->n > UINT_MAX ? UINT_MAX : (uInt)raw->n;
		if (!in)
			return 0;
		if (inflateReset(z) != Z_OK)
			return -EBADMSG;
		u->complete = false;
	}
	z->next_in = (Bytef *)(uintptr_t)raw->p;
	z->avail_in = in;
	z->next_out = p;
	z->avail_out = n > UINT_MAX ? UINT_MAX : (uInt)n;
	rc = inflate(z, Z_NO_FLUSH);
	*raw = str_skip(*raw, in - z->avail_in);
	*ret_n = (size_t)(z->next_out - (Bytef *)p);
	u->complete = rc == Z_STREAM_END;
	if (rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR)
		return 0;
	return rc == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

static int step_zstd(struct unwrapper *u, struct str *raw, void *p, size_t n, size_t *ret_n)
{
	ZSTD_inBuffer in = { raw->p, raw->n, 0 };
	ZSTD_outBuffer out = { p, n, 0 };
	size_t left = ZSTD_decompressStream(u->zstd, &out, &in);

	*raw = str_skip(*raw, in.pos);
	*ret_n = out.pos;
	if (ZSTD_isError(left))
		return -EBADMSG;
	if (in.pos || out.pos)	/* called with nothing to do, it asks for the next frame's header */
		u->complete = left == 0;
	return 0;
}

int unwrapper_step(struct unwrapper *u, struct str *raw, void *p, size_t n, size_t *ret_n)
{
	*ret_n = 0;
	return u->wrapping == WRAPPING_ZSTD ? step_zstd(u, raw, p, n, ret_n) :
					      step_gzip(u, raw, p, n, ret_n);
}

bool unwrapper_complete(const struct unwrapper *u)
{
	return u->complete;
}

/* How much the last member says it holds (its last four bytes, modulo 2^32): a first guess, believed
 * only as far as deflate could keep it. */
static size_t size_guess(struct str raw, size_t max)
{
	const uint8_t *end = (const uint8_t *)raw.p + raw.n;
	size_t said, most = raw.n < max / INFLATE_RATIO_MAX ? raw.n * INFLATE_RATIO_MAX : max;

	if (raw.n < 18)
		return INFLATE_MIN;
	said = (size_t)end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 |
	       (size_t)end[-1] << 24;
	if (said > most)
		said = most;
	return said < INFLATE_MIN ? INFLATE_MIN : said + 1;
}

int gunzip_whole(struct str raw, size_t max, char **ret_bytes, size_t *ret_n)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t cap = size_guess(raw, max), n = 0;
	char *bytes = malloc(cap);
	int rc = d && bytes ? 0 : -ENOMEM;

	while (rc == 0 && raw.n && raw.p[0]) {
		size_t used = 0, made = 0;
		enum libdeflate_result result = libdeflate_gzip_decompress_ex(
			d, raw.p, raw.n, bytes + n, cap - n, &used, &made);

		if (result == LIBDEFLATE_SUCCESS) {
			raw = str_skip(raw, used);
			n += made;
		} else if (result != LIBDEFLATE_INSUFFICIENT_SPACE) {
			rc = -EBADMSG;
		} else if (cap > max) {
			rc = -EFBIG;
		} else {
			char *more = realloc(bytes, cap = cap * 2 < max ? cap * 2 : max + 1);

			if (!more)
				rc = -ENOMEM;
			else
				bytes = more;
		}
	}
	libdeflate_free_decompressor(d);
	if (rc < 0) {
		free(bytes);
		return rc;
	}
	*ret_bytes = bytes;
	*ret_n = n;
	return 0;
}
