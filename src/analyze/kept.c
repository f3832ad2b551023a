/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/filter.h"
#include "base/err.h"

/* The rows of a column that the filter keeps, or NULL. */
static void *keep_rows(const struct filter *filter, const void *column, uint32_t n, size_t size)
{
	char *rows = calloc((size_t)filter->kept + 1, size);
	uint32_t to = 0;

	for (uint32_t i = 0; rows && size && i < n; i++)
		if (filter_keeps(filter, i))
			memcpy(rows + size * to++, (const char *)column + size * i, size);
	return rows;
}

static void free_columns(struct profile *profile)
{
	free(profile->stack);
	free(profile->label_set);
	free(profile->time_ns);
	free(profile->values);
	profile->stack = profile->label_set = NULL;
	profile->time_ns = NULL;
	profile->values = NULL;
}

int kept_init(struct kept *kept, const struct profile *profile, const struct filter *filter,
	      struct err *err)
{
	struct profile *to = &kept->profile;
	uint32_t n = profile->n;

	*kept = (struct kept){ .profile = *profile };
	if (!filter || !filter->keep || filter->kept == n)
		return 0;
	to->n = filter->kept;
	to->stack = keep_rows(filter, profile->stack, n, sizeof(*to->stack));
	to->label_set = keep_rows(filter, profile->label_set, n, sizeof(*to->label_set));
	to->values = keep_rows(filter, profile->values, n,
			       sizeof(*to->values) * profile->n_types);
	if (profile->time_ns)
		to->time_ns = keep_rows(filter, profile->time_ns, n, sizeof(*to->time_ns));
	kept->owned = true;
	if (to->stack && to->label_set && to->values && (to->time_ns || !profile->time_ns))
		return 0;
	kept_fini(kept);
	return err_fail(err, -ENOMEM, "out of memory over %u samples", n);
}

void kept_fini(struct kept *kept)
{
	if (!kept->owned)
		return;
	free_columns(&kept->profile);
	kept->owned = false;
}
