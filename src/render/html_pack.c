/* SPDX-License-Identifier: Apache-2.0 */
#include "render/html_pack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/filter.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/parallel.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/html_packer.h"

#define MAGIC STR("SONDEFG1")
#define NAME_MAX_BYTES 65536	/* a longer name is cut: nobody reads that far */
#define COMMENTS_MOST 100

void html_put_str(struct packer *p, struct str s)
{
	buf_add_uleb(p->out, s.n);
	buf_add_str(p->out, s);
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* A line end parts strings in the block, and a reader should see what a name holds. */
struct str html_without_controls(struct buf *scratch, struct str s, bool keep_tabs)
{
	bool found = false;

	s = str_head(s, NAME_MAX_BYTES);
	for (size_t i = 0; i < s.n && !found; i++)
		found = is_control(s.p[i]);
	if (!found)
		return s;
	buf_clear(scratch);
	for (size_t i = 0; i < s.n; i++)
		if (is_control(s.p[i]) && !(keep_tabs && s.p[i] == '\t')) {
			buf_add(scratch, "\xe2\x90", 2);
			buf_add_u8(scratch, s.p[i] == 0x7f ? 0xa1 : (uint8_t)(0x80 + s.p[i]));
		} else {
			buf_add_u8(scratch, (uint8_t)s.p[i]);
		}
	return buf_str(scratch);
}

uint32_t html_intern(struct packer *p, struct str s)
{
	return strings_add(&p->strings, html_without_controls(&p->scratch, s, false));
}

/* ---- what is known of the profile ---- */

static void put_pair(struct packer *p, const char *key, struct str value)
{
	html_put_str(p, str_of(key));
	html_put_str(p, value);
}

static void put_number(struct packer *p, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_pair(p, key, str_of(text));
}

/* What "sonde: key value" says among the comments; empty when nothing does. */
static struct str comment_value(const struct profile *profile, struct str key)
{
	for (uint32_t i = 0; i < profile->n_comments; i++) {
		struct str s = strings_get(&profile->strings, profile->comments[i]);

		if (!str_starts(s, STR("sonde: ")))
			continue;
		s = str_skip(s, 7);
		if (str_starts(s, key) && s.n > key.n && s.p[key.n] == ' ')
			return str_trim(str_skip(s, key.n));
	}
	return (struct str){ 0 };
}

/* "99 Hz" for a period in time; "one per 512 KiB", "one per 1,000 cycles". */
static void put_rate(struct packer *p)
{
	const struct profile *profile = p->profile;
	struct str unit = strings_get(&profile->strings, profile->period_type.unit);
	struct buf text = { 0 };

	if (profile->period > 0 && str_eq(unit, STR("nanoseconds"))) {
		buf_addf(&text, "%.0f Hz", 1e9 / (double)profile->period);
	} else if (profile->period > 1) {
		buf_add_str(&text, STR("one per "));
		amount_add(&text, profile->period, unit, true);
		if (str_eq(unit, STR("count")))
			buf_addf(&text, " %.*s", STR_ARG(str_head(strings_get(&profile->strings,
									      profile->period_type.type), 32)));
	}
	put_pair(p, "rate", buf_str(&text));
	buf_fini(&text);
}

static uint64_t count_samples(const struct packer *p)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < p->threads.n; i++)
		sum += p->threads.rows[i].samples;
	return sum;
}

/* Our notes, and comments that are not ours, one on a line. */
static void put_comments(struct packer *p)
{
	const struct profile *profile = p->profile;
	struct buf lines = { 0 };

	for (uint32_t i = 0, n = 0; i < profile->n_comments && n < COMMENTS_MOST; i++) {
		struct str s = strings_get(&profile->strings, profile->comments[i]);

		if (str_starts(s, STR("sonde: note ")))
			s = str_skip(s, STR("sonde: note ").n);
		else if (str_starts(s, STR("sonde: ")))
			continue;
		n++;
		buf_add_str(&lines, html_without_controls(&p->scratch, s, false));
		buf_add_u8(&lines, '\n');
	}
	put_pair(p, "comments", str_trim(buf_str(&lines)));
	buf_fini(&lines);
}

