/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/python/codes.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/vec.h"
#include "runtime/python/lines.h"
#include "runtime/python/names.h"
#include "runtime/python/objects.h"

struct code {
	uint64_t hash;
	struct str name, file, table;
	struct str function;	/* name without the file, while it is read */
	uint32_t first_line;
	uint8_t minor;
};

struct python_codes {
	struct arena arena;	/* what codes keep */
	struct code *items;	/* [0] is none */
	uint32_t n, cap;
	struct idindex index;
};

struct python_codes *python_codes_new(void)
{
	struct python_codes *codes = calloc(1, sizeof(*codes));

	if (codes && VEC_RESERVE(&codes->items, &codes->cap, 1) < 0) {
		free(codes);
		return NULL;
	}
	if (codes)
		codes->n = 1;
	return codes;
}

void python_codes_free(struct python_codes *codes)
{
	if (!codes)
		return;
	idindex_fini(&codes->index);
	arena_fini(&codes->arena);
	free(codes->items);
	free(codes);
}

/* A freed object's count of references is a pointer to the next free one, or 0 (Objects/obmalloc.c); the
 * count itself has 32 bits, and from 3.14 on flags in the uppermost 16. */
static bool is_alive(const struct walk_python *python, const struct python_memory *memory,
		     uint64_t object)
{
	uint64_t references;

	return python->free_threaded || !python_read_u64(memory, object, &references) || ((uint32_t)references && !(references >> 32 & 0xffff));
}

/* What python_check() takes as a code object's own. */
static uint32_t read_own(const struct walk_python *python, const struct python_memory *memory, uint64_t address,
			 uint64_t file, uint64_t name)
{
	struct python_shape shape = python_shape_of(python);
	uint32_t number;

	if (python->minor >= PYTHON_VERSION_MINOR)	/* (what cannot be read is not what the kernel saw) */
		return python_read_u32(memory, address + python->code_first_line + PYTHON_VERSION_OFF, &number) ?
		       number : 0;
	if (python->code_qualname != RUNTIME_NO_FIELD)
		name = python_word(memory, address + python->code_qualname);
	return python_strings_check(python_string_check(memory, shape, file),
				    python_string_check(memory, shape, name));
}

/* What the kernel saw, seen again. */
static bool read_check(const struct walk_python *python, const struct python_memory *memory,
		       uint64_t address, struct code *code, uint64_t *ret_file, uint64_t *ret_name,
		       uint32_t *ret_check)
{
	if (!python_read_u32(memory, address + python->code_first_line, &code->first_line) ||
	    !python_read_u64(memory, address + python->code_file, ret_file) ||
	    !python_read_u64(memory, address + python->code_name, ret_name))
		return false;
	*ret_check = python_check(code->first_line, read_own(python, memory, address, *ret_file, *ret_name),
				  *ret_file, *ret_name);
	return true;
}

/* "app.py:Class.method"; what is in angle brackets is no path. */
static struct str join_name(struct arena *arena, struct str file, struct str function)
{
	struct str base = str_starts(file, STR("<")) ? file : str_basename(file);
	char *p = arena_alloc(arena, base.n + 1 + function.n);

	if (!p)
		return (struct str){ 0 };
	if (base.n)
		memcpy(p, base.p, base.n);
	p[base.n] = ':';
	if (function.n)
		memcpy(p + base.n + 1, function.p, function.n);
	return str_over(p, base.n + 1 + function.n);
}

static bool read_strings(const struct walk_python *python, const struct python_memory *memory,
			 uint64_t address, struct code *code, uint64_t file, uint64_t name,
			 struct arena *arena)
{
	struct python_shape shape = python_shape_of(python);
	if (python->code_qualname != RUNTIME_NO_FIELD)
		name = python_word(memory, address + python->code_qualname);
	if (!python_string(memory, shape, file, arena, &code->file) ||
	    !python_string(memory, shape, name, arena, &code->function) ||
	    !python_bytes(memory, shape, python_word(memory, address + python->code_table), arena,
			  &code->table))
		return false;
	return code->file.p && code->function.p;
}

/* Everything of it, and once more what tells it apart: another object may have come in between. */
static enum python_fault read_code(const struct walk_python *python,
				   const struct python_memory *memory, uint64_t address,
				   uint32_t wanted, bool copied, struct code *code,
				   struct arena *arena)
{
	struct code again;
	uint64_t file, name;
	uint32_t check;
	bool whole;

