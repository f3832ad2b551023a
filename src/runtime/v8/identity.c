/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/v8/identity.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/vec.h"
#include "runtime/v8/functions.h"
#include "runtime/v8/strings.h"

void v8_identities_fini(struct v8_identities *identities)
{
	free(identities->items);
	free(identities->values);
	idindex_fini(&identities->index);
	*identities = (struct v8_identities){ 0 };
}

static bool is_file(struct str name)
{
	return str_starts(name, STR("/")) || str_starts(name, STR("node:")) || str_starts(name, STR("file:///"));
}

/* UINT32_MAX: not known. */
static uint32_t text_length(const struct v8_memory *memory, uint64_t script)
{
	uint64_t source;
	uint32_t n;

	if (!v8_pointer(memory, script, memory->objects->script_source, &source) ||
	    !v8_string_length(memory, source, &n))
		return UINT32_MAX;
	return n;
}

/* 0: it is none. */
static uint64_t file_hash(const struct v8_memory *memory, uint64_t script)
{
	struct arena arena = { 0 };
	uint64_t name, hash = 0;
	struct str text;

	if (v8_pointer(memory, script, memory->objects->script_name, &name) &&
	    v8_string(memory, name, V8_NAME_MAX, &arena, &text) && is_file(text))
		hash = hash_str(text);
	arena_fini(&arena);
	return hash;
}

uint32_t v8_identities_of(const struct v8_memory *memory, uint64_t shared, struct v8_owner owner,
			  struct v8_identity identities[V8_IDENTITIES])
{
	const struct v8_objects *o = memory->objects;
	struct v8_identity identity = { .owner = owner };
	struct v8_scope scope;
	uint64_t script, scope_at;
	uint32_t n = 0;

	if (v8_type(memory, shared) != o->type_shared ||
	    !v8_field_u32(memory, shared, o->shared_literal, &identity.literal) ||
	    !v8_pointer(memory, shared, o->shared_name, &scope_at) || !v8_scope_read(memory, scope_at, &scope) ||
	    scope.start < 0 || scope.end < scope.start ||
	    !v8_pointer(memory, shared, o->shared_script, &script) || v8_type(memory, script) != o->type_script ||
	    !v8_smi(memory, script, o->script_id, &identity.script))
		return 0;
	identity.start = scope.start;
	identity.end = scope.end;
	identity.characters = text_length(memory, script);
	if (owner.thread)
		identities[n++] = identity;
	identity.owner.thread = 0;
	identity.script_name = file_hash(memory, script);
	if (identity.script_name)
		identities[n++] = identity;
	return n;
}

static uint64_t hash_of(const struct v8_identity *identity)
{
	uint64_t h = hash_u64(identity->script_name, (uint64_t)identity->owner.process << 32 | identity->literal);

	h = hash_u64(h, identity->owner.thread);
	return hash_u64(h, (uint64_t)(uint32_t)identity->script << 32 | (uint32_t)identity->start);
}

static bool same(const struct v8_identity *a, const struct v8_identity *b)
{
	return a->script_name == b->script_name && a->owner.process == b->owner.process &&
	       a->owner.thread == b->owner.thread && a->literal == b->literal && a->script == b->script &&
	       a->start == b->start && a->end == b->end &&
	       (a->characters == b->characters || a->characters == UINT32_MAX || b->characters == UINT32_MAX);
}

static uint32_t find(const struct v8_identities *identities, const struct v8_identity *wanted)
{
	uint64_t hash = hash_of(wanted);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&identities->index, hash, &step)))
		if (same(&identities->items[id], wanted))
			return identities->values[id];
	return 0;
}

uint32_t v8_identities_find(const struct v8_identities *identities, const struct v8_identity *wanted, uint32_t n)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < n && !found; i++)
		found = find(identities, &wanted[i]);
	return found;
}

void v8_identities_add(struct v8_identities *identities, const struct v8_identity *identity, uint32_t value)
{
	uint32_t id = identities->n ? identities->n : 1;

	if (VEC_RESERVE(&identities->items, &identities->cap, (uint64_t)id + 1) < 0 ||
	    VEC_RESERVE(&identities->values, &identities->cap_values, (uint64_t)id + 1) < 0 ||
	    idindex_add(&identities->index, hash_of(identity), id) < 0)
		return;
	identities->items[id] = *identity;
	identities->values[id] = value;
	identities->n = id + 1;
}