static void put_meta(struct packer *p, uint32_t type)
{
	const struct profile *profile = p->profile;
	const struct profile_stats *stats = &profile->stats;
	struct str what = comment_value(profile, STR("command"));

	if (!what.n)
		what = comment_value(profile, STR("target"));
	buf_add_uleb(p->out, 23);
	put_pair(p, "version", STR(SONDE_VERSION));
	put_pair(p, "title", str_of(p->options->title));
	put_pair(p, "filter", str_of(p->options->filter_words));
	put_number(p, "folded", p->options->folded);
	put_number(p, "type", type);
	put_pair(p, "unit", str_of(p->options->unit ? amount_unit_name(p->options->unit) : NULL));
	put_number(p, "samples", count_samples(p));
	put_number(p, "counted", samples_type(p->profile) >= 0);
	put_number(p, "duration_ns", profile->duration_ns);
	put_number(p, "start_wall_ns", profile->start_wall_ns);
	put_rate(p);
	put_pair(p, "what", what);
	put_pair(p, "host", comment_value(profile, STR("host")));
	put_pair(p, "tier", comment_value(profile, STR("tier")));
	put_number(p, "events", stats->known ? stats->events : 0);
	put_number(p, "recorded", stats->known ? stats->recorded : 0);
	put_number(p, "complete", stats->known ? stats->complete : 0);
	put_number(p, "frames", stats->known ? stats->frames : 0);
	put_number(p, "frames_named", stats->known ? stats->frames_named : 0);
	put_comments(p);
	put_pair(p, "keys_left_out", buf_str(&p->labels.left_out));
	put_number(p, "negative", kept_negative(profile, p->options->filter, type));
	put_pair(p, "diff", str_of(p->options->diff));
	buf_add_uleb(p->out, stats->known ? stats->n_drops : 0);
	for (uint32_t i = 0; stats->known && i < stats->n_drops; i++) {
		html_put_str(p, strings_get(&profile->strings, stats->drops[i].reason));
		buf_add_uleb(p->out, stats->drops[i].count);
	}
}

/* ---- value types ---- */

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

uint64_t html_value_of(const struct profile *profile, uint32_t sample, uint32_t type)
{
	int64_t value = profile->values[(size_t)sample * profile->n_types + type];

	return value > 0 ? (uint64_t)value : 0;
}

/* Values are often all multiples of the period: what they share is written once. */
static void put_types(struct packer *p)
{
	const struct profile *profile = p->profile;

	buf_add_uleb(p->out, profile->n_types);
	for (uint32_t t = 0; t < profile->n_types; t++) {
		uint64_t scale = 0, total = 0;

		for (uint32_t i = 0; i < profile->n; i++) {
			uint64_t value = filter_keeps(p->options->filter, i) ?
						 html_value_of(profile, i, t) : 0;

			if (value)
				scale = scale == 1 ? 1 : gcd(value, scale);
			if (__builtin_add_overflow(total, value, &total))
				total = UINT64_MAX;
		}
		p->scale[t] = scale ? scale : 1;
		html_put_str(p, strings_get(&profile->strings, profile->types[t].type));
		html_put_str(p, strings_get(&profile->strings, profile->types[t].unit));
		buf_add_uleb(p->out, p->scale[t]);
		buf_add_uleb(p->out, total / p->scale[t]);
	}
}

/* ---- frames ---- */

int html_rank_frames(struct packer *p)
{
	uint32_t n = p->places.n, most = 0;
	uint32_t *used = calloc((size_t)n + 1, sizeof(*used)), *bucket;

	p->rank_of = calloc((size_t)n + 1, sizeof(*p->rank_of));
	p->place_of = calloc((size_t)n + 1, sizeof(*p->place_of));
	if (!used || !p->rank_of || !p->place_of) {
		free(used);
		return -ENOMEM;
	}
	for (uint32_t i = 1; i < p->tree.n; i++)
		if (++used[p->tree.place[i]] > most)
			most = used[p->tree.place[i]];
	bucket = calloc((size_t)most + 2, sizeof(*bucket));
	if (!bucket) {
		free(used);
		return -ENOMEM;
	}
	for (uint32_t i = 1; i < n; i++)
		bucket[most - used[i] + 1]++;
	for (uint32_t i = 0; i <= most; i++)
		bucket[i + 1] += bucket[i];
	p->n_frames = 1;
	for (uint32_t i = 1; i < n; i++) {
		if (!used[i])
			continue;
		p->rank_of[i] = ++bucket[most - used[i]];
		p->place_of[p->rank_of[i]] = i;
		p->n_frames++;
	}
	free(used);
	free(bucket);
	return 0;
}

