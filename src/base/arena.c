/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>

#define BLOCK_MIN ((size_t)64 << 10)
#define BLOCK_MAX ((size_t)1 << 20)	/* blocks double up to here; a larger request gets its own */

struct arena_block {
	struct arena_block *before;
	size_t size;
	_Alignas(16) char bytes[];
};

static int add_block(struct arena *arena, size_t need)
{
	size_t size = arena->last ? arena->last->size * 2 : BLOCK_MIN;
	struct arena_block *block;

	if (size > BLOCK_MAX)
		size = BLOCK_MAX;
	if (size < need)
		size = need;
	block = calloc(1, sizeof(*block) + size);
	if (!block)
		return -1;
	block->before = arena->last;
	block->size = size;
	arena->last = block;
	arena->next = block->bytes;
	arena->end = block->bytes + size;
	arena->bytes += sizeof(*block) + size;
	return 0;
}

void *arena_alloc(struct arena *arena, size_t n)
{
	void *p;

	if (n > SIZE_MAX / 2)
		return NULL;
	n = (n + 15) & ~(size_t)15;
	if (n > (size_t)(arena->end - arena->next) && add_block(arena, n) < 0)
		return NULL;
	p = arena->next;
	arena->next += n;
	return p;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t n;

	return __builtin_mul_overflow(count, size, &n) ? NULL : arena_alloc(arena, n);
}

struct str arena_dup(struct arena *arena, struct str s)
{
	char *p = s.n < SIZE_MAX ? arena_alloc(arena, s.n + 1) : NULL;

	if (!p)
		return (struct str){ 0 };
	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}

void arena_fini(struct arena *arena)
{
	struct arena_block *block = arena->last;

	while (block) {
		struct arena_block *before = block->before;

		free(block);
		block = before;
	}
	*arena = (struct arena){ 0 };
}
