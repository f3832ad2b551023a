/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/shown.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/filter.h"
#include "analyze/groups.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#define GROUPED_STACKS_MAX ((uint32_t)1 << 26)

static void own(struct shown *shown, struct stacktree *tree, uint32_t *stack)
{
	shown_fini(shown);
	shown->profile.tree = *tree;
	shown->profile.stack = stack;
	shown->owned = true;
}

/* What is known of a stack: all its frames are of kind library or runtime; some of those are runtime;
 * one is interpreted; its folded form lacks a frame. */
enum { LEADING = 1, STARTED = 2, INTERPRETED = 4, SHORTER = 8 };

/* Both forms of each stack are followed, since whether a stack has an interpreted frame is known only
 * where the sample is. */
struct fold {
	const struct profile *profile;
	struct stacktree tree;	/* the new one */
	uint32_t *whole;	/* stack -> itself in the new tree; not kept up once INTERPRETED */
	uint32_t *folded;	/* stack -> itself without what folding leaves out */
	uint8_t *state;
};

static bool is_foldable(const struct profile *profile)
{
	const struct frames *frames = &profile->frames;
	bool interpreted = false, other = false;

	for (uint32_t i = 0; i < frames->n_frames; i++) {
		uint8_t kind = frames->frames[i].kind;

		interpreted |= frame_kind_is_managed(kind);
		other |= kind == FRAME_RUNTIME || kind == FRAME_LIBRARY;
	}
	return interpreted && other;
}

static void fold_stack(struct fold *f, uint32_t stack)
{
	const struct stacktree *old = &f->profile->tree;
	uint32_t parent = old->parent[stack], frame = old->frame[stack];
	uint8_t kind = f->profile->frames.frames[frame].kind, state = f->state[parent];
	uint32_t folded = f->folded[parent];
	bool same = !(state & INTERPRETED) && folded == f->whole[parent];

	if ((state & LEADING) && kind != FRAME_LIBRARY && kind != FRAME_RUNTIME) {
		state &= (uint8_t)~LEADING;
		if (parent && (frame_kind_is_managed(kind) || (state & STARTED))) {
			state |= SHORTER;
			folded = 0;
			same = false;
		}
	}
	if (!(state & INTERPRETED) && !frame_kind_is_managed(kind))
		f->whole[stack] = stacktree_push(&f->tree, f->whole[parent], frame);
	if (frame_kind_is_managed(kind))
		state |= INTERPRETED;
	if (kind == FRAME_RUNTIME)
		state |= SHORTER | STARTED;
	else if (same && !(state & INTERPRETED))
		folded = f->whole[stack];
	else
		folded = stacktree_push(&f->tree, folded, frame);
	f->folded[stack] = folded;
	f->state[stack] = state;
}

static int fold(struct shown *shown, const struct profile *profile)
{
	size_t n = (size_t)profile->tree.n + 1;
	uint32_t *stack = calloc((size_t)profile->n + 1, sizeof(*stack));
	struct fold f = { .profile = profile, .whole = calloc(n, sizeof(*f.whole)),
			  .folded = calloc(n, sizeof(*f.folded)), .state = calloc(n, 1) };
	bool shorter = false;
	int rc = stack && f.whole && f.folded && f.state ? 0 : -ENOMEM;

	stacktree_init(&f.tree);
	if (rc == 0)
		f.state[0] = LEADING;
	for (uint32_t i = 1; rc == 0 && i < profile->tree.n; i++)
		fold_stack(&f, i);
	for (uint32_t i = 0; rc == 0 && i < profile->n; i++) {
		uint32_t at = profile->stack[i];

		stack[i] = f.state[at] & INTERPRETED ? f.folded[at] : f.whole[at];
		shorter |= (f.state[at] & INTERPRETED) && (f.state[at] & SHORTER);
	}
	rc = f.tree.failed ? -ENOMEM : rc;
	free(f.whole);
	free(f.folded);
	free(f.state);
	if (rc == 0 && shorter) {
		own(shown, &f.tree, stack);
		shown->folded = true;
		return 0;
	}
	stacktree_fini(&f.tree);
	free(stack);
	return rc;
}

int shown_init(struct shown *shown, const struct profile *profile, bool native, struct err *err)
{
	*shown = (struct shown){ .profile = *profile };
	if (native || !is_foldable(profile))
		return 0;
	if (fold(shown, profile) == 0)
		return 0;
	return err_fail(err, -ENOMEM, "out of memory over %u stacks", profile->tree.n);
}

int shown_hide(struct shown *shown, const char *expression, bool others, struct err *err)
{
	const struct profile *profile = &shown->profile;
	const struct stacktree *old = &profile->tree;
	uint32_t *to = calloc((size_t)old->n + 1, sizeof(*to));
	uint32_t *stack = calloc((size_t)profile->n + 1, sizeof(*stack));
	struct stacktree tree;
	bool *matches = NULL;
	int rc = filter_frames(profile, others ? "show" : "hide", expression, &matches, err);

	stacktree_init(&tree);
	if (rc == 0 && !(to && stack))
		rc = -ENOMEM;
	for (uint32_t i = 1; rc == 0 && i < old->n; i++)
		to[i] = matches[old->frame[i]] != others ? to[old->parent[i]] :
			stacktree_push(&tree, to[old->parent[i]], old->frame[i]);
	for (uint32_t i = 0; rc == 0 && i < profile->n; i++)
		stack[i] = to[profile->stack[i]];
	if (rc == 0 && tree.failed)
		rc = -ENOMEM;
	free(matches);
	free(to);
	if (rc == 0) {
		own(shown, &tree, stack);
		return 0;
	}
	stacktree_fini(&tree);
	free(stack);
	return rc == -ENOMEM ? err_fail(err, rc, "out of memory over %u stacks", old->n) : rc;
}

