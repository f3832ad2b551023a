/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: oops/fieldInfo.hpp (the stream of fields), classfile/vmClasses.hpp, runtime/continuationEntry.hpp. */
#include "runtime/jvm/chunks.h"

#include <string.h>

#include "base/cursor.h"
#include "base/str.h"
#include "runtime/jvm/packed.h"
#include "runtime/jvm/vmstructs.h"

#define CLASSES_MAX 256u	/* that HotSpot knows by number */
#define NAME_MAX_BYTES 40u
#define STREAM_BYTES_MAX 4096u
#define FIELDS_MAX 64u
#define PACKED_BASE 1u		/* there are chunks since 21, and this since 20 */

/* Offsets into HotSpot's structures. */
struct places {
	uint32_t klass_name, klass_layout, klass_pool, klass_fields;
	uint32_t symbol_length, symbol_body, pool_bytes, array_bytes;
	uint64_t classes;	/* the address of the first class's pointer */
};

static bool find_places(struct places *p, const struct jvm_vmstructs *s, uint64_t bias)
{
	uint64_t vaddr;

	if (!jvm_static(s, "vmClasses", "_klasses[static_cast<int>(vmClassID::Object_klass_knum)]", &vaddr) ||
	    !jvm_field(s, "Klass", "_name", &p->klass_name) ||
	    !jvm_field(s, "Klass", "_layout_helper", &p->klass_layout) ||
	    !jvm_field(s, "InstanceKlass", "_constants", &p->klass_pool) ||
	    !jvm_field(s, "InstanceKlass", "_fieldinfo_stream", &p->klass_fields) ||
	    !jvm_field(s, "Symbol", "_length", &p->symbol_length) ||
	    !jvm_field(s, "Symbol", "_body", &p->symbol_body) ||
	    !jvm_type_size(s, "ConstantPool", &p->pool_bytes) ||
	    !jvm_field(s, "Array<u1>", "_data", &p->array_bytes))
		return false;
	p->classes = vaddr + bias;
	return true;
}

static bool is_symbol(const struct places *p, const struct jvm_memory *memory, uint64_t symbol, struct str name)
{
	char bytes[NAME_MAX_BYTES];
	uint16_t length;

	return symbol && name.n <= sizeof(bytes) &&
	       jvm_read_u16(memory, symbol + p->symbol_length, &length) &&
	       length == name.n && jvm_read(memory, bytes, length, symbol + p->symbol_body) &&
	       !memcmp(bytes, name.p, length);
}

static uint64_t find_class(const struct places *p, const struct jvm_memory *memory, struct str name)
{
	for (uint32_t i = 0; i < CLASSES_MAX; i++) {
		uint64_t klass = jvm_word(memory, p->classes + i * 8ull);

		if (klass && is_symbol(p, memory, jvm_word(memory, klass + p->klass_name), name))
			return klass;
	}
	return 0;
}

struct field {
	struct str name;
	uint32_t offset;	/* UINT32_MAX: not met */
};

/* Flags of a field in the stream: what follows it. */
enum { FLAG_INITIALIZED = 1, FLAG_INJECTED = 2, FLAG_GENERIC = 4, FLAG_CONTENDED = 16 };

/* Looks for fields of a class by their names. */
static bool find_fields(const struct places *p, const struct jvm_memory *memory, uint64_t klass,
			struct field *fields, uint32_t n)
{
	uint64_t stream = jvm_word(memory, klass + p->klass_fields);
	uint64_t pool = jvm_word(memory, klass + p->klass_pool);
	uint8_t bytes[STREAM_BYTES_MAX];
	struct cursor c;
	uint32_t length, declared, found = 0;

	if (!stream || !pool || !jvm_read_u32(memory, stream, &length) || length > sizeof(bytes) ||
	    !jvm_read(memory, bytes, length, stream + p->array_bytes))
		return false;
	c = cursor_over(str_over(bytes, length));
	declared = jvm_packed(&c, PACKED_BASE);
	jvm_packed(&c, PACKED_BASE);	/* those that HotSpot adds come last */
	for (uint32_t i = 0; i < declared && i < FIELDS_MAX && !c.failed; i++) {
		uint32_t name = jvm_packed(&c, PACKED_BASE), flags, offset;
		uint64_t symbol = jvm_word(memory, pool + p->pool_bytes + name * 8ull);

		jvm_packed(&c, PACKED_BASE);	/* its type */
		offset = jvm_packed(&c, PACKED_BASE);
		jvm_packed(&c, PACKED_BASE);
		flags = jvm_packed(&c, PACKED_BASE);
		for (uint32_t bit = FLAG_INITIALIZED; bit <= FLAG_CONTENDED; bit <<= 1)
			if (flags & bit & (FLAG_INITIALIZED | FLAG_GENERIC | FLAG_CONTENDED))
				jvm_packed(&c, PACKED_BASE);
		for (uint32_t k = 0; k < n && !c.failed; k++) {
			if (fields[k].offset == UINT32_MAX && is_symbol(p, memory, symbol, fields[k].name)) {
				fields[k].offset = offset;
				found++;
			}
		}
	}
	return found == n;
}

