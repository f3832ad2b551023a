/* SPDX-License-Identifier: Apache-2.0 */
/* format/news.h
 *
 * Texts that became numbers while a piece (format/pieces.h) was worked on: a worker numbers the distinct
 * texts it meets, and hands each new one over in the block where it came up first.
 *
 *   worker's table   1 "main"  2 "parse"            block: words 1 2 3, news {from 3: "lex"}
 *
 * Numbers begin at 1. The bytes are lent by the block until it is worked on again.
 */
#ifndef SONDE_FORMAT_NEWS_H
#define SONDE_FORMAT_NEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/strings.h"

#define NEWS_TEXT_MAX ((size_t)64 << 20)	/* a worker whose table is larger begins anew */

struct news {
	struct buf ends, bytes;
	uint32_t n, from;
};

static inline void news_fini(struct news *news)
{
	buf_fini(&news->ends);
	buf_fini(&news->bytes);
}

/* No news of the table yet. */
static inline void news_start(struct news *news, const struct strings *known)
{
	buf_clear(&news->ends);
	buf_clear(&news->bytes);
	news->n = 0;
	news->from = known->n ? known->n : 1;
}

/* The text got that number: news, if it is a new one. */
static inline void news_note(struct news *news, struct str text, uint32_t number)
{
	uint32_t end;

	if (number != news->from + news->n)
		return;
	buf_add_str(&news->bytes, text);
	end = (uint32_t)news->bytes.n;
	buf_add(&news->ends, &end, sizeof(end));
	news->n++;
}

static inline bool news_failed(const struct news *news)
{
	return news->ends.failed || news->bytes.failed;
}

/* Text k of them: its number is from + k. */
static inline struct str news_get(const struct news *news, uint32_t k)
{
	const uint32_t *ends = (const uint32_t *)(const void *)news->ends.p;
	uint32_t start = k ? ends[k - 1] : 0;

	return (struct str){ news->bytes.p + start, ends[k] - start };
}

#endif
