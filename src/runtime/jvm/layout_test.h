/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/layout_test.h - a made-up libjvm in memory, for jvm_test.c and jvm_fuzz.c
 *
 * It describes itself in the four tables that HotSpot has (vmstructs.h), as the rows are given, and has what they
 * point to: code heaps, and the classes of virtual threads' frames. vaddrs are offsets into the memory.
 */
#ifndef SONDE_RUNTIME_JVM_LAYOUT_TEST_H
#define SONDE_RUNTIME_JVM_LAYOUT_TEST_H

#include <string.h>

#include "runtime/jvm/jvm.h"

#define JVM_IMAGE_BIAS 0x7f2000000000ull
#define JVM_IMAGE_BYTES 0x10000u
#define JVM_IMAGE_VARIABLES 0x100u	/* of a table, each table's */
#define JVM_IMAGE_ROWS 0x1000u		/* each table's */
#define JVM_IMAGE_STRINGS 0x6000u
#define JVM_IMAGE_STATICS 0x9000u
#define JVM_IMAGE_HEAPS 0xa000u		/* the list, then the heaps, 0x100 bytes each */
#define JVM_IMAGE_CLASSES 0xb000u
#define JVM_IMAGE_OOPS 0xc000u

struct jvm_image {
	uint8_t memory[JVM_IMAGE_BYTES];
	struct jvm_places places;
	uint32_t rows[JVM_TABLES];
	uint32_t strings, statics;
};

/* A row: of a field, of a static one (`value` is a vaddr), of a type's size, of a number. */
struct jvm_image_row {
	enum { IMAGE_FIELD, IMAGE_STATIC, IMAGE_TYPE } kind;
	const char *type, *field;
	uint32_t value;
};

static inline void jvm_image_put(struct jvm_image *image, uint32_t off, uint64_t value, uint32_t n)
{
	memcpy(image->memory + off, &value, n);
}

static inline bool jvm_image_read(void *context, void *out, size_t n, uint64_t address)
{
	const struct jvm_image *image = context;
	uint64_t off = address - JVM_IMAGE_BIAS;

	if (off > JVM_IMAGE_BYTES || n > JVM_IMAGE_BYTES - off)
		return false;
	memcpy(out, image->memory + off, n);
	return true;
}

/* The address of a string. */
static inline uint64_t jvm_image_string(struct jvm_image *image, const char *text)
{
	uint32_t at = image->strings, n = (uint32_t)strlen(text) + 1;

	memcpy(image->memory + at, text, n);
	image->strings += n;
	return JVM_IMAGE_BIAS + at;
}

static inline void jvm_image_table(struct jvm_image *image, enum jvm_table table, uint32_t stride,
				   const uint32_t *columns, uint32_t n)
{
	struct jvm_vmtable *place = &image->places.tables[table];
	uint32_t at = JVM_IMAGE_VARIABLES * (table + 1);

	image->rows[table] = JVM_IMAGE_ROWS * (table + 1);
	place->rows = at;
	place->stride = at + 8;
	jvm_image_put(image, at, JVM_IMAGE_BIAS + image->rows[table], 8);
	jvm_image_put(image, at + 8, stride, 8);
	for (uint32_t i = 0; i < n; i++) {
		place->columns[i] = at + 16 + i * 8;
		jvm_image_put(image, at + 16 + i * 8, columns[i], 8);
	}
}

static inline void jvm_image_begin(struct jvm_image *image)
{
	static const uint32_t of_fields[] = { 0, 8, 24, 32, 40 }, of_types[] = { 0, 32 }, of_numbers[] = { 0, 8 };

	memset(image, 0, sizeof(*image));
	image->strings = JVM_IMAGE_STRINGS;
	image->statics = JVM_IMAGE_STATICS;
	jvm_image_table(image, JVM_FIELDS, 48, of_fields, 5);
	jvm_image_table(image, JVM_TYPES, 40, of_types, 2);
	jvm_image_table(image, JVM_INTS, 16, of_numbers, 2);
	jvm_image_table(image, JVM_LONGS, 16, of_numbers, 2);
}

