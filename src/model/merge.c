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
	int64_t *values;

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
	if ((uint64_t)into->n * n > UINT32_MAX)
		return -ENOMEM;
	if (n > old && into->n) {	/* rows grow: spread them out into a new column */
		values = calloc((size_t)into->n * n, sizeof(*values));
		if (!values)
			return -ENOMEM;
		for (uint32_t i = 0; i < into->n; i++)
			memcpy(values + (size_t)i * n, into->values + (size_t)i * old,
			       old * sizeof(*values));
		free(into->values);
		into->values = values;
		into->cap_values = into->n * n;
	}
	if (!old && from->n_types)
		into->default_type = maps->type[from->default_type];
	memcpy(into->types, types, sizeof(types));
	into->n_types = n;
	return 0;
}

static int map_tables(struct profile *into, const struct profile *from, struct maps *maps)
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

/* The children of every node as lists in ascending order: first[node], then next[child], ... 0. */
struct siblings {
	uint32_t *first, *next;
};

static int siblings_init(struct siblings *s, const struct stacktree *tree)
{
	s->first = calloc(tree->n, sizeof(*s->first));
	s->next = calloc(tree->n, sizeof(*s->next));
	if (!s->first || !s->next)
		return -ENOMEM;
	for (uint32_t i = tree->n; i-- > 1;) {
		s->next[i] = s->first[tree->parent[i]];
		s->first[tree->parent[i]] = i;
	}
	return 0;
}

struct seat {	/* by frame: the child of ours that has it, valid while parent is the current one + 1 */
	uint32_t parent, child;
};

/* Finds which nodes of `from` exist in `into`: node by node, our children take their seats by frame
 * and the others' look there. No hash: time is the sum of both trees. Nodes that are new stay 0. */
static void match_nodes(const struct stacktree *into, const struct stacktree *from,
			const struct siblings *ours, const struct siblings *theirs,
			struct seat *seats, struct maps *maps)
{
	for (uint32_t b = 0; b < from->n; b++) {
		uint32_t a = maps->stack[b];

		if (!theirs->first[b] || !ours->first[a] || (b && !a))
			continue;
		for (uint32_t c = ours->first[a]; c; c = ours->next[c])
			seats[into->frame[c]] = (struct seat){ a + 1, c };
		for (uint32_t c = theirs->first[b]; c; c = theirs->next[c]) {
			struct seat seat = seats[maps->frame[from->frame[c]]];

			if (seat.parent == a + 1)
				maps->stack[c] = seat.child;
		}
	}
}

static int map_stacks(struct profile *into, const struct profile *from, struct maps *maps)
{
	struct siblings ours = { 0 }, theirs = { 0 };
	struct seat *seats = calloc(into->frames.n_frames, sizeof(*seats));
	int rc = -ENOMEM;

	maps->stack = calloc(from->tree.n, sizeof(*maps->stack));
	if (seats && maps->stack && siblings_init(&ours, &into->tree) == 0 &&
	    siblings_init(&theirs, &from->tree) == 0) {
		match_nodes(&into->tree, &from->tree, &ours, &theirs, seats, maps);
		rc = 0;
	}
	free(seats);
	free(ours.first);
	free(ours.next);
	free(theirs.first);
	free(theirs.next);
	for (uint32_t i = 1; rc == 0 && i < from->tree.n; i++)
		if (!maps->stack[i])
			maps->stack[i] = stacktree_append(&into->tree,
							  maps->stack[from->tree.parent[i]],
							  maps->frame[from->tree.frame[i]]);
	return rc;
}

/* Rows with times stay rows; their times count from the start of the merged profile. */
static void add_rows_at(struct profile *into, const struct profile *from, const uint32_t *stacks,
			const uint32_t *sets, const int64_t *values)
{
	uint64_t start = from->start_wall_ns, ours = into->start_wall_ns, later = 0;

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
	if (rc == 0 && from->n && into->time_ns && !timed) {
		free(into->time_ns);
		into->time_ns = NULL;
		into->cap_time = 0;
	}
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

int profile_merge(struct profile *into, const struct profile *from)
{
	struct maps maps = { .string = calloc((size_t)from->strings.n + 1, sizeof(uint32_t)) };
	bool first = !into->n_types && !into->n;
	int rc = maps.string ? 0 : -ENOMEM;

	for (uint32_t i = 1; rc == 0 && i < from->strings.n; i++)
		maps.string[i] = strings_add(&into->strings, strings_get(&from->strings, i));
	if (rc == 0)
		rc = map_types(into, from, &maps);
	if (rc == 0)
		rc = map_tables(into, from, &maps);
	if (rc == 0)
		rc = map_labels(into, from, &maps);
	if (rc == 0)
		rc = map_stacks(into, from, &maps);
	if (rc == 0)
		rc = add_rows(into, from, &maps);
	if (rc == 0) {
		add_header(into, from, &maps);
		add_stats(into, from, first);
	}
	maps_free(&maps);
	if (rc < 0 && rc != -E2BIG)
		into->failed = true;
	return profile_failed(into) ? -ENOMEM : rc;
}
