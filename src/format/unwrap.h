/* SPDX-License-Identifier: Apache-2.0 */
/* format/unwrap.h
 *
 * Streaming gzip (RFC 1952) and zstd (RFC 8878): the caller hands raw bytes in and takes plain bytes
 * out, in memory that does not depend on how far they inflate.
 */
#ifndef SONDE_FORMAT_UNWRAP_H
#define SONDE_FORMAT_UNWRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum wrapping { WRAPPING_NONE, WRAPPING_GZIP, WRAPPING_ZSTD };

/* What a file that begins with these bytes is wrapped in. */
enum wrapping wrapping_of(struct str head);

struct unwrapper;

/* NULL: out of memory. */
struct unwrapper *unwrapper_open(enum wrapping wrapping);
void unwrapper_close(struct unwrapper *u);

/* Turns some of *raw (which loses what was used) into at most n bytes at p; *ret_n says how many.
 * Neither used nor made: it needs more raw bytes. 0, -EBADMSG or -ENOMEM. */
int unwrapper_step(struct unwrapper *u, struct str *raw, void *p, size_t n, size_t *ret_n);

/* Whether the raw bytes so far end a member or frame: the only place where a file may end. */
bool unwrapper_complete(const struct unwrapper *u);

/* All of a gzip file at once, twice as fast. *ret_bytes is malloc's. -EFBIG: more than max bytes;
 * -EBADMSG: truncated or corrupt (streaming tells where); -ENOMEM. */
int gunzip_whole(struct str raw, size_t max, char **ret_bytes, size_t *ret_n);

#endif
