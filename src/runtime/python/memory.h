/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/memory.h
 *
 * Another process's memory, in CPython's words. Everything read may be anything: numbers are used after
 * comparing, pointers only by reading through them again.
 */
#ifndef SONDE_RUNTIME_PYTHON_MEMORY_H
#define SONDE_RUNTIME_PYTHON_MEMORY_H

#include "base/str.h"
#include "runtime/python/python.h"

struct python_memory {
	python_read_fn read;
	void *context;
};

/* False, and 0, when it cannot be read. */
bool python_read_u32(const struct python_memory *memory, uint64_t address, uint32_t *ret_value);
bool python_read_u64(const struct python_memory *memory, uint64_t address, uint64_t *ret_value);

/* The value, or 0. */
uint64_t python_word(const struct python_memory *memory, uint64_t address);

static inline bool python_read(const struct python_memory *memory, void *out, size_t n,
			       uint64_t address)
{
	return memory->read(memory->context, out, n, address);
}

#endif
