/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a memory (image_test.h): a function at 0x1000, optimised code at 0x2000 and instructions at
 * 0x14210 that may be anything. */
#include "runtime/v8/codes.h"

#include <stdlib.h>

#include "abi/sample.h"
#include "runtime/v8/functions.h"
#include "runtime/v8/image_test.h"
#include "runtime/v8/streams.h"

static void read_one(struct v8_codes *codes, const struct v8_memory *memory, uint32_t kind,
		     uint64_t address, uint32_t check)
{
	struct v8_seen seen = { kind, address, check };
	struct v8_place places[V8_INLINED_MAX];
	enum v8_fault fault;
	bool awaited;
	uint32_t id = v8_codes_read(codes, memory, (struct v8_owner){ 1, 2 }, &seen, &fault);

	if (!id != (fault != V8_FAULT_NONE) || fault >= V8_FAULT_COUNT)
		abort();
	if (id)
		v8_codes_believe(codes);
	awaited = !id;
	if (!id)
		id = v8_codes_await(codes, memory, (struct v8_owner){ 1, 2 }, &seen, fault);
	if (id && awaited && (!v8_codes_incomplete(codes, id) || v8_codes_fault(codes, id) != fault))
		abort();
	for (uint32_t at = 0; at < 64; at += 3) {
		uint32_t n = v8_codes_place(codes, id, at, at & 1, places);

		if ((!id != !n && !(awaited && !n)) || n > V8_INLINED_MAX)
			abort();
		for (uint32_t i = 0; i < n; i++)
			if (i + 1 == n && !places[i].name.n)	/* the function itself has a name */
				abort();
	}
}

/* The code of an instruction, once it is found, is there and holds it. */
static void look_for(const struct v8_memory *memory, uint32_t function_check)
{
	struct v8_where where = { .pc = 0x14210, .function_check = function_check };
	uint64_t words[V8_BYTES_WORDS];
	struct v8_stream stream;
	struct v8_seen seen;
	uint32_t place;

	if (v8_stream_find(memory, where.pc, &stream) &&
	    (where.pc < stream.start || where.pc - stream.start >= stream.size))
		abort();
	if (!image_read(memory->context, words, sizeof(words), where.pc - V8_BYTES_BEFORE))
		return;
	where.bytes_check = v8_bytes_check(words);
	if (v8_codes_at(memory, &where, &seen, &place) && !v8_codes_still(memory, &seen))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str image = str_over(data, size);
	struct v8_codes *codes = v8_codes_new();
	struct v8_objects objects;
	struct v8_memory memory = { image_read, &image, &objects, NULL };
	uint64_t deopt, positions;
	uint32_t check = 0, length;

	if (size > 16384 || !codes || !v8_objects_of(&objects, 13, 6, image_lookup, NULL)) {
		v8_codes_free(codes);
		return 0;
	}
	objects.n_bytecodes = 200;
	memset(objects.bytecode_bytes, 2, sizeof(objects.bytecode_bytes));
	if (v8_function_check_now(&memory, 0x1000, &check))
		for (uint32_t kind = V8_INTERPRETED; kind <= V8_FUNCTION; kind++)
			read_one(codes, &memory, kind, 0x1000, check);
	v8_field(&memory, 0x2000, objects.code_deopt, &deopt);
	v8_field(&memory, 0x2000, objects.code_positions, &positions);
	v8_field_u32(&memory, 0x2000, objects.code_size, &length);
	read_one(codes, &memory, V8_OPTIMIZED, 0x2000, v8_code_check(check, length, deopt, positions));
	look_for(&memory, check);
	v8_codes_free(codes);
	return 0;
}
