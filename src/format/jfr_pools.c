/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/vec.h"
#include "format/batch.h"
#include "format/jfr.h"
#include "model/profile.h"

#define CHECKPOINTS_MAX 1000000u
#define FRAME_MEMOS_MIN 256u
#define FRAME_MEMOS_MAX 65536u
#define AHEAD_MAX 65536u	/* constants that room is made for before they are seen */

/* The pools that are kept, and what of their constants is: values[0 .. 3] of the plan. */
enum pool_kind {
	POOL_STRING, POOL_SYMBOL, POOL_CLASS, POOL_METHOD, POOL_FRAME_TYPE, POOL_STACK, POOL_THREAD,
	POOL_STATE, N_POOLS
};

static const struct {
	const char *type;
	const char *const *fields;
} pool_kinds[N_POOLS] = {
	[POOL_STRING] = { "java.lang.String", (const char *const[]){ NULL } },
	[POOL_SYMBOL] = { "jdk.types.Symbol", (const char *const[]){ "string", NULL } },
	[POOL_CLASS] = { "java.lang.Class", (const char *const[]){ "name", NULL } },
	[POOL_METHOD] = { "jdk.types.Method", (const char *const[]){ "type", "name", NULL } },
	[POOL_FRAME_TYPE] = { "jdk.types.FrameType", (const char *const[]){ "description", NULL } },
	[POOL_STACK] = { "jdk.types.StackTrace", (const char *const[]){ "frames", NULL } },
	[POOL_THREAD] = { "java.lang.Thread",
			  (const char *const[]){ "osName", "osThreadId", "javaName", NULL } },
	[POOL_STATE] = { "jdk.types.ThreadState", (const char *const[]){ "name", NULL } },
};

#define KEPT 3

struct constant {
	struct jfr_value values[KEPT];
};

struct pool {
	struct jfr_plan plan;
	uint64_t *ids;		/* apart from the values, for they are looked up by every event */
	uint32_t *made;		/* what the model has of it, + 1; 0: not yet */
	struct constant *items;
	uint32_t n, cap, cap_ids, cap_made;
	struct idindex index;
};

struct jfr_pools {
	struct profile *profile;
	const struct jfr_types *types;
	struct pool pools[N_POOLS];
	struct jfr_plan frame_plan;
	uint32_t *frames, cap_frames;	/* of a stack that is made, innermost first */
	/* The stack made last, outermost first, and its nodes: many begin alike. */
	uint32_t *last, *nodes, cap_last, cap_nodes, n_last;
	struct frame_memo {
		uint64_t method;
		uint32_t line, type;
		uint32_t frame;	/* + 1; 0: nothing here */
	} *memo;		/* NULL until the first stack */
	uint32_t memo_mask;
};

#define NONE UINT32_MAX

/* The constant's place in its pool, or NONE. */
static uint32_t find(const struct jfr_pools *pools, enum pool_kind kind, uint64_t id)
{
	const struct pool *pool = &pools->pools[kind];
	uint32_t step = 0, found;

	while ((found = idindex_probe(&pool->index, hash_u64(id, kind), &step)))
		if (pool->ids[found - 1] == id)
			return found - 1;
	return NONE;
}

static int reserve(struct pool *pool, uint64_t more)
{
	uint64_t n = pool->n + more;

	if (VEC_RESERVE_RAW(&pool->items, &pool->cap, n) < 0 || VEC_RESERVE_RAW(&pool->ids, &pool->cap_ids, n) < 0 ||
	    VEC_RESERVE_RAW(&pool->made, &pool->cap_made, n) < 0)
		return -ENOMEM;
	return 0;
}

static int add_constant(struct jfr_pools *pools, enum pool_kind kind, uint64_t id, struct cursor *c)
{
	struct pool *pool = &pools->pools[kind];
	struct jfr_value values[JFR_SLOTS];

	memset(values, 0, KEPT * sizeof(*values));
	if (kind == POOL_STRING)
		values[0].text = jfr_text(c, &values[0].encoding, &values[0].number);
	else if (!jfr_take(pools->types, &pool->plan, c, values))
		return -EBADMSG;
	if (c->failed)
		return -EBADMSG;
	if (find(pools, kind, id) != NONE)
		return 0;	/* an earlier list has it too */
	if (reserve(pool, 1) < 0 || idindex_add(&pool->index, hash_u64(id, kind), pool->n + 1) < 0)
		return -ENOMEM;
	memcpy(pool->items[pool->n].values, values, sizeof(pool->items->values));
	pool->ids[pool->n] = id;
	pool->made[pool->n++] = 0;
	return 0;
}

