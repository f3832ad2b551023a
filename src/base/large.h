/* SPDX-License-Identifier: Apache-2.0 */
/* base/large.h
 *
 * Large columns on huge pages: a page fault for every 4 KiB took a fifth of the time of reading and comparing
 * profiles of 50 MB. A wish, which the system may ignore; memory is malloc's, free() ends it.
 */
#ifndef SONDE_BASE_LARGE_H
#define SONDE_BASE_LARGE_H

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE_BYTES ((size_t)4 << 20)
#define LARGE_PAGE ((size_t)2 << 20)
#define LARGE_HEAD ((size_t)96)	/* more than malloc keeps in front of what it gives */

/* What malloc is asked for instead: a mapping of whole huge pages begins at one (Linux 6.7), of any other the ends
 * are small pages, as much as a huge page on average. */
static inline size_t large_size(size_t bytes)
{
	return bytes < LARGE_BYTES || bytes > SIZE_MAX / 2 ? bytes :
	       ((bytes + LARGE_HEAD + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1)) - LARGE_HEAD;
}

/* Private to this header: the whole mapping of large_size(bytes), best before it is touched: in one piece realloc() can
 * move it without copying. */
static inline void *large_advise(void *p, size_t bytes)
{
	size_t head = (uintptr_t)p % LARGE_PAGE ? (uintptr_t)p & 4095 : LARGE_PAGE;

	if (p && bytes >= LARGE_BYTES)
		(void)madvise((char *)p - head, (head + large_size(bytes) + 4095) & ~(size_t)4095, MADV_HUGEPAGE);
	return p;
}

/* realloc() of what any of these gave, or NULL. What becomes large begins at a huge page: malloc's own page, which
 * it has written already, is in front of it. */
static inline void *large_realloc(void *p, size_t bytes)
{
	size_t old = malloc_usable_size(p);
	void *fresh;

	if (bytes < LARGE_BYTES || old >= LARGE_BYTES)
		return large_advise(realloc(p, large_size(bytes)), bytes);
	fresh = large_advise(memalign(LARGE_PAGE, large_size(bytes)), bytes);
	if (fresh && p)
		memcpy(fresh, p, old);
	if (fresh)
		free(p);
	return fresh;
}

/* malloc() */
static inline void *large_alloc(size_t bytes)
{
	return large_realloc(NULL, bytes);
}

/* calloc(): large memory comes fresh from the system, is zero without being touched, and so can still be
 * asked for in huge pages. */
static inline void *large_calloc(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : large_advise(calloc(1, large_size(bytes)), bytes);
}

#endif
