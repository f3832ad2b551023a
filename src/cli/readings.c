/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/readings.h"

#include <errno.h>
#include <stdlib.h>

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
out:
	free(list.errs);
	free(list.rcs);
	return rc;
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
			reading->type = profile_find_type(&reading->profile, text_of(first, false));
		if (reading->type < 0)
			return err_fail(err, -EINVAL, "%s has no values of type '%.*s', which %s is "
					"about: choose one that all have with --type", reading->path,
					STR_ARG(text_of(first, false)), first->path);
		if (!str_eq(text_of(reading, true), text_of(first, true)))
			return err_fail(err, -EINVAL, "%s counts '%.*s' in %.*s, %s in %.*s: they "
					"cannot be compared", reading->path,
					STR_ARG(text_of(first, false)),
					STR_ARG(text_of(reading, true)), first->path,
					STR_ARG(text_of(first, true)));
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
