/* SPDX-License-Identifier: Apache-2.0 */
/* The last section of the page's block: who spent what where. */
#include <errno.h>
#include <stdlib.h>

#include "analyze/filter.h"
#include "model/profile.h"
#include "render/html_packer.h"
#include "render/html_times.h"

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

/* The values of samples ids[from] ... ids[to - 1], those of one node added, of one type. */
static void put_values(struct packer *p, const struct html_samples *e, uint32_t from, uint32_t to,
		       uint32_t type)
{
	uint64_t largest = 0, sum = 0;

	buf_clear(&p->scratch);
	for (uint32_t i = from; i < to; i++) {
		if (__builtin_add_overflow(sum, html_value_of(p->profile, e->ids[i], type), &sum))
			sum = UINT64_MAX;
		if (i + 1 < to && e->node[e->ids[i + 1]] == e->node[e->ids[i]])
			continue;
		sum /= p->scale[type];
		largest = sum > largest ? sum : largest;
		buf_add_uleb(&p->scratch, sum);
		sum = 0;
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

static void put_group(struct packer *p, const struct html_samples *e, uint32_t from, uint32_t to,
		      uint32_t group)
{
	const struct thread_row *row = &p->threads.rows[p->labels.thread[group]];
	uint32_t n = 0, before = 0;

	buf_add_uleb(p->out, row->has_pid && row->pid >= 0 ? (uint64_t)row->pid + 1 : 0);
	buf_add_uleb(p->out, html_intern(p, row->process));
	buf_add_uleb(p->out, row->has_tid && row->tid >= 0 ? (uint64_t)row->tid + 1 : 0);
	buf_add_uleb(p->out, html_intern(p, row->thread));
	for (uint32_t k = 0; k < p->labels.n_keys; k++)
		buf_add_uleb(p->out, p->labels.keys[k].of_set[p->labels.set[group]]);
	for (uint32_t i = from; i < to; i++)
		n += i == from || e->node[e->ids[i]] != e->node[e->ids[i - 1]];
	buf_add_uleb(p->out, n);
	for (uint32_t i = from; i < to; i++) {
		uint32_t node = e->node[e->ids[i]];

		if (i > from && node == before)
			continue;
		buf_add_uleb(p->out, node - before);
		before = node;
	}
	for (uint32_t t = 0; t < p->profile->n_types; t++)
		put_values(p, e, from, to, t);
}

/* Which of the group's nodes each of its samples ids[from] ... ids[to - 1] has: into entry, by sample. */
static void number_entries(const struct html_samples *e, uint32_t from, uint32_t to, uint32_t *entry)
{
	uint32_t n = 0;

	for (uint32_t i = from; i < to; i++) {
		n += i > from && e->node[e->ids[i]] != e->node[e->ids[i - 1]];
		entry[e->ids[i]] = n;
	}
}

/* A flag and the rows' values of one type: 0 and the one value all have; 1 and a column of 32-bit
 * numbers; 2 and a column of wider ones. */
static void put_row_values(struct packer *p, const struct html_samples *e,
			   const struct html_times *times, uint32_t from, uint32_t to, uint32_t type)
{
	uint64_t largest = 0, least = UINT64_MAX, sum = 0;

	buf_clear(&p->scratch);
	for (uint32_t i = from; i < to; i++) {
		if (__builtin_add_overflow(sum, html_value_of(p->profile, times->ids[i], type), &sum))
			sum = UINT64_MAX;
		if (i + 1 < to && !html_times_new_row(times, e, i + 1))
			continue;
		sum /= p->scale[type];
		largest = sum > largest ? sum : largest;
		least = sum < least ? sum : least;
		buf_add_uleb(&p->scratch, sum);
		sum = 0;
	}
	buf_add_uleb(p->out, least == largest ? 0 : largest > UINT32_MAX ? 2 : 1);
	if (least == largest)
		buf_add_uleb(p->out, largest);
	else
		buf_add_str(p->out, buf_str(&p->scratch));
}

/* The group's samples in time order. entry: see number_entries(). */
static void put_rows(struct packer *p, const struct html_samples *e, const struct html_times *times,
		     uint32_t from, uint32_t to, const uint32_t *entry)
{
	uint32_t n = 0, before = 0;

	for (uint32_t i = from; i < to; i++)
		n += i == from || html_times_new_row(times, e, i);
	buf_add_uleb(p->out, n);
	for (uint32_t i = from; i < to; i++) {
		uint32_t tick = times->tick[times->ids[i]];

		if (i > from && !html_times_new_row(times, e, i))
			continue;
		buf_add_uleb(p->out, tick - before);
		before = tick;
	}
	for (uint32_t i = from; i < to; i++)
		if (i == from || html_times_new_row(times, e, i))
			buf_add_uleb(p->out, entry[times->ids[i]]);
	for (uint32_t t = 0; n && t < p->profile->n_types; t++)
		put_row_values(p, e, times, from, to, t);
}

static void put_all(struct packer *p, const struct html_samples *e, const struct html_times *times,
		    uint32_t *entry)
{
	uint32_t from = 0;

	buf_add_uleb(p->out, times->tick_ns);
	put_keys(p);
	buf_add_uleb(p->out, p->labels.n);
	for (uint32_t group = 0; group < p->labels.n; group++) {
		uint32_t to = from;

		while (to < e->n && e->group[e->ids[to]] == group)
			to++;
		put_group(p, e, from, to, group);
		if (times->tick_ns) {
			number_entries(e, from, to, entry);
			put_rows(p, e, times, from, to, entry);
		}
		from = to;
	}
}

int html_put_groups(struct packer *p)
{
	struct html_samples e = { 0 };
	struct html_times times = { 0 };
	int rc = sort_samples(p, &e);

	if (rc == 0)
		rc = html_times_init(&times, p->profile, &e, HTML_TIMES_ROWS);
	if (rc == 0)
		put_all(p, &e, &times, e.spare);
	free(e.ids);
	free(e.spare);
	free(e.node);
	free(e.group);
	html_times_fini(&times);
	return rc;
}
