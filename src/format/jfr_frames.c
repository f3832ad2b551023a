/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr_known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

#define MEMOS_MIN 256u
#define MEMOS_MAX 65536u
#define KEY_OF_NUMBERS UINT8_MAX

static uint32_t make_method(struct jfr_pools *pools, uint64_t class, uint64_t symbol)
{
	struct strings *strings = &pools->profile->strings;
	struct function function = { 0 };
	struct module module = { 0 };
	struct frame frame = { 0 };
	struct buf name = { 0 };

	jfr_names_class(pools, class, &name);
	if (jfr_names_is_library(buf_str(&name))) {
		module.path = strings_add(strings, buf_str(&name));
		buf_clear(&name);
	} else if (name.n) {
		buf_add_u8(&name, '.');
	}
	jfr_names_symbol(pools, symbol, &name);
	function.name = strings_add(strings, buf_str(&name));
	buf_fini(&name);
	frame.function = frames_add_function(&pools->profile->frames, &function);
	frame.module = frames_add_module(&pools->profile->frames, &module);
	return frames_add(&pools->profile->frames, &frame);
}

static bool is_text(const char *p, uint32_t n, uint8_t encoding, const struct jfr_value *text)
{
	return n == text->text.n && encoding == text->encoding && (n == 0 || memcmp(p, text->text.p, n) == 0);
}

/* A method that no earlier chunk had; JFR_NO_METHOD: out of memory. */
static uint32_t add_method(struct jfr_known *known, uint64_t id)
{
	uint64_t n = (uint64_t)known->n_methods + 1;

	if (VEC_RESERVE(&known->methods, &known->cap_methods, n) < 0 ||
	    VEC_RESERVE(&known->method_chunk, &known->cap_method_chunk, n) < 0 ||
	    VEC_RESERVE(&known->method_stack, &known->cap_method_stack, n) < 0 ||
	    idindex_add(&known->method_index, hash_u64(id, 1), known->n_methods + 1) < 0)
		return JFR_NO_METHOD;
	known->methods[known->n_methods] = (struct jfr_method){ .id = id, .frame = UINT32_MAX };
	return known->n_methods++;
}

/* The method as this chunk has it, compared with what it was. */
static uint32_t compare_method(struct jfr_pools *pools, uint64_t id, const uint64_t *constant)
{
	struct jfr_known *known = pools->known;
	const struct jfr_value *class = jfr_names_text_of_class(pools, constant[0]);
	const struct jfr_value *name = jfr_names_text_of_symbol(pools, constant[1]);
	uint32_t step = 0, found, index = JFR_NO_METHOD;
	struct jfr_method *method;

	while (index == JFR_NO_METHOD && (found = idindex_probe(&known->method_index, hash_u64(id, 1), &step)))
		if (known->methods[found - 1].id == id)
			index = found - 1;
	if (index == JFR_NO_METHOD)
		index = add_method(known, id);
	if (index == JFR_NO_METHOD)
		return JFR_NO_METHOD;
	method = &known->methods[index];
	known->method_chunk[index] = known->n_chunks;
	if (method->frame != UINT32_MAX) {
		if (is_text(method->class, method->class_n, method->class_encoding, class) &&
		    is_text(method->name, method->name_n, method->name_encoding, name))
			return index;
		known->changed_in = known->n_chunks;
	}
	*method = (struct jfr_method){
		.id = id, .class = class->text.p, .class_n = (uint32_t)class->text.n, .class_encoding = class->encoding,
		.name = name->text.p, .name_n = (uint32_t)name->text.n, .name_encoding = name->encoding,
	};
	method->frame = make_method(pools, constant[0], constant[1]);
	return index;
}

/* The method of that id; JFR_NO_METHOD: the chunk has none. */
static uint32_t find_method(struct jfr_pools *pools, uint64_t id)
{
	struct jfr_pool *pool = &pools->pools[JFR_POOL_METHOD];
	uint32_t at = jfr_pools_find(pools, JFR_POOL_METHOD, id);

	if (at == JFR_NO_CONSTANT)
		return JFR_NO_METHOD;
	if (!pool->made[at]) {
		pool->made[at] = compare_method(pools, id, jfr_pools_numbers(pools, JFR_POOL_METHOD, at)) + 1;
		if (!pool->made[at])
			pools->profile->failed = true;
	}
	return pool->made[at] - 1;
}

