/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: HotSpot's code/pcDesc.hpp, scopeDesc.cpp, nmethod.hpp. */
#include "runtime/jvm/scopes.h"

#include "base/bisect.h"
#include "runtime/jvm/packed.h"

#define PC_BYTES 16u	/* of a PcDesc; its first two words are read */
#define TABLE_MAX (4u << 20)

/* One table in the memory of the process. */
struct extent {
	uint64_t start, end;
};

struct tables {
	struct extent pcs, scopes, metadata;
};

static uint64_t pointer_at(struct str nmethod, uint32_t off)
{
	struct cursor c = cursor_over(nmethod);

	cursor_seek(&c, off);	/* JVM_NO_OFFSET: fails, 0 */
	return cursor_u64(&c);
}

/* An offset of the nmethod's, of so many bytes; UINT32_MAX when there is none. */
static uint64_t offset_at(struct str nmethod, uint32_t off, unsigned size)
{
	struct cursor c = cursor_over(nmethod);
	uint64_t value;

	cursor_seek(&c, off);
	value = cursor_uint(&c, size);
	return c.failed ? UINT32_MAX : value;
}

/* JDK 23 and 24: behind the code, what oops it has and then its metadata, to the end. */
static struct extent metadata_behind(const struct jvm_offsets *o, uint64_t address, struct str nmethod)
{
	uint64_t data = offset_at(nmethod, o->blob_data_off, 4), from = offset_at(nmethod, o->nmethod_metadata, 2);

	if (data == UINT32_MAX || from == UINT32_MAX)
		return (struct extent){ 0 };
	return (struct extent){ address + data + from, address + offset_at(nmethod, o->blob_size, 4) };
}

/* JDK 23 and later: what does not change lies together, metadata elsewhere. */
static struct tables tables_beside(const struct jvm_offsets *o, uint64_t address, struct str nmethod)
{
	uint64_t fixed = pointer_at(nmethod, o->nmethod_immutable);
	uint64_t other = pointer_at(nmethod, o->nmethod_mutable);
	struct tables tables = {
		.pcs = { fixed + offset_at(nmethod, o->nmethod_pcs, 4), fixed + offset_at(nmethod, o->nmethod_scopes, 4) },
		.scopes = { fixed + offset_at(nmethod, o->nmethod_scopes, 4),
			    fixed + offset_at(nmethod, o->nmethod_immutable_size, 4) },
	};

	if (other)
		tables.metadata = (struct extent){ other + offset_at(nmethod, o->nmethod_relocation_size, 4),
						   other + offset_at(nmethod, o->nmethod_mutable_size, 4) };
	else if (o->nmethod_mutable == JVM_NO_OFFSET)
		tables.metadata = metadata_behind(o, address, nmethod);
	return tables;
}

/* Before: all behind the code: metadata, scopes, PcDescs, what else. */
static struct tables tables_behind(const struct jvm_offsets *o, uint64_t address, struct str nmethod)
{
	uint64_t scopes = pointer_at(nmethod, o->nmethod_scopes);
	uint64_t pcs = address + offset_at(nmethod, o->nmethod_pcs, 4);

	return (struct tables){
		.pcs = { pcs, address + offset_at(nmethod, o->nmethod_after_pcs, 4) },
		.scopes = { scopes, pcs },
		.metadata = { address + offset_at(nmethod, o->nmethod_metadata, 4), scopes },
	};
}

/* The bytes of a table, in the arena; NULL when there are none. */
static void *copy(const struct jvm_memory *memory, struct extent extent, struct arena *arena, size_t *ret_n)
{
	uint64_t n = extent.end - extent.start;
	void *p;

	*ret_n = 0;
	if (extent.end <= extent.start || n > TABLE_MAX)
		return NULL;
	p = arena_alloc(arena, n);
	if (!p || !jvm_read(memory, p, n, extent.start))
		return NULL;
	*ret_n = n;
	return p;
}

