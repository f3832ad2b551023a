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

static uint32_t add(struct strings *strings, struct str s, uint64_t hash)
{
	uint32_t id = find(strings, s, hash);

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

uint32_t strings_add(struct strings *strings, struct str s)
{
	return s.n ? add(strings, s, hash_str(s)) : 0;
}

#define AT_ONCE 16

/* A slot, the row it names, the bytes of that: each step asks for what the next one looks at. */
static void add_some(struct strings *strings, const struct str *all, uint32_t n, uint32_t *ret_ids)
{
	uint64_t hashes[AT_ONCE];
	uint32_t step;

	for (uint32_t i = 0; i < n; i++) {
		hashes[i] = all[i].n ? hash_str(all[i]) : 0;
		idindex_prefetch(&strings->index, hashes[i]);
	}
	for (uint32_t i = 0; i < n && strings->n; i++) {
		step = 0;
		ret_ids[i] = idindex_probe(&strings->index, hashes[i], &step);
		__builtin_prefetch(&strings->items[ret_ids[i]]);
	}
	for (uint32_t i = 0; i < n && strings->n; i++) {
		const char *p = strings->items[ret_ids[i]].p;

		__builtin_prefetch(p);
		__builtin_prefetch(p ? p + 64 : p);
	}
	for (uint32_t i = 0; i < n; i++)
		ret_ids[i] = all[i].n ? add(strings, all[i], hashes[i]) : 0;
}

void strings_add_all(struct strings *strings, const struct str *all, uint32_t n, uint32_t *ret_ids)
{
	for (uint32_t at = 0; at < n; at += AT_ONCE)
		add_some(strings, all + at, n - at < AT_ONCE ? n - at : AT_ONCE, ret_ids + at);
}

void strings_fini(struct strings *strings)
{
	free(strings->items);
	idindex_fini(&strings->index);
	arena_fini(&strings->arena);
	*strings = (struct strings){ 0 };
}
