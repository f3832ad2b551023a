/* SPDX-License-Identifier: Apache-2.0 */
/* format/pprof.h
 *
 * pprof's profile.proto (github.com/google/pprof, proto/profile.proto; field numbers below are its).
 * What has no field there travels in comments "sonde: ...": pprof_notes.h.
 */
#ifndef SONDE_FORMAT_PPROF_H
#define SONDE_FORMAT_PPROF_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct new_file;
struct profile;

enum {	/* message Profile */
	PPROF_SAMPLE_TYPE = 1, PPROF_SAMPLE = 2, PPROF_MAPPING = 3, PPROF_LOCATION = 4,
	PPROF_FUNCTION = 5, PPROF_STRING = 6, PPROF_DROP_FRAMES = 7, PPROF_KEEP_FRAMES = 8,
	PPROF_TIME = 9, PPROF_DURATION = 10, PPROF_PERIOD_TYPE = 11, PPROF_PERIOD = 12,
	PPROF_COMMENT = 13, PPROF_DEFAULT_TYPE = 14, PPROF_DOC_URL = 15
};
enum { PPROF_TYPE_TYPE = 1, PPROF_TYPE_UNIT = 2 };
enum { PPROF_SAMPLE_LOCATION = 1, PPROF_SAMPLE_VALUE = 2, PPROF_SAMPLE_LABEL = 3 };
enum { PPROF_LABEL_KEY = 1, PPROF_LABEL_STR = 2, PPROF_LABEL_NUM = 3, PPROF_LABEL_UNIT = 4 };
enum {
	PPROF_MAPPING_ID = 1, PPROF_MAPPING_START = 2, PPROF_MAPPING_LIMIT = 3,
	PPROF_MAPPING_OFFSET = 4, PPROF_MAPPING_FILE = 5, PPROF_MAPPING_BUILD_ID = 6,
	PPROF_MAPPING_HAS_FUNCTIONS = 7, PPROF_MAPPING_HAS_FILES = 8,
	PPROF_MAPPING_HAS_LINES = 9, PPROF_MAPPING_HAS_INLINES = 10
};
enum {
	PPROF_LOCATION_ID = 1, PPROF_LOCATION_MAPPING = 2, PPROF_LOCATION_ADDRESS = 3,
	PPROF_LOCATION_LINE = 4
};
enum { PPROF_LINE_FUNCTION = 1, PPROF_LINE_LINE = 2, PPROF_LINE_COLUMN = 3 };
enum {
	PPROF_FUNCTION_ID = 1, PPROF_FUNCTION_NAME = 2, PPROF_FUNCTION_SYSTEM_NAME = 3,
	PPROF_FUNCTION_FILE = 4, PPROF_FUNCTION_START_LINE = 5
};

/* One byte of a sample can name a location of many inlined lines. No more of them are written into one
 * location than this; read, a file that unfolds to more frames than this for each of its bytes is a
 * bomb. */
#define PPROF_CHAIN_MAX 64

/* Rows with times carry them in this label, when the comment "sonde: times" says so. */
#define PPROF_TIME_LABEL "time"

bool pprof_detect(struct str head);
int pprof_read(struct profile *profile, struct input *input, struct err *err);

/* In gzip, and plain. The same profile gives the same bytes. */
int pprof_write(const struct profile *profile, struct new_file *file, struct err *err);
int pprof_write_plain(const struct profile *profile, struct new_file *file, struct err *err);

#endif
