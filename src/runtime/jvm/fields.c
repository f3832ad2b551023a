/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: HotSpot's oops/fieldInfo.hpp, fieldInfo.inline.hpp. */
#include "runtime/jvm/fields.h"

#include "base/arena.h"
#include "runtime/jvm/packed.h"
#include "runtime/jvm/vmstructs.h"

#define TABLE_MAX (1u << 20)
#define FIELDS_MAX 4096u
#define SYMBOL_MAX 64u
#define ROW_WORDS 6u		/* FieldInfo::field_slots: flags, name, type, value, offset (low, high) */
#define OFFSET_TAG_BITS 2	/* FIELDINFO_TAG_SIZE */
#define OFFSET_MAX 65535u

struct search {
	const struct jvm_memory *memory;
	const struct jvm_offsets *o;
	uint64_t pool;
	struct str name, type;
};

/* Whether an entry of the constant pool is that string. */
static bool is_string(const struct search *s, uint32_t index, struct str wanted)
{
	char text[SYMBOL_MAX];
	uint64_t symbol = jvm_word(s->memory, s->pool + s->o->pool_bytes + index * 8ull);
	uint16_t length;

	return symbol && wanted.n <= sizeof(text) &&
	       jvm_read_u16(s->memory, symbol + s->o->symbol_length, &length) && length == wanted.n &&
	       jvm_read(s->memory, text, length, symbol + s->o->symbol_body) &&
	       str_eq(str_over(text, length), wanted);
}

static bool is_sought(const struct search *s, uint32_t name, uint32_t type)
{
	return is_string(s, name, s->name) && is_string(s, type, s->type);
}

static bool find_in_rows(const struct search *s, struct str table, uint32_t n_fields, uint32_t *ret_offset)
{
	struct cursor c = cursor_over(table);

	for (uint32_t i = 0; i < n_fields; i++) {
		uint16_t row[ROW_WORDS];

		for (uint32_t j = 0; j < ROW_WORDS; j++)
			row[j] = cursor_u16(&c);
		if (c.failed)
			return false;
		if (!is_sought(s, row[1], row[2]))
			continue;
		*ret_offset = ((uint32_t)row[5] << 16 | row[4]) >> OFFSET_TAG_BITS;
		return true;
	}
	return false;
}

/* What follows a field's flags depends on them: its initial value, its generic type, its contention group. */
static void skip_optional(struct cursor *c, uint32_t base, uint32_t flags)
{
	if (flags & 1u << 0)
		(void)jvm_packed(c, base);
	if (flags & 1u << 2)
		(void)jvm_packed(c, base);
	if (flags & 1u << 4)
		(void)jvm_packed(c, base);
}

static bool find_in_stream(const struct search *s, struct str table, uint32_t *ret_offset)
{
	struct cursor c = cursor_over(table);
	uint32_t base = s->o->packed_base, n_fields = jvm_packed(&c, base);

	(void)jvm_packed(&c, base);	/* fields that HotSpot has added */
	for (uint32_t i = 0; i < n_fields && i < FIELDS_MAX; i++) {
		uint32_t name = jvm_packed(&c, base), type = jvm_packed(&c, base);
		uint32_t offset = jvm_packed(&c, base);

		(void)jvm_packed(&c, base);	/* access flags */
		skip_optional(&c, base, jvm_packed(&c, base));
		if (c.failed)
			return false;
		if (!is_sought(s, name, type))
			continue;
		*ret_offset = offset;
		return true;
	}
	return false;
}

/* The elements of the Array<> that a member of the class points to. */
static bool read_array(const struct jvm_memory *memory, uint64_t array, uint32_t data, uint32_t size,
		       struct arena *arena, struct str *ret_table)
{
	uint32_t n;
	char *p;

	if (!array || !jvm_read_u32(memory, array, &n) || !n || n > TABLE_MAX / size)
		return false;
	p = arena_alloc(arena, (size_t)n * size);
	if (!p || !jvm_read(memory, p, (size_t)n * size, array + data))
		return false;
	*ret_table = str_over(p, (size_t)n * size);
	return true;
}

bool jvm_field_offset(const struct jvm_memory *memory, const struct jvm_vmstructs *structs,
		      const struct jvm_offsets *o, uint64_t klass, struct str name, struct str type,
		      uint32_t *ret_offset)
{
	struct search search = { .memory = memory, .o = o, .name = name, .type = type };
	uint32_t pool, fields, count, data, offset = 0;
	struct arena scratch = { 0 };
	struct str table;
	uint16_t n = 0;
	bool found = false;

	if (!klass || !jvm_field(structs, "InstanceKlass", "_constants", &pool))
		return false;
	search.pool = jvm_word(memory, klass + pool);
	if (!search.pool)
		return false;
	if (jvm_field(structs, "InstanceKlass", "_fieldinfo_stream", &fields)) {
		found = jvm_field(structs, "Array<u1>", "_data", &data) &&
			read_array(memory, jvm_word(memory, klass + fields), data, 1, &scratch, &table) &&
			find_in_stream(&search, table, &offset);
	} else if (jvm_field(structs, "InstanceKlass", "_fields", &fields) &&
		   jvm_field(structs, "InstanceKlass", "_java_fields_count", &count)) {
		found = jvm_field(structs, "Array<u2>", "_data", &data) &&
			jvm_read_u16(memory, klass + count, &n) &&
			read_array(memory, jvm_word(memory, klass + fields), data, 2, &scratch, &table) &&
			find_in_rows(&search, table, n, &offset);
	}
	arena_fini(&scratch);
	if (!found || !offset || offset > OFFSET_MAX)
		return false;
	*ret_offset = offset;
	return true;
}
