/* SPDX-License-Identifier: Apache-2.0 */
/* The input: which JDK's offsets (u64), where compiled code, a method and a stub are (u64 each), and a memory
 * (image_test.h). The seeds were read of running processes. */
#include "runtime/jvm/codes.h"

#include <stdlib.h>

#include "abi/sample.h"
#include "runtime/jvm/image_test.h"
#include "runtime/jvm/methods.h"

static void check_places(const struct jvm_codes *codes, uint32_t id)
{
	uint32_t n = jvm_codes_frames(codes, id);

	if (!id != !n)
		abort();
	for (uint32_t i = 0; i < n; i++)
		if (i + 1 == n && !jvm_codes_place(codes, id, i).name.n)	/* the outermost has a name */
			abort();
}

static void read_one(struct jvm_codes *codes, const struct jvm_memory *memory, const struct jvm_offsets *o,
		     struct jvm_seen seen)
{
	for (seen.place = 0; seen.place < 512; seen.place += 7) {
		enum jvm_fault fault;
		uint32_t id;

		seen.is_return = seen.place & 1;
		id = jvm_codes_read(codes, memory, o, 1, &seen, &fault);
		if (!id != (fault != JVM_FAULT_NONE) || fault >= JVM_FAULT_COUNT)
			abort();
		check_places(codes, id);
		if (!id)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(str_over(data, size));
	uint64_t jdk = cursor_u64(&c), code = cursor_u64(&c), method = cursor_u64(&c), stub = cursor_u64(&c);
	struct str image = cursor_bytes(&c, cursor_left(&c));
	struct jvm_memory memory = { image_read, &image };
	const struct jvm_offsets *o = &image_offsets[jdk % IMAGE_JDKS];
	struct jvm_codes *codes = size <= 65536 && !c.failed ? jvm_codes_new() : NULL;
	uint32_t check, id;

	if (!codes)
		return 0;
	if (jvm_method_check(&memory, o, method, &check))
		read_one(codes, &memory, o, (struct jvm_seen){ JVM_INTERPRETED, method, check, 0, false });
	jvm_read_u32(&memory, code + o->nmethod_id, &id);
	check = jvm_check(jvm_word(&memory, code + o->nmethod_method), id);
	read_one(codes, &memory, o, (struct jvm_seen){ JVM_COMPILED, code, check, 0, false });
	check = jvm_check(jvm_word(&memory, stub + o->blob_name), 0);
	read_one(codes, &memory, o, (struct jvm_seen){ JVM_STUB, stub, check, 0, false });
	jvm_codes_free(codes);
	return 0;
}
