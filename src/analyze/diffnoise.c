/* SPDX-License-Identifier: Apache-2.0 */
/* How much more than sampling makes two recordings of one program differ: what runs, or blocks of a run, tell. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/diffcases.h"
#include "analyze/statistics.h"

#define RESAMPLES 500
#define SEED 0x736f6e6465u

/* One column a case, one row a unit; and how often each resampling takes each unit. */
struct resampling {
	const struct difftree *tree;
	const struct diff_sides *sides;
	double *value;		/* case * n_units + unit */
	double *norm;		/* of each unit */
	uint8_t *taken;		/* resample * n_units + unit */
	uint32_t units[2];
};

static double unit_norm(const struct resampling *r, uint32_t unit)
{
	const struct diff_unit *u = &r->tree->units[unit];

	if (r->sides->per == PER_TOTAL)
		return u->total;
	return r->sides->per == PER_TIME ? u->seconds : u->work;
}

static void draw(struct resampling *r)
{
	uint32_t n = r->tree->n_units, first = 0;
	uint64_t seed = SEED;

	for (unsigned side = 0; side < 2; side++, first += r->units[side - 1])
		for (uint32_t b = 0; b < RESAMPLES; b++)
			for (uint32_t k = 0; k < r->units[side]; k++) {
				uint64_t random = stat_random(&seed) >> 32;
				uint32_t unit = (uint32_t)(random * r->units[side] >> 32);

				r->taken[(size_t)b * n + first + unit]++;
			}
}

/* Variance of a side's normalised cost over the resamplings. Resampled runs scatter around their own
 * mean, which lies nearer to them than the truth: hence the factor. */
static double variance_of(const struct resampling *r, uint32_t at, unsigned side)
{
	uint32_t n = r->tree->n_units, first = side ? r->units[0] : 0, k = r->units[side];
	double sum = 0, squares = 0, used = 0;

	for (uint32_t b = 0; b < RESAMPLES; b++) {
		const uint8_t *taken = &r->taken[(size_t)b * n + first];
		double value = 0, norm = 0;

		for (uint32_t u = 0; u < k; u++) {
			value += taken[u] * r->value[(size_t)at * n + first + u];
			norm += taken[u] * r->norm[first + u];
		}
		if (!(norm > 0))
			continue;
		sum += value / norm;
		squares += value / norm * (value / norm);
		used++;
	}
	if (used < 2)
		return 0;
	return fmax(0, squares / used - sum / used * (sum / used)) * k / (k - 1);
}

/* The same with `together` neighbouring blocks as one: by their residuals, which are few. */
static double variance_of_larger(const struct resampling *r, uint32_t at, unsigned side, uint32_t together)
{
	uint32_t n = r->tree->n_units, first = side ? r->units[0] : 0, k = r->units[side] / together;
	double all = 0, norms = 0, squares = 0;

	for (uint32_t u = first; u < first + r->units[side]; u++) {
		all += r->value[(size_t)at * n + u];
		norms += r->norm[u];
	}
	if (!(norms > 0) || k < 2)
		return INFINITY;
	for (uint32_t i = 0; i < k; i++) {
		double off = 0;

		for (uint32_t u = first + i * together; u < first + (i + 1) * together; u++)
			off += r->value[(size_t)at * n + u] - all / norms * r->norm[u];
		squares += off * off;
	}
	return squares / (norms * norms) * k / (k - 1);
}

/* What goes round and round (read, work, write) is cut by blocks wherever they end, and makes neighbours differ though the
 * whole does not: the larger the blocks, the less. What truly wanders makes large blocks differ as much. */
static double variance_of_blocks(const struct resampling *r, uint32_t at, unsigned side)
{
	double variance = variance_of(r, at, side);

	for (uint32_t together = 2; r->tree->in_blocks[side] && together <= 4; together *= 2)
		variance = fmin(variance, variance_of_larger(r, at, side, together));
	return variance;
}

/* Variance over runs to that of sampling, of the sides that have several. */
static double ratio_of(const struct resampling *r, const struct diff_case *c, uint32_t at)
{
	double over_runs = 0, sampling = 0;

	for (unsigned side = 0; side < 2; side++) {
		double share = r->sides->sums[side].items[c->item].value[c->measure] /
			       diff_norm(r->sides, side);

		if (r->units[side] < 2)
			continue;
		over_runs += variance_of_blocks(r, at, side);
		sampling += diff_variance(r->sides, side, share, c->item, c->measure);
	}
	return sampling > 0 ? over_runs / sampling : 1;
}

static int measure_units(struct resampling *r, struct summing *summing,
			 const struct diff_case *cases, uint32_t n_cases)
{
	uint32_t n = r->tree->n_units;
	struct diffsums sums;
	int rc = diffsums_init(&sums, summing);

	for (uint32_t u = 0; rc == 0 && u < n; u++) {
		diffsums_of_unit(&sums, summing, u);
		r->norm[u] = unit_norm(r, u);
		for (uint32_t i = 0; i < n_cases; i++)
			r->value[(size_t)i * n + u] = sums.items[cases[i].item].value[cases[i].measure];
	}
	diffsums_fini(&sums);
	return rc;
}

static uint32_t degrees(const struct resampling *r)
{
	return (r->units[0] ? r->units[0] - 1 : 0) + (r->units[1] ? r->units[1] - 1 : 0);
}

/* Few runs say little of one item; what is common to all items is weighed in. It is worth no more than
 * COMMON_MOST degrees of freedom, since items are not independent of each other. */
#define COMMON_MOST 20