bool jfr_known_has(struct jfr_pools *pools, uint32_t method)
{
	const struct jfr_known *known = pools->known;

	return known->method_chunk[method] == known->n_chunks ||
	       find_method(pools, known->methods[method].id) == method;
}

/* HotSpot's words, and async-profiler's. */
static const struct frame_words {
	const char *words;
	enum frame_kind kind;
	bool inlined;
} frame_words[] = {
	{ "", FRAME_NATIVE, false },	/* others */
	{ "Interpreted", FRAME_INTERPRETED, false }, { "JIT compiled", FRAME_JIT, false },
	{ "Inlined", FRAME_JIT, true }, { "C1 compiled", FRAME_C1, false },
	{ "Kernel", FRAME_KERNEL, false }, { "Native", FRAME_NATIVE, false }, { "C++", FRAME_RUNTIME, false },
};

#define N_FRAME_WORDS (sizeof(frame_words) / sizeof(frame_words[0]))

/* Which of these a type of frames is called by. */
static uint32_t words_of(struct jfr_pools *pools, uint64_t type)
{
	struct jfr_pool *pool = &pools->pools[JFR_POOL_FRAME_TYPE];
	uint32_t at = jfr_pools_find(pools, JFR_POOL_FRAME_TYPE, type);
	struct str words;

	if (at == JFR_NO_CONSTANT)
		return 0;
	if (pool->made[at])
		return pool->made[at] - 1;
	words = strings_get(&pools->profile->strings,
			    jfr_pools_string(pools, jfr_pools_values(pools, JFR_POOL_FRAME_TYPE, at)));
	pool->made[at] = 1;
	for (uint32_t i = 1; i < N_FRAME_WORDS; i++)
		if (str_eq(words, str_of(frame_words[i].words)))
			pool->made[at] = i + 1;
	return pool->made[at] - 1;
}

static uint32_t make_frame(struct jfr_pools *pools, uint32_t method, uint64_t line, uint32_t words)
{
	struct frame frame = pools->profile->frames.frames[method == JFR_NO_METHOD ?
								    0 : pools->known->methods[method].frame];

	frame.line = line <= INT32_MAX ? (uint32_t)line : 0;
	frame.kind = (uint8_t)frame_words[words].kind;
	frame.inlined |= frame_words[words].inlined;
	if (!frame.function) {
		struct function unknown = { .name = strings_add(&pools->profile->strings,
								STR("[unknown method]")) };

		frame.function = frames_add_function(&pools->profile->frames, &unknown);
		frame.kind = FRAME_UNKNOWN;
	}
	return frames_add(&pools->profile->frames, &frame);
}

/* The numbers that a frame is, as their bytes: n of them, as many as end there from the first eight bytes, the rest from
 * eight that begin where these end. False: they do not lie in these, or are the last of all. */
static inline bool take_bytes(struct cursor *c, uint32_t n, struct jfr_frame_memo *ret_key)
{
	const uint8_t *p = c->p;

	ret_key->bytes[1] = 0;
	ret_key->n_second = 0;
	for (uint32_t k = 0; n && k < 2 && (size_t)(c->end - p) >= 8; k++) {
		uint64_t v, ends, last;

		memcpy(&v, p, sizeof(v));
		ends = last = ~v & JFR_ENDS;
		for (; n && ends; n--) {
			last = ends;
			ends &= ends - 1;
		}
		if (!last)
			return false;
		last &= -last;
		ret_key->bytes[k] = v & (last | (last - 1));
		p += ((unsigned)__builtin_ctzll(last) + 1) / 8;
		if (!n) {
			c->p = p;
			return true;
		}
		ret_key->n_second = (uint8_t)n;
	}
	return false;
}

