/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr_known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "format/batch.h"

#define STACK_METHODS_MAX (1u << 20)	/* of all stacks that are remembered */

/* The stack of the n frames; nothing is looked up for what it has in common with the last one. */
static uint32_t push_frames(struct jfr_pools *pools, uint32_t n)
{
	struct jfr_known *known = pools->known;
	uint32_t depth = 0, stack = 0;

	while (depth < n && depth < known->n_last && known->last[depth] == known->stack[n - 1 - depth])
		stack = known->nodes[depth++];
	for (; depth < n; depth++) {
		stack = stacktree_push(&pools->profile->tree, stack, known->stack[n - 1 - depth]);
		known->last[depth] = known->stack[n - 1 - depth];
		known->nodes[depth] = stack;
	}
	known->n_last = n;
	return stack;
}

/* The stack of frames that stand at the cursor. Its methods are noted behind the others; *ret_known: it has no frame of
 * an unknown one. */
static uint32_t make_stack(struct jfr_pools *pools, struct cursor c, uint32_t n, bool *ret_known)
{
	struct jfr_known *known = pools->known;
	uint64_t numbers[JFR_SLOTS + 1] = { 0 };
	uint32_t method, serial = ++known->n_stacks;

	*ret_known = false;
	if (n > STACK_FRAMES_MAX || VEC_RESERVE(&known->stack, &known->cap_stack, (uint64_t)n + 1) < 0 ||
	    VEC_RESERVE(&known->last, &known->cap_last, (uint64_t)n + 1) < 0 ||
	    VEC_RESERVE(&known->nodes, &known->cap_nodes, (uint64_t)n + 1) < 0 ||
	    VEC_RESERVE(&known->stack_methods, &known->cap_stack_methods, (uint64_t)known->n_stack_methods + n) < 0)
		return 0;
	*ret_known = true;
	for (uint32_t i = 0; i < n; i++) {	/* innermost first */
		known->stack[i] = jfr_known_frame(pools, &c, numbers, &method);
		if (known->stack[i] == UINT32_MAX) {
			*ret_known = false;
			return 0;
		}
		if (method == JFR_NO_METHOD) {
			*ret_known = false;
		} else if (known->method_stack[method] != serial) {
			known->method_stack[method] = serial;
			known->stack_methods[known->n_stack_methods++] = method;
		}
	}
	return push_frames(pools, n);
}

/* Whether the chunk at hand gives the bytes the meaning they had. */
static bool still_holds(struct jfr_pools *pools, const struct jfr_stack_memo *memo)
{
	const uint32_t *methods = &pools->known->stack_methods[memo->first];

	for (uint32_t i = 0; i < memo->n_methods; i++)
		if (!jfr_known_has(pools, methods[i]))
			return false;
	return memo->chunk >= pools->known->changed_in;
}

/* The stack that was made of those bytes, if it holds; else *ret_place is where to remember the one that is made. */
static bool recall_stack(struct jfr_pools *pools, const struct jfr_value *trace, struct jfr_stack_memo **ret_place)
{
	struct jfr_known *known = pools->known;
	struct str bytes = trace->text;
	struct jfr_stack_memo *pair = &known->stacks[hash_str(bytes) & known->stack_mask & ~1u];

	for (uint32_t i = 0; i < 2; i++) {
		struct jfr_stack_memo *memo = &pair[i];

		if (memo->chunk && memo->n_bytes == bytes.n && memo->n_frames == trace->n_items &&
		    memcmp(memo->bytes, bytes.p, bytes.n) == 0) {
			*ret_place = memo;
			return still_holds(pools, memo);
		}
	}
	*ret_place = &pair[pair[1].chunk < pair[0].chunk];	/* the one not met for longer */
	return false;
}

static uint32_t find_stack(struct jfr_pools *pools, const struct jfr_value *trace)
{
	struct jfr_known *known = pools->known;
	struct str bytes = trace->text;
	struct cursor c = cursor_over(pools->chunk);
	struct jfr_stack_memo *memo;
	uint32_t stack, first;
	bool is_known;

	if (!trace->n_items || bytes.n > UINT32_MAX)
		return 0;
	if (recall_stack(pools, trace, &memo)) {
		memo->chunk = known->n_chunks;
		return memo->stack;
	}
	if (known->n_stack_methods > STACK_METHODS_MAX) {
		memset(known->stacks, 0, (known->stack_mask + (size_t)1) * sizeof(*known->stacks));
		known->n_stack_methods = 0;
	}
	cursor_seek(&c, (uint64_t)(bytes.p - pools->chunk.p));
	first = known->n_stack_methods;
	stack = make_stack(pools, c, trace->n_items, &is_known);
	if (!is_known)
		known->n_stack_methods = first;
	else
		*memo = (struct jfr_stack_memo){
			.bytes = bytes.p, .n_bytes = (uint32_t)bytes.n, .n_frames = trace->n_items,
			.chunk = known->n_chunks, .stack = stack, .first = first,
			.n_methods = known->n_stack_methods - first,
		};
	return stack;
}

uint32_t jfr_pools_stack(struct jfr_pools *pools, uint64_t id)
{
	struct jfr_pool *pool = &pools->pools[JFR_POOL_STACK];
	uint32_t at = jfr_pools_find(pools, JFR_POOL_STACK, id);

	if (at == JFR_NO_CONSTANT)
		return 0;
	if (!pool->made[at])
		pool->made[at] = find_stack(pools, jfr_pools_values(pools, JFR_POOL_STACK, at)) + 1;
	return pool->made[at] - 1;
}

struct jfr_known *jfr_known_new(void)
{
	return calloc(1, sizeof(struct jfr_known));
}

void jfr_known_free(struct jfr_known *known)
{
	if (known) {
		free(known->methods);
		free(known->method_chunk);
		free(known->method_stack);
		idindex_fini(&known->method_index);
		free(known->frames);
		free(known->stacks);
		free(known->stack_methods);
		free(known->stack);
		free(known->last);
		free(known->nodes);
	}
	free(known);
}
