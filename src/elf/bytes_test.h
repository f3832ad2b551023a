/* SPDX-License-Identifier: Apache-2.0 */
/* elf/bytes_test.h - for tests: numbers as they stand in a made file, little-endian. */
#ifndef SONDE_ELF_BYTES_TEST_H
#define SONDE_ELF_BYTES_TEST_H

#include "base/buf.h"

static inline void u16(struct buf *b, unsigned v)
{
	buf_add(b, &(uint16_t){ (uint16_t)v }, 2);
}

static inline void u32(struct buf *b, uint64_t v)
{
	buf_add(b, &(uint32_t){ (uint32_t)v }, 4);
}

static inline void u64(struct buf *b, uint64_t v)
{
	buf_add(b, &v, 8);
}

#endif
