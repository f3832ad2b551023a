/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/python/memory.h"

bool python_read_u32(const struct python_memory *memory, uint64_t address, uint32_t *ret_value)
{
	uint32_t value = 0;
	bool whole = python_read(memory, &value, sizeof(value), address);

	*ret_value = whole ? value : 0;
	return whole;
}

bool python_read_u64(const struct python_memory *memory, uint64_t address, uint64_t *ret_value)
{
	uint64_t value = 0;
	bool whole = python_read(memory, &value, sizeof(value), address);

	*ret_value = whole ? value : 0;
	return whole;
}

uint64_t python_word(const struct python_memory *memory, uint64_t address)
{
	uint64_t value;

	python_read_u64(memory, address, &value);
	return value;
}
