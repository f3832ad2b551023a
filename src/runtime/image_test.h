/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/image_test.h
 *
 * For tests and fuzzers: the memory of a made process, as bytes that a fuzzer can change.
 *
 *   image   runs of bytes: address u64, n u32, n bytes; of runs that overlap the first one counts
 */
#ifndef SONDE_RUNTIME_IMAGE_TEST_H
#define SONDE_RUNTIME_IMAGE_TEST_H

#include <string.h>

#include "base/buf.h"
#include "base/cursor.h"

static inline void image_add(struct buf *image, uint64_t address, const void *bytes, size_t n)
{
	uint32_t length = (uint32_t)n;

	buf_add(image, &address, sizeof(address));
	buf_add(image, &length, sizeof(length));
	buf_add(image, bytes, n);
}

/* A reader of memory, over the image as a struct str. */
static inline bool image_read(void *context, void *out, size_t n, uint64_t address)
{
	const struct str *image = context;
	struct cursor c = cursor_over(*image);

	while (cursor_more(&c)) {
		uint64_t at = cursor_u64(&c);
		uint32_t length = cursor_u32(&c);
		struct str bytes = cursor_bytes(&c, length);

		if (c.failed || address < at || address - at > length || n > length - (address - at))
			continue;
		memcpy(out, bytes.p + (address - at), n);
		return true;
	}
	return false;
}

#endif
