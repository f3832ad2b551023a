/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/packed.h
 *
 * Numbers as HotSpot packs them (UNSIGNED5, code/compressedStream.hpp): 1 to 5 bytes of 6 bits each; one
 * that is 192 or more is followed by another. From JDK 20 on each byte is raised by 1, so that none is 0.
 */
#ifndef SONDE_RUNTIME_JVM_PACKED_H
#define SONDE_RUNTIME_JVM_PACKED_H

#include "base/cursor.h"

static inline uint32_t jvm_packed(struct cursor *c, uint32_t base)
{
	uint32_t sum = 0;

	for (unsigned shift = 0; shift < 30; shift += 6) {
		uint8_t byte = cursor_u8(c);

		if (byte < base) {	/* also where nothing is left: base 1 */
			cursor_fail(c);
			return 0;
		}
		sum += (uint32_t)(byte - base) << shift;
		if (byte < 192)
			break;
	}
	return c->failed ? 0 : sum;
}

static inline int32_t jvm_packed_signed(struct cursor *c, uint32_t base)
{
	uint32_t value = jvm_packed(c, base);

	return (int32_t)(value >> 1 ^ (0u - (value & 1)));
}

#endif