/* A static number of one of two types. */
static bool find_static(const struct jvm_vmstructs *s, const struct jvm_memory *memory, uint64_t bias,
			const char *type, const char *before_25, const char *since_25, uint64_t *ret_value)
{
	uint64_t vaddr;

	return (jvm_static(s, type, since_25, &vaddr) || jvm_static(s, type, before_25, &vaddr)) &&
	       jvm_read_u64(memory, vaddr + bias, ret_value);
}

static bool find_packing(struct walk_jvm *jvm, const struct jvm_vmstructs *s, uint64_t bias,
			 const struct jvm_memory *memory)
{
	uint64_t base, shift;

	if (!find_static(s, memory, bias, "CompressedKlassPointers", "_narrow_klass._base", "_base", &base) ||
	    !find_static(s, memory, bias, "CompressedKlassPointers", "_narrow_klass._shift", "_shift", &shift))
		return false;
	jvm->chunk_narrow = (uint32_t)((jvm->chunk_klass - base) >> (shift & 31));
	if (!find_static(s, memory, bias, "CompressedOops", "_narrow_oop._base", "_base", &jvm->oop_base) ||
	    !find_static(s, memory, bias, "CompressedOops", "_narrow_oop._shift", "_shift", &shift))
		return false;
	jvm->oop_shift = shift & 31;
	return true;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
	return a < b ? b - a : a - b;
}

void jvm_chunks_find(struct walk_jvm *jvm, const struct jvm_vmstructs *structs, uint64_t bias,
		     const struct jvm_memory *memory)
{
	struct field of_chunk[] = {
		{ STR("parent"), UINT32_MAX }, { STR("sp"), UINT32_MAX }, { STR("bottom"), UINT32_MAX },
	};
	/* four references, one beside the other: what lies between them is their size */
	struct field of_continuation[] = {
		{ STR("tail"), UINT32_MAX }, { STR("target"), UINT32_MAX }, { STR("scope"), UINT32_MAX },
		{ STR("parent"), UINT32_MAX },
	};
	struct places p;
	uint64_t chunk, continuation;
	uint32_t layout, nearest = 8;

	if (!find_places(&p, structs, bias))
		return;
	chunk = find_class(&p, memory, STR("jdk/internal/vm/StackChunk"));
	continuation = chunk ? find_class(&p, memory, STR("jdk/internal/vm/Continuation")) : 0;
	if (!continuation || !find_fields(&p, memory, chunk, of_chunk, 3) ||
	    !find_fields(&p, memory, continuation, of_continuation, 4) ||
	    !jvm_read_u32(memory, chunk + p.klass_layout, &layout) || !layout || layout > 1024)
		return;
	for (int i = 0; i < 3; i++)
		if (of_chunk[i].offset > 1024)
			return;
	for (int i = 0; i < 4; i++) {
		if (of_continuation[i].offset > 1024)
			return;
		for (int k = 0; k < i; k++)
			if (distance(of_continuation[i].offset, of_continuation[k].offset) < nearest)
				nearest = distance(of_continuation[i].offset, of_continuation[k].offset);
	}
	jvm->chunk_klass = chunk;
	if (!find_packing(jvm, structs, bias, memory) || (nearest != 4 && nearest != 8)) {
		jvm->chunk_klass = 0;
		return;
	}
	jvm->oop_bytes = (uint8_t)nearest;
	jvm->chunk_parent = (uint16_t)of_chunk[0].offset;
	jvm->chunk_sp = (uint16_t)of_chunk[1].offset;
	jvm->chunk_bottom = (uint16_t)of_chunk[2].offset;
	jvm->cont_tail = (uint16_t)of_continuation[0].offset;
	jvm->chunk_stack = (uint16_t)(layout & ~7u);	/* the lowest bits are flags */
}
