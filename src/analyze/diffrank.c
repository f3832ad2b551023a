/* SPDX-License-Identifier: Apache-2.0 */
/* In what order a diff's rows are shown. */
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/diffwork.h"
#include "base/large.h"
#include "base/parallel.h"

static int rank(const struct diff_row *row)
{
	enum diff_verdict self = row->of[DIFF_SELF].verdict, total = row->of[DIFF_TOTAL].verdict;

	if (self == DIFF_NAMED || total == DIFF_NAMED)
		return 0;
	if (self == DIFF_WITHIN || total == DIFF_WITHIN)
		return 1;
	return row->of[row->measure].verdict == DIFF_FOLLOWS ? 2 : 3;
}

/* What most rows are told apart by without looking at them: they are large, there are many, and many moved by as
 * much as others did. */
struct ranked {
	double moved;
	uint64_t head[2];	/* the first bytes of the name, in their order */
	int rank;
	uint32_t row;
};

static void load_head(struct str name, uint64_t *ret_head)
{
	char bytes[2 * sizeof(*ret_head)] = { 0 };

	if (name.n)
		memcpy(bytes, name.p, name.n < sizeof(bytes) ? name.n : sizeof(bytes));
	for (int i = 0; i < 2; i++) {
		memcpy(&ret_head[i], bytes + i * (int)sizeof(*ret_head), sizeof(*ret_head));
		ret_head[i] = be64toh(ret_head[i]);
	}
}

static int compare_ranked(const void *left, const void *right, void *context)
{
	const struct ranked *x = left, *y = right;
	const struct diff *diff = context;
	const struct diff_row *a = &diff->rows[x->row], *b = &diff->rows[y->row];
	int d = x->rank - y->rank;

	if (d)
		return d;
	if (x->moved != y->moved)
		return x->moved > y->moved ? -1 : 1;
	for (int i = 0; i < 2; i++)
		if (x->head[i] != y->head[i])
			return x->head[i] < y->head[i] ? -1 : 1;
	d = place_compare(diff_place(diff, a), diff_place(diff, b));
	return d ? d : (a->item > b->item) - (a->item < b->item);
}

/* Two halves, each sorted by a thread, that are then one. */
struct halves {
	const struct diff *diff;
	struct ranked *ranked;
};

static uint32_t begin_of(const struct halves *h, uint32_t half)
{
	return half == 2 ? h->diff->n : half * (h->diff->n / 2);
}

static void sort_half(void *context, uint32_t half)
{
	struct halves *h = context;
	uint32_t begin = begin_of(h, half), end = begin_of(h, half + 1);

	for (uint32_t i = begin; i < end; i++) {
		const struct diff_row *row = &h->diff->rows[i];
		const struct diff_number *number = &row->of[row->measure];

		h->ranked[i] = (struct ranked){ .moved = fabs(number->now - number->base),
						.rank = rank(row), .row = i };
		load_head(diff_place(h->diff, row)->name, h->ranked[i].head);
	}
	qsort_r(h->ranked + begin, end - begin, sizeof(*h->ranked), compare_ranked, (void *)(uintptr_t)h->diff);
}

static void merge_halves(const struct halves *h, uint32_t *order)
{
	uint32_t a = 0, b = begin_of(h, 1), middle = b, end = h->diff->n;

	for (uint32_t i = 0; i < end; i++) {
		bool first = b == end || (a < middle && compare_ranked(&h->ranked[a], &h->ranked[b],
								       (void *)(uintptr_t)h->diff) <= 0);

		order[i] = h->ranked[first ? a++ : b++].row;
	}
}

/* Row order[i] comes to place i, without new memory for all of them: each of a round takes the place of the one before. */
static void put_in_order(struct diff_row *rows, uint32_t *order, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct diff_row kept = rows[i];
		uint32_t at = i;

		while (order[at] != i) {
			uint32_t from = order[at];

			rows[at] = rows[from];
			order[at] = at;
			at = from;
		}
		rows[at] = kept;
		order[at] = at;
	}
}

int diff_sort_rows(struct diff *diff)
{
	struct ranked *ranked = large_alloc(((size_t)diff->n + 1) * sizeof(*ranked));
	uint32_t *order = malloc(((size_t)diff->n + 1) * sizeof(*order));
	struct halves h = { diff, ranked };
	int rc = ranked && order ? 0 : -ENOMEM;

	if (rc == 0) {
		parallel_each(2, sort_half, &h);
		merge_halves(&h, order);
		put_in_order(diff->rows, order, diff->n);
	}
	free(ranked);
	free(order);
	return rc;
}
