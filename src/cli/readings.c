/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/readings.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/parallel.h"

struct reading_list {
	struct reading *items;
	struct err *errs;
	int *rcs;
};

static void read_one(void *context, uint32_t i)
{
	struct reading_list *list = context;

	list->rcs[i] = reading_open(&list->items[i], &list->errs[i]);
	if (list->rcs[i] == 0)
		list->rcs[i] = reading_group(&list->items[i], &list->errs[i]);
}

static struct str text_of(const struct reading *reading, bool unit)
{
	const struct profile *profile = &reading->profile;
	const struct value_type *type = &profile->types[reading->type];

	return strings_get(&profile->strings, unit ? type->unit : type->type);
}

/* Stacks are lists in all or in none. */
static int make_alike(struct readings *readings, struct err *err)
{
	bool all = true;
	int rc = 0;

	for (uint32_t i = 0; i < readings->n; i++)
		all = all && loose_stacks(&readings->items[i].rows).n;
	for (uint32_t i = 0; rc == 0 && !all && i < readings->n; i++)
		rc = reading_plant(&readings->items[i], err);
	return rc;
}

int readings_open(struct readings *readings, const struct reading *common, const char *const *paths,
		  uint32_t n, struct err *err)
{
	struct reading_list list = { 0 };
	int rc = 0;

	*readings = (struct readings){ .items = calloc(n, sizeof(*readings->items)) };
	list.items = readings->items;
	list.errs = calloc(n, sizeof(*list.errs));
	list.rcs = calloc(n, sizeof(*list.rcs));
	if (!list.items || !list.errs || !list.rcs) {
		rc = err_fail(err, -ENOMEM, "out of memory for %u profiles", n);
		goto out;
	}
	readings->n = n;
	for (uint32_t i = 0; i < n; i++) {
		readings->items[i] = *common;
		readings->items[i].path = paths[i];
		if (common->options.n_labels)
			readings->items[i].options.labels = readings->items[i].labels;
	}
	parallel_each(n, read_one, &list);
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		rc = list.rcs[i];
		if (rc < 0 && err && paths[i] && !strstr(list.errs[i].text, paths[i]))
			err_set(err, "%s: %s", paths[i], list.errs[i].text[0]
							 ? list.errs[i].text : err_text(rc));
		else if (rc < 0)
			err_set(err, "%s", list.errs[i].text);
	}
	if (rc == 0)
		rc = make_alike(readings, err);
out:
	free(list.errs);
	free(list.rcs);
	return rc;
}

/* "cpu" (pprof, JFR), "cpu-clock", "task-clock:u" (perf): one thing under several names. */
static bool is_cpu_time(const struct profile *profile, uint32_t type)
{
	struct str name = profile_type_name(profile, type);

	return profile_unit_ns(profile, type) > 0 && (str_eq(name, STR("cpu")) || str_starts(name, STR("cpu-clock")) ||
						      str_starts(name, STR("task-clock")));
}

/* The type that is what `type` is in the first one; -1: none is. */
static int find_same(const struct profile *profile, const struct profile *first, uint32_t type)
{
	int found = profile_find_type(profile, profile_type_name(first, type));

	for (uint32_t i = 0; found < 0 && is_cpu_time(first, type) && i < profile->n_types; i++)
		if (is_cpu_time(profile, i))
			found = (int)i;
	return found;
}

/* What to do where the two are not about one thing. */
static void add_advice(struct buf *out, const struct profile *profile, const struct profile *first)
{
	for (uint32_t i = 0; i < first->n_types; i++) {
		struct str name = profile_type_name(first, i);
		int same = profile_find_type(profile, name);

		if (same < 0 || !str_eq(profile_type_unit(profile, (uint32_t)same), profile_type_unit(first, i)))
			continue;
		buf_addf(out, ": --type %.*s compares what both have", STR_ARG(name));
		return;
	}
	buf_add_str(out, STR(": they cannot be compared"));
}

static int fail_unlike(const struct reading *reading, const struct reading *first, struct err *err)
{
	struct buf words = { 0 };

	for (uint32_t i = 0; i < reading->profile.n_types; i++)
		buf_addf(&words, "%s%.*s", i ? ", " : "", STR_ARG(profile_type_name(&reading->profile, i)));
	add_advice(&words, &reading->profile, &first->profile);
	err_set(err, "%s has no values of type '%.*s', which %s is about, but %.*s", reading->path,
		STR_ARG(text_of(first, false)), first->path, STR_ARG(buf_str(&words)));
	buf_fini(&words);
	return -EINVAL;
}

static int fail_units(const struct reading *reading, const struct reading *first, struct err *err)
{
	struct buf words = { 0 };

	add_advice(&words, &reading->profile, &first->profile);
	err_set(err, "%s counts '%.*s' in %.*s, %s in %.*s%.*s", reading->path, STR_ARG(text_of(first, false)),
		STR_ARG(text_of(reading, true)), first->path, STR_ARG(text_of(first, true)), STR_ARG(buf_str(&words)));
	buf_fini(&words);
	return -EINVAL;
}

int readings_agree(struct readings *readings, struct err *err)
{
	struct reading *first = &readings->items[0];

	for (uint32_t i = 0; i < readings->n; i++) {
		struct reading *reading = &readings->items[i];

		if (!reading->profile.n_types)
			return err_fail(err, -EINVAL, "%s has no values", reading->path);
		if (reading->type < 0 && i == 0)
			reading->type = (int)reading->profile.default_type;
		if (reading->type < 0)
			reading->type = find_same(&reading->profile, &first->profile, (uint32_t)first->type);
		if (reading->type < 0)
			return fail_unlike(reading, first, err);
		if (!str_eq(text_of(reading, true), text_of(first, true)))
			return fail_units(reading, first, err);
	}
	return 0;
}

void readings_close(struct readings *readings)
{
	for (uint32_t i = 0; i < readings->n; i++)
		reading_close(&readings->items[i]);
	free(readings->items);
	*readings = (struct readings){ 0 };
}
