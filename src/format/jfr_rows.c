/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr_rows.h"

#include <errno.h>

#include "base/sum.h"

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

#define LABEL_MEMOS 256
#define EVENT_MEMOS 4096

struct reader {
	struct jfr_part *part;
	const struct jfr_plan_of_rows *plan;
	struct profile *profile;	/* the part's */
	struct jfr_chunk chunk;
	struct jfr_known *known;
	uint64_t chunk_ns;		/* when it begins, since the profile's start */
	double tick_ns;
	uint32_t key_thread, key_tid, key_state, key_class;
	/* The label set of the constants that an event names, of the chunk at hand. */
	struct label_memo {
		uint64_t thread, state, class;
		uint32_t set;
		bool known;
	} memo[LABEL_MEMOS];
	/* What became of the constants that an event names: most events name what one shortly before did. */
	struct constants_memo {
		uint32_t stack, thread, state, class;	/* as the chunk has them */
		uint32_t chunk;				/* whose they are; 0: nothing here */
		uint32_t to;				/* row of .profile */
	} constants[EVENT_MEMOS];
	/* And what a whole event came to, by its bytes behind the time, if these are few. */
	struct event_memo {
		uint64_t bytes;
		struct jfr_told {
			int64_t amount, count;
			uint32_t to;			/* row of .profile: whose stack and label set */
		} told;
		uint32_t chunk;
		uint8_t kind, n_bytes;
	} events[EVENT_MEMOS];
	uint32_t n_chunks;				/* so far */
	uint64_t values[JFR_KINDS][JFR_SLOTS + 1];	/* of the last event of each kind */
};