static int borrow_of_blocks(struct diff_case *cases, uint32_t n, const struct diff_sides *sides, double df,
			    double *ret_ratio)
{
	double *common = calloc((size_t)n + 1, sizeof(*common));
	struct stat_prior prior;
	uint32_t n_common = 0;

	if (!common)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		if (cases[i].measure == DIFF_SELF &&
		    diff_events(sides, cases[i].item, DIFF_SELF) >= DIFF_COMMON_EVENTS)
			common[n_common++] = cases[i].ratio;
	prior = stat_prior_of(common, n_common, df);
	prior.df = fmin(prior.df, COMMON_MOST);
	for (uint32_t i = 0; i < n; i++) {
		cases[i].ratio = fmax(1, stat_squeeze(prior, cases[i].ratio, df));
		cases[i].df = df + prior.df;
		cases[i].unit_ratio = cases[i].ratio;
		cases[i].unit_df = cases[i].df;
	}
	*ret_ratio = fmax(1, prior.df > 0 ? prior.ratio : 1);
	free(common);
	return 0;
}

/* What varies so much more than others of its kind that chance makes it so less often than this is no such other, and
 * borrows the less the more it sticks out: which of two functions has the other's code in it, say. */
#define STICKS_OUT 0.1
#define COMMON_MOST_OF_TOTALS 10	/* of what it calls, too: others' choices are in that */

static void borrow_one(struct diff_case *c, struct stat_prior prior, double df)
{
	double most = fmin(prior.df, c->measure == DIFF_TOTAL ? COMMON_MOST_OF_TOTALS : COMMON_MOST);
	double beyond = prior.df > 0 ? stat_f_beyond(c->ratio / prior.ratio, df, prior.df) : 1;

	prior.df = most * fmin(1, beyond / STICKS_OUT);
	c->ratio = fmax(1, stat_squeeze(prior, c->ratio, df));
	c->df = df + prior.df;
	c->unit_ratio = c->ratio;
	c->unit_df = c->df;
}

/* Runs: a program's own functions and the kernel's borrow from their own kind alone, since what the kernel does for
 * others (interrupts, queues) differs by far more from run to run; that it may do so is common to all of its functions. */
static int borrow_of_runs(struct diff_case *cases, uint32_t n, const struct diff_sides *sides, double df,
			  double *ret_ratio)
{
	double *common = calloc((size_t)n + 1, sizeof(*common));
	struct stat_prior prior;

	if (!common)
		return -ENOMEM;
	for (unsigned in_kernel = 2; in_kernel-- > 0;) {
		uint32_t n_common = 0;

		for (uint32_t i = 0; i < n; i++)
			if (cases[i].measure == DIFF_SELF && cases[i].in_kernel == in_kernel &&
			    diff_events(sides, cases[i].item, DIFF_SELF) >= DIFF_COMMON_EVENTS)
				common[n_common++] = cases[i].ratio;
		prior = in_kernel ? stat_prior_of(common, n_common, df) : stat_prior_of_most(common, n_common, df);
		for (uint32_t i = 0; i < n; i++)
			if (cases[i].in_kernel == in_kernel)
				borrow_one(&cases[i], prior, df);
	}
	*ret_ratio = fmax(1, prior.df > 0 ? prior.ratio : 1);
	free(common);
	return 0;
}

int diffnoise_of_units(struct diff_case *cases, uint32_t n, struct summing *summing,
		       const struct diff_sides *sides, double *ret_ratio)
{
	const struct difftree *tree = summing->tree;
	struct resampling r = { .tree = tree, .sides = sides };
	int rc;

	for (uint32_t u = 0; u < tree->n_units; u++)
		r.units[tree->units[u].side]++;
	r.value = calloc((size_t)n * tree->n_units + 1, sizeof(*r.value));
	r.norm = calloc((size_t)tree->n_units + 1, sizeof(*r.norm));
	r.taken = calloc((size_t)RESAMPLES * tree->n_units + 1, 1);
	rc = r.value && r.norm && r.taken ? measure_units(&r, summing, cases, n) : -ENOMEM;
	if (rc == 0) {
		draw(&r);
		for (uint32_t i = 0; i < n; i++)
			cases[i].ratio = ratio_of(&r, &cases[i], i);
		rc = tree->runs[0] > 1 || tree->runs[1] > 1 ? borrow_of_runs(cases, n, sides, degrees(&r), ret_ratio)
							    : borrow_of_blocks(cases, n, sides, degrees(&r), ret_ratio);
	}
	free(r.value);
	free(r.norm);
	free(r.taken);
	return rc;
}

/* One number for each run: no resampling is needed to see what they vary by. */
void diffnoise_of_whole(struct diff_case *c, const struct difftree *tree,
			const struct diff_sides *sides)
{
	double over_runs = 0, sampling = 0, df = 0;

	for (unsigned side = 0; side < 2; side++) {
		double norm = diff_norm(sides, side), sum = 0, units = 0;

		for (uint32_t u = 0; u < tree->n_units; u++) {
			const struct diff_unit *unit = &tree->units[u];
			double part = sides->per == PER_TIME ? unit->seconds : unit->work;
			double off = unit->total - sides->sums[side].all / norm * part;

			if (unit->side != side)
				continue;
			sum += off * off;
			units++;
		}
		if (units < 2)
			continue;
		over_runs += sum / (norm * norm) * units / (units - 1);
		sampling += sides->sums[side].squares / (norm * norm);
		df += units - 1;
	}
	if (!(sampling > 0))
		return;
	c->ratio = fmax(1, over_runs / sampling);
	c->df = df;
}