static int read_pool(struct jfr_pools *pools, struct cursor *c)
{
	uint32_t type = jfr_types_find(pools->types, jfr_varint(c)), kind = 0;
	uint64_t n = jfr_varint(c);
	int rc = 0;

	while (kind < N_POOLS && pools->pools[kind].plan.type != type)
		kind++;
	if (type == UINT32_MAX || n > cursor_left(c))
		return -EBADMSG;
	if (kind < N_POOLS) {
		uint64_t ahead = n < AHEAD_MAX ? n : AHEAD_MAX;

		if (reserve(&pools->pools[kind], ahead) < 0 ||
		    idindex_reserve(&pools->pools[kind].index, pools->pools[kind].n + ahead) < 0)
			return -ENOMEM;
	}
	while (rc == 0 && n--) {
		uint64_t id = jfr_varint(c);

		if (kind < N_POOLS)
			rc = add_constant(pools, (enum pool_kind)kind, id, c);
		else if (!jfr_pass(pools->types, type, c))
			rc = -EBADMSG;
	}
	return rc;
}

/* One list; *ret_delta: to the one before it, 0 at the first. */
static int read_checkpoint(struct jfr_pools *pools, struct cursor c, int64_t *ret_delta)
{
	uint64_t n;
	int rc = 0;

	jfr_varint(&c);			/* size */
	if (jfr_varint(&c) != 1)
		return -EBADMSG;
	jfr_varint(&c);			/* start, duration */
	jfr_varint(&c);
	*ret_delta = (int64_t)jfr_varint(&c);
	cursor_u8(&c);			/* what kind of list it is */
	for (n = jfr_varint(&c); rc == 0 && n && !c.failed; n--)
		rc = read_pool(pools, &c);
	return rc == 0 && c.failed ? -EBADMSG : rc;
}

static int read_all(struct jfr_pools *pools, struct str chunk, uint64_t checkpoint)
{
	int64_t delta = 1;
	int rc = 0;

	for (uint32_t k = 0; rc == 0 && delta; k++) {
		struct cursor c = cursor_over(chunk);

		if (checkpoint < 68 || checkpoint >= chunk.n || k == CHECKPOINTS_MAX)
			return -EBADMSG;
		cursor_seek(&c, checkpoint);
		rc = read_checkpoint(pools, c, &delta);
		if (delta > 0)		/* each is before the last: there is no way round in a circle */
			return -EBADMSG;
		checkpoint += (uint64_t)delta;
	}
	return rc;
}

struct jfr_pools *jfr_pools_read(struct profile *profile, const struct jfr_types *types, struct str chunk,
				 uint64_t checkpoint, int *ret_rc, const char **ret_why)
{
	static const char *const frame_fields[] = { "method", "lineNumber", "type", NULL };
	struct jfr_pools *pools = calloc(1, sizeof(*pools));

	*ret_why = "its constants are not sound";
	*ret_rc = -ENOMEM;
	if (!pools)
		return NULL;
	pools->profile = profile;
	pools->types = types;
	for (int i = 0; i < N_POOLS; i++)
		jfr_plan_init(&pools->pools[i].plan, types, jfr_types_named(types, pool_kinds[i].type),
			      pool_kinds[i].fields);
	jfr_plan_init(&pools->frame_plan, types, jfr_types_named(types, "jdk.types.StackFrame"), frame_fields);
	*ret_rc = read_all(pools, chunk, checkpoint);
	if (*ret_rc == 0)
		return pools;
	jfr_pools_free(pools);
	return NULL;
}

void jfr_pools_free(struct jfr_pools *pools)
{
	for (int i = 0; pools && i < N_POOLS; i++) {
		free(pools->pools[i].items);
		free(pools->pools[i].ids);
		free(pools->pools[i].made);
		idindex_fini(&pools->pools[i].index);
	}
	if (pools) {
		free(pools->frames);
		free(pools->last);
		free(pools->nodes);
		free(pools->memo);
	}
	free(pools);
}

