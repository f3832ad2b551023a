/* SPDX-License-Identifier: Apache-2.0 */
/* The other side of the PLT that edges.c calls through. */
#include <stdint.h>

uint64_t edges_tiny(uint64_t x);

uint64_t edges_tiny(uint64_t x)
{
	return x ^ (x >> 3);
}
