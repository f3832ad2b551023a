/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "model/profile.h"

/* Ids of the other profile -> ids of ours, one column a table. */
struct maps {
	uint32_t *string, *module, *function, *frame, *stack, *set;
	uint32_t type[VALUE_TYPES_MAX];
};

static void maps_free(struct maps *maps)
{
	free(maps->string);
	free(maps->module);
	free(maps->function);
	free(maps->frame);
	free(maps->stack);
	free(maps->set);
}

static int map_types(struct profile *into, const struct profile *from, struct maps *maps)
{
	uint32_t n = into->n_types, old = n;
	struct value_type types[VALUE_TYPES_MAX];

	memcpy(types, into->types, sizeof(types));
	for (uint32_t t = 0; t < from->n_types; t++) {
		struct value_type type = { maps->string[from->types[t].type],
					   maps->string[from->types[t].unit] };
		uint32_t at = 0;

		while (at < n && memcmp(&types[at], &type, sizeof(type)))
			at++;
		if (at == VALUE_TYPES_MAX)
			return -E2BIG;
		types[at] = type;
		maps->type[t] = at;
		n += at == n;
	}
	if (profile_widen(into, n) < 0)
		return -ENOMEM;
	if (!old && from->n_types)
		into->default_type = maps->type[from->default_type];
	memcpy(into->types, types, sizeof(types));
	return 0;
}

static int map_strings(struct profile *into, const struct profile *from, struct maps *maps)
{
	maps->string = calloc((size_t)from->strings.n + 1, sizeof(*maps->string));
	if (!maps->string)
		return -ENOMEM;
	for (uint32_t i = 1; i < from->strings.n; i++)
		maps->string[i] = strings_add(&into->strings, strings_get(&from->strings, i));
	return 0;
}

static int map_frames(struct profile *into, const struct profile *from, struct maps *maps)
{
	const struct frames *f = &from->frames;

	maps->module = calloc((size_t)f->n_modules + 1, sizeof(uint32_t));
	maps->function = calloc((size_t)f->n_functions + 1, sizeof(uint32_t));
	maps->frame = calloc((size_t)f->n_frames + 1, sizeof(uint32_t));
	if (!maps->module || !maps->function || !maps->frame)
		return -ENOMEM;
	for (uint32_t i = 1; i < f->n_modules; i++) {
		struct module row = f->modules[i];

		row.path = maps->string[row.path];
		row.build_id = maps->string[row.build_id];
		maps->module[i] = frames_add_module(&into->frames, &row);
	}
	for (uint32_t i = 1; i < f->n_functions; i++) {
		struct function row = f->functions[i];

		row.name = maps->string[row.name];
		row.system_name = maps->string[row.system_name];
		row.file = maps->string[row.file];
		maps->function[i] = frames_add_function(&into->frames, &row);
	}
	for (uint32_t i = 1; i < f->n_frames; i++) {
		struct frame row = f->frames[i];

		row.function = maps->function[row.function];
		row.module = maps->module[row.module];
		maps->frame[i] = frames_add(&into->frames, &row);
	}
	return 0;
}

static int map_labels(struct profile *into, const struct profile *from, struct maps *maps)
{
	struct label set[LABELS_PER_SET_MAX];

	maps->set = calloc((size_t)from->labels.n + 1, sizeof(*maps->set));
	if (!maps->set)
		return -ENOMEM;
	for (uint32_t i = 1; i < from->labels.n; i++) {
		uint32_t n;
		const struct label *old = labels_get(&from->labels, i, &n);

		memcpy(set, old, n * sizeof(*set));
		for (uint32_t k = 0; k < n; k++) {
			set[k].key = maps->string[set[k].key];
			set[k].str = maps->string[set[k].str];
			set[k].unit = maps->string[set[k].unit];
		}
		maps->set[i] = labels_add(&into->labels, set, n);
	}
	return 0;
}

/* The children of every node as rings: next[c] is the sibling after c, and last[node] the child that was
 * found last; 0: it has none. Both trees list siblings in much the same order, so the one that is asked
 * for is nearly always the next in the ring. Where it is not within RING_STEPS, all children of that
 * node go to the index: time stays linear however many there are. */
#define RING_STEPS 8

struct rings {
	const struct stacktree *tree;
	uint32_t n;		/* nodes in rings; the tree grows meanwhile */
	uint32_t *last, *next;
	uint8_t *indexed;	/* a bit for each node */
	struct idindex index;
};

