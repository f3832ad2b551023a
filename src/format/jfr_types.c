/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "format/jfr.h"

#define STRINGS_MAX 1000000u
#define ATTRIBUTES_MAX 64u

uint32_t jfr_types_find(const struct jfr_types *types, uint64_t id)
{
	uint32_t step = 0, found;

	while ((found = idindex_probe(&types->index, hash_u64(id, 7), &step)))
		if (types->types[found - 1].id == id)
			return found - 1;
	return UINT32_MAX;
}

uint32_t jfr_types_named(const struct jfr_types *types, const char *name)
{
	for (uint32_t i = 0; i < types->n_types; i++)
		if (str_eq(types->types[i].name, str_of(name)))
			return i;
	return UINT32_MAX;
}

struct tree {			/* of elements, as it is read */
	struct jfr_types *types;
	struct cursor c;
	struct str *strings;
	uint32_t n_strings;
	uint32_t type;		/* the class that is open; UINT32_MAX: none */
	bool out_of_memory;
};

static struct str string_at(const struct tree *t, uint64_t i)
{
	return i < t->n_strings ? t->strings[i] : (struct str){ 0 };
}

struct attributes {
	struct str keys[ATTRIBUTES_MAX], values[ATTRIBUTES_MAX];
	uint32_t n;
};

static struct str attribute(const struct attributes *a, const char *key)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (str_eq(a->keys[i], str_of(key)))
			return a->values[i];
	return (struct str){ 0 };
}

static uint64_t number(struct str text)
{
	uint64_t v = 0;

	str_parse_u64(text, 10, &v);
	return v;
}

static enum jfr_kind kind_of(struct str name)
{
	static const struct {
		const char *name;
		enum jfr_kind kind;
	} kinds[] = {
		{ "boolean", JFR_BYTE }, { "byte", JFR_BYTE }, { "float", JFR_FLOAT },
		{ "double", JFR_DOUBLE }, { "char", JFR_VARINT }, { "short", JFR_VARINT },
		{ "int", JFR_VARINT }, { "long", JFR_VARINT }, { "java.lang.String", JFR_STRING },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(name, str_of(kinds[i].name)))
			return kinds[i].kind;
	return JFR_STRUCT;
}

static void begin_class(struct tree *t, const struct attributes *a)
{
	struct jfr_types *types = t->types;
	struct jfr_type type = { .id = number(attribute(a, "id")), .name = attribute(a, "name"),
				 .first = types->n_fields };

	t->type = UINT32_MAX;
	type.kind = kind_of(type.name);
	if (jfr_types_find(types, type.id) != UINT32_MAX)
		return;		/* the first one holds */
	if (VEC_RESERVE(&types->types, &types->cap_types, (uint64_t)types->n_types + 1) < 0 ||
	    idindex_add(&types->index, hash_u64(type.id, 7), types->n_types + 1) < 0) {
		t->out_of_memory = true;
		return;
	}
	t->type = types->n_types;
	types->types[types->n_types++] = type;
}

static void add_field(struct tree *t, const struct attributes *a)
{
	struct jfr_types *types = t->types;

	if (t->type == UINT32_MAX)
		return;
	if (VEC_RESERVE(&types->fields, &types->cap_fields, (uint64_t)types->n_fields + 1) < 0) {
		t->out_of_memory = true;
		return;
	}
	types->fields[types->n_fields++] = (struct jfr_field){
		.type_id = number(attribute(a, "class")), .name = attribute(a, "name"),
		.constant = str_eq(attribute(a, "constantPool"), STR("true")),
		.array = number(attribute(a, "dimension")) == 1,
	};
	types->types[t->type].n++;
}

static void read_element(struct tree *t, int depth)
{
	struct str name = string_at(t, jfr_varint(&t->c));
	struct attributes a = { 0 };
	uint64_t n = jfr_varint(&t->c);
	bool is_class = depth < JFR_DEPTH_MAX && str_eq(name, STR("class"));

	if (depth == JFR_DEPTH_MAX || n > cursor_left(&t->c)) {
		cursor_fail(&t->c);
		return;
	}
	while (n-- && !t->c.failed) {
		struct str key = string_at(t, jfr_varint(&t->c)), value = string_at(t, jfr_varint(&t->c));

		if (a.n < ATTRIBUTES_MAX) {
			a.keys[a.n] = key;
			a.values[a.n++] = value;
		}
	}
	if (is_class)
		begin_class(t, &a);
	else if (str_eq(name, STR("field")))
		add_field(t, &a);
	for (n = jfr_varint(&t->c); n-- && !t->c.failed && !t->out_of_memory;)
		read_element(t, depth + 1);
	if (is_class)
		t->type = UINT32_MAX;
}

static int read_strings(struct tree *t)
{
	uint64_t n = jfr_varint(&t->c);

	if (n > STRINGS_MAX || n > cursor_left(&t->c))
		return -EBADMSG;
	t->strings = calloc((size_t)n + 1, sizeof(*t->strings));
	if (!t->strings)
		return -ENOMEM;
	while (t->n_strings < n && !t->c.failed) {
		uint8_t encoding;
		uint64_t constant;

		/* (names of types and fields are ASCII, in any encoding but that of characters) */
		t->strings[t->n_strings++] = jfr_text(&t->c, &encoding, &constant);
	}
	return t->c.failed ? -EBADMSG : 0;
}

/* Structs that are nothing but numbers are passed over without a look at their fields: most of a file is
 * frames of stacks. */
static void count_varints(struct jfr_types *types)
{
	for (uint32_t i = 0; i < types->n_types; i++) {
		struct jfr_type *type = &types->types[i];
		bool only = type->kind == JFR_STRUCT;

		for (uint32_t k = 0; only && k < type->n; k++) {
			const struct jfr_field *field = &types->fields[type->first + k];

			only = !field->array && (field->constant || (field->type < types->n_types &&
				types->types[field->type].kind == JFR_VARINT));
		}
		type->varints = only ? type->n : 0;
	}
}

struct str jfr_types_described(struct cursor c)
{
	uint64_t size = jfr_varint(&c), left = cursor_left(&c) + 16;

	if (jfr_varint(&c) != 0)
		cursor_fail(&c);
	for (int i = 0; i < 3; i++)	/* start, duration, id */
		jfr_varint(&c);
	return c.failed || size > left ? (struct str){ 0 } : str_over(c.p, cursor_left(&c));
}

int jfr_types_read(struct jfr_types *types, struct str described, size_t *ret_read, const char **ret_why)
{
	struct tree t = { .types = types, .type = UINT32_MAX, .c = cursor_over(described) };
	int rc;

	*ret_why = "the description of its types is not sound";
	if (!described.n)
		return -EBADMSG;
	rc = read_strings(&t);
	if (rc == 0)
		read_element(&t, 0);
	free(t.strings);
	if (rc == 0 && t.out_of_memory)
		rc = -ENOMEM;
	if (rc == 0 && t.c.failed)
		rc = -EBADMSG;
	for (uint32_t i = 0; i < types->n_fields; i++)
		types->fields[i].type = jfr_types_find(types, types->fields[i].type_id);
	count_varints(types);
	*ret_read = cursor_pos(&t.c);
	return rc;
}

void jfr_types_fini(struct jfr_types *types)
{
	free(types->types);
	free(types->fields);
	idindex_fini(&types->index);
	*types = (struct jfr_types){ 0 };
}