static inline void jvm_image_add(struct jvm_image *image, const struct jvm_image_row *rows, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		enum jvm_table table = rows[i].kind == IMAGE_TYPE ? JVM_TYPES : JVM_FIELDS;
		uint32_t at = image->rows[table];

		jvm_image_put(image, at, jvm_image_string(image, rows[i].type), 8);
		if (rows[i].kind == IMAGE_TYPE) {
			jvm_image_put(image, at + 32, rows[i].value, 8);
			image->rows[table] += 40;
			continue;
		}
		jvm_image_put(image, at + 8, jvm_image_string(image, rows[i].field), 8);
		jvm_image_put(image, at + 24, rows[i].kind == IMAGE_STATIC, 4);
		jvm_image_put(image, at + 32, rows[i].kind == IMAGE_FIELD ? rows[i].value : 0, 8);
		jvm_image_put(image, at + 40,
			      rows[i].kind == IMAGE_STATIC ? JVM_IMAGE_BIAS + rows[i].value : 0, 8);
		image->rows[table] += 48;
	}
}

/* What all versions have. */
static const struct jvm_image_row jvm_image_common[] = {
	{ IMAGE_FIELD, "CodeHeap", "_memory", 0 }, { IMAGE_FIELD, "CodeHeap", "_segmap", 0x70 },
	{ IMAGE_FIELD, "CodeHeap", "_log2_segment_size", 0xf8 },
	{ IMAGE_FIELD, "VirtualSpace", "_low_boundary", 0 }, { IMAGE_FIELD, "VirtualSpace", "_high_boundary", 8 },
	{ IMAGE_FIELD, "VirtualSpace", "_low", 16 }, { IMAGE_STATIC, "CodeCache", "_heaps", JVM_IMAGE_STATICS },
	{ IMAGE_FIELD, "GrowableArray<int>", "_data", 8 },
	{ IMAGE_FIELD, "Method", "_constMethod", 8 }, { IMAGE_FIELD, "ConstMethod", "_constMethod_size", 24 },
	{ IMAGE_FIELD, "ConstMethod", "_code_size", 36 }, { IMAGE_TYPE, "ConstMethod", NULL, 48 },
	{ IMAGE_TYPE, "HeapBlock", NULL, 8 },
	{ IMAGE_STATIC, "StubRoutines", "_call_stub_return_address", JVM_IMAGE_STATICS + 8 },
	{ IMAGE_FIELD, "nmethod", "_compile_id", 0x90 },
	/* what names need */
	{ IMAGE_FIELD, "ConstMethod", "_constants", 8 }, { IMAGE_FIELD, "ConstMethod", "_name_index", 34 },
	{ IMAGE_FIELD, "ConstantPool", "_pool_holder", 24 }, { IMAGE_FIELD, "ConstantPool", "_length", 60 },
	{ IMAGE_FIELD, "Klass", "_name", 0x18 }, { IMAGE_FIELD, "Symbol", "_length", 4 },
	{ IMAGE_FIELD, "Symbol", "_body", 6 }, { IMAGE_FIELD, "HeapBlock::Header", "_used", 4 },
	{ IMAGE_FIELD, "nmethod", "_comp_level", 0x9a }, { IMAGE_TYPE, "ConstantPool", NULL, 16 },
	{ IMAGE_TYPE, "nmethod", NULL, 0xe0 },
	{ IMAGE_STATIC, "Abstract_VM_Version", "_vm_major_version", JVM_IMAGE_STATICS + 48 },
};

