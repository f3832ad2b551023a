/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "format/jfr.h"

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
	uint32_t numbers = 0;

	*plan = (struct jfr_plan){ .type = type, .names = names };
	memset(plan->slot_of, JFR_PASS, sizeof(plan->slot_of));
	if (type == UINT32_MAX)
		return;
	for (uint32_t i = 0; i < types->types[type].n && i < sizeof(plan->slot_of); i++) {
		const struct jfr_field *field = &types->fields[types->types[type].first + i];

		plan->width[i] = (uint8_t)width_of(types, field);
		numbers += plan->width[i] == JFR_NUMBER;
		for (uint8_t k = 0; names[k]; k++)
			if (str_eq(field->name, str_of(names[k])))
				plan->slot_of[i] = k;
	}
	plan->n_numbers = numbers == types->types[type].n ? numbers : 0;
}

static bool pass_value(const struct jfr_types *types, uint32_t type, struct cursor *c, int depth);

/* Counts where they end, up to eight at a time. */
static bool pass_varints(struct cursor *c, uint64_t n)
{
	struct cursor at = *c;	/* in registers */

	while (n && !at.failed) {
		uint64_t v, ends = 0, most;

		if (cursor_left(&at) >= sizeof(v)) {
			memcpy(&v, at.p, sizeof(v));
			ends = ~v & JFR_ENDS;
		}
		most = (ends >> 7) * 0x0101010101010101u >> 56;
		if (ends && most <= n) {
			at.p += 8 - (unsigned)__builtin_clzll(ends) / 8;
			n -= most;
		} else {
			jfr_varint(&at);
			n--;
		}
	}
	*c = at;
	return !c->failed;
}

static bool pass_field(const struct jfr_types *types, const struct jfr_field *field, struct cursor *c, int depth)
{
	uint64_t n = field->array ? jfr_varint(c) : 1;

	uint32_t varints = field->type < types->n_types ? types->types[field->type].varints : 0;

	if (n > cursor_left(c) && n > 1)	/* an item is a byte at least: structs of nothing are not written */
		return cursor_fail(c);
	if (varints && !field->constant)
		return pass_varints(c, n * varints);
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

	if (type >= types->n_types || depth == JFR_DEPTH_MAX)
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

		value->n_items = n <= cursor_left(&items) ? (uint32_t)n : 0;
		if (!pass_field(types, field, c, 0))
			return false;
		value->text = str_over(items.p, (size_t)(c->p - items.p));
		return true;
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

bool jfr_take_mixed(const struct jfr_types *types, const struct jfr_plan *plan, struct cursor *c, uint64_t *values)
{
	const struct jfr_type *t;
	struct cursor at = *c;

	if (plan->type >= types->n_types)
		return cursor_fail(c);
	t = &types->types[plan->type];
	for (uint32_t i = 0; i < t->n; i++) {
		uint8_t slot = i < sizeof(plan->slot_of) ? plan->slot_of[i] : JFR_PASS;
		enum jfr_width width = i < sizeof(plan->width) ? (enum jfr_width)plan->width[i] : JFR_OTHER;
		struct cursor other;

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
