/* SPDX-License-Identifier: Apache-2.0 */
/* Any stacks: what shown_init() makes of each is what its rule, told once more and stack by stack, says;
 * groups keep every stack below its own root. */
#include "analyze/shown.h"

#include <stdlib.h>

#include "base/cursor.h"

#define DEPTH_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A byte is a frame (name and kind), or an order. */
static void make_profile(struct profile *p, struct cursor *c)
{
	static const uint8_t kinds[8] = { FRAME_NONE, FRAME_KERNEL, FRAME_NATIVE, FRAME_LIBRARY,
					  FRAME_TURBOFAN, FRAME_INTERPRETED, FRAME_RUNTIME,
					  FRAME_UNKNOWN };
	uint32_t stack = 0, depth = 0, number = 0;
	int64_t one = 1;

	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	while (cursor_more(c)) {
		uint8_t op = cursor_u8(c);
		struct frame frame = { .kind = kinds[op & 7], .line = op >> 3 & 7 };
		struct label label = { .key = strings_add(&p->strings, STR("task")),
				       .num = op >> 3 & 7 };

		if (op >= 0xc0 && stack)	/* back to a caller */
			stack = p->tree.parent[stack], depth--;
		else if (op >= 0x80)
			profile_add(p, stack, number++ & 1 ? labels_add(&p->labels, &label, 1) : 0,
				    &one);
		else if (depth < DEPTH_MAX)
			stack = stacktree_push(&p->tree, stack, frames_add(&p->frames, &frame)),
			depth++;
	}
}

/* Frames from the root; *ret_n of them. */
static void list_frames(const struct profile *p, uint32_t stack, uint32_t *frames, uint32_t *ret_n)
{
	uint32_t n = stacktree_depth(&p->tree, stack);

	*ret_n = n;
	for (; stack; stack = p->tree.parent[stack])
		frames[--n] = p->tree.frame[stack];
}

static uint8_t kind_of(const struct profile *p, uint32_t frame)
{
	return p->frames.frames[frame].kind;
}

static void fold_by_rule(const struct profile *p, uint32_t *frames, uint32_t *n)
{
	uint32_t first = 0, kept = 0;
	bool interpreted = false, started = false;

	for (uint32_t i = 0; i < *n; i++)
		interpreted |= frame_kind_is_managed(kind_of(p, frames[i]));
	if (!interpreted)
		return;
	for (; kind_of(p, frames[first]) == FRAME_LIBRARY ||
	       kind_of(p, frames[first]) == FRAME_RUNTIME; first++)
		started |= kind_of(p, frames[first]) == FRAME_RUNTIME;
	if (!started && !frame_kind_is_managed(kind_of(p, frames[first])))
		first = 0;
	for (uint32_t i = first; i < *n; i++)
		if (kind_of(p, frames[i]) != FRAME_RUNTIME)
			frames[kept++] = frames[i];
	*n = kept;
}

static void check_tree(const struct stacktree *tree)
{
	for (uint32_t i = 1; i < tree->n; i++) {
		if (tree->parent[i] >= i)
			abort();
		for (uint32_t k = 1; k < i && tree->n < 300; k++)
			if (tree->parent[k] == tree->parent[i] && tree->frame[k] == tree->frame[i])
				abort();
	}
}

/* Each stack is what was wanted, `below` frames above its root left out. */
static void check(const struct profile *p, const struct profile *shown, uint32_t below)
{
	uint32_t wanted[DEPTH_MAX + 1], got[DEPTH_MAX + 1], n_wanted, n_got;

	check_tree(&shown->tree);
	for (uint32_t i = 0; i < p->n; i++) {
		list_frames(p, p->stack[i], wanted, &n_wanted);
		fold_by_rule(p, wanted, &n_wanted);
		list_frames(shown, shown->stack[i], got, &n_got);
		if (n_got != n_wanted + below ||
		    memcmp(got + below, wanted, n_wanted * sizeof(*wanted)))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(str_over(data, size));
	struct profile profile;
	struct shown shown;

	make_profile(&profile, &c);
	if (shown_init(&shown, &profile, false, NULL) < 0)
		abort();
	check(&profile, &shown.profile, 0);
	if (shown_group(&shown, &profile, "task", NULL) == 0)
		check(&profile, &shown.profile, 1);
	shown_fini(&shown);
	profile_fini(&profile);
	return 0;
}