	code->minor = python->minor;
	if (!read_check(python, memory, address, code, &file, &name, &check))
		return PYTHON_FAULT_CODE_FAULT;
	if (check != wanted)
		return PYTHON_FAULT_CHANGED;
	if (!copied && !python_type_is(memory, python_shape_of(python), address, STR("code")))
		return PYTHON_FAULT_NOT_CODE;
	whole = read_strings(python, memory, address, code, file, name, arena);
	if (!copied && (!is_alive(python, memory, address) ||
			!is_alive(python, memory, python_word(memory, address + python->code_table))))
		return PYTHON_FAULT_CHANGED;
	if (!read_check(python, memory, address, &again, &file, &name, &check))
		return PYTHON_FAULT_CODE_FAULT;
	if (check != wanted)
		return PYTHON_FAULT_CHANGED;
	return whole ? PYTHON_FAULT_NONE : PYTHON_FAULT_NOT_CODE;
}

static uint32_t find_code(const struct python_codes *codes, const struct code *code)
{
	uint32_t step = 0, id;

	while ((id = idindex_probe(&codes->index, code->hash, &step))) {
		const struct code *other = &codes->items[id];

		if (other->hash == code->hash && other->minor == code->minor &&
		    other->first_line == code->first_line && str_eq(other->name, code->name) &&
		    str_eq(other->file, code->file) && str_eq(other->table, code->table))
			return id;
	}
	return 0;
}

static uint32_t add_code(struct python_codes *codes, struct code code)
{
	code.name = arena_dup(&codes->arena, code.name);
	code.file = arena_dup(&codes->arena, code.file);
	code.table = arena_dup(&codes->arena, code.table);
	if (!code.name.p || !code.file.p || !code.table.p || codes->n == UINT32_MAX ||
	    VEC_RESERVE(&codes->items, &codes->cap, (uint64_t)codes->n + 1) < 0 ||
	    idindex_add(&codes->index, code.hash, codes->n) < 0)
		return 0;
	codes->items[codes->n] = code;
	return codes->n++;
}

/* What it is called is told by its file, its own name, and where it is defined. */
static bool name_code(struct code *code, const struct python_source *source, uint64_t address,
		      uint32_t check, struct arena *arena)
{
	struct str whole = { 0 };

	if (source && source->names && code->minor <= 10)
		whole = python_names_find(source->names, source->read, source->context, address, check,
					  code->function, code->file);
	code->name = join_name(arena, code->file, whole.n ? whole : code->function);
	return code->name.n;
}

uint32_t python_codes_read_from(struct python_codes *codes, const struct python_source *source,
				const struct walk_python *python, python_read_fn read, void *context,
				uint64_t address, uint32_t check, enum python_fault *ret_fault)
{
	struct python_memory memory = { read, context };
	struct arena scratch = { 0 };
	struct code code = { 0 };
	enum python_fault fault = read_code(python, &memory, address, check,
					    source && source->copied, &code, &scratch);
	uint32_t id = 0;

	if (fault == PYTHON_FAULT_NONE &&
	    !name_code(&code, source, address, check, &scratch))
		fault = PYTHON_FAULT_CODE_FAULT;
	if (fault == PYTHON_FAULT_NONE) {
		code.hash = hash_u64(hash_u64(hash_str(code.name), hash_str(code.file)),
				     hash_u64(hash_str(code.table),
					      (uint64_t)code.minor << 32 | code.first_line));
		id = find_code(codes, &code);
		if (!id)
			id = add_code(codes, code);
		if (!id)
			fault = PYTHON_FAULT_CODE_FAULT;
	}
	arena_fini(&scratch);
	*ret_fault = fault;
	return id;
}

uint32_t python_codes_read(struct python_codes *codes, const struct walk_python *python,
			   python_read_fn read, void *context, uint64_t address, uint32_t check,
			   enum python_fault *ret_fault)
{
	return python_codes_read_from(codes, NULL, python, read, context, address, check, ret_fault);
}

bool python_codes_check(const struct walk_python *python, python_read_fn read, void *context,
			uint64_t address, uint32_t *ret_check)
{
	struct python_memory memory = { read, context };
	struct code code = { 0 };
	uint64_t file, name;

	return read_check(python, &memory, address, &code, &file, &name, ret_check);
}

bool python_codes_place(const struct python_codes *codes, uint32_t id, int32_t instr,
			struct python_place *ret_place)
{
	const struct code *code;

	if (!id || id >= codes->n)
		return false;
	code = &codes->items[id];
	*ret_place = (struct python_place){
		.name = code->name,
		.file = code->file,
		.line = python_line_of(code->minor, code->table, code->first_line, instr),
		.first_line = code->first_line,
	};
	return true;
}
