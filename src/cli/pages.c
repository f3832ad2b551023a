/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/output.h"
#include "cli/readings.h"
#include "render/html.h"
#include "render/source.h"

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

static int fill_parts(struct html_part *parts, struct source_places *places, const struct readings *readings,
		      const char *title, struct err *err)
{
	bool repeat = names_repeat(readings);
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < readings->n; i++) {
		const struct reading *reading = &readings->items[i];

		output_sources(&places[i], &reading->profile, reading->path ? reading->path : FILE_DEFAULT_NAME,
			       reading->source_directory);
		parts[i] = (struct html_part){
			.name = repeat || !reading->path ? reading->path : file_name(reading->path),
			.profile = &reading->shown.profile,
			.options = { .title = title, .filter = &reading->filter,
				     .filter_words = reading->words[0] ? reading->words : NULL,
				     .type = reading->type, .folded = reading->shown.folded,
				     .sources = reading->no_source ? NULL : &places[i] },
		};
		rc = reading_unit(reading, &parts[i].options.unit, err);
	}
	return rc;
}

int pages_write(struct buf *out, const struct readings *readings, const char *title, struct err *err)
{
	struct html_part *parts = calloc((size_t)readings->n + 1, sizeof(*parts));
	struct source_places *places = calloc((size_t)readings->n + 1, sizeof(*places));
	int rc = parts && places ? 0 : err_fail(err, -ENOMEM, "out of memory for %u profiles", readings->n);

	if (rc == 0)
		rc = fill_parts(parts, places, readings, title, err);
	if (rc == 0)
		rc = html_write_all(out, parts, readings->n, err);
	free(parts);
	free(places);
	return rc;
}
