/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/jvm_image_test.h - a made-up HotSpot for jvm_test.c and jvm_fuzz.c: code, a stack, a heap, and C around it
 *
 *   IMAGE_CODE      blobs, each behind its HeapBlock; their segments in IMAGE_SEGMAP
 *   IMAGE_NAMES     of kinds of blobs
 *   IMAGE_METHODS   Method and ConstMethod, IMAGE_METHOD_BYTES each
 *   IMAGE_STACK     grows down from its end
 *   IMAGE_HEAP      a Continuation and its chunks
 *   IMAGE_C         code with unwind rows: a function that has pushed nothing, and the thread's first one
 *
 * image_stack_begin() makes one, with a stack of each kind of frame; image_thread_begin() one of a virtual
 * thread.
 */
#ifndef SONDE_WALK_JVM_IMAGE_TEST_H
#define SONDE_WALK_JVM_IMAGE_TEST_H

#include <string.h>

#include "walk/host.h"

#define IMAGE_MEMORY 0x7f1000000000ull
#define IMAGE_BYTES 0x10000u
#define IMAGE_CODE IMAGE_MEMORY
#define IMAGE_CODE_END (IMAGE_MEMORY + 0x4000)
#define IMAGE_SEGMAP (IMAGE_MEMORY + 0x4000)
#define IMAGE_NAMES (IMAGE_MEMORY + 0x4800)
#define IMAGE_CALL_STUB (IMAGE_MEMORY + 0x4f00)
#define IMAGE_METHODS (IMAGE_MEMORY + 0x5000)
#define IMAGE_METHOD_BYTES 0x100u
#define IMAGE_STACK (IMAGE_MEMORY + 0x8000)
#define IMAGE_STACK_END (IMAGE_MEMORY + 0xc000)
#define IMAGE_HEAP (IMAGE_MEMORY + 0xc000)
#define IMAGE_CONT IMAGE_HEAP
#define IMAGE_CHUNK(n) (IMAGE_HEAP + 0x400 + (n) * 0x800)
#define IMAGE_CHUNK_STACK 48u
#define IMAGE_KLASS 0x7f1100001000ull
#define IMAGE_C 0x400000ull
#define IMAGE_C_END 0x401000ull
#define IMAGE_TABLE 7u
#define IMAGE_CODE_AT 0x80u	/* where a blob's code begins */
#define IMAGE_SEGMENT 64u
#define IMAGE_WORDS 256u

struct jvm_image {
	uint8_t memory[IMAGE_BYTES];
	uint64_t cells[4];
	uint64_t regs[UNWIND_REGS + 1];
	struct walk_mapping mappings[2];
	struct walk_runtime runtime;
	uint64_t words[IMAGE_WORDS];
	uint32_t n;
	uint64_t code_end;	/* of the blobs so far */
	uint64_t copied_from;	/* of the stack there is nothing below; 0: all of it is there */
};

static const struct unwind_rule image_rules[] = {
	{ .kind = UNWIND_NONE },
	{ .kind = UNWIND_CFA, .cfa_base = UNWIND_RSP, .cfa_off = 8, .ra_off = -8, .ra_reg = UNWIND_RIP },
	{ .kind = UNWIND_END, .ra_off = -8 },
};

static inline void *image_at(struct jvm_image *image, uint64_t address, uint32_t n)
{
	uint64_t off = address - IMAGE_MEMORY;

	return off <= IMAGE_BYTES && n <= IMAGE_BYTES - off ? image->memory + off : NULL;
}

static inline void image_put(struct jvm_image *image, uint64_t address, uint64_t word, uint32_t n)
{
	memcpy(image_at(image, address, n), &word, n);
}

static inline bool image_read(void *context, void *out, uint32_t n, uint64_t address)
{
	const struct jvm_image *image = context;
	const void *bytes = image_at(context, address, n);
	uint64_t in_c = address - IMAGE_C;

	if (address >= IMAGE_STACK && address < IMAGE_STACK_END && address < image->copied_from)
		return false;

	if (in_c < IMAGE_C_END - IMAGE_C && n <= IMAGE_C_END - IMAGE_C - in_c)
		memset(out, 0xe8, n);	/* every address is behind a call */
	else if (bytes)
		memcpy(out, bytes, n);
	else
		return false;
	return true;
}

static inline bool image_rows(void *context, uint32_t table, struct walk_rows *ret_rows)
{
	if (table != IMAGE_TABLE)
		return false;
	*ret_rows = (struct walk_rows){ ((struct jvm_image *)context)->cells, 4 };
	return true;
}

