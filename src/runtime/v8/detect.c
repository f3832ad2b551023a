/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked for, as V8's tools/gen-postmortem-metadata.py (v8dbg_*), src/utils/version.cc and
 * src/snapshot/embedded/embedded-file-writer.cc name it. */
#include "runtime/v8/v8.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/hash.h"
#include "base/vec.h"
#include "elf/elf.h"
#include "elf/lookup.h"

#define PREFIX "v8dbg_"
#define NUMBERS_MAX 4096u
#define BYTECODE_SIZES_MAX (3 * V8_BYTECODES_MAX)
#define BLOB_BYTES_MAX (64u << 20)

/* The file's numbers: names are lent by the elf. */
struct numbers {
	struct elf *elf;
	struct elf_symbol *items;
	uint32_t n, cap;
};

static bool see_number(void *context, const struct elf_symbol *symbol)
{
	struct numbers *numbers = context;

	if (numbers->n == NUMBERS_MAX ||
	    VEC_RESERVE(&numbers->items, &numbers->cap, (uint64_t)numbers->n + 1) < 0)
		return false;
	numbers->items[numbers->n++] = *symbol;
	return true;
}

static bool int_at(const struct elf *elf, uint64_t vaddr, int32_t *ret_value)
{
	struct cursor c = cursor_over(elf_bytes_at(elf, vaddr, 4));

	*ret_value = (int32_t)cursor_u32(&c);
	return !c.failed;
}

/* In .symtab they were all read at once; else each is looked up by its hash in .dynsym. */
static bool lookup_number(void *context, const char *name, int32_t *ret_value)
{
	const struct numbers *numbers = context;
	char whole[160] = PREFIX;
	struct elf_symbol symbol;
	struct str wanted;
	size_t n = strlen(name);

	if (n >= sizeof(whole) - sizeof(PREFIX))
		return false;
	memcpy(whole + sizeof(PREFIX) - 1, name, n + 1);
	wanted = str_of(whole);
	for (uint32_t i = 0; i < numbers->n; i++)
		if (str_eq(numbers->items[i].name, wanted))
			return int_at(numbers->elf, numbers->items[i].vaddr, ret_value);
	return !numbers->n && elf_lookup(numbers->elf, wanted, &symbol) &&
	       int_at(numbers->elf, symbol.vaddr, ret_value);
}

static bool lookup_version(struct elf *elf, struct str name, unsigned *ret_number)
{
	struct elf_symbol symbol;
	int32_t number;

	if (!elf_lookup(elf, name, &symbol) || !int_at(elf, symbol.vaddr, &number) || number < 0 ||
	    number > 999)
		return false;
	*ret_number = (unsigned)number;
	return true;
}

/* How the lists of bytecodes' lengths begin, without a prefix, behind Wide and behind ExtraWide, in all of
 * 9.4 to 14.1: the four prefixes, DebugBreak0 to 6, LdaZero, LdaSmi, ... */
#define LENGTHS_HEAD 20u
static const uint8_t lengths_heads[3][LENGTHS_HEAD] = {
	{ 1, 1, 1, 1, 1, 2, 3, 4, 5, 5, 6, 2, 1, 2, 1, 1, 1, 1, 1, 2 },
	{ 1, 1, 1, 1, 1, 3, 5, 7, 9, 7, 9, 3, 1, 3, 1, 1, 1, 1, 1, 3 },
	{ 1, 1, 1, 1, 1, 5, 9, 13, 17, 11, 15, 5, 1, 5, 1, 1, 1, 1, 1, 5 },
};

/* The three lists, one behind the other, that begin at p. */
static struct str lengths_at(const uint8_t *p, size_t n)
{
	for (size_t each = 100; each <= V8_BYTECODES_MAX && 3 * each <= n; each++)
		if (!memcmp(p + each, lengths_heads[1], LENGTHS_HEAD) &&
		    !memcmp(p + 2 * each, lengths_heads[2], LENGTHS_HEAD))
			return str_over((const char *)p, 3 * each);
	return (struct str){ 0 };
}

/* Without its name kBytecodeSizes is known by how it begins. */
static struct str search_lengths(const struct elf *elf)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct elf_segment *s = &elf->segments[i];
		struct str left, found;
		const char *at;

		if (s->type != PT_LOAD || (s->flags & PF_W))
			continue;
		left = elf_bytes_at(elf, s->vaddr, s->filesz);
		while ((at = left.n ? memmem(left.p, left.n, lengths_heads[0], LENGTHS_HEAD) : NULL)) {
			left = str_skip(left, (size_t)(at - left.p));
			found = lengths_at((const uint8_t *)left.p, left.n);
			if (found.n)
				return found;
			left = str_skip(left, 1);
		}
	}
	return (struct str){ 0 };
}