static const struct jvm_image_row jvm_image_25[] = {
	{ IMAGE_FIELD, "GrowableArrayBase", "_len", 0 },
	{ IMAGE_FIELD, "CodeBlob", "_name", 8 }, { IMAGE_FIELD, "CodeBlob", "_size", 24 },
	{ IMAGE_FIELD, "CodeBlob", "_code_offset", 36 }, { IMAGE_FIELD, "CodeBlob", "_frame_size", 44 },
	{ IMAGE_FIELD, "CodeBlob", "_header_size", 52 }, { IMAGE_FIELD, "CodeBlob", "_frame_complete_offset", 54 },
	{ IMAGE_FIELD, "nmethod", "_method", 0x60 }, { IMAGE_FIELD, "nmethod", "_verified_entry_offset", 0xa2 },
	{ IMAGE_FIELD, "nmethod", "_deopt_handler_offset", 0xa8 }, { IMAGE_FIELD, "nmethod", "_orig_pc_offset", 0x94 },
	/* virtual threads */
	{ IMAGE_STATIC, "vmClasses", "_klasses[static_cast<int>(vmClassID::Object_klass_knum)]", JVM_IMAGE_CLASSES },
	{ IMAGE_FIELD, "Klass", "_layout_helper", 8 }, { IMAGE_FIELD, "InstanceKlass", "_constants", 0x20 },
	{ IMAGE_FIELD, "InstanceKlass", "_fieldinfo_stream", 0x28 }, { IMAGE_FIELD, "Array<u1>", "_data", 4 },
	{ IMAGE_STATIC, "CompressedKlassPointers", "_base", JVM_IMAGE_STATICS + 16 },
	{ IMAGE_STATIC, "CompressedKlassPointers", "_shift", JVM_IMAGE_STATICS + 24 },
	{ IMAGE_STATIC, "CompressedOops", "_base", JVM_IMAGE_STATICS + 32 },
	{ IMAGE_STATIC, "CompressedOops", "_shift", JVM_IMAGE_STATICS + 40 },
};

static const struct jvm_image_row jvm_image_11[] = {
	{ IMAGE_FIELD, "GenericGrowableArray", "_len", 0 },
	{ IMAGE_FIELD, "CodeBlob", "_name", 0x30 }, { IMAGE_FIELD, "CodeBlob", "_size", 12 },
	{ IMAGE_FIELD, "CodeBlob", "_code_begin", 0x38 }, { IMAGE_FIELD, "CodeBlob", "_frame_size", 28 },
	{ IMAGE_FIELD, "CodeBlob", "_header_size", 16 }, { IMAGE_FIELD, "CodeBlob", "_frame_complete_offset", 20 },
	{ IMAGE_FIELD, "CompiledMethod", "_method", 0x80 }, { IMAGE_FIELD, "nmethod", "_verified_entry_point", 0xf8 },
	{ IMAGE_FIELD, "CompiledMethod", "_deopt_handler_begin", 0x88 },
	{ IMAGE_FIELD, "CompiledMethod", "_deopt_mh_handler_begin", 0x98 },
	{ IMAGE_FIELD, "nmethod", "_orig_pc_offset", 0xb8 },
};

/* n code heaps of 64 KiB. */
static inline void jvm_image_heaps(struct jvm_image *image, uint32_t n)
{
	jvm_image_put(image, JVM_IMAGE_STATICS, JVM_IMAGE_BIAS + JVM_IMAGE_HEAPS, 8);
	jvm_image_put(image, JVM_IMAGE_HEAPS, n, 4);
	jvm_image_put(image, JVM_IMAGE_HEAPS + 8, JVM_IMAGE_BIAS + JVM_IMAGE_HEAPS + 0x40, 8);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t heap = JVM_IMAGE_HEAPS + 0x100 * (i + 1);

		jvm_image_put(image, JVM_IMAGE_HEAPS + 0x40 + i * 8, JVM_IMAGE_BIAS + heap, 8);
		jvm_image_put(image, heap, 0x7f3000000000 + i * 0x10000, 8);
		jvm_image_put(image, heap + 8, 0x7f3000010000 + i * 0x10000, 8);
		jvm_image_put(image, heap + 0x70 + 16, 0x7f4000000000 + i * 0x1000, 8);
		jvm_image_put(image, heap + 0xf8, 7, 4);
	}
}

/* A Symbol. */
static inline uint64_t jvm_image_symbol(struct jvm_image *image, const char *text)
{
	uint32_t at = (image->strings + 7) & ~7u, n = (uint32_t)strlen(text);

	jvm_image_put(image, at + 4, n, 2);
	memcpy(image->memory + at + 6, text, n);
	image->strings = at + 6 + n;
	return JVM_IMAGE_BIAS + at;
}

