/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr_pools.h"

#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "format/batch.h"

#define FRAME_MEMOS_MIN 256u
#define FRAME_MEMOS_MAX 65536u

/* The frame of a method, without what its place in a stack says. */
static uint32_t frame_of_method(struct jfr_pools *pools, uint64_t id)
{
	struct jfr_pool *pool = &pools->pools[JFR_POOL_METHOD];
	uint32_t at = jfr_pools_find(pools, JFR_POOL_METHOD, id);
	struct strings *strings = &pools->profile->strings;
	struct function function = { 0 };
	struct module module = { 0 };
	struct frame frame = { 0 };
	struct buf name = { 0 };

	if (at == JFR_NO_CONSTANT)
		return 0;
	if (pool->made[at])
		return pool->made[at] - 1;
	jfr_names_class(pools, pool->items[at].values[0].number, &name);
	if (jfr_names_is_library(buf_str(&name))) {
		module.path = strings_add(strings, buf_str(&name));
		buf_clear(&name);
	} else if (name.n) {
		buf_add_u8(&name, '.');
	}
	jfr_names_symbol(pools, pool->items[at].values[1].number, &name);
	function.name = strings_add(strings, buf_str(&name));
	buf_fini(&name);
	frame.function = frames_add_function(&pools->profile->frames, &function);
	frame.module = frames_add_module(&pools->profile->frames, &module);
	pool->made[at] = frames_add(&pools->profile->frames, &frame) + 1;
	return pool->made[at] - 1;
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

static const struct frame_words *words_of(struct jfr_pools *pools, uint64_t type)
{
	struct jfr_pool *pool = &pools->pools[JFR_POOL_FRAME_TYPE];
	uint32_t at = jfr_pools_find(pools, JFR_POOL_FRAME_TYPE, type);
	struct str words;

	if (at == JFR_NO_CONSTANT)
		return &frame_words[0];
	if (pool->made[at])
		return &frame_words[pool->made[at] - 1];
	words = strings_get(&pools->profile->strings, jfr_pools_string(pools, &pool->items[at].values[0]));
	pool->made[at] = 1;
	for (uint32_t i = 1; i < N_FRAME_WORDS; i++)
		if (str_eq(words, str_of(frame_words[i].words)))
			pool->made[at] = i + 1;
	return &frame_words[pool->made[at] - 1];
}

static uint32_t make_frame(struct jfr_pools *pools, uint64_t method, uint64_t line, uint64_t type)
{
	uint32_t plain = frame_of_method(pools, method);	/* it may move the frames */
	struct frame frame = pools->profile->frames.frames[plain];
	const struct frame_words *words = words_of(pools, type);

	frame.line = line <= INT32_MAX ? (uint32_t)line : 0;
	frame.kind = (uint8_t)words->kind;
	frame.inlined |= words->inlined;
	if (!frame.function) {
		struct function unknown = { .name = strings_add(&pools->profile->strings,
								STR("[unknown method]")) };

		frame.function = frames_add_function(&pools->profile->frames, &unknown);
		frame.kind = FRAME_UNKNOWN;
	}
	return frames_add(&pools->profile->frames, &frame);
}

/* Room for the frames of four lines of each method. */
static int make_memo(struct jfr_pools *pools)
{
	uint32_t n = FRAME_MEMOS_MIN;

	while (n < FRAME_MEMOS_MAX && n / 4 < pools->pools[JFR_POOL_METHOD].n)
		n *= 2;
	pools->memo = calloc(n, sizeof(*pools->memo));
	pools->memo_mask = n - 1;
	return pools->memo ? 0 : -ENOMEM;
}

/* Stacks have most of their frames in common. */
static uint32_t find_frame(struct jfr_pools *pools, uint64_t method, uint64_t line, uint64_t type)
{
	struct jfr_frame_memo *memo = &pools->memo[hash_u64(method, line << 8 ^ type) & pools->memo_mask];

	if (!memo->frame || memo->method != method || memo->line != line || memo->type != type) {
		uint32_t frame = make_frame(pools, method, line, type);

		if (line > UINT32_MAX || type > UINT32_MAX)	/* nobody's: not remembered */
			return frame;
		*memo = (struct jfr_frame_memo){ method, (uint32_t)line, (uint32_t)type, frame + 1 };
	}
	return memo->frame - 1;
}

/* The stack of the n frames; nothing is looked up for what it has in common with the last one. */
static uint32_t push_frames(struct jfr_pools *pools, uint32_t n)
{
	uint32_t depth = 0, stack = 0;

	while (depth < n && depth < pools->n_last && pools->last[depth] == pools->frames[n - 1 - depth])
		stack = pools->nodes[depth++];
	for (; depth < n; depth++) {
		stack = stacktree_push(&pools->profile->tree, stack, pools->frames[n - 1 - depth]);
		pools->last[depth] = pools->frames[n - 1 - depth];
		pools->nodes[depth] = stack;
	}
	pools->n_last = n;
	return stack;
}

static uint32_t make_stack(struct jfr_pools *pools, const struct jfr_constant *trace)
{
	struct cursor c = trace->values[0].items;
	uint32_t n = trace->values[0].n_items;
	uint64_t values[JFR_SLOTS + 1];

	if (n > STACK_FRAMES_MAX || VEC_RESERVE(&pools->frames, &pools->cap_frames, (uint64_t)n + 1) < 0 ||
	    VEC_RESERVE(&pools->last, &pools->cap_last, (uint64_t)n + 1) < 0 ||
	    VEC_RESERVE(&pools->nodes, &pools->cap_nodes, (uint64_t)n + 1) < 0 ||
	    (!pools->memo && make_memo(pools) < 0))
		return 0;
	for (uint32_t i = 0; i < n; i++) {	/* innermost first */
		if (!jfr_take_numbers(pools->types, &pools->frame_plan, &c, values))
			return 0;
		pools->frames[i] = find_frame(pools, values[0], values[1], values[2]);
	}
	return push_frames(pools, n);
}

uint32_t jfr_pools_stack(struct jfr_pools *pools, uint64_t id)
{
	struct jfr_pool *pool = &pools->pools[JFR_POOL_STACK];
	uint32_t at = jfr_pools_find(pools, JFR_POOL_STACK, id);

	if (at == JFR_NO_CONSTANT)
		return 0;
	if (!pool->made[at])
		pool->made[at] = make_stack(pools, &pool->items[at]) + 1;
	return pool->made[at] - 1;
}
