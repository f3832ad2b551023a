/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr_pools.h"

#include <string.h>

#include "base/utf8.h"

static const struct jfr_value no_text;

const struct jfr_value *jfr_names_text(const struct jfr_pools *pools, const struct jfr_value *value)
{
	uint32_t string;

	if (value->encoding != 2)
		return value;
	string = jfr_pools_find(pools, JFR_POOL_STRING, value->number);
	value = string != JFR_NO_CONSTANT ? jfr_pools_values(pools, JFR_POOL_STRING, string) : &no_text;
	return value->encoding != 2 ? value : &no_text;
}

const struct jfr_value *jfr_names_text_of_symbol(const struct jfr_pools *pools, uint64_t id)
{
	uint32_t symbol = jfr_pools_find(pools, JFR_POOL_SYMBOL, id);

	return symbol != JFR_NO_CONSTANT ? jfr_names_text(pools, jfr_pools_values(pools, JFR_POOL_SYMBOL, symbol)) :
					   &no_text;
}

const struct jfr_value *jfr_names_text_of_class(const struct jfr_pools *pools, uint64_t id)
{
	uint32_t class = jfr_pools_find(pools, JFR_POOL_CLASS, id);

	return class != JFR_NO_CONSTANT ?
		       jfr_names_text_of_symbol(pools, *jfr_pools_numbers(pools, JFR_POOL_CLASS, class)) :
		       &no_text;
}

/* Text in whatever encoding it stands, as UTF-8. */
static void add_text(const struct jfr_value *value, struct buf *out)
{
	struct cursor c = cursor_over(value->text);
	char bytes[4];

	if (value->encoding == 3) {
		buf_add_str(out, value->text);
	} else if (value->encoding == 4) {
		while (cursor_more(&c))
			buf_add(out, bytes, utf8_put(bytes, (uint32_t)jfr_varint(&c) & 0xffff));
	} else if (value->encoding == 5) {
		while (cursor_more(&c))
			buf_add(out, bytes, utf8_put(bytes, cursor_u8(&c)));
	}
}

uint32_t jfr_pools_string(struct jfr_pools *pools, const struct jfr_value *value)
{
	struct buf text = { 0 };
	uint32_t id;

	add_text(jfr_names_text(pools, value), &text);
	id = strings_add(&pools->profile->strings, buf_str(&text));
	buf_fini(&text);
	return id;
}

void jfr_names_symbol(struct jfr_pools *pools, uint64_t id, struct buf *out)
{
	add_text(jfr_names_text_of_symbol(pools, id), out);
}

/* "java/lang/String" as people write it. What makes a hidden class differ from its like is left out:
 * "Work$$Lambda+0x00007f0c50001200", "Work$$Lambda/0x0800000840", "Work$$Lambda.0x0800000840". */
void jfr_names_class(struct jfr_pools *pools, uint64_t id, struct buf *out)
{
	size_t begin = out->n;

	add_text(jfr_names_text_of_class(pools, id), out);
	for (size_t i = begin; i < out->n; i++) {
		if (out->n - i > 3 && memchr("/+.", out->p[i], 3) && out->p[i + 1] == '0' && out->p[i + 2] == 'x')
			out->n = i;
		else if (out->p[i] == '/')
			out->p[i] = '.';
	}
}

/* "[[I", "[Ljava.lang.Object;" as people write them: "int[][]", "java.lang.Object[]". */
static void add_array(struct str descriptor, struct buf *out)
{
	static const struct {
		char letter;
		const char *name;
	} primitives[] = { { 'B', "byte" }, { 'C', "char" }, { 'D', "double" }, { 'F', "float" }, { 'I', "int" },
			   { 'J', "long" }, { 'S', "short" }, { 'Z', "boolean" } };
	size_t dimensions = 0;

	while (dimensions < descriptor.n && descriptor.p[dimensions] == '[')
		dimensions++;
	descriptor = str_skip(descriptor, dimensions);
	if (str_starts(descriptor, STR("L")) && str_ends(descriptor, STR(";")))
		descriptor = str_head(str_skip(descriptor, 1), descriptor.n - 2);
	for (size_t i = 0; descriptor.n == 1 && i < sizeof(primitives) / sizeof(primitives[0]); i++)
		if (descriptor.p[0] == primitives[i].letter) {
			descriptor = str_of(primitives[i].name);
			break;
		}
	buf_add_str(out, descriptor);
	while (dimensions--)
		buf_add_str(out, STR("[]"));
}

uint32_t jfr_pools_class(struct jfr_pools *pools, uint64_t id)
{
	struct buf text = { 0 }, array = { 0 };
	uint32_t string;

	jfr_names_class(pools, id, &text);
	if (text.n && text.p[0] == '[')
		add_array(buf_str(&text), &array);
	string = strings_add(&pools->profile->strings, buf_str(array.n ? &array : &text));
	buf_fini(&text);
	buf_fini(&array);
	return string;
}

bool jfr_names_is_library(struct str class)
{
	return str_ends(class, STR(".so")) || str_contains(class, STR(".so.")) || str_eq(class, STR("[kernel]")) ||
	       str_eq(class, STR("[vdso]"));
}

uint32_t jfr_pools_state(struct jfr_pools *pools, uint64_t id)
{
	struct jfr_pool *pool = &pools->pools[JFR_POOL_STATE];
	uint32_t at = jfr_pools_find(pools, JFR_POOL_STATE, id);

	if (at == JFR_NO_CONSTANT)
		return 0;
	if (!pool->made[at])
		pool->made[at] = jfr_pools_string(pools, jfr_pools_values(pools, JFR_POOL_STATE, at)) + 1;
	return pool->made[at] - 1;
}

struct jfr_thread jfr_pools_thread(struct jfr_pools *pools, uint64_t id)
{
	struct jfr_pool *pool = &pools->pools[JFR_POOL_THREAD];
	uint32_t at = jfr_pools_find(pools, JFR_POOL_THREAD, id);
	const struct jfr_value *values;
	struct jfr_thread thread = { 0 };

	if (at == JFR_NO_CONSTANT)
		return thread;
	values = jfr_pools_values(pools, JFR_POOL_THREAD, at);
	if (!pool->made[at]) {
		uint32_t name = jfr_pools_string(pools, &values[2]);

		pool->made[at] = (name ? name : jfr_pools_string(pools, &values[0])) + 1;
	}
	thread.name = pool->made[at] - 1;
	thread.os_id = values[1].number <= INT32_MAX ? (int64_t)values[1].number : 0;
	return thread;
}
