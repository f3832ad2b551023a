/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/jvm/codes.h"

#include <stdlib.h>

#include "abi/sample.h"
#include "base/arena.h"
#include "base/cursor.h"
#include "base/hash.h"
#include "base/vec.h"
#include "runtime/jvm/flow.h"
#include "runtime/jvm/methods.h"
#include "runtime/jvm/scopes.h"

#define LEVEL_C2 4	/* CompLevel_full_optimization */
#define STUB_NAME_MAX 128u
#define INLINED_MAX 1024u	/* methods in one piece of code */

/* A CodeBlob: compiled code, or a stub. */
struct blob {
	uint64_t address;	/* with the next two, what it is known again by */
	uint32_t check, process;
	enum jvm_tier tier;
	struct str name;	/* of a stub */
	uint32_t method;	/* of compiled code */
	struct jvm_scopes scopes;
	uint32_t *methods;	/* of the metadata: ids, 0: not read yet */
	uint32_t packed_base;
};

struct frame {
	uint32_t method;	/* 0: could not be read; of a stub: its blob */
	uint32_t line;
	enum jvm_tier tier;
};

struct place {
	uint32_t first, n;	/* frames */
};

struct jvm_codes {
	struct arena arena;
	struct jvm_methods methods;
	struct blob *blobs;	/* [0] is none */
	uint32_t n_blobs, cap_blobs;
	struct idindex index;	/* of the blobs */
	struct frame *frames;
	uint32_t n_frames, cap_frames;
	struct place *items;	/* [0] is none */
	uint32_t n, cap;
};

struct jvm_codes *jvm_codes_new(void)
{
	struct jvm_codes *codes = calloc(1, sizeof(*codes));

	if (codes && (VEC_RESERVE(&codes->items, &codes->cap, 1) < 0 ||
		      VEC_RESERVE(&codes->blobs, &codes->cap_blobs, 1) < 0)) {
		jvm_codes_free(codes);
		return NULL;
	}
	if (codes)
		codes->n = codes->n_blobs = 1;
	return codes;
}

void jvm_codes_free(struct jvm_codes *codes)
{
	if (!codes)
		return;
	jvm_methods_fini(&codes->methods);
	arena_fini(&codes->arena);
	idindex_fini(&codes->index);
	free(codes->blobs);
	free(codes->frames);
	free(codes->items);
	free(codes);
}

struct reading {
	struct jvm_codes *codes;
	const struct jvm_memory *memory;
	const struct jvm_offsets *o;
	uint32_t process;
};

static uint64_t number(struct str bytes, uint32_t off, unsigned size)
{
	struct cursor c = cursor_over(bytes);

	cursor_seek(&c, off);
	return cursor_uint(&c, size);
}

/* The first bytes of an nmethod, if it is the one that was seen and still in use. */
static bool read_head(const struct reading *r, const struct jvm_seen *seen, uint8_t head[JVM_NMETHOD_BYTES_MAX])
{
	const struct jvm_offsets *o = r->o;
	struct str bytes = str_over(head, o->nmethod_bytes);
	uint8_t used;

	return jvm_read(r->memory, &used, 1, seen->address - o->block_bytes + o->block_used) && used == 1 &&
	       jvm_read(r->memory, head, o->nmethod_bytes, seen->address) &&
	       jvm_check(number(bytes, o->nmethod_method, 8), number(bytes, o->nmethod_id, 4)) == seen->check;
}

static enum jvm_tier tier_of(uint32_t level)
{
	return level == LEVEL_C2 ? JVM_TIER_C2 : level ? JVM_TIER_C1 : JVM_TIER_NATIVE;
}

/* The method of a pointer that the process keeps alive: what is there now is what is meant. */
static uint32_t read_method(const struct reading *r, uint64_t method)
{
	uint32_t check;

	return method && !(method & 7) && jvm_method_check(r->memory, r->o, method, &check) ?
	       jvm_methods_read(&r->codes->methods, r->memory, r->o, r->process, method, check) : 0;
}

/* All methods that are inlined somewhere in it: once it is thrown away, they need not be where they were. */
static void read_inlined(const struct reading *r, struct blob *blob)
{
	struct jvm_scope chain[JVM_INLINED_MAX];
	uint32_t left = INLINED_MAX;

	for (uint32_t i = 0; i < blob->scopes.n_pcs && left; i++) {
		uint32_t n = jvm_scopes_chain(&blob->scopes, blob->packed_base, i, chain);

		for (uint32_t j = 0; j < n && left; j++) {
			uint32_t index = chain[j].metadata;

			if (index >= blob->scopes.n_metadata || blob->methods[index])
				continue;
			blob->methods[index] = read_method(r, blob->scopes.metadata[index]);
			left--;
		}
	}
}

static enum jvm_fault read_nmethod(const struct reading *r, const struct jvm_seen *seen, struct blob *blob)
{
	uint8_t head[JVM_NMETHOD_BYTES_MAX], after[JVM_NMETHOD_BYTES_MAX];
	struct str bytes = str_over(head, r->o->nmethod_bytes);

