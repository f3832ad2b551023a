/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <errno.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_bytes(const void *p, size_t n)
{
	return XXH3_64bits(p, n);
}

static void put(struct idindex_slot *slots, uint32_t mask, struct idindex_slot slot)
{
	uint32_t at = slot.check;

	while (slots[at & mask].id)
		at++;
	slots[at & mask] = slot;
}

static int resize(struct idindex *ix, uint64_t size)
{
	struct idindex_slot *slots;

	if (size > (uint64_t)1 << 31)
		return -ENOMEM;
	/* Not calloc(): slots are looked at before they are written, and each page would fault twice, the
	 * second time interrupting the other threads' processors. */
	slots = aligned_alloc(64, size * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots, 0, size * sizeof(*slots));
	for (uint64_t i = 0; ix->slots && i <= ix->mask; i++)
		if (ix->slots[i].id)
			put(slots, (uint32_t)(size - 1), ix->slots[i]);
	free(ix->slots);
	ix->slots = slots;
	ix->mask = (uint32_t)(size - 1);
	return 0;
}

int idindex_reserve(struct idindex *ix, uint64_t n)
{
	uint64_t size = ix->slots ? (uint64_t)ix->mask + 1 : 0, wanted = 64;

	while (n * 3 >= wanted * 2 && wanted <= UINT32_MAX)
		wanted *= 2;
	return wanted > size ? resize(ix, wanted) : 0;
}

int idindex_add(struct idindex *ix, uint64_t hash, uint32_t id)
{
	struct idindex_slot slot = { .id = id, .check = (uint32_t)(hash >> 32) };

	if (!ix->slots || (uint64_t)ix->n * 3 >= ((uint64_t)ix->mask + 1) * 2) {
		int rc = resize(ix, ix->slots ? ((uint64_t)ix->mask + 1) * 2 : 64);

		if (rc < 0)
			return rc;
	}
	put(ix->slots, ix->mask, slot);
	ix->n++;
	return 0;
}

void idindex_fini(struct idindex *ix)
{
	free(ix->slots);
	*ix = (struct idindex){ 0 };
}
