/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: HotSpot's classfile/vmClasses.hpp, oops/stackChunkOop.hpp, runtime/continuationEntry.hpp. */
#include "runtime/jvm/chunks.h"

#include <string.h>

#include "base/str.h"
#include "runtime/jvm/fields.h"
#include "runtime/jvm/jvm.h"
#include "runtime/jvm/vmstructs.h"

#define CLASSES_MAX 256u	/* that HotSpot knows by number */
#define NAME_MAX_BYTES 40u
#define OFFSET_MAX 1024u

/* Offsets into HotSpot's structures. */
struct places {
	uint32_t klass_name, klass_layout, symbol_length, symbol_body;
	uint64_t classes;	/* the address of the first class's pointer */
};

static bool find_places(struct places *p, const struct jvm_vmstructs *s, uint64_t bias)
{
	uint64_t vaddr;

	if (!jvm_static(s, "vmClasses", "_klasses[static_cast<int>(vmClassID::Object_klass_knum)]", &vaddr) ||
	    !jvm_field(s, "Klass", "_name", &p->klass_name) ||
	    !jvm_field(s, "Klass", "_layout_helper", &p->klass_layout) ||
	    !jvm_field(s, "Symbol", "_length", &p->symbol_length) ||
	    !jvm_field(s, "Symbol", "_body", &p->symbol_body))
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

/* A static number of one of two types. */
static bool find_static(const struct jvm_vmstructs *s, const struct jvm_memory *memory, uint64_t bias,
			const char *type, const char *before_25, const char *since_25, uint64_t *ret_value)
{
	uint64_t vaddr;

	return (jvm_static(s, type, since_25, &vaddr) || jvm_static(s, type, before_25, &vaddr)) &&
	       jvm_read_u64(memory, vaddr + bias, ret_value);
}

static bool find_packing(struct walk_jvm *jvm, const struct jvm_vmstructs *s, uint64_t bias,
			 const struct jvm_memory *memory, uint64_t *ret_klass_base,
			 uint32_t *ret_klass_shift)
{
	uint64_t base, shift;

	if (!find_static(s, memory, bias, "CompressedKlassPointers", "_narrow_klass._base", "_base", &base) ||
	    !find_static(s, memory, bias, "CompressedKlassPointers", "_narrow_klass._shift", "_shift", &shift))
		return false;
	*ret_klass_base = base;
	*ret_klass_shift = shift & 31;
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

struct wanted_field {
	struct str name, type;
};

static bool find_fields(const struct jvm_memory *memory, const struct jvm_vmstructs *structs,
			const struct jvm_offsets *offsets, uint64_t klass, const struct wanted_field *fields,
			uint32_t n, uint32_t *ret_offsets)
{
	for (uint32_t i = 0; i < n; i++)
		if (!jvm_field_offset(memory, structs, offsets, klass, fields[i].name, fields[i].type,
				      &ret_offsets[i]) || ret_offsets[i] > OFFSET_MAX)
			return false;
	return true;
}

/* Whose frames they are: a virtual thread's number. */
static void find_virtual(struct walk_jvm *jvm, const struct places *p, const struct jvm_memory *memory,
			 const struct jvm_vmstructs *structs, const struct jvm_offsets *offsets,
			 uint64_t klass_base, uint32_t klass_shift)
{
	static const struct wanted_field of_thread[] = { { STR("tid"), STR("J") } };
	uint64_t klass = find_class(p, memory, STR("java/lang/VirtualThread"));
	uint64_t thread = find_class(p, memory, STR("java/lang/Thread"));
	uint32_t number;

	if (!klass || !thread || !find_fields(memory, structs, offsets, thread, of_thread, 1, &number))
		return;
	jvm->virtual_klass = klass;
	jvm->virtual_narrow = (uint32_t)((klass - klass_base) >> klass_shift);
	jvm->thread_number = (uint16_t)number;
}

void jvm_chunks_find(struct walk_jvm *jvm, const struct jvm_file *file, uint64_t bias,
		     const struct jvm_memory *memory)
{
	static const struct wanted_field of_chunk[] = {
		{ STR("parent"), STR("Ljdk/internal/vm/StackChunk;") }, { STR("sp"), STR("I") },
		{ STR("bottom"), STR("I") },
	};
	/* four references, one beside the other: what lies between them is their size */
	static const struct wanted_field of_continuation[] = {
		{ STR("tail"), STR("Ljdk/internal/vm/StackChunk;") }, { STR("target"), STR("Ljava/lang/Runnable;") },
		{ STR("scope"), STR("Ljdk/internal/vm/ContinuationScope;") },
		{ STR("parent"), STR("Ljdk/internal/vm/Continuation;") },
	};
	const struct jvm_vmstructs *structs = jvm_file_structs(file, bias, memory->read, memory->context);
	const struct jvm_offsets *offsets;
	uint64_t chunk, continuation, klass_base;
	uint32_t in_chunk[3], in_continuation[4], layout, nearest = 8, klass_shift;
	struct places p;

	if (!structs || !find_places(&p, structs, bias))
		return;
	chunk = find_class(&p, memory, STR("jdk/internal/vm/StackChunk"));
	continuation = chunk ? find_class(&p, memory, STR("jdk/internal/vm/Continuation")) : 0;
	/* (not before: a JVM that has no classes yet does not know its version, which is among them) */
	offsets = continuation ? jvm_file_offsets(file, bias, memory->read, memory->context) : NULL;
	if (!offsets || !find_fields(memory, structs, offsets, chunk, of_chunk, 3, in_chunk) ||
	    !find_fields(memory, structs, offsets, continuation, of_continuation, 4, in_continuation) ||
	    !jvm_read_u32(memory, chunk + p.klass_layout, &layout) || !layout || layout > OFFSET_MAX)
		return;
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			if (distance(in_continuation[i], in_continuation[k]) < nearest)
				nearest = distance(in_continuation[i], in_continuation[k]);
	jvm->chunk_klass = chunk;
	if (!find_packing(jvm, structs, bias, memory, &klass_base, &klass_shift) ||
	    (nearest != 4 && nearest != 8)) {
		jvm->chunk_klass = 0;
		return;
	}
	jvm->oop_bytes = (uint8_t)nearest;
	jvm->chunk_parent = (uint16_t)in_chunk[0];
	jvm->chunk_sp = (uint16_t)in_chunk[1];
	jvm->chunk_bottom = (uint16_t)in_chunk[2];
	jvm->cont_tail = (uint16_t)in_continuation[0];
	jvm->cont_target = (uint16_t)in_continuation[1];
	jvm->chunk_stack = (uint16_t)(layout & ~7u);	/* the lowest bits are flags */
	find_virtual(jvm, &p, memory, structs, offsets, klass_base, klass_shift);
}
