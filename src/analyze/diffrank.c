/* SPDX-License-Identifier: Apache-2.0 */
/* In what order a diff's rows are shown. */
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/diffwork.h"

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

int diff_sort_rows(struct diff *diff)
{
	struct ranked *ranked = malloc(((size_t)diff->n + 1) * sizeof(*ranked));
	struct diff_row *rows = malloc(((size_t)diff->n + 1) * sizeof(*rows));

	if (!ranked || !rows) {
		free(ranked);
		free(rows);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < diff->n; i++) {
		const struct diff_row *row = &diff->rows[i];
		const struct diff_number *number = &row->of[row->measure];

		ranked[i] = (struct ranked){ .moved = fabs(number->now - number->base),
					     .rank = rank(row), .row = i };
		load_head(diff_place(diff, row)->name, ranked[i].head);
	}
	qsort_r(ranked, diff->n, sizeof(*ranked), compare_ranked, diff);
	for (uint32_t i = 0; i < diff->n; i++)
		rows[i] = diff->rows[ranked[i].row];
	free(ranked);
	free(diff->rows);
	diff->rows = rows;
	return 0;
}
