/* SPDX-License-Identifier: Apache-2.0 */
/* unwind/memory.h - growing the two big columns of a build: ranges and rows. */
#ifndef SONDE_UNWIND_MEMORY_H
#define SONDE_UNWIND_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define MEMORY_BIG ((size_t)4 << 20)

/* realloc() that asks for huge pages where it is worth it: a page fault for every 4 KiB took a
 * tenth of a big file's build. NULL when out of memory. */
static inline void *memory_resize(void *old, size_t bytes)
{
	char *p = realloc(old, bytes);
	size_t head = p ? -(uintptr_t)p & 4095 : 0;

	/* A wish, which the system may ignore. */
	if (p && bytes >= MEMORY_BIG)
		(void)madvise(p + head, (bytes - head) & ~(size_t)4095, MADV_HUGEPAGE);
	return p;
}

#endif
