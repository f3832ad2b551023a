/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/jvm/methods.h"

#include <stdlib.h>

#include "abi/runtime.h"
#include "base/cursor.h"
#include "base/vec.h"
#include "runtime/jvm/names.h"

#define LINES_BYTES_MAX (1u << 20)

void jvm_methods_fini(struct jvm_methods *methods)
{
	free(methods->items);
	idindex_fini(&methods->index);
	arena_fini(&methods->arena);
	*methods = (struct jvm_methods){ 0 };
}

bool jvm_method_check(const struct jvm_memory *memory, const struct jvm_offsets *o, uint64_t method,
		      uint32_t *ret_check)
{
	uint64_t constant, head;

	if (!jvm_read_u64(memory, method + o->method_const, &constant) || !constant ||
	    !jvm_read_u64(memory, constant + (o->const_size & ~7u), &head))
		return false;
	*ret_check = jvm_check(constant, head);
	return true;
}

/* What is being read, and the structures that were copied of it. */
struct reading {
	const struct jvm_memory *memory;
	const struct jvm_offsets *o;
	struct arena *arena;		/* of what is kept */
	struct arena scratch;
	uint64_t constant, pool, klass;
	uint8_t constant_bytes[JVM_CONST_BYTES_MAX], pool_bytes[JVM_POOL_BYTES_MAX];
	uint32_t pool_length;
};

static uint64_t number(const uint8_t *bytes, uint32_t n, uint32_t off, unsigned size)
{
	struct cursor c = cursor_over(str_over(bytes, n));

	cursor_seek(&c, off);
	return cursor_uint(&c, size);
}

static uint64_t of_constant(const struct reading *r, uint32_t off, unsigned size)
{
	return number(r->constant_bytes, r->o->const_bytes, off, size);
}

static uint64_t of_pool(const struct reading *r, uint32_t off, unsigned size)
{
	return number(r->pool_bytes, r->o->pool_bytes, off, size);
}

/* A Symbol's bytes, as UTF-8, in the scratch arena. */
static bool read_symbol(struct reading *r, uint64_t symbol, struct str *ret_name)
{
	uint16_t length;
	char *p;

	if (!symbol || symbol & 7 || !jvm_read_u16(r->memory, symbol + r->o->symbol_length, &length) || !length)
		return false;
	p = arena_alloc(&r->scratch, length);
	return p && jvm_read(r->memory, p, length, symbol + r->o->symbol_body) &&
	       jvm_utf8(str_over(p, length), &r->scratch, ret_name);
}

/* The string at an index of the constant pool. */
static bool read_pool_string(struct reading *r, uint32_t index, struct str *ret_name)
{
	return index && index < r->pool_length &&
	       read_symbol(r, jvm_word(r->memory, r->pool + r->o->pool_bytes + index * 8ull), ret_name);
}

static bool read_structures(struct reading *r, uint64_t method)
{
	const struct jvm_offsets *o = r->o;

	r->constant = jvm_word(r->memory, method + o->method_const);
	if (!r->constant || !jvm_read(r->memory, r->constant_bytes, o->const_bytes, r->constant))
		return false;
	r->pool = of_constant(r, o->const_pool, 8);
	if (!r->pool || !jvm_read(r->memory, r->pool_bytes, o->pool_bytes, r->pool))
		return false;
	r->pool_length = (uint32_t)of_pool(r, o->pool_length, 4);
	r->klass = of_pool(r, o->pool_holder, 8);
	return r->klass && r->pool_length <= UINT16_MAX;
}

/* A class may have none. */
static struct str read_file(struct reading *r)
{
	struct str file = { 0 };
	uint16_t index = 0;

	if (r->o->pool_source != JVM_NO_OFFSET)
		index = (uint16_t)of_pool(r, r->o->pool_source, 2);
	else if (r->o->klass_source != JVM_NO_OFFSET)
		(void)jvm_read_u16(r->memory, r->klass + r->o->klass_source, &index);
	if (!read_pool_string(r, index, &file))
		return (struct str){ 0 };
	return arena_dup(r->arena, file);
}