static inline void image_begin(struct jvm_image *image)
{
	memset(image, 0, sizeof(*image));
	memset(image->memory + (IMAGE_SEGMAP - IMAGE_MEMORY), 0xff, 0x800);
	/* one page of rows: from 0 on the function, from 0x800 on the thread's first */
	image->cells[0] = 1ull << 32;
	image->cells[1] = 2ull << 32;
	image->cells[2] = (2ull << 16 | 0x800) << 32 | 1u << 16;
	image->mappings[0] = (struct walk_mapping){ IMAGE_C, IMAGE_C_END, IMAGE_C, IMAGE_TABLE, 0 };
	image->mappings[1] = (struct walk_mapping){ .start = IMAGE_CODE, .end = IMAGE_CODE_END };
	image->code_end = IMAGE_CODE;
	image->runtime = (struct walk_runtime){ .kind = RUNTIME_JVM, .jvm = {
		.heaps = { { IMAGE_CODE, IMAGE_CODE_END, IMAGE_SEGMAP } }, .n_heaps = 1,
		.segment_bits = 6, .block_bytes = 8, .code_offsets = 1, .complete_bytes = 2,
		.entry_bytes = 2, .blob_bytes = 96, .blob_name = 8, .blob_size = 24, .blob_code = 36,
		.blob_frame = 44, .blob_complete = 54, .nmethod_method = 64, .nmethod_id = 72,
		.nmethod_entry = 76, .nmethod_deopt = 80, .nmethod_deopt_mh = RUNTIME_NO_FIELD,
		.nmethod_orig_pc = 84, .method_const = 8, .const_size = 24, .const_code_size = 36,
		.const_bytes = 48, .call_stub_at = IMAGE_CALL_STUB, .chunk_klass = IMAGE_KLASS,
		.chunk_narrow = 0x77, .cont_tail = 16, .chunk_parent = 40, .chunk_sp = 24,
		.chunk_bottom = 28, .chunk_stack = IMAGE_CHUNK_STACK, .oop_bytes = 8,
	} };
	image->regs[UNWIND_RSP] = IMAGE_STACK_END - 0x400;
}

/* A blob of `size` bytes of code that is filled with nops; its address. */
static inline uint64_t image_blob(struct jvm_image *image, const char *name, uint32_t size, uint32_t frame_words)
{
	uint64_t block = image->code_end, blob = block + 8, n = (size + IMAGE_CODE_AT + 8 + 63) / 64;
	uint64_t first = (block - IMAGE_CODE) / IMAGE_SEGMENT;
	static const char *const kinds[] = { "nmethod", "Interpreter", "StubRoutines (1)", "VM_Version stub",
					     "native nmethod", "nep_invoker_blob", "upcall_stub", "I2C/C2I adapters" };

	for (uint64_t i = 0; i < n; i++)
		image_put(image, IMAGE_SEGMAP + first + i, i, 1);
	for (uint32_t i = 0; i < 8; i++) {
		memcpy(image_at(image, IMAGE_NAMES + i * 32, 32), kinds[i], strlen(kinds[i]) + 1);
		if (!strcmp(name, kinds[i]))
			image_put(image, blob + 8, IMAGE_NAMES + i * 32, 8);
	}
	image_put(image, blob + 24, size + IMAGE_CODE_AT, 4);
	image_put(image, blob + 36, IMAGE_CODE_AT, 4);
	image_put(image, blob + 44, frame_words, 4);
	memset(image_at(image, blob + IMAGE_CODE_AT, size), 0x90, size);
	image->code_end += n * IMAGE_SEGMENT;
	return blob;
}

/* A method of ten bytes of bytecode; its address. */
static inline uint64_t image_method(struct jvm_image *image, uint32_t number)
{
	uint64_t method = IMAGE_METHODS + number * IMAGE_METHOD_BYTES, constant = method + 0x40;

	image_put(image, method + 8, constant, 8);
	image_put(image, constant + 24, 8, 4);
	image_put(image, constant + 36, 10, 2);
	return method;
}

static inline uint64_t image_bytecodes(uint64_t method)
{
	return method + 0x40 + 48;
}

/* An interpreted frame whose rbp is `fp`, at the fifth bytecode. */
static inline void image_interpreted(struct jvm_image *image, uint64_t fp, uint64_t method, uint64_t caller_pc,
				     uint64_t caller_sp, uint64_t caller_fp)
{
	image_put(image, fp, caller_fp, 8);
	image_put(image, fp + 8, caller_pc, 8);
	image_put(image, fp - 8, caller_sp, 8);
	image_put(image, fp - 24, method, 8);
	image_put(image, fp - 64, image_bytecodes(method) + 5, 8);
}

static inline enum walk_end image_walk_with(struct jvm_image *image, struct walk_host *host)
{
	const struct walk_target target = {
		.mappings = image->mappings, .n_mappings = 2, .generation = 1, .rules = image_rules,
		.n_rules = 3, .rows = image_rows, .read = image_read, .context = image,
		.runtime = &image->runtime,
	};

	return walk_host_run(host, &target, image->regs, false, image->words, IMAGE_WORDS, &image->n);
}

static inline enum walk_end image_walk(struct jvm_image *image)
{
	struct walk_host *host = walk_host_new();
	enum walk_end end = host ? image_walk_with(image, host) : WALK_FULL;

	walk_host_free(host);
	return end;
}

#define IMAGE_C_CALLER (IMAGE_C + 0x100)
#define IMAGE_C_ROOT (IMAGE_C + 0x900)

