/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfdata_head.h
 *
 * What a perf.data says besides its records.
 *
 *   file   "PERFILE2", where the attrs and the records are | attrs: events with their numbers | records |
 *          features: where recorded, how, build ids, names of events
 *   pipe   "PERFILE2", 16 | records, and among them the attrs and the features
 *
 * Both are looked through before the first sample is.
 * Memory: strs are the file's; the tables are malloc's, perfdata_head_fini() frees them.
 */
#ifndef SONDE_FORMAT_PERFDATA_HEAD_H
#define SONDE_FORMAT_PERFDATA_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "format/perfdata_event.h"

struct err;

#define PERFDATA_EVENTS_MAX 65536u
#define PERFDATA_TABLE_MAX (1u << 22)	/* numbers of events, build ids */

/* Kinds of records that perf itself writes (perf_user_event_type), of which these matter here. */
enum perfdata_own {
	PERFDATA_ATTR = 64,
	PERFDATA_TRACING_DATA = 66,
	PERFDATA_BUILD_ID = 67,
	PERFDATA_FINISHED_ROUND = 68,
	PERFDATA_AUXTRACE = 71,
	PERFDATA_EVENT_UPDATE = 78,
	PERFDATA_FEATURE = 80,
	PERFDATA_COMPRESSED = 81,
	PERFDATA_COMPRESSED2 = 83,
};

struct perfdata_id {
	uint64_t id;
	uint32_t event;
};

struct perfdata_build_id {
	struct str path;
	struct str id;		/* raw */
};

struct perfdata_head {
	const char *what;	/* the file, in sentences */
	struct str bytes;	/* all of it */
	struct str records;	/* of `bytes` */
	bool piped;
	bool unfinished;	/* perf was killed: how many records there are was never written */
	struct perfdata_event *events;
	uint32_t n_events, cap_events;
	struct perfdata_id *ids;	/* sorted */
	uint32_t n_ids, cap_ids;
	struct perfdata_build_id *build_ids;
	uint32_t n_build_ids, cap_build_ids;
	struct str hostname, release, version, arch, cpu;
	struct str command;	/* the arguments, as the file has them: perfdata_head_command() */
	uint32_t n_cpus;	/* 0: not told */
};

/* Reads it from the whole file, borrowed. 0 or -errno with a sentence; perfdata_head_fini() either way. */
int perfdata_head_read(struct perfdata_head *head, struct str bytes, const char *what,
		       struct err *err);
void perfdata_head_fini(struct perfdata_head *head);

/* How many bytes beside its own a record announces that follow it (what was traced), at most all there are. */
uint64_t perfdata_record_tail(const struct perfdata_record *record, uint64_t left);

/* The event of that number; NULL when there is none. */
const struct perfdata_event *perfdata_head_event(const struct perfdata_head *head, uint64_t id);

/* Which of `ids` that number is; PERFDATA_TABLE_MAX: none. */
uint32_t perfdata_head_id(const struct perfdata_head *head, uint64_t id);

/* The build id of the file that was mapped by that name; empty when it is not told. */
struct str perfdata_head_build_id(const struct perfdata_head *head, struct str path);

/* The command line, its arguments parted by blanks, into text. */
struct str perfdata_head_command(const struct perfdata_head *head, char *text, size_t cap);

#endif
