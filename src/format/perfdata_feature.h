/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfdata_feature.h - what perf tells of a recording as a whole, for the head (format/perfdata_head.h). */
#ifndef SONDE_FORMAT_PERFDATA_FEATURE_H
#define SONDE_FORMAT_PERFDATA_FEATURE_H

#include <stdint.h>

#include "base/str.h"

struct err;
struct perfdata_head;
struct perfdata_record;

/* The section of that number (enum feature); of those that nobody asks for nothing is kept. 0 or -errno. */
int perfdata_feature_read(struct perfdata_head *head, uint64_t feature, struct str section, struct err *err);

/* A build id, from the section or a record of its own. 0 or -errno. */
int perfdata_feature_build_id(struct perfdata_head *head, const struct perfdata_record *record, struct err *err);

/* -E2BIG, with a sentence. */
int perfdata_head_too_many(const struct perfdata_head *head, const char *what, struct err *err);

#endif
