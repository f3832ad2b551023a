/* SPDX-License-Identifier: Apache-2.0 */
/* base/arena.h
 *
 * Memory that is freed all at once: what a profile, a file or a run holds.
 *
 * {0} is an empty arena. Nothing is freed singly. arena_alloc() gives zeroed memory.
 * Threads: one arena, one thread.
 */
#ifndef SONDE_BASE_ARENA_H
#define SONDE_BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *last;
	char *next, *end;	/* free bytes of the last block */
	size_t bytes;		/* taken from the system so far */
};

/* n zeroed bytes, aligned to 16; NULL when out of memory. */
void *arena_alloc(struct arena *arena, size_t n);

/* count * size zeroed bytes; NULL on overflow too. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A copy of s, lent by the arena and followed by a NUL; .p is NULL when out of memory. */
struct str arena_dup(struct arena *arena, struct str s);

/* Frees everything; the arena is empty again and may be used again. */
void arena_fini(struct arena *arena);

#endif
