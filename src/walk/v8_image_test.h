/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/v8_image_test.h
 *
 * For tests and fuzzers: a made process that has V8, and the walk as the kernel does it (walk/host.c has the one
 * of copied stacks).
 *
 *   FILE_AT   code of a file; rule i holds in 0x100 bytes from FILE_AT + i * 0x100 on
 *   CODE_AT   run-time code: the instructions of Code objects
 *   STACK_AT  a stack; HEAP_AT objects, each at 0x80 bytes
 */
#ifndef SONDE_WALK_V8_IMAGE_TEST_H
#define SONDE_WALK_V8_IMAGE_TEST_H

#include <stdlib.h>
#include <string.h>

#include "abi/sample.h"

#define FILE_AT 0x400000ull
#define CODE_AT 0x600000ull
#define STACK_AT 0x700000ull
#define HEAP_AT 0x800000ull
#define PART_BYTES 0x1000u
#define FRAME (STACK_AT + 0x400)	/* frame pointer of the function */
#define CALLER_FRAME (STACK_AT + 0x480)
#define TABLE 7

/* Rules of the file's code. */
enum { NONE, PLAIN, INTERPRETER, BUILTIN, ENTERED, END, N_RULES };

/* Objects, and the maps of their kinds. */
enum {
	MAPS, FUNCTION_MAP, SHARED_MAP, CODE_MAP, BYTECODES_MAP, BASELINE_MAP,
	FUNCTION, SHARED, SCRIPT, CODE, OTHER_CODE, BASELINE_CODE, BYTECODES, BASELINE_DATA, GROUP, DISPATCH,
	REGEXP_MAP, REGEXP, REGEXP_DATA, REGEXP_SOURCE,
};
#define OBJECT(i) (HEAP_AT + (i) * 0x80ull)

enum { TYPE_FUNCTION = 2065, TYPE_SHARED = 282, TYPE_CODE = 187, TYPE_BYTECODES = 186, TYPE_BASELINE = 163,
       TYPE_REGEXP = 2131 };
enum { KIND_BUILTIN = 2, KIND_INTERPRETED = 9, KIND_BASELINE = 10, KIND_TURBOFAN = 12 };

static const struct unwind_rule image_rules[N_RULES] = {
	[PLAIN] = { .kind = UNWIND_CFA, .cfa_base = UNWIND_RSP, .cfa_off = 8, .ra_off = -8,
		    .ra_reg = UNWIND_RIP },
	[INTERPRETER] = { .kind = UNWIND_CFA | UNWIND_MARK_V8, .cfa_base = UNWIND_RBP, .cfa_off = 16,
			  .ra_off = -8, .ra_reg = UNWIND_RIP, .saves = UNWIND_AT_CFA, .fp_off = -16 },
	[BUILTIN] = { .kind = UNWIND_CFA, .cfa_base = UNWIND_RBP, .cfa_off = 16, .ra_off = -8,
		      .ra_reg = UNWIND_RIP, .saves = UNWIND_AT_CFA, .fp_off = -16 },
	[ENTERED] = { .kind = UNWIND_CFA | UNWIND_MARK_V8, .cfa_base = UNWIND_RBP, .cfa_off = 16,
		      .cfa_add = 1, .ra_off = -8, .ra_reg = UNWIND_RIP, .saves = UNWIND_AT_CFA,
		      .fp_off = -16 },
	[END] = { .kind = UNWIND_END, .ra_off = -8 },
};

struct image {
	uint8_t code[PART_BYTES], stack[PART_BYTES], heap[PART_BYTES];
	uint64_t cells[6];
	uint64_t regs[UNWIND_REGS + 1];
	struct walk_runtime runtime;
};

static struct image image;
static struct { uint64_t words[64]; uint32_t n, n_new; } image_out;

typedef const struct image *walk_table_t;
struct walk;

static bool walk_read_bytes(struct walk *w, void *out, uint32_t n, uint64_t address)
{
	const struct { uint64_t at; const uint8_t *bytes; } parts[] = {
		{ CODE_AT, image.code }, { STACK_AT, image.stack }, { HEAP_AT, image.heap },
	};

	(void)w;
	for (int i = 0; i < 3; i++) {
		uint64_t off = address - parts[i].at;

		if (off >= PART_BYTES || n > PART_BYTES - off)
			continue;
		memcpy(out, parts[i].bytes + off, n);
		return true;
	}
	return false;
}

