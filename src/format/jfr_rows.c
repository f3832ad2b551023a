/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr_rows.h"

#include <errno.h>

static const struct {
	const char *count, *amount, *unit;
} groups[JFR_GROUPS] = {
	[JFR_CPU] = { "samples", "cpu", "nanoseconds" },
	[JFR_WALL] = { "wall_samples", "wall", "nanoseconds" },
	[JFR_ALLOC] = { "alloc_objects", "alloc_space", "bytes" },
	[JFR_LIVE] = { "inuse_objects", "inuse_space", "bytes" },
	[JFR_MALLOC] = { "malloc_objects", "malloc_space", "bytes" },
	[JFR_LOCK] = { "contentions", "delay", "nanoseconds" },
};

#define MEMOS 256

struct reader {
	struct jfr_part *part;
	const struct jfr_plan_of_rows *plan;
	struct profile *profile;	/* the part's */
	struct jfr_chunk chunk;
	uint64_t chunk_ns;		/* when it begins, since the profile's start */
	double tick_ns;
	uint32_t key_thread, key_tid, key_state, key_class;
	/* The label set of the constants that an event names, of the chunk at hand. */
	struct label_memo {
		uint64_t thread, state, class;
		uint32_t set;
		bool known;
	} memo[MEMOS];
};

void jfr_add_types(struct jfr_plan_of_rows *plan, struct profile *profile)
{
	for (int g = 0; g < JFR_GROUPS; g++) {
		plan->count_type[g] = plan->amount_type[g] = UINT32_MAX;
		if (!plan->seen[g])
			continue;
		plan->count_type[g] = profile_add_type(profile, str_of(groups[g].count), STR("count"));
		if ((g != JFR_CPU && g != JFR_WALL) || plan->interval_ns > 0)
			plan->amount_type[g] = profile_add_type(profile, str_of(groups[g].amount),
								str_of(groups[g].unit));
	}
	if (!profile->n_types)
		profile_add_type(profile, STR("samples"), STR("count"));
	else if (plan->amount_type[JFR_CPU] != UINT32_MAX)
		profile->default_type = plan->amount_type[JFR_CPU];
	else if (!plan->seen[JFR_CPU] && profile->n_types > 1)
		profile->default_type = 1;
}

static uint32_t make_label_set(struct reader *r, uint64_t thread_id, uint64_t state_id, uint64_t class_id)
{
	struct jfr_pools *pools = r->chunk.pools;
	struct jfr_thread thread = jfr_pools_thread(pools, thread_id);
	struct label set[4];
	uint32_t n = 0, state = jfr_pools_state(pools, state_id);
	uint32_t class = class_id ? jfr_pools_class(pools, class_id) : 0;

	memset(set, 0, sizeof(set));
	if (thread.name)
		set[n++] = (struct label){ .key = r->key_thread, .str = thread.name };
	if (thread.os_id)
		set[n++] = (struct label){ .key = r->key_tid, .num = thread.os_id };
	if (state)
		set[n++] = (struct label){ .key = r->key_state, .str = state };
	if (class)
		set[n++] = (struct label){ .key = r->key_class, .str = class };
	return n ? labels_add(&r->profile->labels, set, n) : 0;
}

static uint32_t label_set(struct reader *r, const uint64_t *values)
{
	uint64_t thread = values[JFR_SAMPLED] ? values[JFR_SAMPLED] : values[JFR_EVENT_THREAD];
	uint64_t state = values[JFR_STATE], class = values[JFR_CLASS];
	struct label_memo *memo = &r->memo[hash_u64(hash_u64(thread, state), class) % MEMOS];

	if (!memo->known || memo->thread != thread || memo->state != state || memo->class != class)
		*memo = (struct label_memo){ thread, state, class,
					     make_label_set(r, thread, state, class), true };
	return memo->set;
}

static uint64_t ticks_to_ns(const struct reader *r, uint64_t ticks)
{
	double ns = (double)ticks * r->tick_ns;

	return ns < 9e18 ? (uint64_t)ns : 0;
}

static int64_t held(double v)
{
	return v >= 9.2e18 ? INT64_MAX : v < 0 ? 0 : (int64_t)v;
}

