/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/v8/wasm.h"

#include "base/test.h"
#include "runtime/v8/image_test.h"

#define BYTES 0x30000u
#define INSTANCE 0x1000u
#define MANAGED 0x3000u
#define NATIVE 0x8000u
#define CODE 0x9000u
#define OTHER_CODE 0x9100u
#define NODE 0x9800u
#define START 0x500000u		/* of the code's instructions, 0x100 bytes */

/* Exports "main" (2) and "memory" 0; names 1 "fib" and 2 "start_here". */
static const char module[] = "\0asm\1\0\0\0"
			     "\7\21\2\4main\0\2\6memory\2\0"
			     "\0\1x"
			     "\0\34\4name\0\1\0\1\22\2\1\3fib\2\12start_here";

static struct v8_objects objects;

static bool name_of(const char *bytes, size_t n, uint32_t index, struct arena *arena, struct str *ret_name)
{
	struct buf image = { 0 };
	struct v8_memory memory = { image_read, NULL, &objects, NULL };
	struct str view;
	bool found;

	image_add(&image, BYTES, bytes, n);
	view = buf_str(&image);
	memory.context = &view;
	found = v8_wasm_name(&memory, BYTES, n, index, arena, ret_name);
	buf_fini(&image);
	return found;
}

TEST(a_function_is_called_what_the_names_say_else_what_it_is_exported_as)
{
	struct arena arena = { 0 };
	struct str name;

	CHECK(name_of(module, sizeof(module) - 1, 1, &arena, &name));
	CHECK_STR(name, "fib");
	CHECK(name_of(module, sizeof(module) - 1, 2, &arena, &name));
	CHECK_STR(name, "start_here");
	CHECK(!name_of(module, sizeof(module) - 1, 0, &arena, &name));	/* a memory is no function */
	CHECK(name_of(module, 27, 2, &arena, &name));	/* the exports alone */
	CHECK_STR(name, "main");
	arena_fini(&arena);
}

TEST(a_module_that_breaks_off_anywhere_has_names_or_none)
{
	struct arena arena = { 0 };
	struct str name;

	for (size_t n = 0; n < sizeof(module); n++)
		for (uint32_t index = 0; index < 4; index++)
			if (name_of(module, n, index, &arena, &name))
				CHECK(name.n >= 3 && name.n <= 10);
	arena_fini(&arena);
}

/* The words of a made process: what refers to what is in the head of wasm.h. */
static void add_module(struct buf *image, uint64_t of_module)
{
	uint64_t managed[2] = { 0, 0x3100 }, destructor[4] = { [3] = 0x3200 }, shared = NATIVE;
	uint64_t native[200] = { [20] = 0x3300, [52] = 0, [53] = 0 }, vector[2] = { BYTES, sizeof(module) - 1 };
	uint64_t node[6] = { 1, 0, 0, 0, START, CODE }, code[8] = { of_module, START }, other[8] = { NATIVE, START + 0x200 };

	native[40 + 2] = native[40 + 3] = native[40 + 4] = NODE;
	native[40 + 5] = 1;
	native[40 + 6] = 0x9900;
	native[40 + 7] = native[40 + 8] = 0x9908;
	code[4] = 0x100;
	code[7] = 1;
	other[4] = 0x80;
	other[7] = 2;
	image_add(image, MANAGED, managed, sizeof(managed));
	image_add(image, 0x3100, destructor, sizeof(destructor));
	image_add(image, 0x3200, &shared, sizeof(shared));
	image_add(image, 0x3300, vector, sizeof(vector));
	image_add(image, NATIVE, native, sizeof(native));
	image_add(image, NODE, node, sizeof(node));
	image_add(image, 0x9900, (uint64_t[]){ OTHER_CODE }, 8);
	image_add(image, CODE, code, sizeof(code));
	image_add(image, OTHER_CODE, other, sizeof(other));
	image_add(image, BYTES, module, sizeof(module) - 1);
}

static void make(struct buf *image, uint64_t of_module)
{
	uint64_t instance[80] = { [33] = MANAGED + 1 };

	CHECK(v8_objects_of(&objects, 13, 6, image_lookup, NULL));
	buf_clear(image);
	image_add(image, INSTANCE, instance, sizeof(instance));
	add_module(image, of_module);
}