static bool walk_read_object(struct walk *w, void *out, uint32_t n, uint64_t address)
{
	return walk_read_bytes(w, out, n, address);
}

static bool walk_heap_stands(const struct walk *w)
{
	(void)w;
	return true;
}

static int walk_jvm_call(struct walk *w, void *out, uint32_t piece, uint64_t a, uint32_t b)
{
	(void)w;
	(void)out;
	(void)piece;
	(void)a;
	(void)b;
	return 0;
}

static int walk_v8_call(struct walk *w, void *out, uint32_t piece);

static const struct walk_mapping *walk_mapping_at(struct walk *w, uint32_t index)
{
	static const struct walk_mapping mappings[] = {
		{ FILE_AT, FILE_AT + PART_BYTES, FILE_AT, TABLE, 0 },
		{ CODE_AT, CODE_AT + PART_BYTES, 0, 0, 0 },
	};

	(void)w;
	return index < 2 ? &mappings[index] : NULL;
}

static walk_table_t walk_table_at(struct walk *w, uint32_t table)
{
	(void)w;
	return table == TABLE ? &image : NULL;
}

static bool walk_cell_at(walk_table_t table, uint32_t index, uint64_t *ret_cell)
{
	if (index >= 6)
		return false;
	*ret_cell = table->cells[index];
	return true;
}

static const struct unwind_rule *walk_rule_at(struct walk *w, uint32_t rule)
{
	(void)w;
	return rule < N_RULES ? &image_rules[rule] : NULL;
}

static const struct walk_runtime *walk_runtime_at(struct walk *w, uint32_t runtime)
{
	(void)w;
	return runtime ? &image.runtime : NULL;
}

static bool walk_worth_copying(const struct walk *w)
{
	(void)w;
	return false;
}

static void walk_new_code(struct walk *w, void *out, uint64_t code)
{
	(void)w;
	(void)out;
	(void)code;
}

static void walk_new_v8(struct walk *w, void *out)
{
	(void)w;
	(void)out;
	image_out.n_new++;
}

static bool walk_put(void *out, uint32_t index, uint64_t word)
{
	(void)out;
	if (index >= 64)
		return false;
	image_out.words[index] = word;
	return true;
}

static bool walk_has_recorded(struct walk *w)
{
	(void)w;
	return false;
}

static bool walk_recorded(struct walk *w, uint64_t pair[2])
{
	(void)w;
	(void)pair;
	return false;
}

static bool walk_recorded_singly(struct walk *w)
{
	(void)w;
	return false;
}

#define WALK_RUNTIMES RUNTIME_BIT(RUNTIME_V8)
#define WALK_LATE 0
#include "walk/walk.h"

static int walk_v8_call(struct walk *w, void *out, uint32_t piece)
{
	return walk_v8_run(w, out, (enum walk_v8_piece)piece);
}

static uint64_t at(uint32_t rule)
{
	return FILE_AT + rule * 0x100 + 0x10;
}

static void put(uint64_t address, uint64_t word)
{
	uint8_t *part = address >= HEAP_AT ? image.heap : address >= STACK_AT ? image.stack : image.code;

	memcpy(part + (address & (PART_BYTES - 1)), &word, sizeof(word));
}

static void put_half(uint64_t address, uint32_t half)
{
	memcpy(image.heap + (address & (PART_BYTES - 1)), &half, sizeof(half));
}

static void make_map(unsigned object, uint16_t type)
{
	memcpy(image.heap + (OBJECT(object) & (PART_BYTES - 1)) + 12, &type, sizeof(type));
}

static void make_code(unsigned object, uint64_t off, uint32_t size, uint32_t kind)
{
	put(OBJECT(object), OBJECT(CODE_MAP) + V8_TAG);
	put(OBJECT(object) + 8, 0x1110 + object);	/* its tables */
	put(OBJECT(object) + 16, 0x2220 + object);
	put(OBJECT(object) + 40, CODE_AT + off);
	put_half(OBJECT(object) + 52, kind);
	put_half(OBJECT(object) + 56, size);
}

/* The function's frame stands, in the optimised code that it has; called from plain code of the file, which
 * is the thread's first but one. */