/* class.method */
static struct str join_names(struct reading *r, struct str class, struct str method, bool scala)
{
	char *p = arena_alloc(r->arena, class.n + 1 + method.n + 1);
	struct str name;

	if (!p)
		return (struct str){ 0 };
	memcpy(p, class.p, class.n);
	name = jvm_class_name(p, class.n);
	if (scala)
		name = jvm_scala_name(p, name.n);
	p[name.n] = '.';
	memcpy(p + name.n + 1, method.p, method.n);
	if (scala)
		method = jvm_scala_name(p + name.n + 1, method.n);
	return str_over(p, name.n + 1 + method.n);
}

static bool read_names(struct reading *r, struct jvm_method *method)
{
	struct str class, own;

	if (!read_symbol(r, jvm_word(r->memory, r->klass + r->o->klass_name), &class) ||
	    !read_pool_string(r, (uint32_t)of_constant(r, r->o->const_name, 2), &own))
		return false;
	method->file = read_file(r);
	method->name = join_names(r, class, own, str_ends(method->file, STR(".scala")));
	return method->name.n;
}

/* They follow the bytecodes, with other tables behind them: the ConstMethod's size ends all. */
static void read_lines(struct reading *r, struct jvm_method *method)
{
	const struct jvm_offsets *o = r->o;
	uint32_t code_size = (uint32_t)of_constant(r, o->const_code_size, 2);
	uint64_t size = of_constant(r, o->const_size, 4) * 8, before = o->const_bytes + code_size;
	char *p;

	if (o->const_flags == JVM_NO_OFFSET || !(of_constant(r, o->const_flags, 4) & o->lines_flag) ||
	    size <= before)
		return;
	size -= before;
	if (size > LINES_BYTES_MAX)
		size = LINES_BYTES_MAX;
	p = arena_alloc(&r->scratch, size);
	if (!p || !jvm_read(r->memory, p, size, r->constant + before))
		return;
	method->lines = jvm_lines_read(str_over(p, size), o->packed_base, code_size, r->arena);
	if (method->lines.n)
		method->first_line = jvm_lines_find(&method->lines, 0);
}

static bool read_method(struct jvm_methods *methods, const struct jvm_memory *memory,
			const struct jvm_offsets *o, struct jvm_method *method)
{
	struct reading r = { .memory = memory, .o = o, .arena = &methods->arena };
	uint32_t before, after;
	bool read = jvm_method_check(memory, o, method->address, &before) && before == method->check &&
		    read_structures(&r, method->address) && read_names(&r, method);

	if (read)
		read_lines(&r, method);
	arena_fini(&r.scratch);
	/* its class may have been unloaded meanwhile */
	return read && jvm_method_check(memory, o, method->address, &after) && after == before;
}

uint32_t jvm_methods_read(struct jvm_methods *methods, const struct jvm_memory *memory,
			  const struct jvm_offsets *o, uint32_t process, uint64_t address, uint32_t check)
{
	struct jvm_method method = { .address = address, .check = check, .process = process };
	uint64_t hash = hash_u64(address, (uint64_t)process << 32 | check);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&methods->index, hash, &step))) {
		const struct jvm_method *known = &methods->items[id];

		if (known->address == address && known->check == check && known->process == process)
			return id;
	}
	if (!methods->n && VEC_RESERVE(&methods->items, &methods->cap, 1) == 0)
		methods->n = 1;
	if (!methods->n || !read_method(methods, memory, o, &method) ||
	    VEC_RESERVE(&methods->items, &methods->cap, (uint64_t)methods->n + 1) < 0 ||
	    idindex_add(&methods->index, hash, methods->n) < 0)
		return 0;
	methods->items[methods->n] = method;
	return methods->n++;
}
