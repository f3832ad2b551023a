/* SPDX-License-Identifier: Apache-2.0 */
#include "model/strings.h"

#include "base/vec.h"

static uint32_t find(const struct strings *strings, struct str s, uint64_t hash)
{
	uint32_t step = 0, id;

	while ((id = idindex_probe(&strings->index, hash, &step)))
		if (str_eq(strings->items[id], s))
			return id;
	return 0;
}

uint32_t strings_find(const struct strings *strings, struct str s)
{
	return s.n ? find(strings, s, hash_str(s)) : 0;
}

uint32_t strings_add(struct strings *strings, struct str s)
{
	uint64_t hash;
	uint32_t id;

	if (!s.n)
		return 0;
	hash = hash_str(s);
	id = find(strings, s, hash);
	if (id)
		return id;
	if (!strings->n)
		strings->n = 1;	/* id 0, the empty string */
	if (strings->failed || VEC_RESERVE(&strings->items, &strings->cap, (uint64_t)strings->n + 1) < 0)
		goto fail;
	s = arena_dup(&strings->arena, s);
	if (!s.p || idindex_add(&strings->index, hash, strings->n) < 0)
		goto fail;
	strings->items[strings->n] = s;
	return strings->n++;
fail:
	strings->failed = true;
	return 0;
}

void strings_fini(struct strings *strings)
{
	free(strings->items);
	idindex_fini(&strings->index);
	arena_fini(&strings->arena);
	*strings = (struct strings){ 0 };
}
