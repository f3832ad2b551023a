/* SPDX-License-Identifier: Apache-2.0 */
/* elf/decompress.h
 *
 * The two ways in which a section's bytes come compressed:
 *
 *   SHF_COMPRESSED   Elf64_Chdr (type, size, alignment), then a zlib or zstd stream   (gABI)
 *   .zdebug_NAME     "ZLIB", the size as 8 bytes big endian, then a zlib stream       (GNU, old)
 *
 * Sizes are hostile: one above `max`, or further above its stream than these methods reach, is
 * refused before anything is allocated.
 */
#ifndef SONDE_ELF_DECOMPRESS_H
#define SONDE_ELF_DECOMPRESS_H

#include <stdint.h>

#include "base/str.h"

struct err;

/* ret_data is malloc's (never NULL on success). 0, -EBADMSG, -EFBIG, -EOPNOTSUPP (a method that
 * we do not know), -ENOMEM. `what` names the section in the sentence. */
int decompress_elf_section(struct str bytes, uint64_t max, struct str what, struct str *ret_data,
			   struct err *err);
/* What the header of an SHF_COMPRESSED section says; 0 when it is cut off. */
uint64_t decompressed_bytes(struct str bytes);

/* The first n bytes of what an SHF_COMPRESSED section holds; -EOPNOTSUPP unless they are zlib's and at
 * most 1 / share_max of all. */
int decompress_elf_head(struct str bytes, uint64_t n, unsigned share_max, struct str *ret_data);

int decompress_zdebug_section(struct str bytes, uint64_t max, struct str what,
			      struct str *ret_data, struct err *err);

#endif