static void rings_fini(struct rings *r)
{
	free(r->last);
	free(r->next);
	free(r->indexed);
	idindex_fini(&r->index);
}

static int rings_init(struct rings *r, const struct stacktree *tree)
{
	*r = (struct rings){ .tree = tree, .n = tree->n };
	r->last = malloc(((size_t)tree->n + 1) * sizeof(*r->last));
	r->next = malloc(((size_t)tree->n + 1) * sizeof(*r->next));
	r->indexed = calloc((size_t)tree->n / 8 + 1, 1);
	if (!r->last || !r->next || !r->indexed)
		return -ENOMEM;
	r->last[0] = 0;
	for (uint32_t i = 1; i < tree->n; i++) {
		uint32_t *last = &r->last[tree->parent[i]];

		r->next[i] = *last ? r->next[*last] : i;
		if (*last)
			r->next[*last] = i;
		*last = i;
		r->last[i] = 0;
	}
	return 0;
}

static int index_children(struct rings *r, uint32_t parent)
{
	uint32_t c = r->last[parent];
	int rc = 0;

	if (r->indexed[parent / 8] >> parent % 8 & 1)
		return 0;
	r->indexed[parent / 8] |= (uint8_t)(1u << parent % 8);
	do {
		rc = idindex_add(&r->index, hash_u64(parent, r->tree->frame[c]), c);
		c = r->next[c];
	} while (rc == 0 && c != r->last[parent]);
	return rc;
}

static int find_indexed(struct rings *r, uint32_t parent, uint32_t frame, uint32_t *ret_child)
{
	uint32_t step = 0, c;
	int rc = index_children(r, parent);

	while (rc == 0 && (c = idindex_probe(&r->index, hash_u64(parent, frame), &step))) {
		if (r->tree->parent[c] == parent && r->tree->frame[c] == frame) {
			r->last[parent] = *ret_child = c;
			break;
		}
	}
	return rc;
}

/* The child of `parent` with that frame; *ret_child stays as it is when there is none. */
static int find_child(struct rings *r, uint32_t parent, uint32_t frame, uint32_t *ret_child)
{
	uint32_t last = r->last[parent], c = last;

	if (!last)
		return 0;
	for (int i = 0; i < RING_STEPS; i++) {
		c = r->next[c];
		if (r->tree->frame[c] == frame) {
			r->last[parent] = *ret_child = c;
			return 0;
		}
		if (c == last)
			return 0;
	}
	return find_indexed(r, parent, frame, ret_child);
}

/* Callers come before callees, so one pass finds or adds every node below its caller's. Below a node that
 * is new everything is new. */
static int map_stacks(struct profile *into, const struct profile *from, struct maps *maps)
{
	struct rings rings = { 0 };
	int rc = rings_init(&rings, &into->tree);

	maps->stack = malloc(((size_t)from->tree.n + 1) * sizeof(*maps->stack));
	if (!maps->stack)
		rc = -ENOMEM;
	else
		maps->stack[0] = 0;
	for (uint32_t i = 1; rc == 0 && i < from->tree.n; i++) {
		uint32_t parent = maps->stack[from->tree.parent[i]], child = 0;
		uint32_t frame = maps->frame[from->tree.frame[i]];

		if (parent < rings.n)
			rc = find_child(&rings, parent, frame, &child);
		maps->stack[i] = child ? child : stacktree_append(&into->tree, parent, frame);
	}
	rings_fini(&rings);
	return rc;
}

/* Rows with times stay rows; their times count from the start of the merged profile. */
static void add_rows_at(struct profile *into, const struct profile *from, const uint32_t *stacks,
			const uint32_t *sets, const int64_t *values)
{
	uint64_t start = from->start_wall_ns, ours = into->start_wall_ns, later = 0;

	into->time_step_ns = 0;
	if (start && ours && start > ours)
		later = start - ours;
	for (uint32_t i = 0; start && ours && start < ours && i < into->n; i++)
		into->time_ns[i] += ours - start;
	for (uint32_t i = 0; i < from->n; i++)
		profile_add_at(into, stacks[i], sets[i], from->time_ns[i] + later,
			       values + (size_t)i * into->n_types);
}

