/* SPDX-License-Identifier: Apache-2.0 */
#include "render/html.h"

#include <errno.h>
#include <libdeflate.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "render/html_pack.h"
#include "render/web_files.h"

#define DEFLATE_LEVEL 6	/* 9 saves 1 % for ten times the time */

struct page {
	struct str packed;	/* deflated */
	uint64_t nonce;
};

static int deflate_block(struct buf *out, struct str block)
{
	struct libdeflate_compressor *deflater = libdeflate_alloc_compressor(DEFLATE_LEVEL);
	size_t bound;

	if (!deflater)
		return -ENOMEM;
	bound = libdeflate_deflate_compress_bound(deflater, block.n);
	if (buf_reserve(out, bound))
		out->n += libdeflate_deflate_compress(deflater, block.p, block.n, out->p + out->n,
						      bound);
	libdeflate_free_compressor(deflater);
	return out->failed ? -ENOMEM : 0;
}

/* Modules cannot be loaded from other files by a page on a disk, so each is a data: address that
 * its name is mapped to. A server maps the same names to the files. */
static void put_imports(struct buf *out)
{
	size_t n;
	const struct web_file *files = web_files(&n);
	const char *before = "{\"imports\":{";

	for (size_t i = 0; i < n; i++) {
		if (!files[i].module)
			continue;
		buf_addf(out, "%s\"%s\":\"data:text/javascript;base64,", before, files[i].module);
		base64_add(out, web_file_bytes(&files[i]));
		buf_add_u8(out, '"');
		before = ",\n";
	}
	buf_add_str(out, STR("}}"));
}

static void put_part(struct buf *out, struct str name, const struct page *page)
{
	if (str_eq(name, STR("nonce")))
		buf_addf(out, "%016llx", (unsigned long long)page->nonce);
	else if (str_eq(name, STR("version")))
		buf_add_str(out, STR(SONDE_VERSION));
	else if (str_eq(name, STR("style")))
		buf_add_str(out, web_file_named(STR("style.css")));
	else if (str_eq(name, STR("imports")))
		put_imports(out);
	else if (str_eq(name, STR("data")))
		base64_add(out, page->packed);
}

/* page.html with each {{name}} replaced. */
static void put_page(struct buf *out, const struct page *page)
{
	struct str rest = web_file_named(STR("page.html"));

	while (rest.n) {
		struct str text = str_cut(&rest, '{');
		struct str name = str_skip(rest, 1);

		buf_add_str(out, text);
		if (!rest.p)
			break;
		if (!str_starts(rest, STR("{"))) {
			buf_add_u8(out, '{');
			continue;
		}
		put_part(out, str_cut(&name, '}'), page);
		rest = str_skip(name, 1);
	}
}

int html_write(struct buf *out, const struct profile *profile, const struct flame_options *options,
	       struct err *err)
{
	struct buf block = { 0 }, packed = { 0 };
	int rc = html_pack(&block, profile, options, err);

	if (rc == 0)
		rc = deflate_block(&packed, buf_str(&block));
	if (rc == 0) {
		/* Of the contents, so that the same profile gives the same page. */
		struct page page = { buf_str(&packed), hash_str(buf_str(&packed)) };

		put_page(out, &page);
		rc = out->failed ? -ENOMEM : 0;
	}
	if (rc == -ENOMEM)
		err_set(err, "out of memory while writing the flame graph");
	buf_fini(&block);
	buf_fini(&packed);
	return rc;
}
