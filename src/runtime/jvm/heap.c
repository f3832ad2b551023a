/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: HotSpot's oops/oop.hpp, klass.hpp (layout helper), gc/z/vmStructs_z.hpp. */
#include "runtime/jvm/heap.h"

#include "base/utf8.h"
#include "runtime/jvm/fields.h"
#include "runtime/jvm/vmstructs.h"

#define SUPERS_MAX 16
#define NARROW_LENGTH 12u	/* of an array: its length stands behind the class */
#define WIDE_LENGTH 16u
#define MARK_LENGTH 8u
#define HELPER_BYTES 0xc0000800u	/* an array of bytes: tag, element type (T_BYTE), element size */
#define HELPER_MASK 0xff00ffffu
#define LATIN1 0
#define UTF16 1

static uint64_t value_of(const struct jvm_memory *memory, const struct jvm_vmstructs *structs,
			 const char *type, const char *field, uint64_t bias, uint32_t bytes)
{
	uint64_t vaddr, value = 0;

	return jvm_static(structs, type, field, &vaddr) && jvm_read(memory, &value, bytes, vaddr + bias) ?
	       value : 0;
}

/* The first of a variable's names that there is. */
static uint64_t either(const struct jvm_memory *memory, const struct jvm_vmstructs *structs, uint64_t bias,
		       const char *const names[][2], unsigned n, uint32_t bytes)
{
	uint64_t vaddr;

	for (unsigned i = 0; i < n; i++)
		if (jvm_static(structs, names[i][0], names[i][1], &vaddr))
			return value_of(memory, structs, names[i][0], names[i][1], bias, bytes);
	return 0;
}

static void find_narrow(struct jvm_java_heap *heap, const struct jvm_vmstructs *structs, uint64_t bias)
{
	static const char *const oop_bases[][2] = {
		{ "CompressedOops", "_base" }, { "CompressedOops", "_narrow_oop._base" },
		{ "Universe", "_narrow_oop._base" },
	};
	static const char *const oop_shifts[][2] = {
		{ "CompressedOops", "_shift" }, { "CompressedOops", "_narrow_oop._shift" },
		{ "Universe", "_narrow_oop._shift" },
	};
	static const char *const klass_bases[][2] = {
		{ "CompressedKlassPointers", "_base" }, { "CompressedKlassPointers", "_narrow_klass._base" },
		{ "Universe", "_narrow_klass._base" },
	};
	static const char *const klass_shifts[][2] = {
		{ "CompressedKlassPointers", "_shift" }, { "CompressedKlassPointers", "_narrow_klass._shift" },
		{ "Universe", "_narrow_klass._shift" },
	};
	const struct jvm_memory *m = &heap->memory;

	heap->narrow_base = either(m, structs, bias, oop_bases, 3, 8);
	heap->narrow_shift = (uint32_t)either(m, structs, bias, oop_shifts, 3, 4) & 31;
	heap->klass_base = either(m, structs, bias, klass_bases, 3, 8);
	heap->klass_shift = (uint32_t)either(m, structs, bias, klass_shifts, 3, 4) & 31;
}

/* ZGC since it has generations: the colour is below the address. */
static void find_colour(struct jvm_java_heap *heap, const struct jvm_vmstructs *structs, uint64_t bias)
{
	uint64_t instance = value_of(&heap->memory, structs, "ZGlobalsForVMStructs", "_instance_p", bias, 8);
	uint32_t field, shift;

	if (instance && jvm_field(structs, "ZGlobalsForVMStructs", "_ZPointerLoadShift", &field) &&
	    jvm_read_u32(&heap->memory, jvm_word(&heap->memory, instance + field), &shift) && shift < 32)
		heap->colour_shift = shift;
}

static uint64_t class_at(const struct jvm_java_heap *heap, const struct jvm_vmstructs *structs,
			 const char *const names[2], uint64_t bias)
{
	uint64_t klass = value_of(&heap->memory, structs, "vmClasses", names[0], bias, 8);

	return klass ? klass : value_of(&heap->memory, structs, "SystemDictionary", names[1], bias, 8);
}

bool jvm_heap_find(struct jvm_java_heap *ret_heap, const struct jvm_vmstructs *structs,
		   const struct jvm_offsets *o, uint64_t bias, const struct jvm_memory *memory)
{
	static const char *const string[2] = {
		"_klasses[static_cast<int>(vmClassID::String_klass_knum)]",
		"_well_known_klasses[SystemDictionary::String_klass_knum]",
	};
	static const char *const thread[2] = {
		"_klasses[static_cast<int>(vmClassID::Thread_klass_knum)]",
		"_well_known_klasses[SystemDictionary::Thread_klass_knum]",
	};
	struct jvm_java_heap heap = { .memory = *memory };
	int64_t shift;

	heap.string_klass = class_at(&heap, structs, string, bias);
	heap.thread_klass = class_at(&heap, structs, thread, bias);
	if (!heap.string_klass || !heap.thread_klass || !jvm_field(structs, "Klass", "_super", &heap.klass_super) ||
	    !jvm_field(structs, "Klass", "_layout_helper", &heap.klass_helper) ||
	    !jvm_field_offset(memory, structs, o, heap.string_klass, STR("value"), STR("[B"),
			      &heap.string_value) ||
	    !jvm_field_offset(memory, structs, o, heap.string_klass, STR("coder"), STR("B"),
			      &heap.string_coder) ||
	    !jvm_field_offset(memory, structs, o, heap.thread_klass, STR("name"), STR("Ljava/lang/String;"),
			      &heap.thread_name))
		return false;
	find_narrow(&heap, structs, bias);
	find_colour(&heap, structs, bias);
	if (jvm_int(structs, "markWord::klass_shift", &shift) && shift > 0 && shift < 64)
		heap.mark_shift = (uint32_t)shift;
	*ret_heap = heap;
	return true;
}

