/* SPDX-License-Identifier: Apache-2.0 */
/* The last section of the page's block: who spent what where. */
#include <errno.h>
#include <stdlib.h>

#include "analyze/filter.h"
#include "model/profile.h"
#include "render/html_packer.h"

/* One stable pass of a counting sort: ids ordered by key[id's sample]. */
static int sort_by(uint32_t *ids, uint32_t *spare, uint32_t n, const uint32_t *key, uint32_t n_keys)
{
	uint32_t *at = calloc((size_t)n_keys + 1, sizeof(*at));

	if (!at)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		at[key[ids[i]] + 1]++;
	for (uint32_t i = 0; i < n_keys; i++)
		at[i + 1] += at[i];
	for (uint32_t i = 0; i < n; i++)
		spare[at[key[ids[i]]]++] = ids[i];
	free(at);
	return 0;
}

struct entries {
	uint32_t *ids, *spare;	/* kept samples, sorted by thread, then node */
	uint32_t *node, *row;	/* of each sample */
	uint32_t n;
};

static int sort_samples(struct packer *p, struct entries *e)
{
	const struct profile *profile = p->profile;
	size_t n = (size_t)profile->n + 1;
	int rc;

	e->ids = calloc(n, sizeof(*e->ids));
	e->spare = calloc(n, sizeof(*e->spare));
	e->node = calloc(n, sizeof(*e->node));
	e->row = calloc(n, sizeof(*e->row));
	if (!e->ids || !e->spare || !e->node || !e->row)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->n; i++) {
		if (!filter_keeps(p->options->filter, i) || profile->stack[i] >= profile->tree.n)
			continue;
		e->ids[e->n++] = i;
		e->node[i] = p->tree.of_stack[profile->stack[i]];
		e->row[i] = p->threads.of_set[profile->label_set[i]];
	}
	rc = sort_by(e->ids, e->spare, e->n, e->node, p->tree.n);
	return rc < 0 ? rc : sort_by(e->spare, e->ids, e->n, e->row, p->threads.n);
}

/* The values of samples ids[from] ... ids[to - 1], those of one node added, of one type. */
static void put_values(struct packer *p, const struct entries *e, uint32_t from, uint32_t to,
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

static void put_group(struct packer *p, const struct entries *e, uint32_t from, uint32_t to,
		      const struct thread_row *row)
{
	uint32_t n = 0, before = 0;

	buf_add_uleb(p->out, row->has_pid && row->pid >= 0 ? (uint64_t)row->pid + 1 : 0);
	buf_add_uleb(p->out, html_intern(p, row->process));
	buf_add_uleb(p->out, row->has_tid && row->tid >= 0 ? (uint64_t)row->tid + 1 : 0);
	buf_add_uleb(p->out, html_intern(p, row->thread));
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

int html_put_groups(struct packer *p)
{
	struct entries e = { 0 };
	int rc = sort_samples(p, &e);

	if (rc == 0) {
		uint32_t from = 0;

		buf_add_uleb(p->out, p->threads.n);
		for (uint32_t row = 0; row < p->threads.n; row++) {
			uint32_t to = from;

			while (to < e.n && e.row[e.ids[to]] == row)
				to++;
			put_group(p, &e, from, to, &p->threads.rows[row]);
			from = to;
		}
	}
	free(e.ids);
	free(e.spare);
	free(e.node);
	free(e.row);
	return rc;
}