static int64_t amount_of(const struct reader *r, enum jfr_group group, const uint64_t *values, uint64_t count)
{
	uint64_t amount = values[JFR_AMOUNT];

	if (group == JFR_LOCK)
		amount = ticks_to_ns(r, values[JFR_DURATION]);
	else if (group == JFR_WALL || (group == JFR_CPU && !amount))
		return held((double)count * r->plan->interval_ns);
	return amount < INT64_MAX ? (int64_t)amount : INT64_MAX;
}

static void put_timed(struct jfr_part *part, uint32_t stack, uint32_t set, uint64_t time_ns, const int64_t *row)
{
	struct profile *rows = part->rows;
	uint32_t at = part->row++;

	rows->stack[at] = stack;
	rows->label_set[at] = set;
	rows->time_ns[at] = time_ns;
	for (uint32_t t = 0; t < rows->n_types; t++)
		rows->values[(size_t)at * rows->n_types + t] = row[t];
}

static int take(struct reader *r, struct jfr_event *event)
{
	enum jfr_group group = jfr_event_kinds[event->kind].group;
	uint64_t values[JFR_SLOTS + 1], time, count;
	int64_t row[VALUE_TYPES_MAX];
	uint32_t stack, set;

	if (!jfr_take_numbers(&r->chunk.types, &r->chunk.plans[event->kind], &event->body, values) ||
	    event->body.p > event->end)
		return jfr_chunk_bad(&r->chunk, "an event is not as its type says", &r->part->err);
	count = values[JFR_COUNT] ? values[JFR_COUNT] : 1;
	memset(row, 0, r->profile->n_types * sizeof(*row));
	row[r->plan->count_type[group]] = count < INT64_MAX ? (int64_t)count : INT64_MAX;
	if (r->plan->amount_type[group] != UINT32_MAX)
		row[r->plan->amount_type[group]] = amount_of(r, group, values, count);
	stack = jfr_pools_stack(r->chunk.pools, values[JFR_STACK]);
	set = label_set(r, values);
	if (r->plan->untimed) {
		profile_add(r->profile, stack, set, row);
		return 0;
	}
	time = values[JFR_START] > r->chunk.start_ticks ? ticks_to_ns(r, values[JFR_START] - r->chunk.start_ticks) : 0;
	put_timed(r->part, stack, set, r->chunk_ns + time, row);
	return 0;
}

static int read_chunk(struct reader *r, size_t at, size_t event_at)
{
	struct jfr_part *part = r->part;
	struct jfr_chunk *chunk = &r->chunk;
	struct jfr_event event;
	int rc = jfr_chunk_open(chunk, r->plan->bytes, at, r->plan->what, &part->err);

	if (rc == 0)
		rc = jfr_chunk_pools(chunk, r->profile, &part->err);
	r->chunk_ns = chunk->start_ns > r->plan->start_ns ? chunk->start_ns - r->plan->start_ns : 0;
	r->tick_ns = chunk->ticks_per_second ? 1e9 / (double)chunk->ticks_per_second : 1;
	memset(r->memo, 0, sizeof(r->memo));
	while (rc == 0 && event_at < chunk->bytes.n && at + event_at < part->end) {
		rc = jfr_chunk_event(chunk, &event_at, &event, &part->err);
		if (rc == 0 && event.kind < JFR_KINDS)
			rc = take(r, &event);
	}
	jfr_chunk_close(chunk);
	return rc < 0 || !profile_failed(r->profile) ? rc : -ENOMEM;
}

void jfr_part_read(struct jfr_part *part)
{
	struct reader *r = calloc(1, sizeof(*r));
	struct strings *strings = &part->profile.strings;
	size_t at = part->chunk_at, event_at = part->event_at;

	part->rc = r ? 0 : -ENOMEM;
	if (!r)
		return;
	*r = (struct reader){ .part = part, .plan = part->plan, .profile = &part->profile };
	r->key_thread = strings_add(strings, STR("thread"));
	r->key_tid = strings_add(strings, STR("tid"));
	r->key_state = strings_add(strings, STR("state"));
	r->key_class = strings_add(strings, STR("class"));
	while (part->rc == 0 && at < part->end) {
		part->rc = read_chunk(r, at, event_at);
		at += r->chunk.bytes.n;
		event_at = JFR_FIRST_EVENT;
	}
	free(r);
}
