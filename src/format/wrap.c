/* SPDX-License-Identifier: Apache-2.0 */
#include "format/wrap.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/err.h"
#include "base/file.h"

#define GZIP_LEVEL 6
#define ZSTD_LEVEL 3
#define CHUNK ((size_t)64 << 10)

struct wrapper {
	z_stream zlib;
	ZSTD_CCtx *zstd;
	char out[CHUNK];
};

enum wrapping wrapping_for_path(const char *path, struct str *ret_stem)
{
	static const struct {
		enum wrapping wrapping;
		struct str ending;
	} endings[] = { { WRAPPING_GZIP, { ".gz", 3 } }, { WRAPPING_ZSTD, { ".zst", 4 } } };
	struct str name = str_of(path);

	*ret_stem = name;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (str_ends(name, endings[i].ending)) {
			*ret_stem = str_head(name, name.n - endings[i].ending.n);
			return endings[i].wrapping;
		}
	return WRAPPING_NONE;
}

static int write_gzip(struct new_file *file, struct wrapper *w, struct str bytes, bool end, struct err *err)
{
	z_stream *z = &w->zlib;
	int rc = 0, state = Z_OK;

	do {
		uInt n = bytes.n > UINT_MAX ? UINT_MAX : (uInt)bytes.n;
		bool last = n == bytes.n;

		z->next_in = (Bytef *)(uintptr_t)bytes.p;
		z->avail_in = n;
		do {
			z->next_out = (Bytef *)w->out;
			z->avail_out = sizeof(w->out);
			state = deflate(z, end && last ? Z_FINISH : Z_NO_FLUSH);
			if (state == Z_STREAM_ERROR)
				return -EIO;
			rc = new_file_write_through(file, str_over(w->out, sizeof(w->out) - z->avail_out), err);
		} while (rc == 0 && (z->avail_in || !z->avail_out || (end && last && state != Z_STREAM_END)));
		bytes = str_skip(bytes, n);
	} while (rc == 0 && bytes.n);
	return rc;
}

static int write_zstd(struct new_file *file, struct wrapper *w, struct str bytes, bool end, struct err *err)
{
	ZSTD_inBuffer in = { bytes.p, bytes.n, 0 };
	size_t left;
	int rc;

	do {
		ZSTD_outBuffer out = { w->out, sizeof(w->out), 0 };

		left = ZSTD_compressStream2(w->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return -EIO;
		rc = new_file_write_through(file, str_over(w->out, out.pos), err);
	} while (rc == 0 && (end ? left != 0 : in.pos < in.size));
	return rc;
}

static int write_wrapped(struct new_file *file, struct str bytes, bool end, struct err *err)
{
	struct wrapper *w = file->filtering;
	int rc = w->zstd ? write_zstd(file, w, bytes, end, err) : write_gzip(file, w, bytes, end, err);

	if (rc == -EIO && err && !err->text[0])
		err_set(err, "cannot write %s: it could not be compressed", file->path);
	return rc;
}

static void close_wrapper(struct new_file *file)
{
	struct wrapper *w = file->filtering;

	if (w->zstd)
		ZSTD_freeCCtx(w->zstd);
	else
		deflateEnd(&w->zlib);
	free(w);
}

int wrap_file(struct new_file *file, enum wrapping wrapping)
{
	static const struct new_file_filter filter = { write_wrapped, close_wrapper };
	struct wrapper *w;

	if (wrapping == WRAPPING_NONE)
		return 0;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	if (wrapping == WRAPPING_ZSTD) {
		w->zstd = ZSTD_createCCtx();
		if (w->zstd)
			ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	}
	if (wrapping == WRAPPING_ZSTD ? !w->zstd :
	    deflateInit2(&w->zlib, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) {	/* 16: gzip */
		free(w);
		return -ENOMEM;
	}
	file->filter = &filter;
	file->filtering = w;
	return 0;
}

int wrap_write_whole(const char *path, bool wrapped, struct str bytes, struct err *err)
{
	struct new_file file;
	struct str stem;
	int rc = new_file_open(&file, path, err);

	if (rc == 0 && wrapped)
		rc = wrap_file(&file, wrapping_for_path(path, &stem));
	if (rc == 0)
		rc = new_file_write(&file, bytes, err);
	if (rc == 0)
		rc = new_file_commit(&file, err);
	if (rc == -ENOMEM)
		err_set(err, "cannot write %s: out of memory", path);
	new_file_close(&file);
	return rc;
}
