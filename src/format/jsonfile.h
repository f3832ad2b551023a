/* SPDX-License-Identifier: Apache-2.0 */
/* format/jsonfile.h
 *
 * JSON on its way into a file, for writers of more than fits comfortably in memory: what is written
 * to .json goes out piece by piece when jsonfile_flush() is called between values.
 */
#ifndef SONDE_FORMAT_JSONFILE_H
#define SONDE_FORMAT_JSONFILE_H

#include "base/json.h"

struct err;
struct new_file;

struct jsonfile {
	struct buf bytes;
	struct json json;
	struct new_file *file;	/* borrowed, like .err */
	struct err *err;
	int rc;			/* the first failure: 0 or -errno; nothing is written after it */
};

/* jsonfile_end() frees what the bytes took. */
void jsonfile_begin(struct jsonfile *out, struct new_file *file, struct err *err);

/* Writes what has gathered, when it is much. False: it failed now or before. */
bool jsonfile_flush(struct jsonfile *out);

/* Writes the rest and a newline. 0 or -errno with a sentence. */
int jsonfile_end(struct jsonfile *out);

#endif