/* One sub-tree for each group. Groups are filled one after another, so that one column serves to tell
 * which stacks the current one has. */
struct grouping {
	const struct profile *from;	/* as shown so far */
	struct stacktree tree;
	uint32_t *seat;		/* stack -> its place in the current group ... */
	uint32_t *seat_of;	/* ... if this is that group + 1 */
	uint32_t *way;		/* stacks to be added, innermost first */
	uint32_t n_way, cap_way;
};

static int add_to_group(struct grouping *g, uint32_t group, uint32_t root, uint32_t stack,
			uint32_t *ret_stack)
{
	const struct stacktree *old = &g->from->tree;
	uint32_t at;

	g->n_way = 0;
	for (at = stack; at && g->seat_of[at] != group + 1; at = old->parent[at]) {
		if (VEC_RESERVE(&g->way, &g->cap_way, (uint64_t)g->n_way + 1) < 0)
			return -ENOMEM;
		g->way[g->n_way++] = at;
	}
	*ret_stack = at ? g->seat[at] : root;
	while (g->n_way) {
		at = g->way[--g->n_way];
		*ret_stack = stacktree_append(&g->tree, *ret_stack, old->frame[at]);
		g->seat[at] = *ret_stack;
		g->seat_of[at] = group + 1;
	}
	return g->tree.failed ? -ENOMEM : g->tree.n > GROUPED_STACKS_MAX ? -E2BIG : 0;
}

static uint32_t group_frame(struct profile *profile, const struct groups *groups, uint32_t group)
{
	struct function function = { 0 };
	struct buf name = { 0 };

	group_add_words(&name, groups, group);
	function.name = strings_add(&profile->strings, buf_str(&name));
	profile->strings.failed |= name.failed;
	buf_fini(&name);
	return frames_add(&profile->frames, &(struct frame){
		.function = frames_add_function(&profile->frames, &function) });
}

/* Sample numbers in order of group: order[first[g]] .. order[first[g + 1] - 1]. */
static int sort_samples(const struct profile *profile, const struct groups *groups,
			uint32_t **ret_order, uint32_t **ret_first)
{
	uint32_t *order = calloc((size_t)profile->n + 1, sizeof(*order));
	uint32_t *first = calloc((size_t)groups->n + 2, sizeof(*first));

	*ret_order = order;
	*ret_first = first;
	if (!order || !first)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->n; i++)
		first[groups->of_set[profile->label_set[i]] + 1]++;
	for (uint32_t g = 0; g < groups->n; g++)
		first[g + 1] += first[g];
	/* backwards: each fill moves the group's end to its beginning */
	for (uint32_t i = profile->n; i-- > 0;)
		order[--first[groups->of_set[profile->label_set[i]] + 1]] = i;
	memmove(first, first + 1, (size_t)groups->n * sizeof(*first));
	first[groups->n] = profile->n;
	return 0;
}

static int fill_groups(struct grouping *g, struct profile *profile, const struct groups *groups,
		       uint32_t *stack)
{
	uint32_t *order = NULL, *first = NULL;
	int rc = sort_samples(profile, groups, &order, &first);

	for (uint32_t group = 0; rc == 0 && group < groups->n; group++) {
		uint32_t root = stacktree_append(&g->tree, 0, group_frame(profile, groups, group));

		for (uint32_t k = first[group]; rc == 0 && k < first[group + 1]; k++)
			rc = add_to_group(g, group, root, g->from->stack[order[k]],
					  &stack[order[k]]);
	}
	free(order);
	free(first);
	return rc;
}

int shown_group(struct shown *shown, struct profile *profile, const char *key, struct err *err)
{
	size_t n = (size_t)shown->profile.tree.n + 1;
	struct grouping g = { .from = &shown->profile };
	uint32_t *stack = NULL;
	struct groups groups;
	int rc = groups_init(&groups, profile, key, NULL, 0, err);

	if (rc < 0)
		return rc;
	stacktree_init(&g.tree);
	stack = calloc((size_t)profile->n + 1, sizeof(*stack));
	g.seat = calloc(n, sizeof(*g.seat));
	g.seat_of = calloc(n, sizeof(*g.seat_of));
	rc = stack && g.seat && g.seat_of ? fill_groups(&g, profile, &groups, stack) : -ENOMEM;
	if (rc == 0 && profile_failed(profile))
		rc = -ENOMEM;
	groups_fini(&groups);
	free(g.seat);
	free(g.seat_of);
	free(g.way);
	/* tables that have grown may have moved */
	shown->profile.strings = profile->strings;
	shown->profile.frames = profile->frames;
	if (rc == 0) {
		own(shown, &g.tree, stack);
		return 0;
	}
	stacktree_fini(&g.tree);
	free(stack);
	if (rc == -E2BIG)
		return err_fail(err, rc, "grouped by %s the profile has more than %u stacks; keep fewer "
				"samples with --label or --focus", key, GROUPED_STACKS_MAX);
	return err_fail(err, rc, "out of memory over %u stacks", profile->tree.n);
}

void shown_fini(struct shown *shown)
{
	if (!shown->owned)
		return;
	stacktree_fini(&shown->profile.tree);
	free(shown->profile.stack);
	shown->profile.stack = NULL;
	shown->owned = false;
}
