/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfdata_chains.h"

#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"

void perfdata_chains_fini(struct perfdata_chains *chains)
{
	idindex_fini(&chains->index);
	arena_fini(&chains->arena);
	free(chains->items);
	*chains = (struct perfdata_chains){ 0 };
}

static uint64_t hash_of(const struct perfdata_chain *chain)
{
	return hash_u64(hash_str(chain->words) ^ chain->ip,
			hash_u64((uint64_t)chain->space << 32 | chain->kernel, chain->misc));
}

static bool is_same(const struct perfdata_chain *a, const struct perfdata_chain *b)
{
	return a->ip == b->ip && a->space == b->space && a->kernel == b->kernel && a->misc == b->misc &&
	       str_eq(a->words, b->words);
}

bool perfdata_chains_find(struct perfdata_chains *chains, struct perfdata_chain *chain, uint32_t flushes)
{
	uint32_t step = 0, id;

	if (chains->flushes != flushes) {
		perfdata_chains_fini(chains);
		chains->flushes = flushes;
	}
	chains->hash = hash_of(chain);
	while ((id = idindex_probe(&chains->index, chains->hash, &step))) {
		if (is_same(&chains->items[id - 1], chain)) {
			chain->stack = chains->items[id - 1].stack;
			return true;
		}
	}
	return false;
}

int perfdata_chains_add(struct perfdata_chains *chains, const struct perfdata_chain *chain)
{
	struct perfdata_chain *item;

	if (chains->arena.bytes >= CHAINS_BYTES_MAX)
		return 0;
	if (VEC_RESERVE_RAW(&chains->items, &chains->cap, (uint64_t)chains->n + 1) < 0)
		return -ENOMEM;
	item = &chains->items[chains->n];
	*item = *chain;
	item->words = arena_dup(&chains->arena, chain->words);
	if (!item->words.p || idindex_add(&chains->index, chains->hash, chains->n + 1) < 0)
		return -ENOMEM;
	chains->n++;
	return 0;
}