/* Whether that is the class, or (thread) one that extends it. */
static bool is_class(const struct jvm_java_heap *heap, uint64_t klass, enum jvm_class class)
{
	uint32_t helper;

	switch (class) {
	case JVM_CLASS_STRING:
		return klass == heap->string_klass;
	case JVM_CLASS_THREAD:
		for (int i = 0; i < SUPERS_MAX && klass; i++) {
			if (klass == heap->thread_klass)
				return true;
			klass = jvm_word(&heap->memory, klass + heap->klass_super);
		}
		return false;
	case JVM_CLASS_BYTES:
		return !(klass & 7) && jvm_read_u32(&heap->memory, klass + heap->klass_helper, &helper) &&
		       (helper & HELPER_MASK) == HELPER_BYTES;
	}
	return false;
}

/* The class of what should be an object: by 32 bits, by 64, or in the first word. Where an array's length stands
 * tells which (0: it is of another class). */
static uint32_t header_of(const struct jvm_java_heap *heap, uint64_t object, enum jvm_class class,
			  uint64_t *ret_klass)
{
	uint64_t words[2];
	uint64_t narrow, marked;

	if (!object || object & 7 || !jvm_read(&heap->memory, words, sizeof(words), object))
		return 0;
	narrow = heap->klass_base + ((words[1] & UINT32_MAX) << heap->klass_shift);
	marked = heap->mark_shift ? heap->klass_base + (words[0] >> heap->mark_shift << heap->klass_shift) : 0;
	if (is_class(heap, *ret_klass = words[1], class))
		return WIDE_LENGTH;
	if (is_class(heap, *ret_klass = narrow, class))
		return NARROW_LENGTH;
	return marked && is_class(heap, *ret_klass = marked, class) ? MARK_LENGTH : 0;
}

uint64_t jvm_heap_object(const struct jvm_java_heap *heap, uint64_t at, bool wide, enum jvm_class class)
{
	uint64_t candidates[3] = { 0 }, word, klass;
	uint32_t half;

	if (!wide && jvm_read_u32(&heap->memory, at, &half) && half)
		candidates[0] = heap->narrow_base + ((uint64_t)half << heap->narrow_shift);
	if (!(at & 7) && (word = jvm_word(&heap->memory, at))) {
		candidates[1] = word;
		candidates[2] = heap->colour_shift ? word >> heap->colour_shift : 0;
	}
	for (int i = 0; i < 3; i++)
		if (candidates[i] && header_of(heap, candidates[i], class, &klass))
			return candidates[i];
	return 0;
}

static bool decode(const uint8_t *bytes, uint32_t n, uint8_t coder, struct arena *arena, struct str *ret_text)
{
	char *p = arena_alloc(arena, n * 4ull + 1);
	size_t length = 0;

	if (!p)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t c = coder == LATIN1 ? bytes[i] : bytes[2 * i] | (uint32_t)bytes[2 * i + 1] << 8;

		if (coder == UTF16 && c >= 0xd800 && c < 0xdc00 && i + 1 < n) {
			uint32_t low = bytes[2 * i + 2] | (uint32_t)bytes[2 * i + 3] << 8;

			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i++;
			}
		}
		length += utf8_put(p + length, c ? c : UTF8_REPLACEMENT);
	}
	*ret_text = str_over(p, length);
	return true;
}

bool jvm_heap_text(const struct jvm_java_heap *heap, uint64_t string, uint32_t max, struct arena *arena,
		   struct str *ret_text)
{
	uint64_t bytes = jvm_heap_object(heap, string + heap->string_value, false, JVM_CLASS_BYTES), klass;
	uint32_t length_at = bytes ? header_of(heap, bytes, JVM_CLASS_BYTES, &klass) : 0, helper, n;
	uint8_t coder, *p;

	if (!length_at || !jvm_read_u32(&heap->memory, klass + heap->klass_helper, &helper) ||
	    !jvm_read_u32(&heap->memory, bytes + length_at, &n) || n > INT32_MAX ||
	    !jvm_read(&heap->memory, &coder, 1, string + heap->string_coder) || coder > UTF16)
		return false;
	n >>= coder;
	if (n > max)
		n = max;
	p = arena_alloc(arena, ((size_t)n << coder) + 1);
	return p && jvm_read(&heap->memory, p, (size_t)n << coder, bytes + (helper >> 16 & 0xff)) &&
	       /* the same array still, or its bytes were another's */
	       header_of(heap, string, JVM_CLASS_STRING, &klass) &&
	       jvm_heap_object(heap, string + heap->string_value, false, JVM_CLASS_BYTES) == bytes &&
	       decode(p, n, coder, arena, ret_text);
}