/* Five columns; strings are interned first, since their table stands before. */
static int put_frames(struct packer *p)
{
	struct buf columns[5] = { 0 };
	bool failed = false;

	for (uint32_t i = 0; i < p->n_frames; i++) {
		const struct place *place = &p->places.items[p->place_of[i]];

		buf_add_uleb(&columns[0], i ? html_intern(p, place->name) : 0);
		buf_add_uleb(&columns[1], i ? place->kind : 0);
		buf_add_uleb(&columns[2], i ? html_intern(p, place->module) : 0);
		buf_add_uleb(&columns[3], i ? html_intern(p, place->file) : 0);
		buf_add_uleb(&columns[4], i ? place->line : 0);
	}
	for (uint32_t i = 0; i < p->threads.n; i++) {
		html_intern(p, p->threads.rows[i].process);
		html_intern(p, p->threads.rows[i].thread);
	}
	for (uint32_t k = 0; k < p->labels.n_keys; k++) {
		html_intern(p, p->labels.keys[k].name);
		for (uint32_t v = 0; v < p->labels.keys[k].n; v++)
			html_intern(p, p->labels.keys[k].values[v]);
	}
	html_intern(p, (struct str){ 0 });
	buf_clear(&p->scratch);
	for (uint32_t i = 0; i < p->strings.n; i++) {
		if (i)
			buf_add_u8(&p->scratch, '\n');
		buf_add_str(&p->scratch, p->strings.items[i]);
	}
	buf_add_uleb(p->out, p->strings.n ? p->strings.n : 1);
	html_put_str(p, buf_str(&p->scratch));
	buf_add_uleb(p->out, p->n_frames);
	for (int c = 0; c < 5; c++) {
		buf_add_str(p->out, buf_str(&columns[c]));
		failed |= columns[c].failed;
		buf_fini(&columns[c]);
	}
	return failed || p->strings.failed || p->scratch.failed ? -ENOMEM : 0;
}

/* ---- the tree ---- */

int html_put_tree(struct packer *p)
{
	const struct html_tree *tree = &p->tree;
	uint32_t n_levels = tree->depth_max + 1, *count = calloc(n_levels, sizeof(*count));

	if (!count)
		return -ENOMEM;
	for (uint32_t i = 0; i < tree->n; i++)
		count[tree->depth[i]]++;
	buf_add_uleb(p->out, n_levels);
	for (uint32_t i = 0; i < n_levels; i++)
		buf_add_uleb(p->out, count[i]);
	for (uint32_t i = 1; i < tree->n; i++)
		buf_add_uleb(p->out, tree->depth[i - 1] + 1 - tree->depth[i]);
	for (uint32_t i = 1; i < tree->n; i++)
		buf_add_uleb(p->out, p->rank_of[tree->place[i]]);
	free(count);
	return 0;
}

/* The block and that of its lines have nothing to do with each other from here on. */
struct halves {
	struct packer *p;
	struct buf *lines;
	int rcs[2];
};

static int put_rest(struct packer *p)
{
	int rc = put_frames(p);

	if (rc == 0)
		rc = html_put_tree(p);
	return rc == 0 ? html_put_groups(p) : rc;
}

static void put_half(void *context, uint32_t i)
{
	struct halves *halves = context;

	halves->rcs[i] = i ? html_put_lines(halves->lines, halves->p) : put_rest(halves->p);
}

static int pack(struct packer *p, struct buf *lines, struct err *err)
{
	const struct filter *filter = p->options->filter;
	struct halves halves = { .p = p, .lines = lines };
	int rc = places_init(&p->places, p->profile, p->options->granularity, err);

	if (rc == 0)
		rc = threads_init(&p->threads, p->profile, filter, p->type, err);
	if (rc == 0)
		rc = html_labels_init(&p->labels, p->profile, &p->threads, filter, p->type);
	if (rc == 0)
		rc = html_tree_init(&p->tree, p->profile, &p->places, filter, p->type, err);
	if (rc == 0)
		rc = html_rank_frames(p);
	if (rc < 0)
		return rc;
	buf_add_str(p->out, MAGIC);
	put_meta(p, p->type);
	put_types(p);
	parallel_each(2, put_half, &halves);
	rc = halves.rcs[0] < 0 ? halves.rcs[0] : halves.rcs[1];
	return rc < 0 || p->out->failed || p->scratch.failed || lines->failed ? -ENOMEM : 0;
}

int html_pack(struct buf *out, struct buf *lines, const struct profile *profile,
	      const struct flame_options *options, struct err *err)
{
	struct packer p = { .profile = profile, .options = options, .out = out };
	int64_t type = options->type < 0 ? (int64_t)profile->default_type : options->type;
	int rc;

	if (type >= (int64_t)profile->n_types)
		return err_fail(err, -EINVAL,
				"there is no value type %d in this profile (it has %u)",
				(int)type, profile->n_types);
	p.type = (uint32_t)type;
	rc = pack(&p, lines, err);
	if (rc == -ENOMEM)
		err_set(err, "out of memory while packing the flame graph");
	places_fini(&p.places);
	threads_fini(&p.threads);
	html_labels_fini(&p.labels);
	html_tree_fini(&p.tree);
	strings_fini(&p.strings);
	buf_fini(&p.scratch);
	free(p.rank_of);
	free(p.place_of);
	return rc;
}
