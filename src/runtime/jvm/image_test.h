/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/image_test.h
 *
 * For tests and fuzzers: a made memory, and offsets as five JDKs have them.
 */
#ifndef SONDE_RUNTIME_JVM_IMAGE_TEST_H
#define SONDE_RUNTIME_JVM_IMAGE_TEST_H

#include <string.h>

#include "runtime/image_test.h"
#include "runtime/jvm/offsets.h"

#define NO JVM_NO_OFFSET

/* 11.0.23, 17.0.11, 21.0.3, 25, 24.0.2: in the order of struct jvm_offsets, as running processes told them. */
static const struct jvm_offsets image_offsets[] = {
	{ 8, 56, 8, 32, 36, 40, 42, 1, 64, 24, 52, NO, 298, 24, 0, 6, 96, 12, 16, 8, 376, 112, 324, 328, 300, 120,
	  292, 304, NO, NO, NO, NO, NO, 32, NO, 24, 0 },
	{ 8, 48, 8, 24, 28, 32, 34, 1, 72, 24, 60, 54, NO, 24, 4, 6, 96, 12, 16, 8, 352, 112, 304, 308, 268, 120,
	  260, 272, NO, NO, NO, NO, NO, 32, NO, 24, 0 },
	{ 8, 56, 8, 24, 28, 34, 36, 1, 72, 24, 60, 54, NO, 24, 4, 6, 64, 72, 16, 8, 344, 112, 308, 328, 276, 120,
	  268, 280, NO, NO, NO, NO, NO, 8, NO, 84, 1 },
	{ 8, 56, 8, 24, 28, 34, 36, 1, 72, 24, 60, 54, NO, 24, 4, 6, 8, 24, 8, 4, 224, 80, 212, 216, 196, 200, NO,
	  NO, 96, 160, 16, 48, 28, NO, 36, 40, 1 },
	{ 8, 56, 8, 24, 28, 34, 36, 1, 72, 24, 60, 54, NO, 24, 4, 6, 16, 24, 8, 4, 216, 72, 204, 208, 188, 192, 180,
	  NO, 88, 152, NO, NO, 28, NO, 36, 40, 1 },
};

enum { IMAGE_11, IMAGE_17, IMAGE_21, IMAGE_25, IMAGE_24, IMAGE_JDKS };

#undef NO

static inline void image_add_u64(struct buf *image, uint64_t address, uint64_t value)
{
	image_add(image, address, &value, sizeof(value));
}

static inline void image_add_u32(struct buf *image, uint64_t address, uint32_t value)
{
	image_add(image, address, &value, sizeof(value));
}

/* A number in a structure that is being made. */
static inline void image_set(uint8_t *object, uint32_t off, uint64_t value, unsigned bytes)
{
	if (off != JVM_NO_OFFSET)
		memcpy(object + off, &value, bytes);
}

static inline void image_add_symbol(struct buf *image, const struct jvm_offsets *o, uint64_t at, const char *text)
{
	uint8_t symbol[160] = { 0 };
	size_t n = strlen(text);

	image_set(symbol, o->symbol_length, n, 2);
	memcpy(symbol + o->symbol_body, text, n);
	image_add(image, at, symbol, o->symbol_body + n);
}

/* A method: its parts lie behind `at`. */
struct image_method {
	const char *class, *name, *file;	/* file NULL: none */
	uint32_t code_size;
	struct str lines;			/* packed; empty: none */
};

#define IMAGE_CONST 0x100	/* from a method's address */
#define IMAGE_POOL 0x400
#define IMAGE_KLASS 0x600

static inline void image_add_method(struct buf *image, const struct jvm_offsets *o, uint64_t at,
				    const struct image_method *method)
{
	uint8_t constant[512] = { 0 }, pool[128 + 3 * 8] = { 0 }, klass[512] = { 0 };
	uint32_t bytes = o->const_bytes + method->code_size + (uint32_t)method->lines.n;

	image_add_u64(image, at + o->method_const, at + IMAGE_CONST);
	image_set(constant, o->const_pool, at + IMAGE_POOL, 8);
	image_set(constant, o->const_size, (bytes + 7) / 8, 4);
	image_set(constant, o->const_flags, method->lines.n ? o->lines_flag : 0, 2);
	image_set(constant, o->const_code_size, method->code_size, 2);
	image_set(constant, o->const_name, 1, 2);
	if (method->lines.n)
		memcpy(constant + o->const_bytes + method->code_size, method->lines.p, method->lines.n);
	image_add(image, at + IMAGE_CONST, constant, (bytes + 7) & ~7u);
	image_set(pool, o->pool_holder, at + IMAGE_KLASS, 8);
	image_set(pool, o->pool_length, 3, 4);
	image_set(pool, o->pool_source, method->file ? 2 : 0, 2);
	image_set(pool, o->pool_bytes + 8, at + IMAGE_POOL + 0x100, 8);
	image_set(pool, o->pool_bytes + 16, at + IMAGE_POOL + 0x180, 8);
	image_add(image, at + IMAGE_POOL, pool, o->pool_bytes + 24);
	image_add_symbol(image, o, at + IMAGE_POOL + 0x100, method->name);
	if (method->file)
		image_add_symbol(image, o, at + IMAGE_POOL + 0x180, method->file);
	image_set(klass, o->klass_name, at + IMAGE_KLASS + 0x200, 8);
	image_set(klass, o->klass_source, method->file ? 2 : 0, 2);
	image_add(image, at + IMAGE_KLASS, klass, sizeof(klass));
	image_add_symbol(image, o, at + IMAGE_KLASS + 0x200, method->class);
}

#endif
