/* SPDX-License-Identifier: Apache-2.0 */
/* format/otlp.h
 *
 * OpenTelemetry's profiles (opentelemetry-proto, profiles/v1development/profiles.proto): a file is one
 * message ProfilesData, which on the wire is also what OTLP sends (ExportProfilesServiceRequest). Version
 * 1.10 is written; 1.9 and 1.8, whose samples have other field numbers, are told apart by content and
 * read too. Field numbers below are 1.10's.
 */
#ifndef SONDE_FORMAT_OTLP_H
#define SONDE_FORMAT_OTLP_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct new_file;
struct profile;

enum { OTLP_RESOURCE_PROFILES = 1, OTLP_DICTIONARY = 2 };	/* ProfilesData */
enum { OTLP_RESOURCE = 1, OTLP_SCOPE_PROFILES = 2 };		/* ResourceProfiles */
enum { OTLP_RESOURCE_ATTRIBUTES = 1 };				/* Resource */
enum { OTLP_SCOPE = 1, OTLP_PROFILES = 2 };			/* ScopeProfiles */
enum {								/* ProfilesDictionary */
	OTLP_MAPPINGS = 1, OTLP_LOCATIONS = 2, OTLP_FUNCTIONS = 3, OTLP_LINKS = 4, OTLP_STRINGS = 5,
	OTLP_ATTRIBUTES = 6, OTLP_STACKS = 7
};
enum {								/* Profile */
	OTLP_SAMPLE_TYPE = 1, OTLP_SAMPLES = 2, OTLP_TIME = 3, OTLP_DURATION = 4,
	OTLP_PERIOD_TYPE = 5, OTLP_PERIOD = 6, OTLP_PROFILE_ID = 7
};
enum { OTLP_TYPE = 1, OTLP_UNIT = 2 };				/* ValueType: strings */
enum {								/* Sample */
	OTLP_STACK = 1, OTLP_SAMPLE_ATTRIBUTES = 2, OTLP_LINK = 3, OTLP_VALUES = 4,
	OTLP_TIMESTAMPS = 5
};
enum {								/* Sample of 1.9 and 1.8 */
	OTLP_OLD_VALUES = 2, OTLP_OLD_ATTRIBUTES = 3, OTLP_OLD_LINK = 4
};
enum { OTLP_STACK_LOCATIONS = 1 };				/* Stack: innermost first */
enum {								/* Location */
	OTLP_LOCATION_MAPPING = 1, OTLP_LOCATION_ADDRESS = 2, OTLP_LOCATION_LINES = 3,
	OTLP_LOCATION_ATTRIBUTES = 4
};
enum { OTLP_LINE_FUNCTION = 1, OTLP_LINE_LINE = 2, OTLP_LINE_COLUMN = 3 };
enum {								/* Function: strings, and a line */
	OTLP_FUNCTION_NAME = 1, OTLP_FUNCTION_SYSTEM_NAME = 2, OTLP_FUNCTION_FILE = 3,
	OTLP_FUNCTION_START_LINE = 4
};
enum {								/* Mapping */
	OTLP_MAPPING_START = 1, OTLP_MAPPING_LIMIT = 2, OTLP_MAPPING_OFFSET = 3, OTLP_MAPPING_FILE = 4,
	OTLP_MAPPING_ATTRIBUTES = 5
};
enum { OTLP_ATTRIBUTE_KEY = 1, OTLP_ATTRIBUTE_VALUE = 2, OTLP_ATTRIBUTE_UNIT = 3 };
enum { OTLP_KEY = 1, OTLP_VALUE = 2, OTLP_KEY_STRING = 3 };	/* KeyValue */
enum { OTLP_ANY_STRING = 1, OTLP_ANY_BOOL = 2, OTLP_ANY_INT = 3, OTLP_ANY_STRING_INDEX = 8 };

/* Of a mapping and of a location. The kinds are the model's; OpenTelemetry's own names say less. */
#define OTLP_BUILD_ID "process.executable.build_id.gnu"
#define OTLP_FRAME_TYPE "profile.frame.type"
#define OTLP_FRAME_KIND "sonde.frame.kind"

/* Labels that have another name there: OpenTelemetry's, the model's. */
struct otlp_name {
	const char *theirs, *ours;
};
extern const struct otlp_name otlp_names[];	/* ends with zeros */

bool otlp_detect(struct str head);
int otlp_read(struct profile *profile, struct input *input, struct err *err);
int otlp_write(const struct profile *profile, struct new_file *file, struct err *err);

#endif
