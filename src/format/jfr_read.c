/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/parallel.h"
#include "base/vec.h"
#include "format/input.h"
#include "format/jfr_rows.h"

#define PIECES 4
#define BINNED_ROWS 1000000u		/* of all parts, if steps can be long enough */
#define PART_BYTES ((size_t)8 << 20)	/* a part is at least as long, for it reads its chunk's constants */

/* The whole file: what is in it, and its parts. */
struct reader {
	struct profile *profile;
	struct jfr_plan_of_rows plan;
	struct jfr_part parts[JFR_PARTS_MAX];
	uint32_t n_parts;
	size_t next_part;	/* the byte of the file from which on the next one begins */
	/* Chunks that lie in one part as a whole, but for the first. */
	struct chunk_seen {
		size_t at;
		uint32_t part;
	} *chunks;
	uint32_t n_chunks, cap_chunks;
	uint64_t n_rows;
	uint64_t step_ns;	/* binned */
	double wall_ns;		/* what async-profiler says of wall time beside another event; 0: nothing */
	bool event_is_wall;	/* its interval is that of wall time */
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

/* A setting of ExecutionSample (the JDK: "period"), or of async-profiler: "interval" is that of its "event", and "wall" that of wall
 * time taken beside another one. 0 is its default, which the file does not tell. */
static void read_setting(struct reader *r, const struct jfr_chunk *chunk, struct jfr_event *event)
{
	static const char *const names[] = { "name", "value", "id", NULL };
	struct strings *strings = &r->profile->strings;
	struct jfr_value values[JFR_SLOTS];
	double cpu_ns = r->plan.interval_ns[JFR_CPU];
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
		cpu_ns = nanoseconds(value) > 0 ? nanoseconds(value) : cpu_ns;
	else if (str_eq(name, STR("wall")))
		r->wall_ns = nanoseconds(value) > 0 ? nanoseconds(value) : r->wall_ns;
	else if (str_eq(name, STR("event")))
		r->event_is_wall = str_eq(value, STR("wall"));
	r->plan.interval_ns[JFR_CPU] = cpu_ns;
	r->plan.interval_ns[JFR_WALL] = r->wall_ns > 0 ? r->wall_ns : r->event_is_wall ? cpu_ns : 0;
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

/* All events of a chunk in which a part may begin, or whose settings are looked at. */
static int look_closely(struct reader *r, struct jfr_chunk *chunk, struct err *err)
{
	size_t at = JFR_FIRST_EVENT;
	struct jfr_event event;
	int rc = 0;

	while (rc == 0 && at < chunk->bytes.n) {
		begin_part(r, chunk, at);
		rc = jfr_chunk_event(chunk, &at, &event, err);
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

/* Some of the other chunks, which are looked at side by side. */
struct piece {
	const struct jfr_plan_of_rows *plan;
	const struct chunk_seen *from, *to;
	uint64_t rows[JFR_PARTS_MAX];
	bool seen[JFR_GROUPS];
	int rc;
	struct err err;
};

static void count_events(struct piece *piece, const struct jfr_chunk *chunk, uint32_t part)
{
	uint64_t kinds[JFR_NO_KIND + 1] = { 0 };
	struct jfr_event event = { 0 };

	for (size_t at = JFR_FIRST_EVENT; at < chunk->bytes.n;) {
		piece->rc = jfr_chunk_event(chunk, &at, &event, &piece->err);
		if (piece->rc < 0)
			return;
		kinds[event.kind]++;
	}
	for (uint32_t kind = 0; kind < JFR_KINDS; kind++) {
		piece->rows[part] += kinds[kind];
		piece->seen[jfr_event_kinds[kind].group] |= kinds[kind] != 0;
	}
}

static void look_at_piece(void *context, uint32_t i)
{
	struct piece *piece = (struct piece *)context + i;
	struct jfr_chunk *chunk = calloc(1, sizeof(*chunk));

	piece->rc = chunk ? 0 : -ENOMEM;
	for (const struct chunk_seen *seen = piece->from; piece->rc == 0 && seen < piece->to; seen++) {
		piece->rc = jfr_chunk_open(chunk, piece->plan->bytes, seen->at, piece->plan->what, &piece->err);
		if (piece->rc == 0)
			count_events(piece, chunk, seen->part);
	}
	if (chunk)
		jfr_chunk_fini(chunk);
	free(chunk);
}

static int look_at_others(struct reader *r)
{
	struct piece pieces[PIECES] = { 0 };
	int rc = 0;

	for (uint32_t i = 0; i < PIECES; i++) {
		pieces[i].plan = &r->plan;
		pieces[i].from = r->chunks + (uint64_t)r->n_chunks * i / PIECES;
		pieces[i].to = r->chunks + (uint64_t)r->n_chunks * (i + 1) / PIECES;
	}
	parallel_each(PIECES, look_at_piece, pieces);
	for (uint32_t i = 0; rc == 0 && i < PIECES; i++) {
		rc = pieces[i].rc;
		if (rc < 0)
			err_set(r->err, "%s", pieces[i].err.text);
		for (uint32_t part = 0; part < JFR_PARTS_MAX; part++) {
			r->parts[part].n += (uint32_t)pieces[i].rows[part];
			r->n_rows += pieces[i].rows[part];
		}
		for (uint32_t group = 0; group < JFR_GROUPS; group++)
			r->plan.seen[group] |= pieces[i].seen[group];
	}
	return rc;
}

static void look_at_header(struct reader *r, const struct jfr_chunk *chunk)
{
	uint64_t end_ns;

	if (chunk->at == 0)
		r->plan.start_ns = chunk->start_ns;
	/* clocks are set back: times then begin there */
	end_ns = chunk->start_ns > r->plan.start_ns ? chunk->start_ns - r->plan.start_ns : 0;
	end_ns += chunk->duration_ns;
	if (end_ns > r->profile->duration_ns)
		r->profile->duration_ns = end_ns;
}

/* Finds the chunks, and where parts begin. What constants say is known here in the first chunk only: settings are
 * in it. err: of a chunk that is not sound, when all before it are. */
static int look_at_chunks(struct reader *r, struct jfr_chunk *chunk, struct err *err)
{
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < r->plan.bytes.n; at += chunk->bytes.n) {
		rc = jfr_chunk_header(chunk, r->plan.bytes, at, r->plan.what, err);
		if (rc < 0)
			return rc;
		look_at_header(r, chunk);
		if (at && (r->n_parts == JFR_PARTS_MAX || at + chunk->bytes.n <= r->next_part)) {
			if (VEC_RESERVE(&r->chunks, &r->cap_chunks, (uint64_t)r->n_chunks + 1) < 0)
				return -ENOMEM;
			r->chunks[r->n_chunks++] = (struct chunk_seen){ at, r->n_parts - 1 };
			continue;
		}
		rc = jfr_chunk_open(chunk, r->plan.bytes, at, r->plan.what, err);
		if (rc == 0 && at == 0)
			rc = jfr_chunk_pools(chunk, r->profile, NULL, err);
		if (rc == 0)
			rc = look_closely(r, chunk, err);
		jfr_chunk_close(chunk);
	}
	return rc;
}

/* Which types of values there are, and how many rows, must be known before the first row. */
static int look(struct reader *r)
{
	struct jfr_chunk *chunk = calloc(1, sizeof(*chunk));
	struct err err = { 0 };
	int rc = chunk ? look_at_chunks(r, chunk, &err) : -ENOMEM, others;

	if (chunk)
		jfr_chunk_fini(chunk);
	free(chunk);
	others = r->n_chunks ? look_at_others(r) : 0;
	free(r->chunks);
	if (others < 0)
		return others;
	if (rc < 0 && err.text[0])
		err_set(r->err, "%s", err.text);
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
	struct profile *profile = r->profile;

	for (uint32_t row = part->row - part->n; !r->plan.binned && row < part->row; row++) {
		profile->stack[row] = part->stacks[profile->stack[row]];
		profile->label_set[row] = part->sets[profile->label_set[row]];
	}
	for (uint32_t k = 0; r->plan.binned && k < part->bins.n; k++) {
		uint32_t row = part->row + k, to = part->bins.to[k];

		profile->stack[row] = part->stacks[part->profile.stack[to]];
		profile->label_set[row] = part->sets[part->profile.label_set[to]];
		profile->time_ns[row] = part->bins.time_ns[k];
		memcpy(&profile->values[(size_t)row * profile->n_types],
		       &part->bins.values[(size_t)k * profile->n_types], profile->n_types * sizeof(*profile->values));
	}
}

static void lengthen_part(void *context, uint32_t i)
{
	struct reader *r = context;

	jfr_bins_lengthen(&r->parts[i].bins, r->step_ns);
}

/* "20 ms": a step is 1 or 2 times a power of ten. */
static void step_words(uint64_t step_ns, char *ret_words, size_t n)
{
	static const struct {
		uint64_t ns;
		const char *unit;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" } };
	uint32_t i = 0;

	while (units[i].ns > step_ns && i < 3)
		i++;
	snprintf(ret_words, n, "%" PRIu64 " %s", step_ns / units[i].ns, units[i].unit);
}

/* All parts get the longest steps, and their rows room in the whole. */
static int join_bins(struct reader *r)
{
	uint64_t n = 0;
	char text[128], step[32];

	for (uint32_t i = 0; i < r->n_parts; i++)
		r->step_ns = r->parts[i].bins.step_ns > r->step_ns ? r->parts[i].bins.step_ns : r->step_ns;
	parallel_each(r->n_parts, lengthen_part, r);
	for (uint32_t i = 0; i < r->n_parts; i++) {
		if (r->parts[i].bins.failed)
			return -ENOMEM;
		r->parts[i].row = (uint32_t)n;
		n += r->parts[i].bins.n;
	}
	r->profile->time_step_ns = r->step_ns;
	step_words(r->step_ns, step, sizeof(step));
	snprintf(text, sizeof(text), "sonde: note times of %" PRIu64 " samples are told in steps of %s; --time A..B "
		 "tells those of a part exactly", r->n_rows, step);
	profile_add_comment(r->profile, str_of(text));
	return n <= UINT32_MAX ? profile_add_rows(r->profile, (uint32_t)n) : -ENOMEM;
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

static int begin_parts(struct reader *r)
{
	uint64_t row = 0;
	int rc = 0;

	for (uint32_t i = 0; i < r->n_parts; i++) {
		struct jfr_part *part = &r->parts[i];
		uint64_t rows_max = r->n_rows ? (uint64_t)BINNED_ROWS * part->n / r->n_rows + 1 : 1;

		profile_init(&part->profile);
		jfr_add_types(&r->plan, &part->profile);	/* (the same ones each time) */
		part->rows = r->profile;
		part->row = (uint32_t)row;
		row += part->n;
		if (rc == 0 && r->plan.binned)
			rc = jfr_bins_init(&part->bins, part->profile.n_types, part->n, r->n_rows,
					   r->profile->duration_ns, (uint32_t)rows_max);
	}
	return rc;
}

static int read_parts(struct reader *r)
{
	bool exact = !r->plan.untimed && !r->plan.binned;
	int rc;

	if (r->n_rows > UINT32_MAX || (exact && profile_add_rows(r->profile, (uint32_t)r->n_rows) < 0))
		return -ENOMEM;
	rc = begin_parts(r);
	if (rc == 0)
		parallel_each(r->n_parts, read_part, r);
	for (uint32_t i = 0; rc == 0 && i < r->n_parts; i++)
		rc = join(r, &r->parts[i]);
	if (rc == 0 && r->plan.binned)
		rc = join_bins(r);
	if (rc == 0 && !r->plan.untimed)
		parallel_each(r->n_parts, rename_part, r);
	for (uint32_t i = 0; i < r->n_parts; i++) {
		profile_fini(&r->parts[i].profile);
		jfr_bins_fini(&r->parts[i].bins);
		free(r->parts[i].stacks);
		free(r->parts[i].sets);
	}
	if (rc < 0 && !r->plan.untimed)	/* rows that nobody wrote */
		r->profile->n = 0;
	return rc;
}

/* Profiles without samples/count are counted by their rows and keep one for each sample. */
static void choose_times(struct reader *r, const struct read_aid *aid)
{
	r->plan.untimed = r->plan.seen[JFR_CPU] && aid->untimed;
	r->plan.binned = r->plan.seen[JFR_CPU] && !aid->untimed && aid->times_max && r->n_rows > aid->times_max;
}

int jfr_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile, .plan = { .what = input->what }, .err = err };
	int rc = input_whole(input, &r.plan.bytes, err);

	if (rc == 0)
		rc = look(&r);
	if (rc < 0)
		return rc;
	choose_times(&r, input->aid);
	jfr_add_types(&r.plan, profile);
	profile->start_wall_ns = r.plan.start_ns;
	return read_parts(&r);
}
