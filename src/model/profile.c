/* SPDX-License-Identifier: Apache-2.0 */
#include "model/profile.h"

#include <errno.h>

#include "base/sum.h"
#include "base/vec.h"

#define AHEAD 16	/* rows whose slots are asked of memory before they are needed */

void profile_init(struct profile *profile)
{
	*profile = (struct profile){ 0 };
	frames_init(&profile->frames, &profile->strings);
	stacktree_init(&profile->tree);
	labels_init(&profile->labels);
}

void profile_fini(struct profile *profile)
{
	strings_fini(&profile->strings);
	frames_fini(&profile->frames);
	stacktree_fini(&profile->tree);
	labels_fini(&profile->labels);
	free(profile->stack);
	free(profile->label_set);
	free(profile->time_ns);
	free(profile->values);
	free(profile->comments);
	idindex_fini(&profile->index);
	*profile = (struct profile){ 0 };
}

void profile_take(struct profile *into, struct profile *from)
{
	profile_fini(into);
	*into = *from;
	into->frames.strings = &into->strings;
	profile_init(from);
}

int profile_widen(struct profile *profile, uint32_t n_types)
{
	uint32_t old = profile->n_types;
	int64_t *values;

	if ((uint64_t)profile->n * n_types > UINT32_MAX)
		return -ENOMEM;
	if (n_types > old && profile->n) {	/* rows grow: spread them out into a new column */
		values = calloc((size_t)profile->n * n_types, sizeof(*values));
		if (!values)
			return -ENOMEM;
		for (uint32_t i = 0; i < profile->n; i++)
			memcpy(values + (size_t)i * n_types, profile->values + (size_t)i * old,
			       old * sizeof(*values));
		free(profile->values);
		profile->values = values;
		profile->cap_values = profile->n * n_types;
	}
	profile->n_types = n_types;
	return 0;
}

uint32_t profile_add_type(struct profile *profile, struct str type, struct str unit)
{
	uint32_t at = profile->n_types;

	if (at == VALUE_TYPES_MAX || profile_widen(profile, at + 1) < 0) {
		profile->failed = true;
		return 0;
	}
	profile->types[at] = (struct value_type){
		strings_add(&profile->strings, type), strings_add(&profile->strings, unit)
	};
	return at;
}

int profile_find_type(const struct profile *profile, struct str type)
{
	for (uint32_t i = 0; i < profile->n_types; i++)
		if (str_eq(profile_type_name(profile, i), type))
			return (int)i;
	return -1;
}

int profile_type_at(struct profile *profile, struct str type, struct str unit)
{
	for (uint32_t i = 0; i < profile->n_types; i++)
		if (str_eq(profile_type_name(profile, i), type) && str_eq(profile_type_unit(profile, i), unit))
			return (int)i;
	return profile->n_types < VALUE_TYPES_MAX ? (int)profile_add_type(profile, type, unit) : -1;
}

