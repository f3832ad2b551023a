/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/decompress.h"

#include <elf.h>
#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/large.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

/* Deflate cannot shrink further than 1032:1. Zstd could, but no compiler writes such sections: the
 * same bound keeps a small hostile file from asking for gigabytes. */
#define RATIO_MAX 1032
#define ALWAYS_ALLOWED ((uint64_t)1 << 20)

static bool inflate_all(struct str stream, char *out, size_t size)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	enum libdeflate_result result = LIBDEFLATE_BAD_DATA;

	if (d)	/* without a place for the length, anything but exactly `size` bytes is an error */
		result = libdeflate_zlib_decompress(d, stream.p, stream.n, out, size, NULL);
	libdeflate_free_decompressor(d);
	return result == LIBDEFLATE_SUCCESS;
}

static bool unzstd_all(struct str stream, char *out, size_t size)
{
	return ZSTD_decompress(out, size, stream.p, stream.n) == size;
}

static int decompress(struct str stream, uint32_t method, uint64_t size, uint64_t max,
		      struct str what, struct str *ret_data, struct err *err)
{
	char *out;
	bool ok;

	if (size > max || (size > ALWAYS_ALLOWED && size / RATIO_MAX > stream.n))
		return err_fail(err, -EFBIG,
				"section %.*s: %zu compressed bytes claim to hold %llu",
				STR_ARG(what), stream.n, (unsigned long long)size);
	if (method != ELFCOMPRESS_ZLIB && method != ELFCOMPRESS_ZSTD)
		return err_fail(err, -EOPNOTSUPP, "section %.*s: unknown compression method %u",
				STR_ARG(what), method);
	out = large_alloc(size ? (size_t)size : 1);
	if (!out)
		return -ENOMEM;
	ok = method == ELFCOMPRESS_ZLIB ? inflate_all(stream, out, (size_t)size) :
					  unzstd_all(stream, out, (size_t)size);
	if (!ok) {
		free(out);
		return err_fail(err, -EBADMSG, "section %.*s: its compressed data is damaged",
				STR_ARG(what));
	}
	*ret_data = str_over(out, (size_t)size);
	return 0;
}

int decompress_elf_section(struct str bytes, uint64_t max, struct str what, struct str *ret_data,
			   struct err *err)
{
	struct cursor c = cursor_over(bytes);
	uint32_t method = cursor_u32(&c);
	uint64_t size;

	cursor_skip(&c, 4);	/* ch_reserved */
	size = cursor_u64(&c);
	cursor_skip(&c, 8);	/* ch_addralign */
	if (c.failed)
		return err_fail(err, -EBADMSG, "section %.*s: its compression header is cut off",
				STR_ARG(what));
	return decompress(cursor_bytes(&c, cursor_left(&c)), method, size, max, what, ret_data,
			  err);
}

uint64_t decompressed_bytes(struct str bytes)
{
	struct cursor c = cursor_over(bytes);

	cursor_skip(&c, 8);	/* ch_type, ch_reserved */
	return cursor_u64(&c);
}

int decompress_elf_head(struct str bytes, uint64_t n, unsigned share_max, struct str *ret_data)
{
	struct cursor c = cursor_over(bytes);
	uint32_t method = cursor_u32(&c);
	z_stream stream = { 0 };
	uint64_t size;
	char *out;

	cursor_skip(&c, 4);	/* ch_reserved */
	size = cursor_u64(&c);
	cursor_skip(&c, 8);	/* ch_addralign */
	if (c.failed || method != ELFCOMPRESS_ZLIB || n > size / share_max ||
	    cursor_left(&c) > UINT32_MAX || n > UINT32_MAX ||
	    n / RATIO_MAX > cursor_left(&c))
		return -EOPNOTSUPP;
	out = malloc(n ? n : 1);
	if (!out || inflateInit(&stream) != Z_OK) {
		free(out);
		return -ENOMEM;
	}
	stream.avail_in = (uint32_t)cursor_left(&c);
	stream.next_in = (Bytef *)(uintptr_t)c.p;
	stream.avail_out = (uint32_t)n;
	stream.next_out = (Bytef *)out;
	inflate(&stream, Z_SYNC_FLUSH);	/* ends where there is no more room */
	inflateEnd(&stream);
	if (stream.avail_out) {
		free(out);
		return -EBADMSG;
	}
	*ret_data = str_over(out, n);
	return 0;
}

int decompress_zdebug_section(struct str bytes, uint64_t max, struct str what,
			      struct str *ret_data, struct err *err)
{
	struct cursor c = cursor_over(bytes);
	struct str magic = cursor_bytes(&c, 4);
	uint64_t size = __builtin_bswap64(cursor_u64(&c));

	if (c.failed || !str_eq(magic, STR("ZLIB")))
		return err_fail(err, -EBADMSG, "section %.*s: no ZLIB header", STR_ARG(what));
	return decompress(cursor_bytes(&c, cursor_left(&c)), ELFCOMPRESS_ZLIB, size, max, what,
			  ret_data, err);
}
