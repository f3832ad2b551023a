/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "format/jfr.h"

#define DEPTH_MAX 32		/* of elements in elements, and of structs in structs */
#define STRINGS_MAX 1000000u
#define ATTRIBUTES_MAX 64u

uint64_t jfr_varint_slow(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 56; shift += 7) {
		uint8_t byte = cursor_u8(c);

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return c->failed ? 0 : v;
	}
	return v | (uint64_t)cursor_u8(c) << 56;
}

struct str jfr_text(struct cursor *c, uint8_t *ret_encoding, uint64_t *ret_constant)
{
	uint64_t n;
	struct cursor from;

	*ret_encoding = cursor_u8(c);
	*ret_constant = 0;
	switch (*ret_encoding) {
	case 0:		/* null */
	case 1:		/* empty */
		return (struct str){ 0 };
	case 2:
		*ret_constant = jfr_varint(c);
		return (struct str){ 0 };
	case 3:		/* UTF-8 */
	case 5:		/* Latin-1 */
		return cursor_bytes(c, jfr_varint(c));
	case 4:		/* characters of 16 bits as varints: passed over one by one, kept as they stand */
		n = jfr_varint(c);
		from = *c;
		if (n > cursor_left(c))
			cursor_fail(c);
		for (uint64_t i = 0; i < n && !c->failed; i++)
			jfr_varint(c);
		return c->failed ? (struct str){ 0 } : str_over(from.p, (size_t)(c->p - from.p));
	default:
		cursor_fail(c);
		return (struct str){ 0 };
	}
}

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
	bool is_class = depth < DEPTH_MAX && str_eq(name, STR("class"));

	if (depth == DEPTH_MAX || n > cursor_left(&t->c)) {
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

int jfr_types_read(struct jfr_types *types, struct cursor c, const char **ret_why)
{
	struct tree t = { .types = types, .type = UINT32_MAX };
	uint64_t size = jfr_varint(&c);
	int rc;

	*ret_why = "the description of its types is not sound";
	t.c = c;
	if (size > cursor_left(&c) + 16 || jfr_varint(&t.c) != 0)
		return -EBADMSG;
	for (int i = 0; i < 3; i++)	/* start, duration, id */
		jfr_varint(&t.c);
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
	return rc;
}

void jfr_types_fini(struct jfr_types *types)
{
	free(types->types);
	free(types->fields);
	idindex_fini(&types->index);
	*types = (struct jfr_types){ 0 };
}

static enum jfr_width width_of(const struct jfr_types *types, const struct jfr_field *field)
{
	enum jfr_kind kind = field->type < types->n_types ? types->types[field->type].kind : JFR_STRUCT;

	if (field->array)
		return JFR_OTHER;
	return field->constant || kind == JFR_VARINT ? JFR_NUMBER : kind == JFR_BYTE ? JFR_ONE : JFR_OTHER;
}

void jfr_plan_init(struct jfr_plan *plan, const struct jfr_types *types, uint32_t type,
		   const char *const *names)
{
	*plan = (struct jfr_plan){ .type = type, .names = names };
	memset(plan->slot_of, JFR_PASS, sizeof(plan->slot_of));
	if (type == UINT32_MAX)
		return;
	for (uint32_t i = 0; i < types->types[type].n && i < sizeof(plan->slot_of); i++) {
		const struct jfr_field *field = &types->fields[types->types[type].first + i];

		plan->width[i] = (uint8_t)width_of(types, field);
		for (uint8_t k = 0; names[k]; k++)
			if (str_eq(field->name, str_of(names[k])))
				plan->slot_of[i] = k;
	}
}

static bool pass_value(const struct jfr_types *types, uint32_t type, struct cursor *c, int depth);

static bool pass_field(const struct jfr_types *types, const struct jfr_field *field, struct cursor *c, int depth)
{
	uint64_t n = field->array ? jfr_varint(c) : 1;

	uint32_t varints = field->type < types->n_types ? types->types[field->type].varints : 0;

	if (n > cursor_left(c) && n > 1)	/* an item is a byte at least: structs of nothing are not written */
		return cursor_fail(c);
	if (varints && !field->constant) {
		struct cursor at = *c;	/* in registers */

		for (n *= varints; n && !at.failed; n--)
			jfr_varint(&at);
		*c = at;
		return !c->failed;
	}
	while (n-- && !c->failed) {
		if (field->constant)
			jfr_varint(c);
		else if (!pass_value(types, field->type, c, depth))
			return false;
	}
	return !c->failed;
}

static bool pass_value(const struct jfr_types *types, uint32_t type, struct cursor *c, int depth)
{
	const struct jfr_type *t;
	uint64_t constant;
	uint8_t encoding;

	if (type >= types->n_types || depth == DEPTH_MAX)
		return cursor_fail(c);
	t = &types->types[type];
	switch (t->kind) {
	case JFR_VARINT:
		jfr_varint(c);
		break;
	case JFR_BYTE:
		cursor_skip(c, 1);
		break;
	case JFR_FLOAT:
		cursor_skip(c, 4);
		break;
	case JFR_DOUBLE:
		cursor_skip(c, 8);
		break;
	case JFR_STRING:
		jfr_text(c, &encoding, &constant);
		break;
	case JFR_STRUCT:
		for (uint32_t i = 0; i < t->n && !c->failed; i++)
			pass_field(types, &types->fields[t->first + i], c, depth + 1);
	}
	return !c->failed;
}

bool jfr_pass(const struct jfr_types *types, uint32_t type, struct cursor *c)
{
	return pass_value(types, type, c, 0);
}

static bool take_field(const struct jfr_types *types, const struct jfr_field *field, struct cursor *c,
		       struct jfr_value *value)
{
	enum jfr_kind kind = field->type < types->n_types ? types->types[field->type].kind : JFR_STRUCT;

	if (field->array) {
		struct cursor items = *c;
		uint64_t n = jfr_varint(&items);

		value->items = items;
		value->n_items = n <= cursor_left(&items) ? (uint32_t)n : 0;
		return pass_field(types, field, c, 0);
	}
	if (field->constant || kind == JFR_VARINT)
		value->number = jfr_varint(c);
	else if (kind == JFR_BYTE)
		value->number = cursor_u8(c);
	else if (kind == JFR_STRING)
		value->text = jfr_text(c, &value->encoding, &value->number);
	else
		return pass_field(types, field, c, 0);
	return !c->failed;
}

bool jfr_take(const struct jfr_types *types, const struct jfr_plan *plan, struct cursor *c,
	      struct jfr_value *values)
{
	const struct jfr_type *t;

	if (plan->type >= types->n_types)
		return cursor_fail(c);
	t = &types->types[plan->type];
	for (uint32_t i = 0; plan->names[i]; i++)
		values[i] = (struct jfr_value){ 0 };
	for (uint32_t i = 0; i < t->n; i++) {
		const struct jfr_field *field = &types->fields[t->first + i];
		uint8_t slot = i < sizeof(plan->slot_of) ? plan->slot_of[i] : JFR_PASS;

		if (slot == JFR_PASS ? !pass_field(types, field, c, 0) : !take_field(types, field, c, &values[slot]))
			return false;
	}
	return true;
}

bool jfr_take_numbers(const struct jfr_types *types, const struct jfr_plan *plan, struct cursor *c,
		      uint64_t *values)
{
	const struct jfr_type *t;
	struct cursor at = *c;

	if (plan->type >= types->n_types)
		return cursor_fail(c);
	t = &types->types[plan->type];
	memset(values, 0, (JFR_SLOTS + 1) * sizeof(*values));
	for (uint32_t i = 0; i < t->n; i++) {
		uint8_t slot = i < sizeof(plan->slot_of) ? plan->slot_of[i] : JFR_PASS;
		enum jfr_width width = i < sizeof(plan->width) ? (enum jfr_width)plan->width[i] : JFR_OTHER;
		struct cursor other;

		slot = slot < JFR_SLOTS ? slot : JFR_SLOTS;
		switch (width) {
		case JFR_NUMBER:
			values[slot] = jfr_varint(&at);
			break;
		case JFR_ONE:
			values[slot] = cursor_u8(&at);
			break;
		case JFR_OTHER:		/* no number: what it says is not asked for */
			other = at;
			if (!pass_field(types, &types->fields[t->first + i], &other, 0))
				cursor_fail(&at);
			else
				at.p = other.p;
		}
	}
	*c = at;
	return !at.failed;
}