static bool find(struct buf *image, uint64_t pc, struct arena *arena, struct v8_wasm_function *ret_function)
{
	struct str view = buf_str(image);
	struct v8_memory memory = { image_read, &view, &objects, NULL };
	struct v8_scripts scripts = { 0 };
	struct v8_wasm wasm = { 0 };
	bool found = v8_wasm_find(&wasm, &memory, 1, INSTANCE, pc, &scripts, arena, ret_function);

	v8_wasm_fini(&wasm);
	v8_scripts_fini(&scripts);
	return found;
}

TEST(an_instruction_is_of_the_function_whose_code_holds_it)
{
	struct v8_wasm_function function;
	struct arena arena = { 0 };
	struct buf image = { 0 };

	make(&image, NATIVE);
	CHECK(find(&image, START + 0xff, &arena, &function));
	CHECK_STR(function.name, "fib");
	CHECK_EQ(function.index, 1);
	/* one that V8 has not entered into its map yet */
	CHECK(find(&image, START + 0x210, &arena, &function));
	CHECK_STR(function.name, "start_here");
	CHECK(!find(&image, START + 0x100, &arena, &function));
	CHECK(!find(&image, START - 1, &arena, &function));
	/* code of another module */
	make(&image, NATIVE + 8);
	CHECK(!find(&image, START, &arena, &function));
	arena_fini(&arena);
	buf_fini(&image);
}

TEST(a_module_whose_script_cannot_be_read_has_its_functions)
{
	struct v8_wasm_function function;
	struct arena arena = { 0 };
	struct buf image = { 0 };
	uint64_t script[2] = { 0x4101, 0 }, instance[80] = { [33] = MANAGED + 1, [34] = 0x4001 };

	make(&image, NATIVE);
	buf_clear(&image);
	image_add(&image, INSTANCE, instance, sizeof(instance));
	image_add_map(&image, 0x4100, objects.type_script);
	image_add(&image, 0x4000, script, sizeof(script));	/* it has no number */
	add_module(&image, NATIVE);
	CHECK(find(&image, START, &arena, &function));
	CHECK_STR(function.name, "fib");
	CHECK_EQ(function.script, 0);
	arena_fini(&arena);
	buf_fini(&image);
}

/* A script of that name, of that module. */
static void add_script(struct buf *image, uint64_t at, uint64_t managed, const char *name)
{
	uint64_t script[14] = { 0x4101 }, string[6] = { 0x4201, (uint64_t)strlen(name) << 32 };

	script[objects.script_name / 8] = at + 0x81;
	script[objects.script_id / 8] = (uint64_t)7 << 32;
	script[objects.script_eval_shared / 8 + 1] = managed + 1;
	memcpy(&string[2], name, strlen(name));
	image_add(image, at, script, sizeof(script));
	image_add(image, at + 0x80, string, sizeof(string));
}

TEST(a_script_that_lies_near_is_not_the_module_s)
{
	struct buf image = { 0 };
	struct arena arena = { 0 };
	struct v8_scripts scripts = { 0 };
	struct v8_wasm wasm = { 0 };
	struct v8_wasm_function function;
	uint64_t instance[80] = { [33] = MANAGED + 1, [34] = 0x4801, [35] = 0x4c01, [36] = 0x4401 };
	struct v8_memory memory = { image_read, NULL, &objects, NULL };
	struct str view;

	CHECK(v8_objects_of(&objects, 13, 6, image_lookup, NULL));
	image_add(&image, INSTANCE, instance, sizeof(instance));
	image_add_map(&image, 0x4100, objects.type_script);
	image_add_map(&image, 0x4200, 40);
	add_script(&image, 0x4400, MANAGED, "wasm://wasm/our");
	add_script(&image, 0x4800, 0x4200, "/srv/a.js");
	add_script(&image, 0x4c00, 0x4200, "wasm://wasm/other");
	add_module(&image, NATIVE);
	view = buf_str(&image);
	memory.context = &view;
	CHECK(v8_wasm_find(&wasm, &memory, 1, INSTANCE, START, &scripts, &arena, &function));
	CHECK(function.script);
	CHECK_STR(scripts.items[function.script].name, "wasm://wasm/our");
	v8_wasm_fini(&wasm);
	v8_scripts_fini(&scripts);
	arena_fini(&arena);
	buf_fini(&image);
}

TEST_MAIN(CASE(a_script_that_lies_near_is_not_the_module_s), CASE(a_function_is_called_what_the_names_say_else_what_it_is_exported_as),
	  CASE(a_module_that_breaks_off_anywhere_has_names_or_none),
	  CASE(an_instruction_is_of_the_function_whose_code_holds_it),
	  CASE(a_module_whose_script_cannot_be_read_has_its_functions))
