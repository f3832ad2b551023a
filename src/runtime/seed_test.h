/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/seed_test.h
 *
 * For tests and fuzzers: what was read of a running process (tests/images.py), as bytes that a fuzzer can change.
 *
 *   seed    pieces: tag u8, n u32, n bytes
 *   'M'     of memory: address u64, bytes; of two that hold an address the later one in the order of addresses counts
 *   others  what a runtime's readers are asked for (v8/seed_test.h, jvm/seed_test.h)
 */
#ifndef SONDE_RUNTIME_SEED_TEST_H
#define SONDE_RUNTIME_SEED_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bisect.h"
#include "base/buf.h"
#include "base/cursor.h"

#define SEED_PIECES_MAX 8192u
#define SEED_BYTES_MAX (256u << 10)	/* of a file */
#define SEED_HEAD 5u		/* bytes before a piece's own */

struct seed_piece {
	uint8_t tag;
	uint64_t at;		/* of memory */
	struct str bytes;	/* without the address */
};

struct seed {
	struct seed_piece memory[SEED_PIECES_MAX], others[SEED_PIECES_MAX];
	uint32_t n_memory, n_others;
};

static inline void seed_add(struct buf *out, uint8_t tag, const void *bytes, size_t n)
{
	uint32_t length = (uint32_t)n;

	buf_add(out, &tag, 1);
	buf_add(out, &length, sizeof(length));
	buf_add(out, bytes, n);
}

static int seed_by_address(const void *a, const void *b)
{
	const struct seed_piece *x = a, *y = b;

	return x->at != y->at ? (x->at < y->at ? -1 : 1) : (x->bytes.p > y->bytes.p) - (x->bytes.p < y->bytes.p);
}

/* The pieces lend the bytes. */
static inline void seed_read(struct seed *seed, struct str bytes)
{
	struct cursor c = cursor_over(bytes);

	seed->n_memory = seed->n_others = 0;
	while (cursor_more(&c) && seed->n_memory < SEED_PIECES_MAX && seed->n_others < SEED_PIECES_MAX) {
		struct seed_piece piece = { .tag = cursor_u8(&c) };

		piece.bytes = cursor_bytes(&c, cursor_u32(&c));
		if (c.failed)
			break;
		if (piece.tag != 'M') {
			seed->others[seed->n_others++] = piece;
		} else if (piece.bytes.n > 8) {
			memcpy(&piece.at, piece.bytes.p, 8);
			piece.bytes = str_skip(piece.bytes, 8);
			seed->memory[seed->n_memory++] = piece;
		}
	}
	qsort(seed->memory, seed->n_memory, sizeof(seed->memory[0]), seed_by_address);
}

/* Those of a file; none where it cannot be read. The bytes are there until the next file is read. */
static inline void seed_read_file(struct seed *seed, const char *path)
{
	static char bytes[SEED_BYTES_MAX];
	FILE *in = fopen(path, "rb");
	size_t n = in ? fread(bytes, 1, sizeof(bytes), in) : 0;

	if (in)
		fclose(in);
	seed_read(seed, str_over(bytes, n));
}

/* A reader of memory, over a struct seed. */
static inline bool seed_memory(void *context, void *out, size_t n, uint64_t address)
{
	const struct seed *seed = context;
	uint32_t i = BISECT(seed->n_memory, k, seed->memory[k].at <= address);
	const struct seed_piece *piece = &seed->memory[i ? i - 1 : 0];

	if (!i || address - piece->at > piece->bytes.n || n > piece->bytes.n - (address - piece->at))
		return false;
	memcpy(out, piece->bytes.p + (address - piece->at), n);
	return true;
}

/* Changes a few words of a seed, so that pieces stay pieces: a byte, a small number, another address of the memory, a bit. */
static inline void seed_mutate(uint8_t *data, size_t size, unsigned random)
{
	struct seed *seed = malloc(sizeof(*seed));
	uint32_t state = random * 2654435761u + 1;
#define NEXT() (state ^= state << 13, state ^= state >> 17, state ^= state << 5)
	if (!seed)
		return;
	seed_read(seed, str_over((const char *)data, size));
	for (uint32_t n = 1 + NEXT() % 4; n && seed->n_memory; n--) {
		bool of_memory = NEXT() % 8 || !seed->n_others;
		struct seed_piece *piece = of_memory ? &seed->memory[NEXT() % seed->n_memory] : &seed->others[NEXT() % seed->n_others];
		const struct seed_piece *other = &seed->memory[NEXT() % seed->n_memory];
		uint8_t *p = data + ((const uint8_t *)piece->bytes.p - data);
		uint64_t word = 0;
		size_t at, bytes;

		if (!piece->bytes.n)
			continue;
		at = NEXT() % piece->bytes.n;
		if (NEXT() % 4)
			at &= ~(size_t)7;
		bytes = piece->bytes.n - at < 8 ? piece->bytes.n - at : 8;
		memcpy(&word, p + at, bytes);
		switch (NEXT() % 8) {
		case 0: word = NEXT() % 64; break;
		case 1: word = (uint64_t)(NEXT() % 64) << 32; break;	/* V8's small numbers */
		case 2: word = other->at + (NEXT() & 1); break;
		case 3: word = other->at + NEXT() % (other->bytes.n + 1); break;
		case 4: word ^= 1ull << NEXT() % 64; break;
		case 5: word += (uint64_t)(NEXT() % 33) - 16; break;
		case 6: word = UINT64_MAX >> NEXT() % 64; break;
		default: bytes = 1; word = NEXT(); break;
		}
		memcpy(p + at, &word, bytes);
	}
#undef NEXT
	free(seed);
}

#endif
