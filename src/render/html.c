/* SPDX-License-Identifier: Apache-2.0 */
#include "render/html.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/parallel.h"
#include "render/html_pack.h"
#include "render/web_files.h"

#define DEFLATE_LEVEL 6	/* 9 saves 1 % for ten times the time */

struct page {
	struct buf names;	/* deflated: one a line, of several profiles */
	struct buf *blocks;	/* deflated, two for each profile: the second one is of its lines, or empty */
	uint32_t n;
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

static void put_block(struct buf *out, const char *name, const char *id, const struct buf *block)
{
	buf_addf(out, "<script type=\"application/octet-stream\" class=\"%s\"%s>", name, id);
	base64_add(out, buf_str(block));
	buf_add_str(out, STR("</script>\n"));
}

static void put_blocks(struct buf *out, const struct page *page)
{
	if (page->names.n)
		put_block(out, "packed", " id=\"names\"", &page->names);
	for (uint32_t i = 0; i < page->n; i++)
		put_block(out, "packed", i ? "" : " id=\"profile\"", &page->blocks[2 * i]);
	for (uint32_t i = 0; i < page->n; i++)	/* behind what the page opens with */
		put_block(out, "lines", "", &page->blocks[2 * i + 1]);
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
		put_blocks(out, page);
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

/* What the menu calls them; nothing for a single one. */
static int pack_names(struct page *page, const struct html_part *parts, uint32_t n)
{
	struct buf lines = { 0 };
	int rc;

	if (n < 2)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		struct str name = str_of(parts[i].name);

		if (i)
			buf_add_u8(&lines, '\n');
		for (size_t k = 0; k < name.n; k++)
			buf_add_u8(&lines, name.p[k] == '\n' ? ' ' : (uint8_t)name.p[k]);
	}
	rc = deflate_block(&page->names, buf_str(&lines));
	buf_fini(&lines);
	return rc;
}

/* A profile's two blocks. */
struct deflating {
	struct buf from[2], *to;
	int rcs[2];
};

static void deflate_one(void *context, uint32_t i)
{
	struct deflating *work = context;

	if (work->from[i].n)
		work->rcs[i] = deflate_block(&work->to[i], buf_str(&work->from[i]));
}

static int pack_profiles(struct page *page, const struct html_part *parts, uint32_t n,
			 struct err *err)
{
	int rc = 0;

	page->blocks = calloc(2 * (size_t)n + 1, sizeof(*page->blocks));
	if (!page->blocks)
		return -ENOMEM;
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		struct deflating work = { .to = &page->blocks[2 * i] };

		rc = html_pack(&work.from[0], &work.from[1], parts[i].profile, &parts[i].options, err);
		if (rc == 0)
			parallel_each(2, deflate_one, &work);
		if (rc == 0)
			rc = work.rcs[0] < 0 ? work.rcs[0] : work.rcs[1];
		buf_fini(&work.from[0]);
		buf_fini(&work.from[1]);
		/* Of the contents, so that the same profiles give the same page. */
		page->nonce = i ? page->nonce * 31 : 0;
		page->nonce += hash_str(buf_str(&page->blocks[2 * i]));
		page->n++;
	}
	return rc;
}

int html_write_all(struct buf *out, const struct html_part *parts, uint32_t n, struct err *err)
{
	struct page page = { 0 };
	int rc = pack_profiles(&page, parts, n, err);

	if (rc == 0)
		rc = pack_names(&page, parts, n);
	if (rc == 0) {
		put_page(out, &page);
		rc = out->failed ? -ENOMEM : 0;
	}
	if (rc == -ENOMEM)
		err_set(err, "out of memory while writing the flame graph");
	for (uint32_t i = 0; i < 2 * page.n; i++)
		buf_fini(&page.blocks[i]);
	free(page.blocks);
	buf_fini(&page.names);
	return rc;
}

int html_write(struct buf *out, const struct profile *profile, const struct flame_options *options,
	       struct err *err)
{
	return html_write_all(out, &(struct html_part){ "", profile, *options }, 1, err);
}
