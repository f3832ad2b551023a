/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of each row, of the whole, and of how much would have been seen. */
#include <math.h>

#include "analyze/diffwork.h"
#include "analyze/statistics.h"
#include "base/parallel.h"

#define PIECE 4096u	/* rows that a thread fills at a time */

static double quantile(struct diff_work *w, double df)
{
	const uint32_t n = sizeof(w->known) / sizeof(*w->known);

	for (uint32_t i = 0; i < n; i++)
		if (w->known[i].z > 0 && w->known[i].df == df)
			return w->known[i].z;
	w->known[w->next_known].df = df;
	w->known[w->next_known].z = stat_t_quantile(DIFF_CONFIDENCE, df);
	df = w->known[w->next_known].z;
	w->next_known = (w->next_known + 1) % n;
	return df;
}

/* z: standard errors of half an interval. */
static void number_fill(const struct diff_sides *sides, struct diff_number *number, uint32_t item,
			enum diff_measure measure, double ratio, double z)
{
	double variance[2], cost[2], worth[2];

	for (unsigned side = 0; side < 2; side++) {
		double weight = diff_weight(sides, side, item, measure);

		cost[side] = sides->sums[side].items[item].value[measure] / diff_norm(sides, side);
		variance[side] = ratio * diff_variance(sides, side, cost[side], item, measure);
		worth[side] = cost[side] > 0 && cost[side] < 1 && variance[side] > 0
				      ? cost[side] * (1 - cost[side]) / variance[side]
				      : diff_norm(sides, side) / weight / ratio;
	}
	number->base = cost[0];
	number->now = cost[1];
	number->relative = cost[0] > 0 ? cost[1] / cost[0] - 1 : cost[1] > 0 ? INFINITY : 0;
	number->relative_error = 0;
	if (cost[0] > 0 && cost[1] > 0)
		number->relative_error = z * cost[1] / cost[0] *
					 sqrt(variance[0] / (cost[0] * cost[0]) +
					      variance[1] / (cost[1] * cost[1]));
	if (sides->per == PER_TOTAL) {
		struct interval within = stat_difference(cost[0], worth[0], cost[1], worth[1], z);

		number->low = within.low;
		number->high = within.high;
	} else {
		double half = z * sqrt(variance[0] + variance[1]);

		number->low = cost[1] - cost[0] - half;
		number->high = cost[1] - cost[0] + half;
	}
}

/* Moved by no more than that many standard errors once what is named is taken out. */
#define EXPLAINED_Z 2.5

/* Some of the rows as if they were not tested: as noisy as most. */
struct untested {
	const struct diff_work *work;
	double z;
};

static void fill_piece(void *context, uint32_t piece)
{
	const struct untested *untested = context;
	struct diff *diff = untested->work->diff;
	uint32_t end = piece + 1 < (diff->n + PIECE - 1) / PIECE ? (piece + 1) * PIECE : diff->n;

	for (uint32_t r = piece * PIECE; r < end; r++)
		for (int m = 0; m < DIFF_MEASURES; m++) {
			struct diff_number *number = &diff->rows[r].of[m];

			number->p = number->q = NAN;
			number->verdict = DIFF_UNTESTED;
			number_fill(&untested->work->sides, number, diff->rows[r].item, (enum diff_measure)m,
				    diff->noise.ratio, untested->z);
		}
}

void diff_fill_numbers(struct diff_work *w)
{
	struct diff *diff = w->diff;
	struct untested untested = { w, quantile(w, INFINITY) };
	bool found = false;

	parallel_each((diff->n + PIECE - 1) / PIECE, fill_piece, &untested);
	for (uint32_t i = 0; i < w->n; i++)
		found = found || w->cases[i].named;
	for (uint32_t i = 0; i < w->n; i++) {
		struct diff_case *c = &w->cases[i];
		struct diff_row *row = &diff->rows[w->row_of[c->item] - 1];
		struct diff_number *number = c->number;
		double moved = stat_t_beyond(c->first_z / sqrt(c->ratio), c->df);

		number_fill(&w->sides, number, c->item, c->measure, c->ratio, quantile(w, c->df));
		number->p = c->p;
		number->q = c->q;
		number->verdict = c->within ? DIFF_WITHIN
				  : c->named ? DIFF_NAMED
				  : c->untested ? DIFF_UNTESTED
				  : moved <= diff->level && (c->moved || (found && fabs(c->z) < EXPLAINED_Z)) ? DIFF_FOLLOWS
									   : DIFF_NOISE;
		if (c->named && row->of[row->measure].verdict != DIFF_NAMED)
			row->measure = c->measure;
	}
	diff->n_tested = w->n_tested;
}

/* The whole's cost per second or unit of work. Its runs, where there are several, are what it varies by. */
void diff_fill_whole(struct diff_work *w)
{
	struct diff *diff = w->diff;
	struct diff_number *whole = &diff->whole;
	struct diff_case c = { .ratio = 1, .df = INFINITY, .unit_ratio = 1, .unit_df = INFINITY };

	whole->p = whole->q = NAN;
	if (diff->per == PER_TOTAL)
		return;
	/* the root: item 0 of subjects and of nodes has no other use */
	for (unsigned side = 0; side < 2; side++) {
		w->sides.sums[side].items[0].value[DIFF_SELF] = w->sides.sums[side].all;
		w->sides.sums[side].items[0].square[DIFF_SELF] = w->sides.sums[side].squares;
	}
	diff_case_measure(&c, &w->sides);
	if (diff->noise.basis == DIFF_BY_RUNS)
		diffnoise_of_whole(&c, &diff->tree, &w->sides);
	diff_case_judge(&c, &w->sides);
	number_fill(&w->sides, whole, 0, DIFF_SELF, c.ratio, quantile(w, c.df));
	whole->p = whole->q = c.p;
	whole->verdict = isnan(c.p) ? DIFF_UNTESTED : c.p > diff->level ? DIFF_NOISE
			 : fabs(whole->relative) < diff->prior.whole ? DIFF_WITHIN : DIFF_NAMED;
}

/* A tenth of all: how much it would have to change to stand out among all that was tested. */
void diff_fill_seen(struct diff_work *w)
{
	struct diff *diff = w->diff;
	double variance = 0, df = INFINITY, share = DIFF_SEEN_SHARE;

	/* of most: what sticks out is known on fewer degrees of freedom */
	for (uint32_t i = 0; i < w->n; i++)
		df = i && diff->noise.basis == DIFF_BY_RUNS ? fmax(df, w->cases[i].df) : fmin(df, w->cases[i].df);
	diff->seen = INFINITY;
	for (unsigned side = 0; side < 2; side++) {
		const struct diffsums *sums = &w->sides.sums[side];
		double n = sums->squares > 0 ? sums->all * sums->all / sums->squares : 0;

		variance += n > 0 ? share * (w->diff->per == PER_TOTAL ? 1 - share : 1) / n
				  : INFINITY;
	}
	if (w->n_tested && isfinite(variance))
		diff->seen = stat_t_quantile(fmin(0.5, diff->level * w->weight_seen / w->n_tested), df) *
			     sqrt(variance * diff->noise.ratio);
	if (diff->noise.basis != DIFF_BY_RUNS)
		diff->seen = fmax(diff->seen, diff->prior.least[DIFF_CODE_OWN]);
}
