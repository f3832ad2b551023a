/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfevents.h
 *
 * What perf's samples become, in its text (perfscript) as in its own file (perfdata): each event a value
 * type that holds its periods, beside the number of samples; where there are several events, each sample has a
 * label "event"; times count from the first sample.
 *
 *   batch      where the samples wait, with the profile; borrowed
 *   items[0]   the event of samples that name none
 */
#ifndef SONDE_FORMAT_PERFEVENTS_H
#define SONDE_FORMAT_PERFEVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct batch;
struct profile;

#define PERFEVENTS_NO_TYPE UINT32_MAX

struct perfevent {
	uint32_t name;		/* string */
	uint32_t type;		/* its value type; PERFEVENTS_NO_TYPE: none yet, or there are too many */
};

struct perfevents {
	struct batch *batch;
	struct perfevent *items;
	uint32_t n, cap;
	bool labeled;		/* more than one event: samples say which */
};

/* Makes the value type "samples" and items[0]. */
void perfevents_init(struct perfevents *events, struct batch *batch);
void perfevents_fini(struct perfevents *events);

/* "cycles:ppp", "cycles:P" and "cycles:pppH" (not a guest's) are cycles, counted more precisely; "cycles:u" are
 * others. */
struct str perfevents_plain_name(struct str name);

/* The number of the event of that name, added when it is new. Out of memory: 0, and the batch has failed. */
uint32_t perfevents_find(struct perfevents *events, struct str name);

/* Makes the column for the event's periods, for its first sample that has one. 0 or -ENOMEM. */
int perfevents_need_type(struct perfevents *events, uint32_t event);

/* Makes another column, which then is for whatever sample has such a value; *ret_type stays as it is where there are too
 * many. 0 or -ENOMEM. */
int perfevents_add_type(struct perfevents *events, struct str name, struct str unit, uint32_t *ret_type);

/* Before each sample is added: the second event makes all samples say which is theirs. 0 or -ENOMEM. */
int perfevents_settle_labels(struct perfevents *events);

/* The set with the label of that event, where samples have such. */
uint32_t perfevents_label(struct perfevents *events, uint32_t set, uint32_t event);

/* perf counts from the machine's start; a profile from its own. Afterwards, when all samples are there. */
void perfevents_settle_times(struct profile *profile);

#endif
