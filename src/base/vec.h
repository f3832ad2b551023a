/* SPDX-License-Identifier: Apache-2.0 */
/* base/vec.h
 *
 * Growing columns: `T *items; uint32_t n, cap;` with one growth rule (double, zero the new part).
 * The memory is malloc's: free(items) ends it.
 */
#ifndef SONDE_BASE_VEC_H
#define SONDE_BASE_VEC_H

#include <stdint.h>
#include <stdlib.h>

/* Makes room for `need` items of `size` bytes in *items; *cap follows. 0 or -ENOMEM (then nothing
 * has changed). New bytes are zero. */
int vec_reserve(void *items, uint32_t *cap, uint64_t need, size_t size);

/* The same, but new bytes are as they come: for columns of millions, whose room ahead zeroing would make the
 * system find memory for. */
int vec_reserve_raw(void *items, uint32_t *cap, uint64_t need, size_t size);

/* vec_reserve() for a typed pointer: VEC_RESERVE(&v->items, &v->cap, v->n + 1). */
#define VEC_RESERVE(items, cap, need) \
	((uint64_t)(need) <= *(cap) ? 0 : vec_reserve((items), (cap), (need), sizeof(**(items))))
#define VEC_RESERVE_RAW(items, cap, need) \
	((uint64_t)(need) <= *(cap) ? 0 : vec_reserve_raw((items), (cap), (need), sizeof(**(items))))

#endif