	if (!read_head(r, seen, head))
		return JVM_FAULT_CHANGED;
	blob->tier = tier_of((uint32_t)number(bytes, r->o->nmethod_level, 1));
	blob->packed_base = r->o->packed_base;
	blob->method = read_method(r, number(bytes, r->o->nmethod_method, 8));
	if (blob->tier != JVM_TIER_NATIVE)
		jvm_scopes_read(&blob->scopes, r->memory, r->o, seen->address, bytes, &r->codes->arena);
	blob->methods = arena_array(&r->codes->arena, blob->scopes.n_metadata + 1ull, sizeof(*blob->methods));
	if (blob->methods)
		read_inlined(r, blob);
	/* thrown away in between, what was read is anybody's */
	if (!read_head(r, seen, after))
		return JVM_FAULT_CHANGED;
	return blob->method && blob->methods ? JVM_FAULT_NONE : JVM_FAULT_METHOD_FAULT;
}

static bool read_stub_name(const struct reading *r, uint64_t at, struct str *ret_name)
{
	char text[STUB_NAME_MAX];
	bool whole = jvm_read(r->memory, text, sizeof(text), at);
	size_t n = 0;

	for (; n < sizeof(text); n++) {
		/* at the end of what is mapped */
		if (!whole && !jvm_read(r->memory, &text[n], 1, at + n))
			return false;
		if (!text[n])
			break;
		if (text[n] < 0x20 || text[n] > 0x7e)
			return false;
	}
	*ret_name = arena_dup(&r->codes->arena, str_over(text, n));
	return ret_name->n;
}

static enum jvm_fault read_stub(const struct reading *r, const struct jvm_seen *seen, struct blob *blob)
{
	uint64_t name = jvm_word(r->memory, seen->address + r->o->blob_name);

	blob->tier = JVM_TIER_STUB;
	if (!name)
		return JVM_FAULT_BLOB_FAULT;
	if (jvm_check(name, 0) != seen->check)
		return JVM_FAULT_CHANGED;
	return read_stub_name(r, name, &blob->name) ? JVM_FAULT_NONE : JVM_FAULT_BLOB_FAULT;
}

/* The id of a blob, read when it is not known yet; 0: a fault. */
static uint32_t find_blob(const struct reading *r, const struct jvm_seen *seen, enum jvm_fault *ret_fault)
{
	struct jvm_codes *codes = r->codes;
	struct blob blob = { .address = seen->address, .check = seen->check, .process = r->process };
	uint64_t hash = hash_u64(hash_u64(seen->address, seen->kind), (uint64_t)r->process << 32 | seen->check);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&codes->index, hash, &step))) {
		const struct blob *known = &codes->blobs[id];

		if (known->address == blob.address && known->check == blob.check &&
		    known->process == blob.process &&
		    (known->tier == JVM_TIER_STUB) == (seen->kind == JVM_STUB))
			return id;
	}
	*ret_fault = seen->kind == JVM_STUB ? read_stub(r, seen, &blob) : read_nmethod(r, seen, &blob);
	if (*ret_fault != JVM_FAULT_NONE)
		return 0;
	if (VEC_RESERVE(&codes->blobs, &codes->cap_blobs, (uint64_t)codes->n_blobs + 1) < 0 ||
	    idindex_add(&codes->index, hash, codes->n_blobs) < 0) {
		*ret_fault = JVM_FAULT_BLOB_FAULT;
		return 0;
	}
	codes->blobs[codes->n_blobs] = blob;
	return codes->n_blobs++;
}

static bool add_frame(struct jvm_codes *codes, uint32_t method, uint32_t line, enum jvm_tier tier)
{
	if (VEC_RESERVE(&codes->frames, &codes->cap_frames, (uint64_t)codes->n_frames + 1) < 0)
		return false;
	codes->frames[codes->n_frames++] = (struct frame){ method, line, tier };
	return true;
}

static uint32_t line_of(const struct jvm_codes *codes, uint32_t method, int64_t bci)
{
	return jvm_lines_find(&codes->methods.items[method].lines, bci < 0 ? 0 : (uint32_t)bci);
}

/* The PcDesc that tells what stands at a place. */
static uint32_t find_pc(const struct reading *r, const struct jvm_seen *seen, const struct jvm_scopes *scopes)
{
	const struct jvm_offsets *o = r->o;
	uint8_t head[JVM_NMETHOD_BYTES_MAX];
	struct str bytes = str_over(head, o->nmethod_bytes);
	struct jvm_flow flow = { .memory = r->memory };
	uint64_t size, begin;
	uint32_t pc;

	if (seen->is_return)
		return jvm_scopes_at(scopes, seen->place);
	if (!scopes->n_pcs || !read_head(r, seen, head))
		return jvm_scopes_after(scopes, seen->place);
	size = number(bytes, o->blob_size, 4);
	flow.code = o->blob_code_off == JVM_NO_OFFSET ? number(bytes, o->blob_code, 8) :
		    seen->address + number(bytes, o->blob_code_off, 4);
	begin = flow.code - seen->address;
	flow.bytes = begin < size ? (uint32_t)(size - begin) : 0;
	pc = jvm_flow_next(&flow, scopes, seen->place);
	/* thrown away in between, the instructions were anybody's */
	return read_head(r, seen, head) ? pc : jvm_scopes_after(scopes, seen->place);
}

