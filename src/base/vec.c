/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

#include <errno.h>
#include <string.h>

#include "base/large.h"

int vec_reserve_raw(void *items, uint32_t *cap, uint64_t need, size_t size)
{
	uint64_t grown = *cap ? (uint64_t)*cap * 2 : 16;
	void *old, *fresh;
	size_t bytes;

	if (need <= *cap)
		return 0;
	if (grown < need)
		grown = need;
	if (grown > UINT32_MAX)
		grown = UINT32_MAX;
	if (need > grown || __builtin_mul_overflow((size_t)grown, size, &bytes))
		return -ENOMEM;
	memcpy(&old, items, sizeof(old));	/* items is a T **: read it without knowing T */
	fresh = large_realloc(old, bytes);
	if (!fresh)
		return -ENOMEM;
	memcpy(items, &fresh, sizeof(fresh));
	*cap = (uint32_t)grown;
	return 0;
}

int vec_reserve(void *items, uint32_t *cap, uint64_t need, size_t size)
{
	size_t old = (size_t)*cap * size;
	int rc = vec_reserve_raw(items, cap, need, size);
	char *bytes;

	memcpy(&bytes, items, sizeof(bytes));
	if (rc == 0 && *cap * size > old)
		memset(bytes + old, 0, *cap * size - old);
	return rc;
}
