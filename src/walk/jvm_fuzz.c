/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* HotSpot's frames over a damaged image of it (jvm_image_test.h): the input is one byte for the kind of stack, and then
 * changes of ten bytes, where and what: in memory, the registers, or the layout. */
#include <stdlib.h>

#include "walk/jvm_image_test.h"

#define REGISTERS 0xff00u	/* "where" from here on; before it, words of the layout */
#define LAYOUT 0xfe00u

static void change(struct image_stack *s, uint16_t where, uint64_t word)
{
	uint8_t *layout = (uint8_t *)&s->image.runtime.jvm;
	size_t at = where - LAYOUT;

	if (where >= REGISTERS)
		s->image.regs[(where - REGISTERS) % UNWIND_REGS] = word;
	else if (where >= LAYOUT && at + 8 <= sizeof(s->image.runtime.jvm))
		memcpy(layout + at, &word, 8);
	else if (where + 8u <= IMAGE_BYTES)
		memcpy(s->image.memory + where, &word, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct walk_host *host;
	static struct image_thread v;
	uint16_t where;
	uint64_t word;

	if (!host)
		host = walk_host_new();
	if (!host || !size)
		return 0;
	if (data[0] & 1)
		image_thread_begin(&v);
	else
		image_stack_begin(&v.s);
	/* with blobs that are known again from one input to the next */
	v.s.image.runtime.jvm.block_used = data[0] & 2 ? 4 : 0;
	image_put(&v.s.image, v.s.caller - 4, 1, 1);
	image_put(&v.s.image, v.s.interpreter - 4, 1, 1);
	for (size_t at = 1; size - at >= 10; at += 10) {
		memcpy(&where, data + at, 2);
		memcpy(&word, data + at + 2, 8);
		change(&v.s, where, word);
	}
	image_walk_with(&v.s.image, host);
	if (v.s.image.n > IMAGE_WORDS)
		abort();
	return 0;
}
