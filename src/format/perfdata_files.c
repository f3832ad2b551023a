/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfdata_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/vec.h"

static int add(struct perfdata_files *files, const struct perfdata_piece *piece)
{
	if (VEC_RESERVE(&files->items, &files->cap, (uint64_t)files->n + 1) < 0)
		return -ENOMEM;
	files->items[files->n++] = *piece;
	return 0;
}

/* They are numbered without a gap. One that is empty had nothing to say. */
int perfdata_files_open(struct perfdata_files *files, const char *directory, struct str records,
			struct err *err)
{
	int rc;

	*files = (struct perfdata_files){ 0 };
	rc = add(files, &(struct perfdata_piece){ .left = records });
	for (uint32_t i = 0; rc == 0 && i < PERFDATA_FILES_OPEN_MAX; i++) {
		struct perfdata_piece piece = { 0 };
		char path[PATH_MAX];
		struct stat st;

		if (snprintf(path, sizeof(path), "%s/data.%u", directory, i) >= (int)sizeof(path) ||
		    stat(path, &st) < 0)
			break;
		if (!S_ISREG(st.st_mode) || !st.st_size)
			continue;
		rc = mapped_file_open(&piece.file, path, err);
		if (rc < 0)
			break;
		piece.left = mapped_file_view(&piece.file);
		piece.base = piece.left.p;
		rc = add(files, &piece);
		if (rc < 0)
			mapped_file_close(&piece.file);
	}
	return rc;
}

void perfdata_files_close(struct perfdata_files *files)
{
	for (uint32_t i = 0; i < files->n; i++)
		mapped_file_close(&files->items[i].file);
	free(files->items);
	*files = (struct perfdata_files){ 0 };
}