double profile_unit_ns(const struct profile *profile, uint32_t type)
{
	static const struct { const char *unit; double ns; } units[] = {
		{ "nanoseconds", 1 }, { "microseconds", 1e3 }, { "milliseconds", 1e6 }, { "seconds", 1e9 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (str_eq(profile_type_unit(profile, type), str_of(units[i].unit)))
			return units[i].ns;
	return 0;
}

/* Room for so many rows in all, but for their times. */
static bool reserve_rows(struct profile *profile, uint64_t n)
{
	if (VEC_RESERVE_RAW(&profile->stack, &profile->cap_stack, n) < 0 ||
	    VEC_RESERVE_RAW(&profile->label_set, &profile->cap_label_set, n) < 0 ||
	    VEC_RESERVE_RAW(&profile->values, &profile->cap_values, n * profile->n_types) < 0)
		profile->failed = true;
	return !profile->failed;
}

static bool append(struct profile *profile, uint32_t stack, uint32_t label_set,
		   const int64_t *values)
{
	if (profile->failed || !reserve_rows(profile, (uint64_t)profile->n + 1))
		return false;
	profile->stack[profile->n] = stack;
	profile->label_set[profile->n] = label_set;
	memcpy(profile->values + (size_t)profile->n * profile->n_types, values,
	       profile->n_types * sizeof(*values));
	return true;
}

uint32_t profile_append(struct profile *profile, uint32_t stack, uint32_t label_set,
			const int64_t *values)
{
	return append(profile, stack, label_set, values) ? profile->n++ : 0;
}

void profile_add_to(struct profile *profile, uint32_t row, const int64_t *values)
{
	if (row >= profile->n)
		return;
	for (uint32_t t = 0; t < profile->n_types; t++)
		sum_add(&profile->values[(size_t)row * profile->n_types + t], values[t]);
}

/* Rows that came in bulk are indexed when a single one is asked for. */
static bool index_all(struct profile *profile)
{
	while (!profile->failed && profile->n_indexed < profile->n) {
		uint32_t row = profile->n_indexed;
		uint64_t hash = hash_u64(profile->stack[row], profile->label_set[row]);

		if (idindex_add(&profile->index, hash, row + 1) < 0)
			profile->failed = true;
		else
			profile->n_indexed++;
	}
	return !profile->failed;
}

uint32_t profile_row(struct profile *profile, uint32_t stack, uint32_t label_set)
{
	static const int64_t nothing[VALUE_TYPES_MAX];
	uint64_t hash = hash_u64(stack, label_set);
	uint32_t step = 0, id;

	if (!index_all(profile))
		return UINT32_MAX;
	while ((id = idindex_probe(&profile->index, hash, &step)))
		if (profile->stack[id - 1] == stack && profile->label_set[id - 1] == label_set)
			return id - 1;
	if (!append(profile, stack, label_set, nothing))
		return UINT32_MAX;
	if (idindex_add(&profile->index, hash, profile->n + 1) < 0) {
		profile->failed = true;
		return UINT32_MAX;
	}
	profile->n_indexed = ++profile->n;
	return profile->n - 1;
}

void profile_add(struct profile *profile, uint32_t stack, uint32_t label_set, const int64_t *values)
{
	profile_add_to(profile, profile_row(profile, stack, label_set), values);
}

void profile_add_all(struct profile *profile, uint32_t n, const uint32_t *stacks,
		     const uint32_t *label_sets, const int64_t *values)
{
	if (idindex_reserve(&profile->index, (uint64_t)profile->n + n) < 0)
		profile->failed = true;
	for (uint32_t i = 0; i < n && !profile->failed; i++, values += profile->n_types) {
		uint32_t ahead = i + AHEAD < n ? i + AHEAD : i;

		idindex_prefetch(&profile->index, hash_u64(stacks[ahead],
							   label_sets ? label_sets[ahead] : 0));
		profile_add(profile, stacks[i], label_sets ? label_sets[i] : 0, values);
	}
}

void profile_add_at(struct profile *profile, uint32_t stack, uint32_t label_set, uint64_t time_ns,
		    const int64_t *values)
{
	if (profile->untimed) {
		profile_add(profile, stack, label_set, values);
		return;
	}
	if (VEC_RESERVE_RAW(&profile->time_ns, &profile->cap_time, (uint64_t)profile->n + 1) < 0)
		profile->failed = true;
	if (append(profile, stack, label_set, values))
		profile->time_ns[profile->n++] = time_ns;
}

int profile_add_rows(struct profile *profile, uint32_t n)
{
	uint64_t all = (uint64_t)profile->n + n;

	if (VEC_RESERVE_RAW(&profile->time_ns, &profile->cap_time, all) < 0)
		profile->failed = true;
	if (profile->failed || !reserve_rows(profile, all))
		return -ENOMEM;
	profile->n = (uint32_t)all;
	return 0;
}

void profile_forget_times(struct profile *profile)
{
	free(profile->time_ns);
	profile->time_ns = NULL;
	profile->time_step_ns = 0;
	profile->cap_time = 0;
}

uint32_t *profile_take_stacks(struct profile *profile)
{
	uint32_t *stacks = profile->stack, *none = calloc((size_t)profile->n + 1, sizeof(*none));

	if (!none)
		return NULL;
	profile->stack = none;
	profile->cap_stack = profile->n + 1;
	idindex_fini(&profile->index);
	profile->n_indexed = 0;
	return stacks;
}

void profile_relabel(struct profile *profile, const uint32_t *sets)
{
	for (uint32_t i = 0; i < profile->n; i++)
		profile->label_set[i] = sets[profile->label_set[i]];
	idindex_fini(&profile->index);
	profile->n_indexed = 0;
}

void profile_add_comment(struct profile *profile, struct str comment)
{
	if (VEC_RESERVE(&profile->comments, &profile->cap_comments,
			(uint64_t)profile->n_comments + 1) < 0)
		profile->failed = true;
	else
		profile->comments[profile->n_comments++] = strings_add(&profile->strings, comment);
}

void profile_add_drop(struct profile *profile, struct str reason, uint64_t count)
{
	struct profile_stats *stats = &profile->stats;
	uint32_t id = strings_add(&profile->strings, reason);

	if (!count)
		return;
	for (uint32_t i = 0; i < stats->n_drops; i++) {
		if (stats->drops[i].reason == id) {
			stats->drops[i].count += count;
			return;
		}
	}
	if (stats->n_drops == DROPS_MAX) {
		stats->drops[DROPS_MAX - 1].count += count;	/* never lose a loss */
		return;
	}
	stats->drops[stats->n_drops++] = (struct drop){ id, count };
}

uint64_t profile_dropped(const struct profile *profile)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < profile->stats.n_drops; i++)
		sum += profile->stats.drops[i].count;
	return sum;
}

bool profile_failed(const struct profile *profile)
{
	return profile->failed || profile->strings.failed || profile->frames.failed ||
	       profile->tree.failed || profile->labels.failed;
}

int64_t profile_total(const struct profile *profile, uint32_t type)
{
	int64_t sum = 0;

	for (uint32_t i = 0; type < profile->n_types && i < profile->n; i++)
		sum_add(&sum, profile_value(profile, i, type));
	return sum;
}
