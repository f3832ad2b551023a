/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/parallel.h"
#include "format/input.h"
#include "format/jfr_rows.h"

#define PART_BYTES ((size_t)8 << 20)	/* a part is at least as long, for it reads its chunk's constants */

/* The whole file: what is in it, and its parts. */
struct reader {
	struct profile *profile;
	struct jfr_plan_of_rows plan;
	struct jfr_part parts[JFR_PARTS_MAX];
	uint32_t n_parts;
	size_t next_part;	/* the byte of the file from which on the next one begins */
	uint64_t n_rows;
	struct err *err;
};

bool jfr_detect(struct str head)
{
	return str_starts(head, str_over("FLR\0", 4));
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
static void read_setting(struct reader *r, const struct jfr_chunk *chunk, struct jfr_event *event)
{
	static const char *const names[] = { "name", "value", "id", NULL };
	struct strings *strings = &r->profile->strings;
	struct jfr_value values[JFR_SLOTS];
	struct jfr_plan plan;
	struct str name, value;

	jfr_plan_init(&plan, &chunk->types, jfr_types_find(&chunk->types, event->type), names);
	if (!jfr_take(&chunk->types, &plan, &event->body, values) || event->body.p > event->end)
		return;
	name = strings_get(strings, jfr_pools_string(chunk->pools, &values[0]));
	value = strings_get(strings, jfr_pools_string(chunk->pools, &values[1]));
	if (str_eq(name, STR("interval")) ||
	    (str_eq(name, STR("period")) && chunk->plans[0].type < chunk->types.n_types &&
	     values[2].number == chunk->types.types[chunk->plans[0].type].id))
		r->plan.interval_ns = nanoseconds(value) > 0 ? nanoseconds(value) : r->plan.interval_ns;
}

/* A part begins here, if the last one is long enough. */
static void begin_part(struct reader *r, const struct jfr_chunk *chunk, size_t event_at)
{
	size_t at = chunk->at + event_at, rest = r->plan.bytes.n / JFR_PARTS_MAX;

	if (at < r->next_part || r->n_parts == JFR_PARTS_MAX)
		return;
	if (r->n_parts)
		r->parts[r->n_parts - 1].end = at;
	r->parts[r->n_parts++] = (struct jfr_part){ .chunk_at = chunk->at, .event_at = event_at,
						    .end = r->plan.bytes.n, .plan = &r->plan };
	r->next_part = at + (rest < PART_BYTES ? PART_BYTES : rest);
}

static int look_at_events(struct reader *r, struct jfr_chunk *chunk)
{
	size_t at = JFR_FIRST_EVENT;
	struct jfr_event event;
	int rc = 0;

	while (rc == 0 && at < chunk->bytes.n) {
		begin_part(r, chunk, at);
		rc = jfr_chunk_event(chunk, &at, &event, r->err);
		if (rc == 0 && event.kind < JFR_KINDS) {
			r->plan.seen[jfr_event_kinds[event.kind].group] = true;
			r->parts[r->n_parts - 1].n++;
			r->n_rows++;
		} else if (rc == 0 && event.kind == JFR_SETTING && chunk->pools) {
			read_setting(r, chunk, &event);
		}
	}
	return rc;
}

/* Which types of values there are, and how many rows, must be known before the first row. What constants say is
 * known here in the first chunk only: settings are in it. */
static int look(struct reader *r)
{
	struct profile *profile = r->profile;
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < r->plan.bytes.n;) {
		struct jfr_chunk chunk;
		uint64_t end_ns;

		rc = jfr_chunk_open(&chunk, r->plan.bytes, at, r->plan.what, r->err);
		if (rc == 0 && at == 0) {
			r->plan.start_ns = chunk.start_ns;
			rc = jfr_chunk_pools(&chunk, profile, NULL, r->err);
		}
		/* clocks are set back: times then begin there */
		end_ns = chunk.start_ns > r->plan.start_ns ? chunk.start_ns - r->plan.start_ns : 0;
		end_ns += chunk.duration_ns;
		if (rc == 0 && end_ns > profile->duration_ns)
			profile->duration_ns = end_ns;
		if (rc == 0)
			rc = look_at_events(r, &chunk);
		at += chunk.bytes.n;
		jfr_chunk_close(&chunk);
	}
	return rc;
}

static void read_part(void *context, uint32_t i)
{
	struct reader *r = context;

	jfr_part_read(&r->parts[i]);
}

/* Its rows get the ids that its stacks and label sets have in the whole. */
static void rename_part(void *context, uint32_t i)
{
	struct reader *r = context;
	const struct jfr_part *part = &r->parts[i];

	for (uint32_t row = part->row - part->n; row < part->row; row++) {
		r->profile->stack[row] = part->stacks[r->profile->stack[row]];
		r->profile->label_set[row] = part->sets[r->profile->label_set[row]];
	}
}

/* A profile without times takes the part's rows, one with times only what they are made of. */
static int join(struct reader *r, struct jfr_part *part)
{
	if (part->rc < 0) {
		err_set(r->err, "%s", part->err.text);
		return part->rc;
	}
	return r->plan.untimed ? profile_merge(r->profile, &part->profile) :
	       profile_merge_tables(r->profile, &part->profile, &part->stacks, &part->sets);
}

static int read_parts(struct reader *r)
{
	uint32_t row = 0;
	int rc = 0;

	if (r->n_rows > UINT32_MAX || (!r->plan.untimed && profile_add_rows(r->profile, (uint32_t)r->n_rows) < 0))
		return -ENOMEM;
	for (uint32_t i = 0; i < r->n_parts; i++) {
		struct jfr_part *part = &r->parts[i];

		profile_init(&part->profile);
		jfr_add_types(&r->plan, &part->profile);	/* (the same ones each time) */
		part->rows = r->profile;
		part->row = row;
		row += part->n;
	}
	parallel_each(r->n_parts, read_part, r);
	for (uint32_t i = 0; rc == 0 && i < r->n_parts; i++)
		rc = join(r, &r->parts[i]);
	if (rc == 0 && !r->plan.untimed)
		parallel_each(r->n_parts, rename_part, r);
	for (uint32_t i = 0; i < r->n_parts; i++) {
		profile_fini(&r->parts[i].profile);
		free(r->parts[i].stacks);
		free(r->parts[i].sets);
	}
	if (rc < 0 && !r->plan.untimed)	/* rows that nobody wrote */
		r->profile->n = 0;
	return rc;
}

/* Where nobody looks at them. Profiles without samples/count are counted by their rows and keep them. */
static void leave_times_out(struct reader *r, const struct read_aid *aid)
{
	bool many = aid->times_max && r->n_rows > aid->times_max;
	char text[80];

	r->plan.untimed = r->plan.seen[JFR_CPU] && (aid->untimed || many);
	snprintf(text, sizeof(text), "sonde: times-left-out more than %u samples", aid->times_max);
	if (r->plan.untimed && many)
		profile_add_comment(r->profile, str_of(text));
}

int jfr_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile, .plan = { .what = input->what }, .err = err };
	int rc = input_whole(input, &r.plan.bytes, err);

	if (rc == 0)
		rc = look(&r);
	if (rc < 0)
		return rc;
	leave_times_out(&r, input->aid);
	jfr_add_types(&r.plan, profile);
	profile->start_wall_ns = r.plan.start_ns;
	return read_parts(&r);
}
