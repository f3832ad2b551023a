/* SPDX-License-Identifier: Apache-2.0 */
/* A section of the page's blocks: who spent what where. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/filter.h"
#include "model/profile.h"
#include "render/html_packer.h"
#include "render/html_times.h"

#define AHEAD 16	/* samples asked of memory before they are needed */

static int sort_samples(struct packer *p, struct html_samples *e)
{
	const struct profile *profile = p->profile;
	size_t n = (size_t)profile->n + 1;
	int rc;

	e->ids = calloc(n, sizeof(*e->ids));
	e->spare = calloc(n, sizeof(*e->spare));
	e->node = calloc(n, sizeof(*e->node));
	e->group = calloc(n, sizeof(*e->group));
	if (!e->ids || !e->spare || !e->node || !e->group)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->n; i++) {
		if (!filter_keeps(p->options->filter, i) || profile->stack[i] >= profile->tree.n)
			continue;
		e->ids[e->n++] = i;
		e->node[i] = p->tree.of_stack[profile->stack[i]];
		e->group[i] = p->labels.of_set[profile->label_set[i]];
	}
	e->n_groups = p->labels.n;
	rc = html_sort_by(e->ids, e->spare, e->n, e->node, p->tree.n);
	return rc < 0 ? rc : html_sort_by(e->spare, e->ids, e->n, e->group, e->n_groups);
}

/* Of some samples in some order, one after another in memory: they are looked at once for each value type, and each look at a
 * sample by its id would be a cache miss. */
struct gathered {
	int64_t *values;	/* as in struct profile */
	uint32_t *column;	/* their node or tick */
	bool *last;		/* of those that make one row */
	uint32_t n;
};

static int gathered_init(struct gathered *g, const struct profile *profile, uint32_t n)
{
	g->values = malloc(((size_t)n + 1) * profile->n_types * sizeof(*g->values));
	g->column = malloc(((size_t)n + 1) * sizeof(*g->column));
	g->last = malloc((size_t)n + 1);
	return g->values && g->column && g->last ? 0 : -ENOMEM;
}

static void gathered_fini(struct gathered *g)
{
	free(g->values);
	free(g->column);
	free(g->last);
}

static void gather(struct gathered *g, const struct profile *profile, const uint32_t *ids, uint32_t n)
{
	size_t types = profile->n_types;

	g->n = n;
	for (uint32_t i = 0; i < n; i++) {
		if (i + AHEAD < n)
			__builtin_prefetch(profile->values + ids[i + AHEAD] * types);
		memcpy(g->values + i * types, profile->values + ids[i] * types, types * sizeof(*g->values));
	}
}

/* The next row's value of one type, scaled; *at moves behind it. */
static uint64_t next_value(const struct packer *p, const struct gathered *g, uint32_t type, uint32_t *at)
{
	size_t types = p->profile->n_types;
	uint64_t sum = 0;

	do {
		int64_t value = g->values[*at * types + type];

		if (value > 0 && __builtin_add_overflow(sum, (uint64_t)value, &sum))
			sum = UINT64_MAX;
	} while (!g->last[(*at)++]);
	return sum / p->scale[type];
}

static void put_values(struct packer *p, const struct gathered *g, uint32_t type)
{
	uint64_t largest = 0;

	buf_clear(&p->scratch);
	for (uint32_t at = 0; at < g->n;) {
		uint64_t sum = next_value(p, g, type, &at);

		largest = sum > largest ? sum : largest;
		buf_add_uleb(&p->scratch, sum);
	}
	buf_add_uleb(p->out, largest > UINT32_MAX);
	buf_add_str(p->out, buf_str(&p->scratch));
}

/* What samples can be grouped by, and what could not be kept apart. */
static void put_keys(struct packer *p)
{
	buf_add_uleb(p->out, p->labels.n_keys);
	for (uint32_t k = 0; k < p->labels.n_keys; k++) {
		const struct html_key *key = &p->labels.keys[k];

		buf_add_uleb(p->out, html_intern(p, key->name));
		buf_add_uleb(p->out, key->n);
		for (uint32_t v = 0; v < key->n; v++)
			buf_add_uleb(p->out, html_intern(p, key->values[v]));
		buf_add_uleb(p->out, key->n_others);
	}
}

/* The group's nodes, each once, and what was spent there. */
static void put_entries(struct packer *p, const struct html_samples *e, struct gathered *g, uint32_t from,
			uint32_t n)
{
	const uint32_t *ids = e->ids + from;
	uint32_t n_entries = 0, before = 0;

	gather(g, p->profile, ids, n);
	for (uint32_t i = 0; i < n; i++)
		g->column[i] = e->node[ids[i]];
	for (uint32_t i = 0; i < n; i++) {
		g->last[i] = i + 1 == n || g->column[i] != g->column[i + 1];
		n_entries += g->last[i];
	}
	buf_add_uleb(p->out, n_entries);
	for (uint32_t i = 0; i < n; i++) {
		if (!g->last[i])
			continue;
		buf_add_uleb(p->out, g->column[i] - before);
		before = g->column[i];
	}
	for (uint32_t t = 0; t < p->profile->n_types; t++)
		put_values(p, g, t);
}