static int add_rows(struct profile *into, const struct profile *from, const struct maps *maps)
{
	uint32_t *stacks = calloc((size_t)from->n + 1, sizeof(*stacks));
	uint32_t *sets = calloc((size_t)from->n + 1, sizeof(*sets));
	int64_t *values = calloc((size_t)from->n * into->n_types + 1, sizeof(*values));
	bool timed = from->time_ns && (into->time_ns || !into->n);
	int rc = stacks && sets && values ? 0 : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < from->n; i++) {
		stacks[i] = maps->stack[from->stack[i]];
		sets[i] = maps->set[from->label_set[i]];
		for (uint32_t t = 0; t < from->n_types; t++)
			values[(size_t)i * into->n_types + maps->type[t]] =
				from->values[(size_t)i * from->n_types + t];
	}
	if (rc == 0 && from->n && into->time_ns && !timed)
		profile_forget_times(into);
	if (rc == 0 && timed)
		add_rows_at(into, from, stacks, sets, values);
	else if (rc == 0)
		profile_add_all(into, from->n, stacks, sets, values);
	free(stacks);
	free(sets);
	free(values);
	return rc;
}

static void add_stats(struct profile *into, const struct profile *from, bool first)
{
	struct profile_stats *a = &into->stats;
	const struct profile_stats *b = &from->stats;

	a->known = b->known && (a->known || first);
	a->events += b->events;
	a->recorded += b->recorded;
	a->complete += b->complete;
	a->frames += b->frames;
	a->frames_named += b->frames_named;
	for (uint32_t i = 0; i < b->n_drops; i++)
		profile_add_drop(into, strings_get(&from->strings, b->drops[i].reason),
				 b->drops[i].count);
}

static void add_header(struct profile *into, const struct profile *from, const struct maps *maps)
{
	uint32_t n_old = into->n_comments;

	if (!into->start_wall_ns ||
	    (from->start_wall_ns && from->start_wall_ns < into->start_wall_ns))
		into->start_wall_ns = from->start_wall_ns;
	into->duration_ns += from->duration_ns;
	if (!into->period) {
		into->period = from->period;
		into->period_type = (struct value_type){ maps->string[from->period_type.type],
							 maps->string[from->period_type.unit] };
	}
	if (!into->drop_frames)
		into->drop_frames = maps->string[from->drop_frames];
	if (!into->keep_frames)
		into->keep_frames = maps->string[from->keep_frames];
	if (!into->doc_url)
		into->doc_url = maps->string[from->doc_url];
	for (uint32_t i = 0; i < from->n_comments; i++) {
		uint32_t comment = maps->string[from->comments[i]], at = 0;

		while (at < n_old && into->comments[at] != comment)
			at++;
		if (at == n_old)
			profile_add_comment(into, strings_get(&into->strings, comment));
	}
}

/* All that the rows are made of, behind map_strings(). */
static int map_tables(struct profile *into, const struct profile *from, struct maps *maps)
{
	int rc = map_frames(into, from, maps);

	if (rc == 0)
		rc = map_labels(into, from, maps);
	return rc < 0 ? rc : map_stacks(into, from, maps);
}

int profile_merge_tables(struct profile *into, const struct profile *from, uint32_t **ret_stack,
			 uint32_t **ret_set)
{
	struct maps maps = { 0 };
	int rc = map_strings(into, from, &maps);

	if (rc == 0)
		rc = map_tables(into, from, &maps);
	*ret_stack = maps.stack;
	*ret_set = maps.set;
	maps.stack = maps.set = NULL;
	maps_free(&maps);
	if (rc < 0)
		into->failed = true;
	return profile_failed(into) ? -ENOMEM : rc;
}

/* Leaves what was mapped to the caller, on failure too. */
static int merge(struct profile *into, const struct profile *from, struct maps *maps)
{
	bool first = !into->n_types && !into->n;
	int rc = map_strings(into, from, maps);

	if (rc == 0)
		rc = map_types(into, from, maps);
	if (rc == 0)
		rc = map_tables(into, from, maps);
	if (rc == 0)
		rc = add_rows(into, from, maps);
	if (rc == 0) {
		add_header(into, from, maps);
		add_stats(into, from, first);
	}
	if (rc < 0 && rc != -E2BIG)
		into->failed = true;
	return profile_failed(into) ? -ENOMEM : rc;
}

int profile_merge(struct profile *into, const struct profile *from)
{
	struct maps maps = { 0 };
	int rc = merge(into, from, &maps);

	maps_free(&maps);
	return rc;
}

int profile_merge_loose(struct profile *into, const struct profile *from, uint32_t **ret_frame,
			uint32_t **ret_set)
{
	struct maps maps = { 0 };
	int rc = merge(into, from, &maps);

	*ret_frame = maps.frame;
	*ret_set = maps.set;
	maps.frame = maps.set = NULL;
	maps_free(&maps);
	return rc;
}
