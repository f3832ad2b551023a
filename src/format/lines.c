/* SPDX-License-Identifier: Apache-2.0 */
#include "format/lines.h"

#include <errno.h>

#include "base/err.h"
#include "format/input.h"

#define CHUNK ((size_t)64 << 10)

void lines_fini(struct lines *lines)
{
	buf_fini(&lines->buf);
}

/* Reads on behind what is left. 1, 0 at the end, or -errno. */
static int fill(struct lines *lines, struct err *err)
{
	struct buf *buf = &lines->buf;
	ssize_t got;

	if (lines->at) {
		memmove(buf->p, buf->p + lines->at, buf->n - lines->at);
		buf->n -= lines->at;
		lines->at = 0;
	}
	if (buf->n > LINE_BYTES_MAX)
		return err_fail(err, -EFBIG, "%s:%llu: the line is longer than %zu MiB",
				lines->input->what, (unsigned long long)lines->number + 1,
				LINE_BYTES_MAX >> 20);
	if (!buf_reserve(buf, CHUNK))
		return -ENOMEM;
	got = input_read(lines->input, buf->p + buf->n, CHUNK, err);
	if (got <= 0)
		return (int)got;
	buf->n += (size_t)got;
	return 1;
}

int lines_next(struct lines *lines, struct str *ret_line, struct err *err)
{
	size_t seen = 0;

	for (;;) {
		struct str rest = str_skip(buf_str(&lines->buf), lines->at);
		const char *newline = rest.n > seen ? memchr(rest.p + seen, '\n', rest.n - seen) : NULL;
		int rc;

		if (!newline) {
			seen = rest.n;
			rc = fill(lines, err);
			if (rc > 0)
				continue;
			if (rc < 0 || !rest.n)
				return rc;
			rest = buf_str(&lines->buf);
			lines->at = rest.n;
		} else {
			rest.n = (size_t)(newline - rest.p);
			lines->at += rest.n + 1;
		}
		lines->number++;
		if (rest.n && rest.p[rest.n - 1] == '\r')
			rest.n--;
		*ret_line = rest;
		return 1;
	}
}