static void image_make(void)
{
	image = (struct image){ .cells = { 1ull << 32, (uint64_t)N_RULES << 32 } };
	image_out.n = image_out.n_new = 0;
	for (uint32_t i = 1; i < N_RULES; i++)
		image.cells[2 + i / 2] |= (uint64_t)(i << 16 | i * 0x100) << (i % 2 * 32);
	image.runtime = (struct walk_runtime){ .kind = RUNTIME_V8, .v8 = {
		.type_function = TYPE_FUNCTION, .type_function_last = TYPE_FUNCTION + 15,
		.type_shared = TYPE_SHARED, .type_code = TYPE_CODE, .type_bytecodes = TYPE_BYTECODES,
		.type_baseline_data = RUNTIME_NO_FIELD, .map_type = 12, .function_shared = 32,
		.function_code = 24, .shared_data = 8, .shared_name = 24, .shared_script = 40,
		.shared_literal = 60, .script_id = 64, .script_name = 16, .code_start = 40,
		.code_size = 56, .code_flags = 52, .code_deopt = 8, .code_positions = 16,
		.bytecodes_data = 64, .bytecodes_positions = 24, .kind_mask = 15,
		.kind_baseline = KIND_BASELINE, .frame_wasm = 4,
		.type_regexp = TYPE_REGEXP, .type_regexp_data = RUNTIME_NO_FIELD, .regexp_data = 24,
		.regexp_source = 24, .regexp_code = 40,
	} };
	make_map(FUNCTION_MAP, TYPE_FUNCTION);
	make_map(SHARED_MAP, TYPE_SHARED);
	make_map(CODE_MAP, TYPE_CODE);
	make_map(BYTECODES_MAP, TYPE_BYTECODES);
	make_map(BASELINE_MAP, TYPE_BASELINE);
	make_map(REGEXP_MAP, TYPE_REGEXP);
	put(OBJECT(REGEXP), OBJECT(REGEXP_MAP) + V8_TAG);
	put(OBJECT(REGEXP) + 24, OBJECT(REGEXP_DATA) + V8_TAG);
	put(OBJECT(REGEXP_DATA) + 24, OBJECT(REGEXP_SOURCE) + V8_TAG);
	put(OBJECT(REGEXP_DATA) + 48, OBJECT(CODE) + V8_TAG);	/* for two bytes a character */
	put(OBJECT(REGEXP_SOURCE) + V8_STRING_HEAD, 0x500001234);
	put(OBJECT(FUNCTION), OBJECT(FUNCTION_MAP) + V8_TAG);
	put(OBJECT(FUNCTION) + 32, OBJECT(SHARED) + V8_TAG);
	put(OBJECT(FUNCTION) + 24, OBJECT(CODE) + V8_TAG);
	put(OBJECT(SHARED), OBJECT(SHARED_MAP) + V8_TAG);
	put(OBJECT(SHARED) + 8, OBJECT(BYTECODES) + V8_TAG);
	put(OBJECT(SHARED) + 24, 0x5551);
	put(OBJECT(SHARED) + 40, OBJECT(SCRIPT) + V8_TAG);
	put_half(OBJECT(SHARED) + 60, 12);
	put(OBJECT(SCRIPT) + 64, 34ull << 32);
	put(OBJECT(BYTECODES), OBJECT(BYTECODES_MAP) + V8_TAG);
	memset(image.code, 0x90, sizeof(image.code));
	make_code(CODE, 0x200, 0x100, KIND_TURBOFAN);
	make_code(OTHER_CODE, 0x400, 0x100, KIND_TURBOFAN);
	make_code(BASELINE_CODE, 0x600, 0x100, KIND_BASELINE);
	put(FRAME, CALLER_FRAME);
	put(FRAME + 8, at(PLAIN));
	put(FRAME - 8, 0x7771);		/* the context */
	put(FRAME - 16, OBJECT(FUNCTION) + V8_TAG);
	put(FRAME + 16, at(END));
	image.regs[UNWIND_RIP] = CODE_AT + 0x240;
	image.regs[UNWIND_RSP] = FRAME - 0x40;
	image.regs[UNWIND_RBP] = FRAME;
}

static enum walk_end image_walk(void)
{
	static struct walk *w;

	if (!w)
		w = calloc(1, sizeof(*w));
	if (!w)
		abort();
	memset(w->v8.seen, 0, sizeof(w->v8.seen));
	memcpy(w->regs, image.regs, sizeof(w->regs));
	walk_begin(w, false);
	w->process = (struct walk_process){ .count = 2, .generation = w->process.generation + 1,
					    .runtime = 1 };
	for (int i = 0; i < 200 && walk_step(w, NULL) == WALK_CONTINUE; i++)
		;
	image_out.n = w->n;
	return (enum walk_end)w->end;
}

#endif