static void keep_pcs(struct jvm_scopes *scopes, struct str table, struct arena *arena)
{
	struct cursor c = cursor_over(table);
	uint32_t n = (uint32_t)(table.n / PC_BYTES);

	scopes->pcs = n ? arena_array(arena, n, sizeof(*scopes->pcs)) : NULL;
	if (!scopes->pcs)
		return;
	scopes->n_pcs = n;
	for (uint32_t i = 0; i < n; i++) {
		scopes->pcs[i].off = cursor_s32(&c);
		scopes->pcs[i].scope = cursor_s32(&c);
		cursor_skip(&c, PC_BYTES - 8);
	}
}

void jvm_scopes_read(struct jvm_scopes *ret_scopes, const struct jvm_memory *memory,
		     const struct jvm_offsets *o, uint64_t address, struct str nmethod, struct arena *arena)
{
	struct jvm_scopes scopes = { 0 };
	struct arena scratch = { 0 };
	struct tables tables;
	size_t n;
	void *p;

	*ret_scopes = scopes;
	if (o->nmethod_pcs == JVM_NO_OFFSET || o->nmethod_scopes == JVM_NO_OFFSET)
		return;
	tables = o->nmethod_immutable != JVM_NO_OFFSET ? tables_beside(o, address, nmethod) :
							 tables_behind(o, address, nmethod);
	p = copy(memory, tables.pcs, &scratch, &n);
	keep_pcs(&scopes, str_over(p, n), arena);
	arena_fini(&scratch);
	p = copy(memory, tables.scopes, arena, &n);
	scopes.data = str_over(p, n);
	scopes.metadata = copy(memory, tables.metadata, arena, &n);
	scopes.n_metadata = (uint32_t)(n / 8);
	*ret_scopes = scopes;
}

/* The first one at or behind an offset: a scope describes what is before it, back to the one before. Their
 * number when there is none. */
static uint32_t find_pc(const struct jvm_scopes *scopes, int64_t off)
{
	return BISECT(scopes->n_pcs, i, scopes->pcs[i].off < off);
}

uint32_t jvm_scopes_chain(const struct jvm_scopes *scopes, uint32_t base, uint32_t pc,
			  struct jvm_scope chain[JVM_INLINED_MAX])
{
	bool is_place = pc < scopes->n_pcs && scopes->pcs[pc].scope > 0 && scopes->pcs[pc].off != INT32_MAX;
	uint32_t scope = is_place ? (uint32_t)scopes->pcs[pc].scope : 0, n = 0;

	while (scope) {
		struct cursor c = cursor_over(scopes->data);
		uint32_t sender, method;

		cursor_seek(&c, scope);
		sender = jvm_packed(&c, base);
		method = jvm_packed(&c, base);
		/* callers have been written before: so this ends */
		if (n == JVM_INLINED_MAX || sender >= scope)
			return 0;
		chain[n].metadata = method - 1;		/* counted from 1 */
		chain[n].bci = (int32_t)jvm_packed(&c, base) - 1;
		if (c.failed || method > scopes->n_metadata)
			return 0;
		n++;
		scope = sender;
	}
	return n;
}

uint32_t jvm_scopes_at(const struct jvm_scopes *scopes, uint32_t off)
{
	return find_pc(scopes, off);
}

uint32_t jvm_scopes_after(const struct jvm_scopes *scopes, uint32_t off)
{
	return find_pc(scopes, (int64_t)off + 1);
}

uint32_t jvm_scopes_find(const struct jvm_scopes *scopes, uint32_t base, uint32_t at,
			 struct jvm_scope chain[JVM_INLINED_MAX])
{
	uint32_t n = jvm_scopes_chain(scopes, base, at, chain);

	/* a loop behind the last place where a thread can be stopped: what is inlined there nobody knows, but the
	 * method is the one that was compiled */
	while (!n && at-- > 0) {
		n = jvm_scopes_chain(scopes, base, at, chain);
		if (n)
			chain[0] = chain[n - 1];
		if (n > 1)
			n = 1;
	}
	return n;
}
