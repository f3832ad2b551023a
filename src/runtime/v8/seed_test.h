/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/seed_test.h
 *
 * For tests and fuzzers: the readers of V8 over what was read of a running process (runtime/seed_test.h).
 *
 *   'V'  version: major u8, minor u8
 *   'N'  a number that its file has (v8dbg_*): value i32, name
 *   'B'  kBytecodeSizes
 *   'S'  a function, code or pattern that was seen: struct v8_seed_seen
 *   'W'  an instruction of WebAssembly: struct v8_seed_wasm
 *   'A'  an instruction whose code was looked for: struct v8_seed_where
 */
#ifndef SONDE_RUNTIME_V8_SEED_TEST_H
#define SONDE_RUNTIME_V8_SEED_TEST_H

#include "abi/sample.h"
#include "runtime/seed_test.h"
#include "runtime/v8/codes_internal.h"
#include "runtime/v8/streams.h"

struct v8_seed_seen {
	uint64_t address;
	uint32_t kind, check, place, is_return;
};

struct v8_seed_wasm {
	uint64_t instance, pc;
};

struct v8_seed_where {
	uint64_t pc;
	uint32_t is_return, bytes_check, function_check, zero;
};

/* What was read for a piece: its frames at the place that was seen. */
struct v8_seed_told {
	uint8_t tag;
	uint32_t kind;		/* of 'S' */
	uint32_t n;		/* 0: nothing */
	struct v8_place places[V8_INLINED_MAX];
};

static inline bool v8_seed_number(void *context, const char *name, int32_t *ret_value)
{
	const struct seed *seed = context;

	for (uint32_t i = 0; i < seed->n_others; i++) {
		const struct seed_piece *piece = &seed->others[i];

		if (piece->tag != 'N' || piece->bytes.n < 4 || !str_eq(str_skip(piece->bytes, 4), str_of(name)))
			continue;
		memcpy(ret_value, piece->bytes.p, 4);
		return true;
	}
	return false;
}

/* Layout of the file that the seed is of. */
static inline bool v8_seed_objects(struct seed *seed, struct v8_objects *ret_objects)
{
	const struct seed_piece *bytecodes = NULL;
	bool found = false;

	for (uint32_t i = 0; i < seed->n_others; i++) {
		const struct seed_piece *piece = &seed->others[i];

		if (piece->tag == 'V' && piece->bytes.n == 2)
			found = v8_objects_of(ret_objects, (uint8_t)piece->bytes.p[0], (uint8_t)piece->bytes.p[1], v8_seed_number, seed);
		if (piece->tag == 'B')
			bytecodes = piece;
	}
	if (found && bytecodes)
		v8_objects_set_bytecodes(ret_objects, bytecodes->bytes.p, bytecodes->bytes.n);
	return found;
}

/* Reads what was seen; where memory was changed, as if the kernel half had seen it so. */
static inline uint32_t v8_seed_read_seen(struct v8_codes *codes, const struct v8_memory *memory, struct v8_seen *seen)
{
	enum v8_fault fault;
	uint32_t id = v8_codes_read(codes, memory, (struct v8_owner){ 1, 2 }, seen, &fault);

	if (!id && fault == V8_FAULT_CHANGED && v8_seen_check(memory, seen, &seen->check))
		id = v8_codes_read(codes, memory, (struct v8_owner){ 1, 2 }, seen, &fault);
	if (!id != (fault != V8_FAULT_NONE) || fault >= V8_FAULT_COUNT)
		abort();
	if (id && v8_codes_still(memory, seen))
		v8_codes_believe(codes);
	return id;
}

static inline void v8_seed_read_piece(struct v8_codes *codes, const struct v8_memory *memory, const struct seed_piece *piece,
				   struct v8_seed_told *told)
{
	struct v8_seed_seen asked;
	struct v8_seed_wasm wasm;
	struct v8_seed_where at;
	struct v8_seen seen;
	uint32_t id = 0, place = 0, is_return = 0;

	*told = (struct v8_seed_told){ .tag = piece->tag };
	if (piece->tag == 'S' && piece->bytes.n == sizeof(asked)) {
		memcpy(&asked, piece->bytes.p, sizeof(asked));
		seen = (struct v8_seen){ asked.kind, asked.address, asked.check };
		told->kind = asked.kind;
		place = asked.place;
		is_return = asked.is_return & 1;
		id = v8_seed_read_seen(codes, memory, &seen);
	} else if (piece->tag == 'W' && piece->bytes.n == sizeof(wasm)) {
		memcpy(&wasm, piece->bytes.p, sizeof(wasm));
		id = v8_codes_wasm(codes, memory, 1, wasm.instance, wasm.pc);
	} else if (piece->tag == 'A' && piece->bytes.n == sizeof(at)) {
		memcpy(&at, piece->bytes.p, sizeof(at));
		is_return = at.is_return & 1;
		if (v8_codes_at(memory, &(struct v8_where){ at.pc, is_return, at.bytes_check, at.function_check }, &seen, &place))
			id = v8_seed_read_seen(codes, memory, &seen);
	}
	told->n = v8_codes_place(codes, id, place, is_return, told->places);
	if (!id != !told->n || told->n > V8_INLINED_MAX)
		abort();
	for (uint32_t other = 0; id && other < 512; other += 5) {
		struct v8_place places[V8_INLINED_MAX];
		uint32_t n = v8_codes_place(codes, id, other, other & 1, places);

		if (!n || n > V8_INLINED_MAX || !places[n - 1].name.n)	/* the function itself has a name */
			abort();
	}
}

/* All pieces, in their order: `see` learns what was told of each, while the codes live. False: it is no seed. */
static inline bool v8_seed_replay(struct seed *seed, void (*see)(void *seer, const struct v8_seed_told *told), void *seer)
{
	struct v8_codes *codes = v8_codes_new();
	struct v8_objects objects;
	struct v8_memory memory = { seed_memory, seed, &objects, NULL };
	struct v8_seed_told told;
	bool is_seed = codes && v8_seed_objects(seed, &objects);

	for (uint32_t i = 0; is_seed && i < seed->n_others; i++) {
		if (!strchr("SWA", seed->others[i].tag) || !seed->others[i].tag)
			continue;
		v8_seed_read_piece(codes, &memory, &seed->others[i], &told);
		if (see)
			see(seer, &told);
	}
	v8_codes_free(codes);
	return is_seed;
}

#endif