void jfr_add_types(struct jfr_plan_of_rows *plan, struct profile *profile)
{
	for (int g = 0; g < JFR_GROUPS; g++) {
		plan->count_type[g] = plan->amount_type[g] = UINT32_MAX;
		if (!plan->seen[g])
			continue;
		plan->count_type[g] = profile_add_type(profile, str_of(groups[g].count), STR("count"));
		if ((g != JFR_CPU && g != JFR_WALL) || plan->interval_ns[g] > 0)
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

static uint32_t label_set(struct reader *r, uint64_t thread, uint64_t state, uint64_t class)
{
	struct label_memo *memo = &r->memo[hash_u64(hash_u64(thread, state), class) % LABEL_MEMOS];

	if (!memo->known || memo->thread != thread || memo->state != state || memo->class != class)
		*memo = (struct label_memo){ thread, state, class,
					     make_label_set(r, thread, state, class), true };
	return memo->set;
}

/* The row of stack and label set. Where rows have times these are only what the row says. */
static uint32_t find_row(struct reader *r, const uint64_t *values)
{
	uint64_t thread = values[JFR_SAMPLED] ? values[JFR_SAMPLED] : values[JFR_EVENT_THREAD];
	uint64_t stack = values[JFR_STACK], state = values[JFR_STATE], class = values[JFR_CLASS];
	uint64_t hash = hash_u64(stack + (class << 32), thread + (state << 32));
	struct constants_memo *memo = &r->constants[hash % EVENT_MEMOS];
	uint32_t stack_id;

	if (memo->chunk == r->n_chunks && memo->stack == stack && memo->thread == thread && memo->state == state &&
	    memo->class == class)
		return memo->to;
	*memo = (struct constants_memo){
		.stack = (uint32_t)stack, .thread = (uint32_t)thread, .state = (uint32_t)state, .class = (uint32_t)class,
		.chunk = (stack | thread | state | class) <= UINT32_MAX ? r->n_chunks : 0,
	};
	stack_id = jfr_pools_stack(r->chunk.pools, stack);
	memo->to = profile_row(r->profile, stack_id, label_set(r, thread, state, class));
	return memo->to;
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
		return held((double)count * r->plan->interval_ns[group]);
	return amount < INT64_MAX ? (int64_t)amount : INT64_MAX;
}

/* A row of its own for an event, with the stack and label set of that row; its values. */
static int64_t *append_row(struct reader *r, uint32_t to, uint64_t time_ns)
{
	struct profile *rows = r->part->rows;
	uint32_t at = r->part->row++;
	int64_t *values = &rows->values[(size_t)at * rows->n_types];

	rows->stack[at] = r->profile->stack[to];
	rows->label_set[at] = r->profile->label_set[to];
	rows->time_ns[at] = time_ns;
	memset(values, 0, rows->n_types * sizeof(*values));
	return values;
}

/* Adds what an event told; .to is sound. 0 or -ENOMEM. */
static int add_told(struct reader *r, uint32_t kind, const struct jfr_told *told, uint64_t ticks)
{
	enum jfr_group group = jfr_event_kinds[kind].group;
	uint32_t amount_type = r->plan->amount_type[group];
	uint64_t time_ns;
	int64_t *values;

	ticks = ticks > r->chunk.start_ticks ? ticks - r->chunk.start_ticks : 0;
	if (r->plan->untimed) {
		values = &r->profile->values[(size_t)told->to * r->profile->n_types];
	} else {
		time_ns = r->chunk_ns + ticks_to_ns(r, ticks);
		values = r->plan->binned ? jfr_bins_add(&r->part->bins, told->to, time_ns) :
					   append_row(r, told->to, time_ns);
	}
	if (!values)
		return -ENOMEM;
	sum_add(&values[r->plan->count_type[group]], told->count);
	if (amount_type != UINT32_MAX)
		sum_add(&values[amount_type], told->amount);
	return 0;
}

/* Reads all that an event tells but for its time. */
static int read_told(struct reader *r, struct jfr_event *event, struct jfr_told *ret_told)
{
	uint64_t *values = r->values[event->kind], count;

	if (!jfr_take_numbers(&r->chunk.types, &r->chunk.plans[event->kind], &event->body, values) ||
	    event->body.p > event->end)
		return jfr_chunk_bad(&r->chunk, "an event is not as its type says", &r->part->err);
	count = values[JFR_COUNT] ? values[JFR_COUNT] : 1;
	ret_told->to = find_row(r, values);
	ret_told->count = count < INT64_MAX ? (int64_t)count : INT64_MAX;
	ret_told->amount = amount_of(r, jfr_event_kinds[event->kind].group, values, count);
	return ret_told->to < r->profile->n ? 0 : -ENOMEM;
}

/* Most events begin with a time, and are the same as others but for it. What is behind it in eight bytes, and the
 * place to remember it at; NULL: more is behind it, or nothing that was asked for. */
static inline struct event_memo *find_memo(struct reader *r, const struct jfr_event *event, struct event_memo *ret_key)
{
	const struct jfr_plan *plan = &r->chunk.plans[event->kind];
	struct cursor c = event->body;
	uint64_t v, ends;
	size_t n;

	if (!plan->n_numbers || plan->slot_of[0] != JFR_START || cursor_left(&c) < 2 * sizeof(v))
		return NULL;
	memcpy(&v, c.p, sizeof(v));
	ends = ~v & JFR_ENDS;
	if (!ends)
		return NULL;
	c.p += ((unsigned)__builtin_ctzll(ends) + 1) / 8;
	n = (size_t)(event->end - c.p);
	if (n - 1 >= sizeof(v))		/* none, too many, or the time is longer than the event */
		return NULL;
	memcpy(&v, c.p, sizeof(v));
	ret_key->bytes = v & (UINT64_MAX >> (64 - 8 * n));
	ret_key->chunk = r->n_chunks;
	ret_key->kind = (uint8_t)event->kind;
	ret_key->n_bytes = (uint8_t)n;
	return &r->events[hash_u64(ret_key->bytes, event->kind) % EVENT_MEMOS];
}

static inline int take(struct reader *r, struct jfr_event *event)
{
	struct event_memo key = { 0 }, *memo = find_memo(r, event, &key);
	struct cursor start = event->body;
	uint64_t ticks = 0;
	int rc;

	if (memo && memo->bytes == key.bytes && memo->chunk == key.chunk && memo->kind == key.kind &&
	    memo->n_bytes == key.n_bytes) {
		if (!r->plan->untimed)
			ticks = jfr_varint(&start);
		return add_told(r, event->kind, &memo->told, ticks);
	}
	rc = read_told(r, event, &key.told);
	if (rc == 0)
		rc = add_told(r, event->kind, &key.told, r->values[event->kind][JFR_START]);
	if (rc == 0 && memo)
		*memo = key;
	return rc;
}

static int read_chunk(struct reader *r, size_t at, size_t event_at)
{
	struct jfr_part *part = r->part;
	struct jfr_chunk *chunk = &r->chunk;
	struct jfr_event event;
	int rc = jfr_chunk_open(chunk, r->plan->bytes, at, r->plan->what, &part->err);

	if (rc == 0)
		rc = jfr_chunk_pools(chunk, r->profile, r->known, &part->err);
	r->chunk_ns = chunk->start_ns > r->plan->start_ns ? chunk->start_ns - r->plan->start_ns : 0;
	r->tick_ns = chunk->ticks_per_second ? 1e9 / (double)chunk->ticks_per_second : 1;
	memset(r->memo, 0, sizeof(r->memo));
	memset(r->values, 0, sizeof(r->values));
	r->n_chunks++;
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
	r->known = jfr_known_new();
	if (!r->known)
		part->rc = -ENOMEM;
	r->key_thread = strings_add(strings, STR("thread"));
	r->key_tid = strings_add(strings, STR("tid"));
	r->key_state = strings_add(strings, STR("state"));
	r->key_class = strings_add(strings, STR("class"));
	while (part->rc == 0 && at < part->end) {
		part->rc = read_chunk(r, at, event_at);
		at += r->chunk.bytes.n;
		event_at = JFR_FIRST_EVENT;
	}
	jfr_chunk_fini(&r->chunk);
	jfr_known_free(r->known);
	free(r);
}
