/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gzip.h"

#include <errno.h>
#include <libdeflate.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/file.h"
#include "base/parallel.h"

#define LEVEL 1	/* bench/formats: higher levels cost more time than all the rest of writing a profile */
#define LAST_BLOCK 64	/* zlib.h, inflate() with Z_BLOCK: what .data_type says */
#define BETWEEN_BLOCKS 128
#define UNUSED_BITS 7

struct part {
	struct str bytes;
	bool open;		/* another one follows */
	uint8_t *packed;
	size_t n;
	int rc;
};

/* Where the last block begins and where it ends, in bits. libdeflate does not tell, and marks it as the last. */
static bool find_last_block(const struct part *part, uint64_t *ret_begin, uint64_t *ret_end)
{
	z_stream z = { .next_in = part->packed, .avail_in = (uInt)part->n };
	uint8_t unpacked[32 << 10];
	bool found = false;
	int rc = inflateInit2(&z, -15);

	while (rc == Z_OK && !found) {
		z.next_out = unpacked;
		z.avail_out = sizeof(unpacked);
		rc = inflate(&z, Z_BLOCK);
		if (!(z.data_type & BETWEEN_BLOCKS))
			continue;
		found = z.data_type & LAST_BLOCK;
		*(found ? ret_end : ret_begin) = (uint64_t)(z.next_in - part->packed) * 8 - (z.data_type & UNUSED_BITS);
	}
	inflateEnd(&z);
	return found;
}

/* Takes the mark off the last block, and ends with an empty one that ends with a byte (RFC 1951, 3.2.4). */
static int leave_open(struct part *part)
{
	static const uint8_t empty[] = { 0, 0, 0xff, 0xff };
	uint64_t begin = 0, end = 0;

	if (!find_last_block(part, &begin, &end))
		return -ENOMEM;
	part->packed[begin / 8] &= (uint8_t)~(1u << begin % 8);
	part->packed[part->n] = 0;
	part->n = (end + 3 + 7) / 8;
	memcpy(part->packed + part->n, empty, sizeof(empty));
	part->n += sizeof(empty);
	return 0;
}

static void pack(void *context, uint32_t i)
{
	struct part *part = (struct part *)context + i;
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(LEVEL);
	size_t cap = c ? libdeflate_deflate_compress_bound(c, part->bytes.n) : 0;

	part->packed = c ? malloc(cap + 8) : NULL;	/* 8: the empty block */
	if (part->packed)
		part->n = libdeflate_deflate_compress(c, part->bytes.p, part->bytes.n, part->packed, cap);
	libdeflate_free_compressor(c);
	part->rc = !part->n ? -ENOMEM : part->open ? leave_open(part) : 0;
}

static void put_u32(uint8_t *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> 8 * i);
}

/* No time, no name, packed for speed, by an unknown system: RFC 1952, 2.3. */
static int write_all(struct new_file *file, struct str bytes, const struct part *parts, uint32_t n, struct err *err)
{
	static const uint8_t head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255 };
	uint8_t sums[8];
	int rc = new_file_write(file, str_over(head, sizeof(head)), err);

	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = new_file_write(file, str_over(parts[i].packed, parts[i].n), err);
	put_u32(sums, libdeflate_crc32(0, bytes.p, bytes.n));
	put_u32(sums + 4, (uint32_t)bytes.n);
	return rc < 0 ? rc : new_file_write(file, str_over(sums, sizeof(sums)), err);
}

int gzip_write(struct new_file *file, struct str bytes, struct err *err)
{
	/* the first is unpacked again, and so the smaller */
	size_t first = bytes.n < GZIP_SPLIT_MIN || bytes.n > UINT_MAX ? 0 : bytes.n / 8 * 3;
	struct part parts[2] = { { .bytes = str_head(bytes, first), .open = true }, { .bytes = str_skip(bytes, first) } };
	struct part *from = first ? parts : parts + 1;
	uint32_t n = first ? 2 : 1;
	int rc;

	parallel_each(n, pack, from);
	rc = parts[0].rc < 0 ? parts[0].rc : parts[1].rc;
	if (rc == 0)
		rc = write_all(file, bytes, from, n, err);
	free(parts[0].packed);
	free(parts[1].packed);
	return rc;
}
