/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfdata_reader.h
 *
 * What reading one perf.data takes, between its two halves:
 *
 *   perfdata_read      the file: records, unpacked and put in order, each handed in its turn to
 *   perfdata_changes   what tells of processes: mappings, names, forks, exits
 *   perfdata_samples   samples -> rows of the profile
 *   perfdata_values    what they count
 */
#ifndef SONDE_FORMAT_PERFDATA_READER_H
#define SONDE_FORMAT_PERFDATA_READER_H

#include <stdint.h>

#include "base/ahead.h"
#include "base/hash.h"
#include "format/batch.h"
#include "format/perfdata_chains.h"
#include "format/perfdata_code.h"
#include "format/perfdata_event.h"
#include "format/perfdata_head.h"
#include "format/perfdata_order.h"
#include "format/perfdata_task.h"
#include "format/perfdata_unpack.h"
#include "format/perfevents.h"

struct input;
struct profile;

/* A control group by the number that samples have of it. */
struct perfdata_cgroup {
	uint64_t id;
	uint32_t path;		/* string */
};

struct perfdata_reader {
	struct profile *profile;
	struct input *input;
	struct batch batch;
	struct perfevents events;
	uint32_t *event_of;	/* event of the head -> of perfevents; 0: not known yet */
	struct perfdata_head head;
	struct ahead ahead;	/* of a single mapped file */
	const char *base;	/* of the file whose records are read: its byte 0 */
	struct perfdata_order order;
	struct perfdata_unpack unpack;
	struct perfdata_tasks tasks;
	struct perfdata_code code;
	struct perfdata_chains chains;
	const struct perfdata_event *last_event;	/* of the number: */
	uint64_t last_id;
	struct perfdata_cgroup *cgroups;
	uint32_t n_cgroups, cap_cgroups;
	struct idindex cgroup_index;	/* their number and 1 */
	uint64_t *last_counts;	/* of each number of an event, as of head.ids; NULL: none came yet */
	/* Value types of what some samples have beside their period; PERFEVENTS_NO_TYPE: none had it yet. */
	uint32_t weight_type, branch_type, mispredicted_type, wait_type;
	uint64_t n_samples, lost, bad, unknown;
	const char *first_left_out;	/* bad or unknown; NULL: none is */
	uint64_t aux_bytes;	/* of traces that were passed over */
	uint64_t first_ns, last_ns;	/* samples, where they have times */
	struct {
		uint32_t pid, tid, cpu, process, thread, cgroup;
	} keys;			/* of labels: strings */
};

/* The string's number in the profile. */
uint32_t perfdata_intern(struct perfdata_reader *r, struct str s);

/* The event's number in r->events. */
uint32_t perfdata_event_number(struct perfdata_reader *r, const struct perfdata_event *event);

/* Adds the sample's values to those of its row. 0 or -ENOMEM. */
int perfdata_take_values(struct perfdata_reader *r, const struct perfdata_event *event,
			 const struct perfdata_sample *sample, int64_t *values);

/* And, where a thread begins and ends to wait for a lock (perf lock record), how long it did, at the end. 0 or -ENOMEM. */
int perfdata_take_wait(struct perfdata_reader *r, const struct perfdata_event *event, struct perfdata_thread *thread,
		       uint64_t time_ns, int64_t *values);

/* A sample becomes a row. 0 or -ENOMEM. */
int perfdata_take_sample(struct perfdata_reader *r, const struct perfdata_event *event,
			 const struct perfdata_record *record, uint64_t time_ns);

/* The name of the control group with that number; 0: it is not known. */
uint32_t perfdata_cgroup_path(const struct perfdata_reader *r, uint64_t id);

/* Any other record of use changes what is known of processes; event: of the record, or NULL. 0, -ENOMEM or -E2BIG. */
int perfdata_take_change(struct perfdata_reader *r, const struct perfdata_event *event,
			 const struct perfdata_record *record);

#endif
