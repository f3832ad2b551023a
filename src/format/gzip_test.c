/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gzip.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/test.h"
#include "format/unwrap.h"

enum kind { TEXT, ZEROS, NOISE };

/* n bytes that deflate finds something in, everything, or nothing (and stores as they are). */
static struct buf made(enum kind kind, size_t n)
{
	struct buf bytes = { 0 };
	uint32_t seed = (uint32_t)n | 1;

	while (bytes.n < n) {
		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		if (kind == TEXT)
			buf_addf(&bytes, "main;parse_%u;lex %u\n", seed % 300, seed >> 24);
		else
			buf_add_u8(&bytes, kind == ZEROS ? 0 : (uint8_t)(seed >> 8));
	}
	bytes.n = n;
	return bytes;
}

static struct buf packed(struct str bytes)
{
	struct new_file file = { .fd = memfd_create("packed", MFD_CLOEXEC), .path = strdup("memory") };
	struct buf out = { 0 };
	off_t n;

	CHECK_EQ(gzip_write(&file, bytes, NULL), 0);
	n = lseek(file.fd, 0, SEEK_END);
	CHECK(n > 0 && buf_reserve(&out, (size_t)n) && pread(file.fd, out.p, (size_t)n, 0) == n);
	out.n = (size_t)n;
	new_file_close(&file);
	return out;
}

/* As a reader does that knows of one member: zlib, which checks both sums. */
static void check_one_member(struct str raw, struct str wanted)
{
	char *bytes = malloc(wanted.n + 1);
	z_stream z = { .next_in = (Bytef *)(uintptr_t)raw.p, .avail_in = (uInt)raw.n,
		       .next_out = (Bytef *)bytes, .avail_out = (uInt)wanted.n + 1 };

	CHECK_EQ(inflateInit2(&z, 15 + 16), Z_OK);
	CHECK_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
	CHECK_EQ(z.avail_in, 0);
	CHECK_EQ(z.total_out, wanted.n);
	CHECK(!wanted.n || !memcmp(bytes, wanted.p, wanted.n));
	inflateEnd(&z);
	free(bytes);
}

static void check_size(enum kind kind, size_t n)
{
	struct buf bytes = made(kind, n), raw = packed(buf_str(&bytes));
	char *back = NULL;
	size_t n_back = 0;

	check_one_member(buf_str(&raw), buf_str(&bytes));
	CHECK_EQ(gunzip_whole(buf_str(&raw), SIZE_MAX / 2, &back, &n_back), 0);
	CHECK_EQ(n_back, n);
	CHECK(!n || !memcmp(back, bytes.p, n));
	free(back);
	buf_fini(&bytes);
	buf_fini(&raw);
}

TEST(what_was_packed_is_one_member_of_any_size)
{
	static const size_t sizes[] = { 0, 1, 1000, GZIP_SPLIT_MIN - 1, GZIP_SPLIT_MIN, GZIP_SPLIT_MIN * 3 + 1 };

	for (enum kind kind = TEXT; kind <= NOISE; kind++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			check_size(kind, sizes[i]);
}

/* The first part's last block ends anywhere in a byte. */
TEST(parts_meet_at_any_bit)
{
	for (size_t i = 0; i < 32; i++)
		check_size(TEXT, GZIP_SPLIT_MIN + i * 1013);
}

TEST(the_same_bytes_are_packed_into_the_same_bytes)
{
	struct buf bytes = made(TEXT, 2 * GZIP_SPLIT_MIN), a = packed(buf_str(&bytes)), b = packed(buf_str(&bytes));

	CHECK(str_eq(buf_str(&a), buf_str(&b)));
	CHECK(a.n < bytes.n / 3);
	buf_fini(&bytes);
	buf_fini(&a);
	buf_fini(&b);
}

TEST_MAIN(CASE(what_was_packed_is_one_member_of_any_size),
	  CASE(parts_meet_at_any_bit),
	  CASE(the_same_bytes_are_packed_into_the_same_bytes))