uint32_t jfr_known_frame(struct jfr_pools *pools, struct cursor *c, uint64_t *numbers, uint32_t *ret_method)
{
	struct jfr_known *known = pools->known;
	struct cursor at = *c;
	struct jfr_frame_memo key, *memo;
	bool by_bytes = take_bytes(c, known->n_bytes, &key);

	if (!by_bytes) {
		if (!jfr_take_numbers(pools->types, &known->frame_plan, c, numbers))
			return UINT32_MAX;
		key.bytes[0] = numbers[0];
		key.bytes[1] = numbers[1] | numbers[2] << 32;
		key.n_second = KEY_OF_NUMBERS;
		if (numbers[1] > UINT32_MAX || numbers[2] > UINT32_MAX) {	/* nobody's, and too large for a key */
			*ret_method = JFR_NO_METHOD;
			return make_frame(pools, find_method(pools, numbers[0]), numbers[1],
					  words_of(pools, numbers[2]));
		}
	}
	memo = &known->frames[hash_u64(key.bytes[0], key.bytes[1]) & known->frame_mask];
	*ret_method = memo->method;
	if (memo->bytes[0] == key.bytes[0] && memo->bytes[1] == key.bytes[1] && memo->n_second == key.n_second) {
		if (memo->chunk == known->n_chunks)
			return memo->frame;
		if (memo->chunk && memo->method != JFR_NO_METHOD && jfr_known_has(pools, memo->method) &&
		    memo->chunk >= known->changed_in) {
			memo->chunk = known->n_chunks;
			return memo->frame;
		}
	}
	if (by_bytes)
		jfr_take_numbers(pools->types, &known->frame_plan, &at, numbers);
	key.method = *ret_method = find_method(pools, numbers[0]);
	key.frame = make_frame(pools, key.method, numbers[1], words_of(pools, numbers[2]));
	key.chunk = known->n_chunks;
	*memo = key;
	return key.frame;
}

/* Whether frames are typed as in the chunk before. */
static bool compare_types(struct jfr_known *known, const struct jfr_pools *pools)
{
	const struct jfr_pool *pool = &pools->pools[JFR_POOL_FRAME_TYPE];
	bool same = pool->n == known->n_types && pool->n <= JFR_FRAME_TYPES_MAX;

	known->n_types = pool->n <= JFR_FRAME_TYPES_MAX ? pool->n : 0;
	for (uint32_t i = 0; i < known->n_types; i++) {
		const struct jfr_value *text = jfr_names_text(pools, jfr_pools_values(pools, JFR_POOL_FRAME_TYPE, i));

		same = same && known->types[i].id == pool->ids[i] &&
		       known->types[i].text.encoding == text->encoding && str_eq(known->types[i].text.text, text->text);
		known->types[i].id = pool->ids[i];
		known->types[i].text = *text;
	}
	return same;
}

/* Room for n entries, a power of two of them; what was there is forgotten if there were fewer. */
static int reserve_memos(void *entries, uint32_t *mask, uint64_t n, size_t size)
{
	uint32_t room = MEMOS_MIN;
	void *made, **memos = entries;

	while (room < MEMOS_MAX && room < n)
		room *= 2;
	if (*memos && room <= *mask + 1)
		return 0;
	made = calloc(room, size);
	if (!made)
		return -ENOMEM;
	free(*memos);
	*memos = made;
	*mask = room - 1;
	return 0;
}

int jfr_known_begin_chunk(struct jfr_known *known, const struct jfr_pools *pools)
{
	static const char *const fields[] = { "method", "lineNumber", "type", NULL };
	uint32_t n_methods = pools->pools[JFR_POOL_METHOD].n, n_stacks = pools->pools[JFR_POOL_STACK].n;
	struct jfr_plan plan;

	/* four lines of each method; but for what falls on the same entry, all stacks */
	if (reserve_memos(&known->frames, &known->frame_mask, n_methods * (uint64_t)4, sizeof(*known->frames)) < 0 ||
	    reserve_memos(&known->stacks, &known->stack_mask, n_stacks * (uint64_t)2, sizeof(*known->stacks)) < 0)
		return -ENOMEM;
	known->n_chunks++;
	jfr_plan_init(&plan, pools->types, jfr_types_named(pools->types, "jdk.types.StackFrame"), fields);
	if (!compare_types(known, pools) || plan.n_numbers != known->frame_plan.n_numbers ||
	    memcmp(plan.slot_of, known->frame_plan.slot_of, sizeof(plan.slot_of)) != 0)
		known->changed_in = known->n_chunks;
	known->frame_plan = plan;
	known->n_bytes = plan.n_numbers <= 16 ? plan.n_numbers : 0;
	return 0;
}