/* Text in whatever encoding it stands, as UTF-8. */
static void add_text(struct jfr_pools *pools, const struct jfr_value *value, struct buf *out, int depth)
{
	struct cursor c = cursor_over(value->text);
	char bytes[4];

	if (value->encoding == 2) {
		uint32_t string = find(pools, POOL_STRING, value->number);

		if (string != NONE && depth == 0)
			add_text(pools, &pools->pools[POOL_STRING].items[string].values[0], out, 1);
	} else if (value->encoding == 3) {
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

	add_text(pools, value, &text, 0);
	id = strings_add(&pools->profile->strings, buf_str(&text));
	buf_fini(&text);
	return id;
}

static void add_symbol(struct jfr_pools *pools, uint64_t id, struct buf *out)
{
	uint32_t symbol = find(pools, POOL_SYMBOL, id);

	if (symbol != NONE)
		add_text(pools, &pools->pools[POOL_SYMBOL].items[symbol].values[0], out, 0);
}

/* "java/lang/String" as people write it. What makes a hidden class differ from its like is left out:
 * "Work$$Lambda+0x00007f0c50001200", "Work$$Lambda/0x0800000840", "Work$$Lambda.0x0800000840". */
static void add_class(struct jfr_pools *pools, uint64_t id, struct buf *out)
{
	uint32_t class = find(pools, POOL_CLASS, id);
	size_t begin = out->n;

	if (class == NONE)
		return;
	add_symbol(pools, pools->pools[POOL_CLASS].items[class].values[0].number, out);
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

	add_class(pools, id, &text);
	if (text.n && text.p[0] == '[')
		add_array(buf_str(&text), &array);
	string = strings_add(&pools->profile->strings, buf_str(array.n ? &array : &text));
	buf_fini(&text);
	buf_fini(&array);
	return string;
}

/* For async-profiler a library is the class of its functions: "libc.so.6". */
static bool is_library(struct str class)
{
	return str_ends(class, STR(".so")) || str_contains(class, STR(".so.")) || str_eq(class, STR("[kernel]")) ||
	       str_eq(class, STR("[vdso]"));
}

/* The frame of a method, without what its place in a stack says. */
static uint32_t frame_of_method(struct jfr_pools *pools, uint64_t id)
{
	struct pool *pool = &pools->pools[POOL_METHOD];
	uint32_t at = find(pools, POOL_METHOD, id);
	struct strings *strings = &pools->profile->strings;
	struct function function = { 0 };
	struct module module = { 0 };
	struct frame frame = { 0 };
	struct buf name = { 0 };

	if (at == NONE)
		return 0;
	if (pool->made[at])
		return pool->made[at] - 1;
	add_class(pools, pool->items[at].values[0].number, &name);
	if (is_library(buf_str(&name))) {
		module.path = strings_add(strings, buf_str(&name));
		buf_clear(&name);
	} else if (name.n) {
		buf_add_u8(&name, '.');
	}
	add_symbol(pools, pool->items[at].values[1].number, &name);
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
	struct pool *pool = &pools->pools[POOL_FRAME_TYPE];
	uint32_t at = find(pools, POOL_FRAME_TYPE, type);
	struct str words;

	if (at == NONE)
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

	while (n < FRAME_MEMOS_MAX && n / 4 < pools->pools[POOL_METHOD].n)
		n *= 2;
	pools->memo = calloc(n, sizeof(*pools->memo));
	pools->memo_mask = n - 1;
	return pools->memo ? 0 : -ENOMEM;
}

/* Stacks have most of their frames in common. */
static uint32_t find_frame(struct jfr_pools *pools, uint64_t method, uint64_t line, uint64_t type)
{
	struct frame_memo *memo = &pools->memo[hash_u64(method, line << 8 ^ type) & pools->memo_mask];

	if (!memo->frame || memo->method != method || memo->line != line || memo->type != type) {
		uint32_t frame = make_frame(pools, method, line, type);

		if (line > UINT32_MAX || type > UINT32_MAX)	/* nobody's: not remembered */
			return frame;
		*memo = (struct frame_memo){ method, (uint32_t)line, (uint32_t)type, frame + 1 };
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

static uint32_t make_stack(struct jfr_pools *pools, const struct constant *trace)
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
	struct pool *pool = &pools->pools[POOL_STACK];
	uint32_t at = find(pools, POOL_STACK, id);

	if (at == NONE)
		return 0;
	if (!pool->made[at])
		pool->made[at] = make_stack(pools, &pool->items[at]) + 1;
	return pool->made[at] - 1;
}

uint32_t jfr_pools_state(struct jfr_pools *pools, uint64_t id)
{
	struct pool *pool = &pools->pools[POOL_STATE];
	uint32_t at = find(pools, POOL_STATE, id);

	if (at == NONE)
		return 0;
	if (!pool->made[at])
		pool->made[at] = jfr_pools_string(pools, &pool->items[at].values[0]) + 1;
	return pool->made[at] - 1;
}

struct jfr_thread jfr_pools_thread(struct jfr_pools *pools, uint64_t id)
{
	struct pool *pool = &pools->pools[POOL_THREAD];
	uint32_t at = find(pools, POOL_THREAD, id);
	const struct jfr_value *values;
	struct jfr_thread thread = { 0 };

	if (at == NONE)
		return thread;
	values = pool->items[at].values;
	if (!pool->made[at]) {
		uint32_t name = jfr_pools_string(pools, &values[2]);

		pool->made[at] = (name ? name : jfr_pools_string(pools, &values[0])) + 1;
	}
	thread.name = pool->made[at] - 1;
	thread.os_id = values[1].number <= INT32_MAX ? (int64_t)values[1].number : 0;
	return thread;
}
