/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/memory.h
 *
 * Another process's memory, in HotSpot's words. Everything read may be anything: numbers are used after
 * comparing, pointers only by reading through them again.
 */
#ifndef SONDE_RUNTIME_JVM_MEMORY_H
#define SONDE_RUNTIME_JVM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Another process's memory: true when all n bytes were read. */
typedef bool (*jvm_read_fn)(void *context, void *out, size_t n, uint64_t address);

struct jvm_memory {
	jvm_read_fn read;
	void *context;
};

static inline bool jvm_read(const struct jvm_memory *memory, void *out, size_t n, uint64_t address)
{
	return memory->read(memory->context, out, n, address);
}

/* False, and 0, when it cannot be read. */
static inline bool jvm_read_u16(const struct jvm_memory *memory, uint64_t address,
				uint16_t *ret_value)
{
	*ret_value = 0;
	return jvm_read(memory, ret_value, sizeof(*ret_value), address) || (*ret_value = 0);
}

static inline bool jvm_read_u32(const struct jvm_memory *memory, uint64_t address,
				uint32_t *ret_value)
{
	*ret_value = 0;
	return jvm_read(memory, ret_value, sizeof(*ret_value), address) || (*ret_value = 0);
}

static inline bool jvm_read_u64(const struct jvm_memory *memory, uint64_t address,
				uint64_t *ret_value)
{
	*ret_value = 0;
	return jvm_read(memory, ret_value, sizeof(*ret_value), address) || (*ret_value = 0);
}

/* The value, or 0. */
static inline uint64_t jvm_word(const struct jvm_memory *memory, uint64_t address)
{
	uint64_t value;

	return jvm_read_u64(memory, address, &value) ? value : 0;
}

#endif
