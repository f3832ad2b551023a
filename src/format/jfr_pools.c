/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr_known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

#define CHECKPOINTS_MAX 1000000u
#define AHEAD_MAX 65536u	/* constants that room is made for before they are seen */

static const struct {
	const char *type;
	const char *const *fields;
	bool numbers;		/* it is nothing else */
} pool_kinds[JFR_POOLS] = {
	[JFR_POOL_STRING] = { "java.lang.String", (const char *const[]){ NULL }, false },
	[JFR_POOL_SYMBOL] = { "jdk.types.Symbol", (const char *const[]){ "string", NULL }, false },
	[JFR_POOL_CLASS] = { "java.lang.Class", (const char *const[]){ "name", NULL }, true },
	[JFR_POOL_METHOD] = { "jdk.types.Method", (const char *const[]){ "type", "name", NULL }, true },
	[JFR_POOL_FRAME_TYPE] = { "jdk.types.FrameType", (const char *const[]){ "description", NULL }, false },
	[JFR_POOL_STACK] = { "jdk.types.StackTrace", (const char *const[]){ "frames", NULL }, false },
	[JFR_POOL_THREAD] = { "java.lang.Thread",
			  (const char *const[]){ "osName", "osThreadId", "javaName", NULL }, false },
	[JFR_POOL_STATE] = { "jdk.types.ThreadState", (const char *const[]){ "name", NULL }, false },
};

uint32_t jfr_pools_find(const struct jfr_pools *pools, enum jfr_pool_kind kind, uint64_t id)
{
	const struct jfr_pool *pool = &pools->pools[kind];
	uint32_t step = 0, found;

	if (id < pool->cap_low && pool->low[id])
		return pool->low[id] - 1;
	while ((found = idindex_probe(&pool->index, hash_u64(id, kind), &step)))
		if (pool->ids[found - 1] == id)
			return found - 1;
	return JFR_NO_CONSTANT;
}

static int reserve(struct jfr_pool *pool, bool numbers, uint64_t more)
{
	uint64_t n = pool->n + more;

	if (VEC_RESERVE_RAW(&pool->ids, &pool->cap_ids, n) < 0 || VEC_RESERVE_RAW(&pool->made, &pool->cap_made, n) < 0)
		return -ENOMEM;
	return numbers ? VEC_RESERVE_RAW(&pool->numbers, &pool->cap_numbers, n * pool->width) :
			 VEC_RESERVE_RAW(&pool->values, &pool->cap_values, n * pool->width);
}

/* The place of the constant that comes next. */
static int add_id(struct jfr_pool *pool, enum jfr_pool_kind kind, uint64_t id)
{
	if (id < pool->cap_low)
		pool->low[id] = pool->n + 1;
	else if (idindex_add(&pool->index, hash_u64(id, kind), pool->n + 1) < 0)
		return -ENOMEM;
	pool->ids[pool->n] = id;
	pool->made[pool->n++] = 0;
	return 0;
}

static int add_constant(struct jfr_pools *pools, enum jfr_pool_kind kind, uint64_t id, struct cursor *c)
{
	struct jfr_pool *pool = &pools->pools[kind];
	bool is_new = jfr_pools_find(pools, kind, id) == JFR_NO_CONSTANT;	/* an earlier list may have it too */
	uint64_t numbers[JFR_SLOTS + 1] = { 0 };
	struct jfr_value values[JFR_SLOTS];
	bool sound = true;

	values[0] = (struct jfr_value){ 0 };
	if (pool_kinds[kind].numbers)
		sound = jfr_take_numbers(pools->types, &pool->plan, c, numbers);
	else if (kind != JFR_POOL_STRING)
		sound = jfr_take(pools->types, &pool->plan, c, values);
	else
		values[0].text = jfr_text(c, &values[0].encoding, &values[0].number);
	if (!sound || c->failed)
		return -EBADMSG;
	if (!is_new)
		return 0;
	if (reserve(pool, pool_kinds[kind].numbers, 1) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < pool->width; i++)
		if (pool_kinds[kind].numbers)
			pool->numbers[(size_t)pool->n * pool->width + i] = numbers[i];
		else
			pool->values[(size_t)pool->n * pool->width + i] = values[i];
	return add_id(pool, kind, id);
}

static int read_pool(struct jfr_pools *pools, struct cursor *c)
{
	uint32_t type = jfr_types_find(pools->types, jfr_varint(c)), kind = 0;
	uint64_t n = jfr_varint(c);
	int rc = 0;

	while (kind < JFR_POOLS && pools->pools[kind].plan.type != type)
		kind++;
	if (type == UINT32_MAX || n > cursor_left(c))
		return -EBADMSG;
	if (kind < JFR_POOLS) {
		struct jfr_pool *pool = &pools->pools[kind];
		uint64_t ahead = n < AHEAD_MAX ? n : AHEAD_MAX;

		/* ids are mostly counted from 1 on */
		if (reserve(pool, pool_kinds[kind].numbers, ahead) < 0 ||
		    VEC_RESERVE(&pool->low, &pool->cap_low, 2 * (pool->n + ahead)) < 0)
			return -ENOMEM;
	}
	while (rc == 0 && n--) {
		uint64_t id = jfr_varint(c);

		if (kind < JFR_POOLS)
			rc = add_constant(pools, (enum jfr_pool_kind)kind, id, c);
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

struct jfr_pools *jfr_pools_read(struct profile *profile, const struct jfr_types *types, struct jfr_known *known,
				 struct str chunk, uint64_t checkpoint, int *ret_rc, const char **ret_why)
{
	struct jfr_pools *pools = calloc(1, sizeof(*pools));

	*ret_why = "its constants are not sound";
	*ret_rc = -ENOMEM;
	if (!pools)
		return NULL;
	pools->profile = profile;
	pools->types = types;
	pools->known = known;
	pools->chunk = chunk;
	for (int i = 0; i < JFR_POOLS; i++) {
		struct jfr_pool *pool = &pools->pools[i];

		jfr_plan_init(&pool->plan, types, jfr_types_named(types, pool_kinds[i].type), pool_kinds[i].fields);
		for (pool->width = 0; pool_kinds[i].fields[pool->width];)
			pool->width++;
		pool->width += !pool->width;	/* (a string is one) */
	}
	*ret_rc = read_all(pools, chunk, checkpoint);
	if (*ret_rc == 0 && known)
		*ret_rc = jfr_known_begin_chunk(known, pools);
	if (*ret_rc == 0)
		return pools;
	jfr_pools_free(pools);
	return NULL;
}

void jfr_pools_free(struct jfr_pools *pools)
{
	for (int i = 0; pools && i < JFR_POOLS; i++) {
		free(pools->pools[i].values);
		free(pools->pools[i].numbers);
		free(pools->pools[i].low);
		free(pools->pools[i].ids);
		free(pools->pools[i].made);
		idindex_fini(&pools->pools[i].index);
	}
	free(pools);
}
