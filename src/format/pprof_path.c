/* SPDX-License-Identifier: Apache-2.0 */
#include "format/pprof_path.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "format/pprof_locations.h"

struct pprof_code *pprof_codes_of(const struct pprof_locations *l)
{
	struct pprof_code *codes = calloc((size_t)l->chains.n + 1, sizeof(*codes));

	if (!codes)
		return NULL;
	for (uint32_t i = 0; i < l->n; i++) {
		struct pprof_code *code = &codes[l->order[i]];
		char varint[sizeof(code->bytes)];
		uint32_t id = i + 1;

		for (; id >= 0x80; id >>= 7)
			varint[code->n++] = (char)(id | 0x80);
		varint[code->n++] = (char)id;
		memcpy(code->bytes + sizeof(code->bytes) - code->n, varint, code->n);
	}
	return codes;
}

void pprof_path_fini(struct pprof_path *path)
{
	free(path->steps);
	free(path->pending);
	free(path->bytes);
	*path = (struct pprof_path){ 0 };
}

static bool start(struct pprof_path *path)
{
	if (path->n)
		return true;
	if (VEC_RESERVE(&path->steps, &path->cap, 1) < 0 ||
	    VEC_RESERVE(&path->pending, &path->cap_pending, 1) < 0)
		return false;
	path->steps[path->n++] = (struct pprof_step){ 0 };
	return true;
}

/* Doubles the room; what is there stays at its end. */
static bool grow(struct pprof_path *path)
{
	uint32_t old = path->cap_bytes;

	if (VEC_RESERVE(&path->bytes, &path->cap_bytes, (uint64_t)old * 2 + 256) < 0)
		return false;
	memmove(path->bytes + path->cap_bytes - old, path->bytes, old);
	return true;
}

/* A location's whole code, so many bytes from the end: what it does not need, in front of it, is overwritten by
 * the next. There is room. */
static void put(const struct pprof_path *path, size_t outside, struct pprof_code code)
{
	memcpy(path->bytes + path->cap_bytes - outside - sizeof(code.bytes), code.bytes, sizeof(code.bytes));
}

/* One frame further in. A frame that was inlined into its caller has one location with it, in place of the
 * caller's. */
static bool push(struct pprof_path *path, uint32_t stack)
{
	const struct pprof_locations *l = path->locations;
	uint32_t chain = l->chain_of[stack];
	struct pprof_code code = path->codes[chain];
	const struct pprof_step *caller = &path->steps[path->n - 1];
	size_t outside = l->chains.parent[chain] ? caller->outside : caller->n;

	if (VEC_RESERVE(&path->steps, &path->cap, (uint64_t)path->n + 1) < 0)
		return false;
	if (path->cap_bytes - outside < sizeof(code) && !grow(path))
		return false;
	put(path, outside, code);
	path->steps[path->n++] = (struct pprof_step){ stack, outside, outside + code.n };
	return true;
}

/* One frame out: where the two had one location, the caller's own is put there again. */
static void pop(struct pprof_path *path)
{
	const struct pprof_step *gone = &path->steps[--path->n], *caller = gone - 1;

	if (gone->outside < caller->n)
		put(path, caller->outside, path->codes[path->locations->chain_of[caller->stack]]);
}

/* A parent's id is below its child's, so the deepest stack that both have is found by giving up the
 * higher of the two, again and again. */
bool pprof_path_go(struct pprof_path *path, uint32_t stack, struct str *ret_ids)
{
	const uint32_t *parent = path->parent;
	uint32_t n = 0;
	size_t bytes;

	if (!start(path))
		return false;
	while (path->steps[path->n - 1].stack != stack) {
		if (path->steps[path->n - 1].stack > stack) {
			pop(path);
			continue;
		}
		if (VEC_RESERVE(&path->pending, &path->cap_pending, (uint64_t)n + 1) < 0)
			return false;
		path->pending[n++] = stack;
		stack = parent[stack];
	}
	while (n)
		if (!push(path, path->pending[--n]))
			return false;
	bytes = path->steps[path->n - 1].n;
	*ret_ids = bytes ? str_over(path->bytes + path->cap_bytes - bytes, bytes) :
			   (struct str){ 0 };
	return true;
}
