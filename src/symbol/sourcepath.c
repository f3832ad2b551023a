/* SPDX-License-Identifier: Apache-2.0 */
#include "symbol/sourcepath.h"

/* Appends the parts of one piece, each behind a '/' unless it is the path's first. */
static void add_parts(struct str piece, size_t start, struct buf *out)
{
	while (piece.p) {
		struct str part = str_cut(&piece, '/');

		if (!part.n || str_eq(part, STR(".")))
			continue;
		if (out->n > start && out->p[out->n - 1] != '/')
			buf_add_u8(out, '/');
		buf_add_str(out, part);
	}
}

/* "wasm://wasm/1a2b", "https://deno.land/x.js": no path. */
static bool is_url(struct str file)
{
	size_t n = 0;

	while (n < file.n && file.p[n] >= 'a' && file.p[n] <= 'z')
		n++;
	return n && str_starts(str_skip(file, n), STR("://"));
}

void source_path_join(struct str dir, struct str file, struct buf *out)
{
	size_t start = out->n;
	bool absolute = str_starts(file, STR("/"));

	if (!dir.n && is_url(file)) {
		buf_add_str(out, file);
		return;
	}
	if (absolute || str_starts(dir, STR("/")))
		buf_add_u8(out, '/');
	if (!absolute && dir.n)
		add_parts(dir, start, out);
	add_parts(file, start, out);
}
