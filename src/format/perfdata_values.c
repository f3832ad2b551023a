/* SPDX-License-Identifier: Apache-2.0 */
/* What a sample counts: its event's period or, of a group that is read at its leader's samples, what each of its events
 * has counted since, and what the sampled access cost. */
#include "format/perfdata_reader.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "model/profile.h"

uint32_t perfdata_event_number(struct perfdata_reader *r, const struct perfdata_event *event)
{
	uint32_t *number = &r->event_of[event - r->head.events];
	char text[64];

	if (!*number)
		*number = perfevents_find(&r->events,
					  perfevents_plain_name(perfdata_event_name(event, text, sizeof(text))));
	return *number;
}

static int add_value(struct perfdata_reader *r, const struct perfdata_event *event, uint64_t value, int64_t *values)
{
	uint32_t number = perfdata_event_number(r, event), type;

	if (perfevents_need_type(&r->events, number) < 0)
		return -ENOMEM;
	type = r->events.items[number].type;
	if (type != PERFEVENTS_NO_TYPE)
		values[type] += value > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)value;
	return 0;
}

/* Each number of an event is a counter of its own, of one processor or thread. One that stands lower than it did has begun
 * anew. */
static int add_counts(struct perfdata_reader *r, const struct perfdata_sample *sample, int64_t *values)
{
	struct cursor c = cursor_over(sample->counts);
	int rc = 0;

	if (!r->last_counts)
		r->last_counts = calloc((size_t)r->head.n_ids + 1, sizeof(*r->last_counts));
	if (!r->last_counts)
		return -ENOMEM;
	while (rc == 0 && cursor_more(&c)) {
		uint64_t count = cursor_u64(&c), id = cursor_u64(&c), last;
		const struct perfdata_event *event = perfdata_head_event(&r->head, id);

		cursor_skip(&c, (sample->count_words - 2) * sizeof(uint64_t));
		if (!event || c.failed)
			continue;
		last = r->last_counts[perfdata_head_id(&r->head, id)];
		r->last_counts[perfdata_head_id(&r->head, id)] = count;
		rc = add_value(r, event, count > last ? count - last : 0, values);
	}
	return rc;
}

static int add_weight(struct perfdata_reader *r, const struct perfdata_sample *sample, int64_t *values)
{
	if (!sample->weight)
		return 0;
	if (r->weight_type == PERFEVENTS_NO_TYPE &&
	    perfevents_add_type(&r->events, STR("weight"), STR("count"), &r->weight_type) < 0)
		return -ENOMEM;
	if (r->weight_type != PERFEVENTS_NO_TYPE)
		values[r->weight_type] = sample->weight > INT64_MAX ? INT64_MAX : (int64_t)sample->weight;
	return 0;
}

int perfdata_take_values(struct perfdata_reader *r, const struct perfdata_event *event,
			 const struct perfdata_sample *sample, int64_t *values)
{
	int rc = sample->counts.n ? add_counts(r, sample, values) : add_value(r, event, sample->period, values);

	return rc < 0 ? rc : add_weight(r, sample, values);
}

/* The first of a pair that one lock makes in another's way is forgotten: its end has no value. */
int perfdata_take_wait(struct perfdata_reader *r, const struct perfdata_event *event, struct perfdata_thread *thread,
		       uint64_t time_ns, int64_t *values)
{
	uint64_t begun_ns = thread->contended_ns;

	if (str_eq(event->name, STR("lock:contention_begin")))
		thread->contended_ns = time_ns;
	if (!str_eq(event->name, STR("lock:contention_end")) || !begun_ns || time_ns < begun_ns)
		return 0;
	thread->contended_ns = 0;
	if (r->wait_type == PERFEVENTS_NO_TYPE &&
	    perfevents_add_type(&r->events, STR("lock-wait"), STR("nanoseconds"), &r->wait_type) < 0)
		return -ENOMEM;
	if (r->wait_type != PERFEVENTS_NO_TYPE)
		values[r->wait_type] = (int64_t)((time_ns - begun_ns) & INT64_MAX);
	return 0;
}
