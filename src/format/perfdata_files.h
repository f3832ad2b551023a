/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfdata_files.h
 *
 * The files of a recording that is a directory (perf record --threads): data has the head and what perf itself
 * wrote, data.0, data.1, ... have the records of one thread of perf each, and nothing else.
 */
#ifndef SONDE_FORMAT_PERFDATA_FILES_H
#define SONDE_FORMAT_PERFDATA_FILES_H

#include <stdint.h>

#include "base/file.h"
#include "base/str.h"

#define PERFDATA_FILES_OPEN_MAX 4096u	/* perf's threads: at most one for each processor */
#define PERFDATA_TURN_BYTES ((size_t)1 << 20)	/* read of one file before the next one's turn */

struct err;

struct perfdata_piece {
	struct mapped_file file;
	const char *base;	/* its first byte; NULL: of data, which the caller has */
	struct str left;	/* records not read yet */
};

struct perfdata_files {
	struct perfdata_piece *items;
	uint32_t n, cap;
};

/* The first one is what the caller has of data: its records. 0 or -errno with a sentence; perfdata_files_close()
 * either way. */
int perfdata_files_open(struct perfdata_files *files, const char *directory, struct str records,
			struct err *err);
void perfdata_files_close(struct perfdata_files *files);

#endif