/* At either end of its table there is one that is no place. */
static bool has_place(const struct jvm_scopes *scopes)
{
	for (uint32_t i = 0; i < scopes->n_pcs; i++)
		if (scopes->pcs[i].scope > 0)
			return true;
	return false;
}

static bool add_compiled(const struct reading *r, const struct jvm_seen *seen, uint32_t id)
{
	struct jvm_codes *codes = r->codes;
	const struct blob *blob = &codes->blobs[id];
	struct jvm_scope chain[JVM_INLINED_MAX];
	uint32_t methods[JVM_INLINED_MAX];
	uint32_t n = jvm_scopes_find(&blob->scopes, blob->packed_base, find_pc(r, seen, &blob->scopes), chain);

	for (uint32_t i = 0; i < n; i++)
		methods[i] = chain[i].metadata < blob->scopes.n_metadata ? blob->methods[chain[i].metadata] : 0;
	/* no place at all, neither calls nor loops: about where it begins */
	if (!n && blob->tier != JVM_TIER_NATIVE && !has_place(&blob->scopes))
		return add_frame(codes, blob->method, line_of(codes, blob->method, 0), blob->tier);
	/* the outermost is the one that was compiled: else these are not its tables */
	if (!n || methods[n - 1] != blob->method)
		return add_frame(codes, blob->method, 0, blob->tier);
	for (uint32_t i = 0; i < n; i++)
		if (!add_frame(codes, methods[i], methods[i] ? line_of(codes, methods[i], chain[i].bci) : 0,
			       blob->tier))
			return false;
	return true;
}

static enum jvm_fault add_interpreted(const struct reading *r, const struct jvm_seen *seen)
{
	struct jvm_codes *codes = r->codes;
	uint32_t check, line, id = jvm_methods_read(&codes->methods, r->memory, r->o, r->process, seen->address,
						    seen->check);

	if (!id)
		return jvm_method_check(r->memory, r->o, seen->address, &check) && check == seen->check ?
		       JVM_FAULT_METHOD_FAULT : JVM_FAULT_CHANGED;
	line = seen->place == SAMPLE_JVM_NO_PLACE ? 0 : line_of(codes, id, seen->place);
	return add_frame(codes, id, line, JVM_TIER_INTERPRETER) ? JVM_FAULT_NONE : JVM_FAULT_METHOD_FAULT;
}

static enum jvm_fault add_blob(const struct reading *r, const struct jvm_seen *seen)
{
	enum jvm_fault fault = JVM_FAULT_BLOB_FAULT;
	uint32_t id = find_blob(r, seen, &fault);

	if (!id)
		return fault;
	if (seen->kind == JVM_STUB ? add_frame(r->codes, id, 0, JVM_TIER_STUB) : add_compiled(r, seen, id))
		return JVM_FAULT_NONE;
	return JVM_FAULT_BLOB_FAULT;
}

uint32_t jvm_codes_read(struct jvm_codes *codes, const struct jvm_memory *memory, const struct jvm_offsets *o,
			uint32_t process, const struct jvm_seen *seen, enum jvm_fault *ret_fault)
{
	struct reading reading = { codes, memory, o, process };
	uint32_t first = codes->n_frames;

	*ret_fault = JVM_FAULT_NOT_METHOD;
	if (seen->kind < JVM_INTERPRETED || seen->kind > JVM_STUB || !seen->address)
		return 0;
	*ret_fault = seen->kind == JVM_INTERPRETED ? add_interpreted(&reading, seen) : add_blob(&reading, seen);
	if (*ret_fault != JVM_FAULT_NONE)
		return 0;
	if (codes->n == UINT32_MAX || VEC_RESERVE(&codes->items, &codes->cap, (uint64_t)codes->n + 1) < 0) {
		*ret_fault = JVM_FAULT_METHOD_FAULT;
		return 0;
	}
	codes->items[codes->n] = (struct place){ first, codes->n_frames - first };
	return codes->n++;
}

uint32_t jvm_codes_frames(const struct jvm_codes *codes, uint32_t id)
{
	return id && id < codes->n ? codes->items[id].n : 0;
}

struct jvm_place jvm_codes_place(const struct jvm_codes *codes, uint32_t id, uint32_t index)
{
	const struct frame *frame = &codes->frames[codes->items[id].first + index];
	struct jvm_place place = { .line = frame->line, .tier = frame->tier };

	if (frame->tier == JVM_TIER_STUB) {
		place.name = codes->blobs[frame->method].name;
	} else if (frame->method) {
		const struct jvm_method *method = &codes->methods.items[frame->method];

		place.name = method->name;
		place.file = method->file;
		place.first_line = method->first_line;
	}
	return place;
}
