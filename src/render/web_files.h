/* SPDX-License-Identifier: Apache-2.0 */
/* render/web_files.h - the files of src/web/, as they were when this was built. */
#ifndef SONDE_RENDER_WEB_FILES_H
#define SONDE_RENDER_WEB_FILES_H

#include "base/str.h"

struct web_file {
	const char *module;	/* what other modules import it as; NULL: not a module */
	const char *path;	/* within src/web/ */
	const char *begin, *end;
};

static inline struct str web_file_bytes(const struct web_file *file)
{
	return (struct str){ file->begin, (size_t)(file->end - file->begin) };
}

/* All of them: *ret_n rows. */
const struct web_file *web_files(size_t *ret_n);

/* The bytes of one, by path; empty when there is none. */
struct str web_file_named(struct str path);

#endif
