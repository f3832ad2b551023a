/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/input.h"
#include "format/jfr.h"
#include "model/profile.h"

#define HEADER_BYTES 68
#define COMPRESSED_INTS 1u

/* What a kind of event tells: how many, and how much. */
enum group { CPU, WALL, ALLOC, LIVE, MALLOC, LOCK, N_GROUPS };

static const struct {
	const char *count, *amount, *unit;
} groups[N_GROUPS] = {
	[CPU] = { "samples", "cpu", "nanoseconds" },
	[WALL] = { "wall_samples", "wall", "nanoseconds" },
	[ALLOC] = { "alloc_objects", "alloc_space", "bytes" },
	[LIVE] = { "inuse_objects", "inuse_space", "bytes" },
	[MALLOC] = { "malloc_objects", "malloc_space", "bytes" },
	[LOCK] = { "contentions", "delay", "nanoseconds" },
};

/* The fields of all these events; an event has some of them. */
enum slot { START, SAMPLED, EVENT_THREAD, STACK, STATE, AMOUNT, COUNT, CLASS, DURATION };

#define FIELDS(amount, count, class) \
	(const char *const[]){ "startTime", "sampledThread", "eventThread", "stackTrace", "state", amount, count, \
			       class, "duration", NULL }

static const struct event_kind {
	const char *type;
	enum group group;
	const char *const *fields;
} kinds[] = {
	{ "jdk.ExecutionSample", CPU, FIELDS("-", "-", "-") },
	{ "jdk.NativeMethodSample", CPU, FIELDS("-", "-", "-") },
	{ "jdk.CPUTimeSample", CPU, FIELDS("samplingPeriod", "-", "-") },
	{ "profiler.WallClockSample", WALL, FIELDS("-", "samples", "-") },
	{ "jdk.ObjectAllocationSample", ALLOC, FIELDS("weight", "-", "objectClass") },
	{ "jdk.ObjectAllocationInNewTLAB", ALLOC, FIELDS("tlabSize", "-", "objectClass") },
	{ "jdk.ObjectAllocationOutsideTLAB", ALLOC, FIELDS("allocationSize", "-", "objectClass") },
	{ "profiler.LiveObject", LIVE, FIELDS("allocationSize", "-", "objectClass") },
	{ "profiler.Malloc", MALLOC, FIELDS("size", "-", "-") },
	{ "jdk.JavaMonitorEnter", LOCK, FIELDS("-", "-", "monitorClass") },
	{ "jdk.ThreadPark", LOCK, FIELDS("-", "-", "parkedClass") },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct chunk {
	struct str bytes;
	uint64_t checkpoint, metadata;
	uint64_t start_ns, duration_ns, start_ticks, ticks_per_second;
	struct jfr_types types;
	struct jfr_plan plans[N_KINDS];
	struct jfr_pools *pools;
};

struct reader {
	struct profile *profile;
	const char *what;
	struct str bytes;
	struct err *err;
	uint64_t start_ns;		/* of the first chunk */
	uint64_t end_ns;
	uint32_t count_type[N_GROUPS], amount_type[N_GROUPS];	/* UINT32_MAX: no such events */
	bool seen[N_GROUPS];
	double interval_ns;		/* between two samples; 0: not known */
	uint32_t key_thread, key_tid, key_state, key_class;
	/* The label set of the constants that an event names, of the chunk at hand. */
	struct label_memo {
		uint64_t thread, state, class;
		uint32_t set;
		bool known;
	} memo[256];
};

bool jfr_detect(struct str head)
{
	return str_starts(head, str_over("FLR\0", 4));
}

static int bad(struct reader *r, const struct chunk *chunk, const char *why)
{
	return err_fail(r->err, -EBADMSG, "%s: the chunk at byte %zu: %s", r->what,
			(size_t)(chunk->bytes.p - r->bytes.p), why);
}

static uint64_t big_endian(struct cursor *c, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | cursor_u8(c);
	return v;
}

static int read_header(struct reader *r, struct str rest, struct chunk *chunk)
{
	struct cursor c = cursor_over(rest);
	uint64_t size, major;
	uint32_t features;

	*chunk = (struct chunk){ .bytes = rest };
	if (!jfr_detect(rest))
		return bad(r, chunk, "it does not begin like one");
	cursor_skip(&c, 4);
	major = big_endian(&c, 2);
	big_endian(&c, 2);
	size = big_endian(&c, 8);
	chunk->checkpoint = big_endian(&c, 8);
	chunk->metadata = big_endian(&c, 8);
	chunk->start_ns = big_endian(&c, 8);
	chunk->duration_ns = big_endian(&c, 8);
	chunk->start_ticks = big_endian(&c, 8);
	chunk->ticks_per_second = big_endian(&c, 8);
	features = (uint32_t)big_endian(&c, 4);
	if (c.failed)
		return bad(r, chunk, "the file ends in its header");
	if (major != 2)
		return bad(r, chunk, "its version is not 2, which JDK 9 and later write");
	if (!size || !chunk->metadata || !chunk->checkpoint)
		return bad(r, chunk, "it was not finished: the program was ended before it could ('jfr assemble' "
			   "mends the repository of a JDK's recording)");
	if (size < HEADER_BYTES || size > rest.n)
		return bad(r, chunk, "it is longer than the file");
	if (!(features & COMPRESSED_INTS))
		return bad(r, chunk, "its numbers are not compressed, which no known writer does");
	chunk->bytes.n = (size_t)size;
	if (chunk->metadata < HEADER_BYTES || chunk->metadata >= size)
		return bad(r, chunk, "the description of its types is outside it");
	return 0;
}

static int read_types(struct reader *r, struct chunk *chunk)
{
	struct cursor c = cursor_over(chunk->bytes);
	const char *why = NULL;
	int rc;

	cursor_seek(&c, chunk->metadata);
	rc = jfr_types_read(&chunk->types, c, &why);
	if (rc == -EBADMSG)
		return bad(r, chunk, why);
	for (size_t i = 0; rc == 0 && i < N_KINDS; i++)
		jfr_plan_init(&chunk->plans[i], &chunk->types, jfr_types_named(&chunk->types, kinds[i].type),
			      kinds[i].fields);
	return rc;
}

typedef int visit(struct reader *r, struct chunk *chunk, uint32_t type, struct cursor body);

/* Each event of the chunk. */
static int each_event(struct reader *r, struct chunk *chunk, visit *fn)
{
	size_t at = HEADER_BYTES;
	int rc = 0;

	while (rc == 0 && at < chunk->bytes.n) {
		struct cursor c = cursor_over(str_skip(chunk->bytes, at));
		uint64_t size = jfr_varint(&c), left = chunk->bytes.n - at;
		struct cursor body;

		if (c.failed || !size || size > left || size < cursor_pos(&c))
			return bad(r, chunk, "an event is longer than its chunk");
		body = cursor_over(str_head(str_skip(chunk->bytes, at), (size_t)size));
		jfr_varint(&body);
		rc = fn(r, chunk, jfr_types_find(&chunk->types, jfr_varint(&body)), body);
		at += (size_t)size;
	}
	return rc;
}

static uint32_t kind_of(const struct chunk *chunk, uint32_t type)
{
	uint32_t i = 0;

	while (i < N_KINDS && chunk->plans[i].type != type)
		i++;
	return i;
}

/* "10 ms", "20000000" */
static double nanoseconds(struct str text)
{
	char copy[32], *unit;
	double v;

	snprintf(copy, sizeof(copy), "%.*s", text.n > 31 ? 31 : (int)text.n, text.p ? text.p : "");
	v = strtod(copy, &unit);
	while (*unit == ' ')
		unit++;
	v *= !strcmp(unit, "ms") ? 1e6 : !strcmp(unit, "us") ? 1e3 : !strcmp(unit, "s") ? 1e9 : 1;
	return v > 0 && v < 1e12 ? v : 0;
}

/* A setting of ExecutionSample (the JDK: "period"), or of the profiler (async-profiler: "interval"). */
static void read_setting(struct reader *r, struct chunk *chunk, uint32_t type, struct cursor *body)
{
	static const char *const names[] = { "name", "value", "id", NULL };
	struct jfr_value values[JFR_SLOTS];
	struct jfr_plan plan;
	struct str name, value;

	jfr_plan_init(&plan, &chunk->types, type, names);
	if (!jfr_take(&chunk->types, &plan, body, values))
		return;
	name = strings_get(&r->profile->strings, jfr_pools_string(chunk->pools, &values[0]));
	value = strings_get(&r->profile->strings, jfr_pools_string(chunk->pools, &values[1]));
	if (str_eq(name, STR("interval")) ||
	    (str_eq(name, STR("period")) && chunk->plans[0].type < chunk->types.n_types &&
	     values[2].number == chunk->types.types[chunk->plans[0].type].id))
		r->interval_ns = nanoseconds(value) > 0 ? nanoseconds(value) : r->interval_ns;
}

static int look(struct reader *r, struct chunk *chunk, uint32_t type, struct cursor body)
{
	uint32_t kind = kind_of(chunk, type);

	if (type == UINT32_MAX)
		return 0;
	if (kind < N_KINDS)
		r->seen[kinds[kind].group] = true;
	else if (chunk->pools && str_eq(chunk->types.types[type].name, STR("jdk.ActiveSetting")))
		read_setting(r, chunk, type, &body);
	return 0;
}

static uint32_t make_label_set(struct reader *r, struct chunk *chunk, uint64_t thread_id, uint64_t state_id,
			       uint64_t class_id)
{
	struct jfr_thread thread = jfr_pools_thread(chunk->pools, thread_id);
	struct label set[4];
	uint32_t n = 0, state = jfr_pools_state(chunk->pools, state_id);
	uint32_t class = class_id ? jfr_pools_class(chunk->pools, class_id) : 0;

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

static uint32_t label_set(struct reader *r, struct chunk *chunk, const struct jfr_value *values)
{
	uint64_t thread = values[SAMPLED].number ? values[SAMPLED].number : values[EVENT_THREAD].number;
	uint64_t state = values[STATE].number, class = values[CLASS].number;
	struct label_memo *memo = &r->memo[hash_u64(hash_u64(thread, state), class) % 256];

	if (!memo->known || memo->thread != thread || memo->state != state || memo->class != class)
		*memo = (struct label_memo){ thread, state, class,
					     make_label_set(r, chunk, thread, state, class), true };
	return memo->set;
}

static uint64_t ticks_to_ns(const struct chunk *chunk, uint64_t ticks)
{
	double ns = chunk->ticks_per_second ? (double)ticks * 1e9 / (double)chunk->ticks_per_second : (double)ticks;

	return ns < 9e18 ? (uint64_t)ns : 0;
}

static int64_t held(double v)
{
	return v >= 9.2e18 ? INT64_MAX : v < 0 ? 0 : (int64_t)v;
}

static int take(struct reader *r, struct chunk *chunk, uint32_t type, struct cursor body)
{
	uint32_t kind = type == UINT32_MAX ? N_KINDS : kind_of(chunk, type);
	struct jfr_value values[JFR_SLOTS];
	int64_t row[VALUE_TYPES_MAX] = { 0 };
	enum group group;
	uint64_t time;
	double count, amount;

	if (kind == N_KINDS)
		return 0;
	if (!jfr_take(&chunk->types, &chunk->plans[kind], &body, values))
		return bad(r, chunk, "an event is not as its type says");
	group = kinds[kind].group;
	count = values[COUNT].number ? (double)values[COUNT].number : 1;
	amount = (double)values[AMOUNT].number;
	if (group == LOCK)
		amount = (double)ticks_to_ns(chunk, values[DURATION].number);
	else if (group == WALL || (group == CPU && !amount))
		amount = count * r->interval_ns;
	row[r->count_type[group]] = held(count);
	if (r->amount_type[group] != UINT32_MAX)
		row[r->amount_type[group]] = held(amount);
	time = values[START].number > chunk->start_ticks ?
	       ticks_to_ns(chunk, values[START].number - chunk->start_ticks) : 0;
	profile_add_at(r->profile, jfr_pools_stack(chunk->pools, values[STACK].number),
		       label_set(r, chunk, values), chunk->start_ns - r->start_ns + time, row);
	return profile_failed(r->profile) ? -ENOMEM : 0;
}

static int read_pools(struct reader *r, struct chunk *chunk)
{
	const char *why = NULL;
	int rc;

	chunk->pools = jfr_pools_read(r->profile, &chunk->types, chunk->bytes, chunk->checkpoint, &rc, &why);
	return rc == -EBADMSG ? bad(r, chunk, why) : rc;
}

/* Which types of values there are must be known before the first row. */
static void add_types(struct reader *r)
{
	for (int g = 0; g < N_GROUPS; g++) {
		r->count_type[g] = r->amount_type[g] = UINT32_MAX;
		if (!r->seen[g])
			continue;
		r->count_type[g] = profile_add_type(r->profile, str_of(groups[g].count), STR("count"));
		if ((g != CPU && g != WALL) || r->interval_ns > 0)
			r->amount_type[g] = profile_add_type(r->profile, str_of(groups[g].amount),
							     str_of(groups[g].unit));
	}
	if (!r->profile->n_types)
		profile_add_type(r->profile, STR("samples"), STR("count"));
	else if (r->amount_type[CPU] != UINT32_MAX)
		r->profile->default_type = r->amount_type[CPU];
	else if (!r->seen[CPU] && r->profile->n_types > 1)
		r->profile->default_type = 1;
}

/* All chunks, with fn for each event; what constants say is known in all of them, or (of settings) in the
 * first. */
static int each_chunk(struct reader *r, visit *fn, bool all_constants)
{
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < r->bytes.n;) {
		struct chunk chunk;

		rc = read_header(r, str_skip(r->bytes, at), &chunk);
		if (rc < 0)
			return rc;
		if (at == 0)
			r->start_ns = chunk.start_ns;
		if (chunk.start_ns < r->start_ns)	/* clocks are set back: times then begin there */
			chunk.start_ns = r->start_ns;
		if (chunk.start_ns - r->start_ns + chunk.duration_ns > r->profile->duration_ns)
			r->profile->duration_ns = chunk.start_ns - r->start_ns + chunk.duration_ns;
		rc = read_types(r, &chunk);
		if (rc == 0 && (all_constants || at == 0))
			rc = read_pools(r, &chunk);
		memset(r->memo, 0, sizeof(r->memo));
		if (rc == 0)
			rc = each_event(r, &chunk, fn);
		at += chunk.bytes.n;
		jfr_pools_free(chunk.pools);
		jfr_types_fini(&chunk.types);
	}
	return rc;
}

int jfr_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile, .what = input->what, .err = err };
	int rc = input_whole(input, &r.bytes, err);

	r.key_thread = strings_add(&profile->strings, STR("thread"));
	r.key_tid = strings_add(&profile->strings, STR("tid"));
	r.key_state = strings_add(&profile->strings, STR("state"));
	r.key_class = strings_add(&profile->strings, STR("class"));
	if (rc == 0)
		rc = each_chunk(&r, look, false);
	if (rc == 0) {
		add_types(&r);
		profile->start_wall_ns = r.start_ns;
		rc = each_chunk(&r, take, true);
	}
	return rc;
}
