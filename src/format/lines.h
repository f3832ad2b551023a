/* SPDX-License-Identifier: Apache-2.0 */
/* format/lines.h - a text line by line, in memory that does not grow with it. */
#ifndef SONDE_FORMAT_LINES_H
#define SONDE_FORMAT_LINES_H

#include <stdint.h>

#include "base/buf.h"

struct err;
struct input;

#define LINE_BYTES_MAX ((size_t)1 << 20)	/* a longer one is refused */

struct lines {
	struct input *input;
	struct buf buf;
	size_t at;
	uint64_t number;	/* of the line that came last, from 1 */
};

/* {.input = ...} is before the first line. */
void lines_fini(struct lines *lines);

/* The next line without its end ("\r" neither), lent until the next call. 1, 0 at the end of the text, or -errno
 * with a sentence. */
int lines_next(struct lines *lines, struct str *ret_line, struct err *err);

#endif