struct jvm_image_field {
	const char *name, *type;
};

/* Class `number` with fields, whose offsets are 16 and every four bytes from there on. */
static inline void jvm_image_class(struct jvm_image *image, uint32_t number, const char *name,
				   const struct jvm_image_field *fields, uint32_t n)
{
	uint32_t klass = JVM_IMAGE_CLASSES + 0x800 + number * 0x200, pool = klass + 0x40, stream = klass + 0x100;
	uint32_t at = stream + 4;

	jvm_image_put(image, JVM_IMAGE_CLASSES + number * 8, JVM_IMAGE_BIAS + klass, 8);
	jvm_image_put(image, klass + 8, 49, 4);		/* 48, and a flag */
	jvm_image_put(image, klass + 0x18, jvm_image_symbol(image, name), 8);
	jvm_image_put(image, klass + 0x20, JVM_IMAGE_BIAS + pool, 8);
	jvm_image_put(image, klass + 0x28, JVM_IMAGE_BIAS + stream, 8);
	image->memory[at++] = (uint8_t)(n + 1);		/* a packed number is one more than it tells */
	image->memory[at++] = 1;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t row[] = { (uint8_t)(2 * i + 2), (uint8_t)(2 * i + 3), (uint8_t)(16 + i * 4 + 1), 1,
				  i == 0 ? 2 : 1, 9 };	/* the first one has an initial value */

		jvm_image_put(image, pool + 16 + (2 * i + 1) * 8, jvm_image_symbol(image, fields[i].name), 8);
		jvm_image_put(image, pool + 16 + (2 * i + 2) * 8, jvm_image_symbol(image, fields[i].type), 8);
		memcpy(image->memory + at, row, i == 0 ? 6 : 5);
		at += i == 0 ? 6 : 5;
	}
	jvm_image_put(image, stream, at - stream - 4, 4);
}

static inline void jvm_image_classes(struct jvm_image *image)
{
	static const struct jvm_image_field of_chunk[] = {
		{ "size", "I" }, { "sp", "I" }, { "bottom", "I" }, { "parent", "Ljdk/internal/vm/StackChunk;" },
	};
	static const struct jvm_image_field of_continuation[] = {
		{ "target", "Ljava/lang/Runnable;" }, { "scope", "Ljdk/internal/vm/ContinuationScope;" },
		{ "parent", "Ljdk/internal/vm/Continuation;" }, { "child", "Ljdk/internal/vm/Continuation;" },
		{ "tail", "Ljdk/internal/vm/StackChunk;" },
	};

	jvm_image_class(image, 0, "java/lang/Object", of_chunk, 0);
	jvm_image_class(image, 2, "jdk/internal/vm/StackChunk", of_chunk, 4);
	jvm_image_class(image, 3, "jdk/internal/vm/Continuation", of_continuation, 5);
	jvm_image_put(image, JVM_IMAGE_STATICS + 16, JVM_IMAGE_BIAS, 8);
	jvm_image_put(image, JVM_IMAGE_STATICS + 24, 3, 4);
	jvm_image_put(image, JVM_IMAGE_STATICS + 32, 0x700000000, 8);
	jvm_image_put(image, JVM_IMAGE_STATICS + 40, 3, 4);
	jvm_image_put(image, JVM_IMAGE_STATICS + 48, 25, 4);
}

/* A JVM of 25 with three heaps, or one like 11. */
static inline void jvm_image_make(struct jvm_image *image, bool old)
{
	jvm_image_begin(image);
	jvm_image_add(image, jvm_image_common, sizeof(jvm_image_common) / sizeof(jvm_image_common[0]));
	if (old)
		jvm_image_add(image, jvm_image_11, sizeof(jvm_image_11) / sizeof(jvm_image_11[0]));
	else
		jvm_image_add(image, jvm_image_25, sizeof(jvm_image_25) / sizeof(jvm_image_25[0]));
	jvm_image_heaps(image, 3);
	jvm_image_classes(image);
}

#endif