static void put_thread(struct packer *p, uint32_t group)
{
	const struct thread_row *row = &p->threads.rows[p->labels.thread[group]];

	buf_add_uleb(p->out, row->has_pid && row->pid >= 0 ? (uint64_t)row->pid + 1 : 0);
	buf_add_uleb(p->out, html_intern(p, row->process));
	buf_add_uleb(p->out, row->has_tid && row->tid >= 0 ? (uint64_t)row->tid + 1 : 0);
	buf_add_uleb(p->out, html_intern(p, row->thread));
	for (uint32_t k = 0; k < p->labels.n_keys; k++)
		buf_add_uleb(p->out, p->labels.keys[k].of_set[p->labels.set[group]]);
}

/* Which of the group's nodes each of its samples has, by sample; behind put_entries(). */
static void number_entries(const struct html_samples *e, const struct gathered *g, uint32_t from,
			   uint32_t *entry)
{
	for (uint32_t i = 0, n = 0; i < g->n; n += g->last[i++])
		entry[e->ids[from + i]] = n;
}

/* A flag and the rows' values of one type: 0 and the one value all have; 1 and a column of 32-bit
 * numbers; 2 and a column of wider ones. */
static void put_row_values(struct packer *p, const struct gathered *g, uint32_t type)
{
	uint64_t largest = 0, least = UINT64_MAX;

	buf_clear(&p->scratch);
	for (uint32_t at = 0; at < g->n;) {
		uint64_t sum = next_value(p, g, type, &at);

		largest = sum > largest ? sum : largest;
		least = sum < least ? sum : least;
		buf_add_uleb(&p->scratch, sum);
	}
	buf_add_uleb(p->out, least == largest ? 0 : largest > UINT32_MAX ? 2 : 1);
	if (least == largest)
		buf_add_uleb(p->out, largest);
	else
		buf_add_str(p->out, buf_str(&p->scratch));
}

/* The group's samples in time order. entry: see number_entries(). */
static void put_rows(struct packer *p, const struct html_times *times, struct gathered *g, uint32_t from, uint32_t n,
		     const uint32_t *entry)
{
	const uint32_t *ids = times->ids + from;
	uint32_t n_rows = 0, before = 0;

	for (uint32_t i = 0; i < n; i++) {
		g->last[i] = i + 1 == n || html_times_new_row(times, from + i + 1);
		n_rows += g->last[i];
	}
	buf_add_uleb(p->out, n_rows);
	gather(g, p->profile, ids, n);
	memcpy(g->column, times->tick + from, (size_t)n * sizeof(*g->column));
	for (uint32_t i = 0; i < n; i++) {
		if (!g->last[i])
			continue;
		buf_add_uleb(p->out, g->column[i] - before);
		before = g->column[i];
	}
	for (uint32_t i = 0; i < n; i++)
		if (g->last[i])
			buf_add_uleb(p->out, entry[ids[i]]);
	for (uint32_t t = 0; n_rows && t < p->profile->n_types; t++)
		put_row_values(p, g, t);
}

static void put_all(struct packer *p, const struct html_samples *e, const struct html_times *times,
		    struct gathered *g, uint32_t *entry)
{
	uint32_t from = 0;

	buf_add_uleb(p->out, times->tick_ns);
	if (!p->functions)
		put_keys(p);
	buf_add_uleb(p->out, p->labels.n);
	for (uint32_t group = 0; group < p->labels.n; group++) {
		uint32_t to = from;

		while (to < e->n && e->group[e->ids[to]] == group)
			to++;
		if (!p->functions)
			put_thread(p, group);
		put_entries(p, e, g, from, to - from);
		if (times->tick_ns) {
			number_entries(e, g, from, entry);
			put_rows(p, times, g, from, to - from, entry);
		}
		from = to;
	}
}

int html_put_groups(struct packer *p)
{
	struct html_samples e = { 0 };
	struct html_times times = { 0 };
	struct gathered g = { 0 };
	int rc = sort_samples(p, &e);

	if (rc == 0)
		rc = html_times_init(&times, p->profile, &e, HTML_TIMES_ROWS);
	if (rc == 0)
		rc = gathered_init(&g, p->profile, e.n);
	if (rc == 0)
		put_all(p, &e, &times, &g, e.spare);
	gathered_fini(&g);
	free(e.ids);
	free(e.spare);
	free(e.node);
	free(e.group);
	html_times_fini(&times);
	return rc;
}