/* kBytecodeSizes: how long each bytecode is. */
static void find_bytecodes(struct v8_file *file, struct elf *elf)
{
	struct elf_symbol symbol;
	struct str bytes;

	if (!elf_lookup(elf, STR("_ZN2v88internal11interpreter9Bytecodes14kBytecodeSizesE"),
			&symbol)) {
		bytes = search_lengths(elf);
		v8_objects_set_bytecodes(&file->objects, bytes.p, bytes.n);
		return;
	}
	bytes = elf_bytes_at(elf, symbol.vaddr,
			     symbol.size < BYTECODE_SIZES_MAX ? symbol.size : BYTECODE_SIZES_MAX);
	v8_objects_set_bytecodes(&file->objects, bytes.p, bytes.n);
}

/* The variable whose value that function returns. Libraries: lea variable(%rip),%rax; mov (%rax),...
 * Programs: mov variable(%rip),%rax (or %eax, without the first byte). */
static bool find_returned(struct elf *elf, struct str function, uint64_t *ret_variable)
{
	struct elf_symbol symbol;
	struct cursor c;
	uint32_t head, variable, next;
	uint64_t behind;

	if (!elf_lookup(elf, function, &symbol))
		return false;
	c = cursor_over(elf_bytes_at(elf, symbol.vaddr, 8));
	head = cursor_u8(&c) | (uint32_t)cursor_u8(&c) << 8;
	behind = symbol.vaddr + 6;
	if (head != 0x058b) {
		head |= (uint32_t)cursor_u8(&c) << 16;
		behind++;
	}
	variable = cursor_u32(&c);
	*ret_variable = behind + (uint64_t)(int64_t)(int32_t)variable;
	next = cursor_u8(&c);
	return !c.failed && (head == 0x058b || head == 0x058b48 ||
			     (head == 0x058d48 && (next == 0x48 || next == 0x8b)));
}

/* mov $address,%eax; ret: what that function returns. */
static bool find_returned_address(struct elf *elf, struct str function, uint64_t *ret_address)
{
	struct elf_symbol symbol;
	struct cursor c;
	uint32_t head;

	if (!elf_lookup(elf, function, &symbol))
		return false;
	c = cursor_over(elf_bytes_at(elf, symbol.vaddr, 6));
	head = cursor_u8(&c);
	*ret_address = cursor_u32(&c);
	return cursor_u8(&c) == 0xc3 && head == 0xb8 && !c.failed;
}

/* A stripped file names no data, but the functions that return it (Debian's libnode, Node up to 24). */
static bool find_blob_by_code(struct elf *elf, uint64_t *ret_code, uint64_t *ret_size)
{
	const struct str function = STR("_ZN2v88internal23DefaultEmbeddedBlobCodeEv");
	uint64_t pointer;
	struct cursor c;

	if (!find_returned(elf, STR("_ZN2v88internal27DefaultEmbeddedBlobCodeSizeEv"), ret_size))
		return false;
	if (find_returned_address(elf, function, ret_code))
		return true;
	if (!find_returned(elf, function, &pointer))
		return false;
	c = cursor_over(elf_bytes_at(elf, pointer, 8));
	*ret_code = cursor_u64(&c);	/* as linked: the linker writes it there too */
	return !c.failed && *ret_code;
}

static bool find_blob_by_name(struct elf *elf, uint64_t *ret_code, uint64_t *ret_size)
{
	struct elf_symbol code, size;

	if ((!elf_lookup(elf, STR("v8_Default_embedded_blob_code_data_"), &code) &&
	     !elf_lookup(elf, STR("v8_Default_embedded_blob_code_"), &code)) ||
	    !elf_lookup(elf, STR("v8_Default_embedded_blob_code_size_"), &size))
		return false;
	*ret_code = code.vaddr;
	*ret_size = size.vaddr;
	return true;
}

static void find_blob(struct v8_file *file, struct elf *elf)
{
	struct elf_symbol trampoline;
	uint64_t code, size;
	int32_t n;

	if (!find_blob_by_name(elf, &code, &size) && !find_blob_by_code(elf, &code, &size))
		return;
	if (!int_at(elf, size, &n) || n <= 0 || (uint32_t)n > BLOB_BYTES_MAX)
		return;
	file->blob = code;
	file->blob_end = code + (uint32_t)n;
	if (elf_lookup(elf, STR("Builtins_InterpreterEntryTrampoline"), &trampoline)) {
		file->trampoline = trampoline.vaddr;
		file->trampoline_end = trampoline.vaddr + trampoline.size;
	}
}