/* A stack, and the blobs that it needs: it is C -> call_stub -> an interpreted method -> compiled code. */
struct image_stack {
	struct jvm_image image;
	uint64_t caller, callee;	/* compiled: frames of 4 and of 6 words */
	uint64_t interpreter, stubs, for_c;
	uint64_t method;
	uint64_t sp;		/* of `caller`'s frame, which returns to the interpreter */
	uint64_t fp;		/* of the interpreted frame */
};

static inline uint64_t image_code(uint64_t blob)
{
	return blob + IMAGE_CODE_AT;
}

/* Code, from `before` bytes before the address on. */
static inline void image_put_code(struct image_stack *s, uint64_t pc, const char *bytes, uint32_t n, uint32_t before)
{
	memcpy(image_at(&s->image, pc - before, n), bytes, n);
}

static inline void image_stack_begin(struct image_stack *s)
{
	uint64_t entry_fp = IMAGE_STACK_END - 0x100;

	image_begin(&s->image);
	s->caller = image_blob(&s->image, "nmethod", 0x200, 4);
	s->callee = image_blob(&s->image, "nmethod", 0x200, 6);
	s->interpreter = image_blob(&s->image, "Interpreter", 0x400, 0);
	s->stubs = image_blob(&s->image, "StubRoutines (1)", 0x400, 0);
	s->for_c = image_blob(&s->image, "VM_Version stub", 0x100, 0);
	s->method = image_method(&s->image, 0);
	image_put(&s->image, IMAGE_CALL_STUB, image_code(s->stubs) + 0x40, 8);
	image_put_code(s, image_code(s->stubs) + 0x40, "\xff\xd1", 2, 2);	/* call rcx */
	/* C's two, then the frame of call_stub */
	image_put(&s->image, entry_fp, 0, 8);
	image_put(&s->image, entry_fp + 8, IMAGE_C_CALLER, 8);
	image_put(&s->image, entry_fp + 16, IMAGE_C_ROOT, 8);
	s->fp = entry_fp - 0x80;
	image_interpreted(&s->image, s->fp, s->method, image_code(s->stubs) + 0x40, s->fp + 16, entry_fp);
	s->sp = s->fp - 0x80;
	image_put(&s->image, s->sp + 24, image_code(s->interpreter) + 0x50, 8);
	image_put(&s->image, s->sp + 16, s->fp, 8);
	s->image.regs[UNWIND_RSP] = s->sp;
	s->image.regs[UNWIND_RIP] = image_code(s->caller) + 0x30;
}

/* The same where `callee` is a virtual thread's innermost frame and returns to the barrier: the others' frames are
 * in two chunks. */
struct image_thread {
	struct image_stack s;
	uint64_t entry_sp, entry_fp;
};

/* In chunk n: frames of `caller`, an interpreted method's, `callee`'s, the last returning to `pc`. */
static inline void image_put_chunk(struct image_stack *s, uint32_t number, uint64_t parent, uint64_t pc)
{
	uint64_t chunk = IMAGE_CHUNK(number), top = chunk + IMAGE_CHUNK_STACK + 16 * 8, fp;

	image_put(&s->image, chunk + 8, IMAGE_KLASS, 8);
	image_put(&s->image, chunk + 24, 16, 4);
	image_put(&s->image, chunk + 28, 56, 4);
	image_put(&s->image, chunk + 40, parent, 8);
	image_put(&s->image, top - 8, image_code(s->caller) + 0x44, 8);
	/* caller's frame: its caller is interpreted, whose rbp is told in words from here */
	fp = top + 32 + 0x60;
	image_put(&s->image, top + 24, image_code(s->interpreter) + 0x50, 8);
	image_put(&s->image, top + 16, (fp - (top + 16)) / 8, 8);
	image_interpreted(&s->image, fp, s->method, image_code(s->callee) + 0x55, 4, 0x1000);
	image_put(&s->image, fp + 32 + 40, pc, 8);
}

static inline void image_thread_begin(struct image_thread *v)
{
	struct image_stack *s = &v->s;
	uint64_t barrier, fp;

	image_stack_begin(s);
	barrier = image_code(s->stubs) + 0x200;
	fp = s->sp - 16;
	v->entry_fp = fp;
	v->entry_sp = fp - 64;
	image_put_code(s, image_code(s->caller) + 0x30, "\xff\xd1", 2, 2);	/* call rcx */
	image_put(&s->image, fp, s->fp, 8);
	image_put(&s->image, fp + 8, image_code(s->caller) + 0x30, 8);
	image_put(&s->image, v->entry_sp + 16, IMAGE_CONT, 8);
	image_put(&s->image, IMAGE_CONT + 16, IMAGE_CHUNK(0), 8);
	image_put_chunk(s, 0, IMAGE_CHUNK(1), barrier);
	image_put_chunk(s, 1, 0, 0);
	/* the frame on the stack */
	image_put(&s->image, v->entry_sp - 8, barrier, 8);
	image_put(&s->image, v->entry_sp - 16, fp, 8);
	s->image.regs[UNWIND_RSP] = v->entry_sp - 6 * 8;
	s->image.regs[UNWIND_RIP] = image_code(s->callee) + 0x100;
}

#endif
