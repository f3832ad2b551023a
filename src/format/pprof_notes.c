/* SPDX-License-Identifier: Apache-2.0 */
#include "format/pprof_notes.h"

#include "base/bisect.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/vec.h"
#include "model/profile.h"

void pprof_notes_fini(struct pprof_notes *notes)
{
	free(notes->kinds.ranges);
	*notes = (struct pprof_notes){ 0 };
}

static const struct {
	const char *key;
	size_t offset;
} counters[] = {
	{ "events", offsetof(struct profile_stats, events) },
	{ "recorded", offsetof(struct profile_stats, recorded) },
	{ "complete", offsetof(struct profile_stats, complete) },
	{ "frames", offsetof(struct profile_stats, frames) },
	{ "named", offsetof(struct profile_stats, frames_named) },
};

static bool take_counter(struct profile *profile, struct str key, struct str rest)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		uint64_t value;

		if (!str_eq(key, str_of(counters[i].key)))
			continue;
		if (str_parse_u64(rest, 10, &value) < 0)
			return false;
		memcpy((char *)&profile->stats + counters[i].offset, &value, sizeof(value));
		profile->stats.known = true;
		return true;
	}
	return false;
}

static bool take_sum(struct pprof_sum *sum, struct str rest)
{
	uint64_t value;

	if (str_parse_u64(rest, 16, &value) < 0)
		return false;
	sum->twice |= sum->said && sum->value != value;
	sum->said = true;
	sum->value = value;
	return true;
}

uint64_t pprof_location_sum(uint64_t id, uint64_t address, struct str name)
{
	return id * (address + hash_str(name) + 1);
}

uint64_t pprof_values_sum(const int64_t *values, uint32_t n, uint32_t n_types)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t t = 0; t < n_types; t++)
			sum += (t + 1) * (uint64_t)*values++;
	return sum;
}

uint64_t pprof_sample_sum(const struct profile *profile)
{
	return pprof_values_sum(profile->values, profile->n, profile->n_types);
}

static bool take_drop(struct profile *profile, struct str rest)
{
	struct str count = str_cut(&rest, ' ');
	uint64_t value;

	if (!rest.n || str_parse_u64(count, 10, &value) < 0)
		return false;
	profile_add_drop(profile, rest, value);
	profile->stats.known = true;
	return true;
}

static bool take_range(struct pprof_notes *notes, enum frame_kind kind, struct str text)
{
	struct pprof_kinds *kinds = &notes->kinds;
	struct str first = str_cut(&text, '-');
	struct pprof_kind_range range = { .kind = kind };

	if (str_parse_u64(first, 10, &range.first) < 0)
		return false;
	range.last = range.first;
	if (text.p && (str_parse_u64(text, 10, &range.last) < 0 || range.last < range.first))
		return false;
	if (VEC_RESERVE(&kinds->ranges, &kinds->cap, (uint64_t)kinds->n + 1) < 0)
		notes->failed = true;
	else
		kinds->ranges[kinds->n++] = range;
	return true;
}

static bool take_kinds(struct pprof_notes *notes, struct str rest)
{
	struct str name = str_cut(&rest, ' ');
	enum frame_kind kind = frame_kind_of(name);
	uint32_t n_old = notes->kinds.n;

	if (!rest.n || (kind == FRAME_NONE && !str_eq(name, STR("none"))))
		return false;
	while (rest.p) {
		if (!take_range(notes, kind, str_cut(&rest, ','))) {
			notes->kinds.n = n_old;
			return false;
		}
	}
	return true;
}

bool pprof_notes_take(struct pprof_notes *notes, struct profile *profile, struct str comment)
{
	struct str key;

	if (!str_starts(comment, STR("sonde: ")))
		return false;
	comment = str_skip(comment, strlen("sonde: "));
	key = str_cut(&comment, ' ');
	if (str_eq(key, STR("kind")))
		return take_kinds(notes, comment);
	if (str_eq(key, STR("drop")))
		return take_drop(profile, comment);
	if (str_eq(key, STR("locations")))
		return take_sum(&notes->locations, comment);
	if (str_eq(key, STR("samples")))
		return take_sum(&notes->samples, comment);
	if (str_eq(key, STR("times")) && !comment.p) {
		notes->timed = true;
		return true;
	}
	return take_counter(profile, key, comment);
}

static int compare_ranges(const void *left, const void *right)
{
	const struct pprof_kind_range *a = left, *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

void pprof_notes_seal(struct pprof_notes *notes)
{
	if (notes->kinds.n)
		qsort(notes->kinds.ranges, notes->kinds.n, sizeof(*notes->kinds.ranges),
		      compare_ranges);
}

enum frame_kind pprof_notes_kind(const struct pprof_notes *notes, uint64_t location_id)
{
	const struct pprof_kind_range *ranges = notes->kinds.ranges;
	uint32_t before = BISECT(notes->kinds.n, i, ranges[i].first <= location_id);

	return before && ranges[before - 1].last >= location_id ? ranges[before - 1].kind : FRAME_KIND_COUNT;
}

void pprof_notes_make(const struct profile *profile, void (*add)(void *ctx, struct str comment),
		      void *ctx)
{
	const struct profile_stats *stats = &profile->stats;
	struct buf buf = { 0 };

	for (size_t i = 0; stats->known && i < sizeof(counters) / sizeof(counters[0]); i++) {
		uint64_t value;

		memcpy(&value, (const char *)stats + counters[i].offset, sizeof(value));
		buf_clear(&buf);
		buf_addf(&buf, "sonde: %s %llu", counters[i].key, (unsigned long long)value);
		add(ctx, buf_str(&buf));
	}
	for (uint32_t i = 0; stats->known && i < stats->n_drops; i++) {
		buf_clear(&buf);
		buf_addf(&buf, "sonde: drop %llu ", (unsigned long long)stats->drops[i].count);
		buf_add_str(&buf, strings_get(&profile->strings, stats->drops[i].reason));
		add(ctx, buf_str(&buf));
	}
	if (stats->known) {
		buf_clear(&buf);
		buf_addf(&buf, "sonde: samples %llx",
			 (unsigned long long)pprof_sample_sum(profile));
		add(ctx, buf_str(&buf));
	}
	if (profile->time_ns)
		add(ctx, STR("sonde: times"));
	buf_fini(&buf);
}
