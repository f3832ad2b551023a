/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The walk of V8's frames as the kernel does it, over a process (v8_image_test.h) that is not as it should be. The
 * input is changes: where (two bytes: part, offset), what (a byte, or an object's address). */
#include "base/cursor.h"
#include "walk/v8_image_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void change(struct cursor *c)
{
	uint32_t where = cursor_u8(c) | (uint32_t)cursor_u8(c) << 8;
	uint8_t what = cursor_u8(c), how = cursor_u8(c);
	uint8_t *parts[] = { image.code, image.stack, image.heap, (uint8_t *)image.regs };
	uint8_t *part = parts[where >> 12 & 3];
	size_t off = where & (PART_BYTES - 1);
	uint64_t word = how == 1 ? OBJECT(what & 31) + (what >> 7) :
			how == 2 ? STACK_AT + what * 8u :
			how == 3 ? CODE_AT + what * 16u : FILE_AT + what * 16u;

	if (part == (uint8_t *)image.regs)
		off %= sizeof(image.regs);
	if (!how)
		part[off] = what;
	else
		memcpy(part + (off & ~7ull), &word, 8);
}

/* Frames of one, two and four words, and each what it says. */
static void check_words(void)
{
	for (uint32_t i = 0; i < image_out.n; i++) {
		uint32_t kind;

		if (!(image_out.words[i] & SAMPLE_FRAME_V8))
			continue;
		if (++i >= image_out.n)
			abort();
		kind = SAMPLE_V8_KIND(image_out.words[i]);
		if (kind > V8_REGEXP)
			abort();
		if (kind == V8_AT && (i + 2 >= image_out.n || !(image_out.words[i + 1] & SAMPLE_FRAME_V8) ||
				      SAMPLE_V8_KIND(image_out.words[i + 2]) != V8_FUNCTION))
			abort();
		if (kind == V8_FAULT && SAMPLE_V8_PLACE(image_out.words[i]) >= V8_FAULT_COUNT)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(str_over((const char *)data, size));
	uint8_t layout = cursor_u8(&c);

	image_make();
	if (layout & 1) {
		image.runtime.v8.dispatch_group_at = OBJECT(GROUP);
		image.runtime.v8.dispatch_table = 16;
	}
	image.runtime.v8.code_inline = layout >> 1 & 1;
	if (layout & 4)
		image.runtime.v8.type_baseline_data = TYPE_BASELINE;
	if (layout & 16)
		image.runtime.v8.frame_regexp = 27;
	if (layout & 8)
		image.regs[UNWIND_RIP] = at(INTERPRETER);
	while (cursor_more(&c))
		change(&c);
	image_walk();
	if (image_out.n > 64)
		abort();
	check_words();
	return 0;
}
