/* SPDX-License-Identifier: Apache-2.0 */
/* base/hash.h
 *
 * Hashes, and the index behind every "interned once": a table from hash to id.
 *
 *   uint32_t at = (uint32_t)hash, id;
 *
 *   while ((id = idindex_probe(&ix, hash, &step)))
 *           if (same(id, key))
 *                   return id;
 *   idindex_add(&ix, hash, new_id);
 *
 * Ids are 1 and up (0 marks a free slot). The caller compares; the index never sees the keys.
 * Open addressing, linear probing, at most 2/3 full. Memory: malloc's, idindex_fini() frees.
 */
#ifndef SONDE_BASE_HASH_H
#define SONDE_BASE_HASH_H

#include <stdint.h>
#include <stdlib.h>

#include "base/str.h"

uint64_t hash_bytes(const void *p, size_t n);

static inline uint64_t hash_str(struct str s)
{
	return hash_bytes(s.p, s.n);
}

/* Mixes two words (the 128-bit multiply of wyhash, folded). */
static inline uint64_t hash_u64(uint64_t a, uint64_t b)
{
	__uint128_t m = (__uint128_t)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd6e8feb86659fd93u);
	uint64_t h = (uint64_t)m ^ (uint64_t)(m >> 64);

	return h ^ (h >> 29);
}

struct idindex_slot {
	uint32_t id;	/* 0: free */
	uint32_t check;	/* upper half of the hash: places the slot, and most misses end at it */
};

struct idindex {
	struct idindex_slot *slots;
	uint32_t mask;	/* slots - 1, 0 when empty */
	uint32_t n;
};

/* Walks the ids whose hash agrees: start with *step = 0, call until 0 comes back. */
static inline uint32_t idindex_probe(const struct idindex *ix, uint64_t hash, uint32_t *step)
{
	uint32_t check = (uint32_t)(hash >> 32);

	if (!ix->slots)
		return 0;
	for (;;) {
		const struct idindex_slot *slot = &ix->slots[(check + *step) & ix->mask];

		if (!slot->id)
			return 0;
		++*step;
		if (slot->check == check)
			return slot->id;
	}
}

/* Adds an id that is not there yet. 0 or -ENOMEM. */
int idindex_add(struct idindex *ix, uint64_t hash, uint32_t id);

/* Makes room for n ids in all, so that adding them grows the table once. 0 or -ENOMEM. */
int idindex_reserve(struct idindex *ix, uint64_t n);

/* Asks for the slot of that hash ahead of time: a large table is one cache miss a probe. */
static inline void idindex_prefetch(const struct idindex *ix, uint64_t hash)
{
	if (ix->slots)
		__builtin_prefetch(&ix->slots[(uint32_t)(hash >> 32) & ix->mask]);
}

void idindex_fini(struct idindex *ix);

#endif
