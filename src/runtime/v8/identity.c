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

bool v8_identity_of(const struct v8_memory *memory, uint64_t shared, uint32_t process, struct v8_identity *ret_identity)
{
	const struct v8_objects *o = memory->objects;
	struct v8_identity identity = { .process = process };
	struct arena arena = { 0 };
	struct v8_scope scope;
	uint64_t script, scope_at, name;
	struct str text;
	bool known;

	if (v8_type(memory, shared) != o->type_shared ||
	    !v8_field_u32(memory, shared, o->shared_literal, &identity.literal) ||
	    !v8_pointer(memory, shared, o->shared_name, &scope_at) || !v8_scope_read(memory, scope_at, &scope) ||
	    scope.start < 0 || scope.end < scope.start ||
	    !v8_pointer(memory, shared, o->shared_script, &script) || v8_type(memory, script) != o->type_script ||
	    !v8_smi(memory, script, o->script_id, &identity.script) ||
	    !v8_pointer(memory, script, o->script_name, &name))
		return false;
	identity.start = scope.start;
	identity.end = scope.end;
	known = v8_string(memory, name, V8_NAME_MAX, &arena, &text) && is_file(text);
	if (known)
		identity.script_name = hash_str(text);
	arena_fini(&arena);
	*ret_identity = identity;
	return known;
}

static uint64_t hash_of(const struct v8_identity *identity)
{
	uint64_t h = hash_u64(identity->script_name, (uint64_t)identity->process << 32 | identity->literal);

	return hash_u64(h, (uint64_t)(uint32_t)identity->script << 32 | (uint32_t)identity->start);
}

static bool same(const struct v8_identity *a, const struct v8_identity *b)
{
	return a->script_name == b->script_name && a->process == b->process && a->literal == b->literal &&
	       a->script == b->script && a->start == b->start && a->end == b->end;
}

uint32_t v8_identities_find(const struct v8_identities *identities, const struct v8_identity *identity)
{
	uint64_t hash = hash_of(identity);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&identities->index, hash, &step)))
		if (same(&identities->items[id], identity))
			return identities->values[id];
	return 0;
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
