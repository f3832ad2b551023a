/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/readings.h"
#include "render/html.h"

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Whether two files have one name: then only their paths tell them apart. */
static bool names_repeat(const struct readings *readings)
{
	for (uint32_t i = 1; i < readings->n; i++)
		for (uint32_t k = 0; k < i; k++)
			if (!strcmp(file_name(readings->items[i].path),
				    file_name(readings->items[k].path)))
				return true;
	return false;
}

static void fill_parts(struct html_part *parts, const struct readings *readings, const char *title)
{
	bool repeat = names_repeat(readings);

	for (uint32_t i = 0; i < readings->n; i++) {
		const struct reading *reading = &readings->items[i];

		parts[i] = (struct html_part){
			.name = repeat || !reading->path ? reading->path : file_name(reading->path),
			.profile = &reading->shown.profile,
			.options = { .title = title, .filter = &reading->filter,
				     .filter_words = reading->words[0] ? reading->words : NULL,
				     .type = reading->type, .folded = reading->shown.folded },
		};
	}
}

int pages_write(struct buf *out, const struct readings *readings, const char *title, struct err *err)
{
	struct html_part *parts = calloc((size_t)readings->n + 1, sizeof(*parts));
	int rc;

	if (!parts)
		return err_fail(err, -ENOMEM, "out of memory for %u profiles", readings->n);
	fill_parts(parts, readings, title);
	rc = html_write_all(out, parts, readings->n, err);
	free(parts);
	return rc;
}