/* mov group(%rip),%rax; mov table(%rax),%rax: what the function that says it does. */
static void find_dispatch_table(struct v8_file *file, struct elf *elf)
{
	struct elf_symbol symbol;
	struct cursor c;
	uint32_t group, table, head, middle;

	if (!elf_lookup(elf, STR("_ZN2v88internal17ExternalReference25js_dispatch_table_addressEv"),
			&symbol))
		return;
	c = cursor_over(elf_bytes_at(elf, symbol.vaddr, 14));
	head = cursor_u8(&c) | (uint32_t)cursor_u8(&c) << 8 | (uint32_t)cursor_u8(&c) << 16;
	group = cursor_u32(&c);
	middle = cursor_u8(&c) | (uint32_t)cursor_u8(&c) << 8 | (uint32_t)cursor_u8(&c) << 16;
	table = cursor_u32(&c);
	if (c.failed || head != 0x058b48 || middle != 0x808b48 || table > 1u << 20)
		return;
	file->dispatch_group = symbol.vaddr + 7 + (uint64_t)(int64_t)(int32_t)group;
	file->dispatch_table = table;
}

bool v8_detect(struct v8_file *ret_file, struct elf *elf)
{
	struct numbers numbers = { .elf = elf };
	struct elf_symbol any;
	struct v8_file *file = ret_file;
	unsigned major, minor;
	int32_t type;
	bool found = false;

	*file = (struct v8_file){ 0 };
	if (!elf_lookup(elf, STR(PREFIX "SmiTagMask"), &any) ||
	    !lookup_version(elf, STR("_ZN2v88internal7Version6major_E"), &major) ||
	    !lookup_version(elf, STR("_ZN2v88internal7Version6minor_E"), &minor))
		return false;
	elf_lookup_each(elf, STR(PREFIX), see_number, &numbers);
	found = v8_objects_of(&file->objects, major, minor, lookup_number, &numbers);
	if (lookup_number(&numbers, "frametype_WasmFrame", &type))
		file->frame_wasm = (uint16_t)type;
	if (lookup_number(&numbers, "frametype_IrregexpFrame", &type))
		file->frame_regexp = (uint16_t)type;
	free(numbers.items);
	if (!found)
		return false;
	if (elf_lookup(elf, STR("_ZTVN4node6worker6WorkerE"), &any))
		file->worker = any.vaddr;
	find_bytecodes(file, elf);
	find_blob(file, elf);
	if (file->objects.function_code == V8_NO_FIELD)
		find_dispatch_table(file, elf);
	return true;
}

bool v8_layout(const struct v8_file *file, uint64_t bias, struct walk_v8 *ret_layout)
{
	const struct v8_objects *o = &file->objects;

	*ret_layout = (struct walk_v8){
		.dispatch_group_at = file->dispatch_group ? file->dispatch_group + bias : 0,
		.dispatch_table = file->dispatch_table,
		.type_function = o->type_function_first,
		.type_function_last = o->type_function_last,
		.type_shared = o->type_shared, .type_code = o->type_code,
		.type_bytecodes = o->type_bytecode, .map_type = o->map_type,
		.function_shared = o->function_shared,
		/* where the dispatch table came, its handle took the place of the pointer to code */
		.function_code = o->function_code != V8_NO_FIELD ? o->function_code :
				 file->dispatch_group ? (uint16_t)(o->function_shared - 8) :
				 (uint16_t)RUNTIME_NO_FIELD,
		.shared_data = o->shared_data, .shared_name = o->shared_name,
		.shared_script = o->shared_script, .shared_literal = o->shared_literal,
		.script_id = o->script_id, .script_name = o->script_name,
		.code_start = o->code_start, .code_size = o->code_size, .code_flags = o->code_flags,
		.code_deopt = o->code_deopt, .code_positions = o->code_positions,
		.bytecodes_data = o->bytecode_data, .bytecodes_positions = o->bytecode_positions,
		.frame_regexp = file->frame_regexp, .type_regexp = o->type_regexp,
		.type_regexp_data = o->type_regexp_data, .regexp_data = o->regexp_data,
		.regexp_source = o->regexp_source, .regexp_code = o->regexp_code,
		.frame_wasm = file->frame_wasm, .type_baseline_data = o->type_baseline_data,
		.code_inline = o->code_inside, .scope_first = o->scope_first,
		.scope_flags_raw = o->scope_flags_raw, .scope_hashes_locals = o->scope_hashes_locals,
		.scope_receiver = o->scope_receiver,
		.scope_module = o->scope_module_first ? o->scope_module : 0,
		.kind_mask = o->kind_mask, .kind_baseline = o->kind_baseline,
	};
	return true;
}
