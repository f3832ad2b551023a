/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfevents.h"

#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "format/batch.h"
#include "model/profile.h"

void perfevents_init(struct perfevents *events, struct batch *batch)
{
	*events = (struct perfevents){ .batch = batch };
	profile_add_type(batch->profile, STR("samples"), STR("count"));
	perfevents_find(events, STR(""));
}

void perfevents_fini(struct perfevents *events)
{
	free(events->items);
}

struct str perfevents_plain_name(struct str name)
{
	ptrdiff_t colon = str_rfind(name, ':');
	size_t n = name.n;

	if (colon <= 0)
		return name;
	while (n > (size_t)colon + 1 && strchr("pPH", name.p[n - 1]))
		n--;
	if (name.n - n > 4)	/* that would be a name */
		return name;
	return str_head(name, n == (size_t)colon + 1 ? (size_t)colon : n);
}

uint32_t perfevents_find(struct perfevents *events, struct str name)
{
	uint32_t id = strings_add(&events->batch->profile->strings, name);

	for (uint32_t i = 0; i < events->n; i++)
		if (events->items[i].name == id)
			return i;
	if (VEC_RESERVE(&events->items, &events->cap, (uint64_t)events->n + 1) < 0) {
		events->batch->failed = true;
		return 0;
	}
	events->items[events->n] = (struct perfevent){ id, PERFEVENTS_NO_TYPE };
	return events->n++;
}

static struct str unit_of(struct str event)
{
	static const char *const in_ns[] = {
		"cpu-clock", "task-clock", "sched:sched_stat_runtime", "sched:sched_stat_wait",
		"sched:sched_stat_sleep", "sched:sched_stat_iowait", "sched:sched_stat_blocked",
	};

	for (size_t i = 0; i < sizeof(in_ns) / sizeof(in_ns[0]); i++)
		if (str_starts(event, str_of(in_ns[i])))
			return STR("nanoseconds");
	return STR("count");
}

int perfevents_add_type(struct perfevents *events, struct str name, struct str unit, uint32_t *ret_type)
{
	struct profile *profile = events->batch->profile;

	if (profile->n_types == VALUE_TYPES_MAX)
		return 0;
	if (batch_flush(events->batch) < 0)
		return -ENOMEM;
	*ret_type = (uint32_t)profile_add_type(profile, name, unit);
	return 0;
}

int perfevents_need_type(struct perfevents *events, uint32_t number)
{
	struct profile *profile = events->batch->profile;
	struct perfevent *event = &events->items[number];
	struct str name = strings_get(&profile->strings, event->name);
	int rc;

	if (event->type != PERFEVENTS_NO_TYPE)
		return 0;
	rc = perfevents_add_type(events, name.n ? name : STR("period"), unit_of(name), &event->type);
	if (event->type == 1)	/* as perf report and stackcollapse-perf.pl weigh samples */
		profile->default_type = 1;
	return rc;
}

static uint32_t with_event(struct perfevents *events, uint32_t set, uint32_t event)
{
	struct profile *profile = events->batch->profile;
	struct label labels[8];
	uint32_t n;
	const struct label *old = labels_get(&profile->labels, set, &n);

	for (uint32_t i = 0; i < n; i++)
		labels[i] = old[i];
	labels[n++] = (struct label){ .key = strings_add(&profile->strings, STR("event")), .str = event };
	return labels_add(&profile->labels, labels, n);
}

/* From now on samples say which event is theirs, and those so far had the first. */
static int label_all(struct perfevents *events)
{
	struct profile *profile = events->batch->profile;
	uint32_t n = profile->labels.n, *sets = calloc((size_t)n + 1, sizeof(*sets));
	int rc = sets ? batch_flush(events->batch) : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < n; i++)
		sets[i] = with_event(events, i, events->items[1].name);
	if (rc == 0)
		profile_relabel(profile, sets);
	events->labeled = true;
	free(sets);
	return rc;
}

int perfevents_settle_labels(struct perfevents *events)
{
	return events->n > 2 && !events->labeled ? label_all(events) : 0;
}

uint32_t perfevents_label(struct perfevents *events, uint32_t set, uint32_t event)
{
	uint32_t name = events->items[event].name;

	return events->labeled && name ? with_event(events, set, name) : set;
}

void perfevents_settle_times(struct profile *profile)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (uint32_t i = 0; profile->time_ns && i < profile->n; i++) {
		first = profile->time_ns[i] < first ? profile->time_ns[i] : first;
		last = profile->time_ns[i] > last ? profile->time_ns[i] : last;
	}
	for (uint32_t i = 0; profile->time_ns && i < profile->n; i++)
		profile->time_ns[i] -= first;
	if (last > first)
		profile->duration_ns = last - first;
}
