/* SPDX-License-Identifier: Apache-2.0 */
#include "model/strings.h"

#include "base/vec.h"

static uint64_t u64_at(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* str_eq() without a call for the lengths that most names have. */
static bool same(struct str a, struct str b)
{
	const char *p = a.p, *q = b.p;
	size_t n = a.n, tail = n > 16 ? 16 : n;

	if (n != b.n)
		return false;
	if (n < 8 || n > 64)
		return !memcmp(p, q, n);
	for (; n > 16; p += 16, q += 16, n -= 16)
		if ((u64_at(p) ^ u64_at(q)) | (u64_at(p + 8) ^ u64_at(q + 8)))
			return false;
	/* the last bytes, of which the loop may have seen some */
	return !((u64_at(p + n - tail) ^ u64_at(q + n - tail)) | (u64_at(p + n - 8) ^ u64_at(q + n - 8)));
}

static uint32_t find(const struct strings *strings, struct str s, uint64_t hash)
{
	uint32_t step = 0, id;

	while ((id = idindex_probe(&strings->index, hash, &step)))
		if (same(strings->items[id], s))
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
	bool known = strings->n;
	uint32_t step;

	for (uint32_t i = 0; i < n; i++) {
		hashes[i] = all[i].n ? hash_str(all[i]) : 0;
		idindex_prefetch(&strings->index, hashes[i]);
	}
	for (uint32_t i = 0; i < n && known; i++) {
		step = 0;
		ret_ids[i] = idindex_probe(&strings->index, hashes[i], &step);
		__builtin_prefetch(&strings->items[ret_ids[i]]);
	}
	for (uint32_t i = 0; i < n && known; i++) {
		const char *p = strings->items[ret_ids[i]].p;

		__builtin_prefetch(p);
		__builtin_prefetch(p ? p + 64 : p);
	}
	for (uint32_t i = 0; i < n; i++) {
		if (!all[i].n)
			ret_ids[i] = 0;
		else if (!known || !ret_ids[i] || !same(strings->items[ret_ids[i]], all[i]))
			ret_ids[i] = add(strings, all[i], hashes[i]);
	}
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
