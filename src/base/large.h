/* SPDX-License-Identifier: Apache-2.0 */
/* base/large.h
 *
 * Large columns on huge pages: a page fault for every 4 KiB took a fifth of the time of reading and comparing
 * profiles of 50 MB. A wish, which the system may ignore; memory is malloc's, free() ends it.
 */
#ifndef SONDE_BASE_LARGE_H
#define SONDE_BASE_LARGE_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LARGE_BYTES ((size_t)4 << 20)

/* Says so for what malloc() gave, best before it is touched. Whole pages around it: a mapping of its own
 * stays in one piece, which realloc() can then move without copying. */
static inline void large_advise(void *p, size_t bytes)
{
	size_t head = (uintptr_t)p & 4095;

	if (p && bytes >= LARGE_BYTES)
		(void)madvise((char *)p - head, (head + bytes + 4095) & ~(size_t)4095, MADV_HUGEPAGE);
}

/* calloc(): large memory comes fresh from the system, is zero without being touched, and so can still be
 * asked for in huge pages. */
static inline void *large_calloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	large_advise(p, n * size);
	return p;
}

#endif
