/* SPDX-License-Identifier: Apache-2.0 */
/* How much more than sampling makes two recordings of one program differ. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/diffcases.h"
#include "analyze/statistics.h"

#define RESAMPLES 500
#define SEED 0x736f6e6465u
#define COMMON_EVENTS 40 /* items with fewer do not tell what is common to all */

/* ---- from runs ---- */

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

static int borrow(struct diff_case *cases, uint32_t n, const struct diff_sides *sides, double df,
		  double *ret_ratio)
{
	double *common = calloc((size_t)n + 1, sizeof(*common));
	struct stat_prior prior;
	uint32_t n_common = 0;

	if (!common)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		if (cases[i].measure == DIFF_SELF &&
		    diff_events(sides, cases[i].item, DIFF_SELF) >= COMMON_EVENTS)
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
		rc = borrow(cases, n, sides, degrees(&r), ret_ratio);
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

/* ---- from the items ---- */

/* Most items did not change, so the smaller half of their squared distances is noise, whatever the larger
 * half is. */
#define KEPT_SHARE 0.5
/* How much two recordings of one program differ beyond sampling cannot be seen within either. Recordings of a small
 * program taken in turns gave 2 to 4 times the variance of sampling (bench/diff), so ASSUMED items that vary so are
 * weighed in. The kernel's are held against each other alone: what it does for others, interrupts above all, differs
 * by more than a program's own functions do. */
#define ASSUMED 16.0
#define RATIO 2.5
#define ASSUMED_KERNEL 8.0
#define RATIO_KERNEL 10.0
#define ASSUMED_KERNEL 8.0

static uint32_t kept_of(uint32_t n)
{
	return (uint32_t)ceil(n * KEPT_SHARE);
}

/* Mean of the smaller part of squared standard normals: the integral of x over the density of chi squared up
 * to its quantile, by that part. */
static double mean_of_smaller(double part)
{
	double z = part < 1 ? stat_t_quantile(1 - part, INFINITY) : INFINITY;

	return part < 1 ? 1 - M_SQRT2 / sqrt(M_PI) * z * exp(-z * z / 2) / part : 1;
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* The sorted squares, the sum of the smaller ones, and what such would be on average. */
struct scatter {
	double *squares;
	uint32_t n, kept;
	double sum, mean, mean_without_one;
	double assumed, assumed_ratio;
};

/* Without the one at `skip` (n: with all). */
static double ratio_without(const struct scatter *s, uint32_t skip, double *ret_df)
{
	double sum = s->sum, mean = s->mean;
	uint32_t kept = s->kept;

	if (skip < s->n) {
		kept = kept_of(s->n - 1);
		mean = s->mean_without_one;
		if (skip < s->kept)
			sum -= s->squares[skip];
		else if (kept < s->kept)
			sum -= s->squares[s->kept - 1];
		if (skip < s->kept && kept == s->kept)
			sum += s->squares[s->kept];
	}
	*ret_df = s->assumed + kept;
	return fmax(1, (s->assumed * s->assumed_ratio + (kept ? sum / mean : 0)) /
			       (s->assumed + kept));
}

static bool tells(const struct diff_case *c, const struct diff_sides *sides)
{
	return c->measure == DIFF_SELF && !c->named &&
	       diff_events(sides, c->item, DIFF_SELF) >= COMMON_EVENTS;
}

/* By what factor an item's value grew: its logarithm, and how precisely that is known. What is not on one
 * side at all counts as half an event. */
struct growth {
	double log, variance;
};

static struct growth growth_of(const struct diff_case *c, const struct diff_sides *sides)
{
	double value[2], variance = 0;

	for (unsigned side = 0; side < 2; side++) {
		double weight = diff_weight(sides, side, c->item, c->measure);

		value[side] = weight / 2 +
			      fmax(0, sides->sums[side].items[c->item].value[c->measure]);
		variance += weight / value[side];
	}
	return (struct growth){ log(value[1] / value[0]), variance };
}

static int compare_growths(const void *left, const void *right)
{
	return compare_doubles(&((const struct growth *)left)->log,
			       &((const struct growth *)right)->log);
}

/* What most items grew by: the mean of the half (and one) that agrees best, whatever the others did: least
 * trimmed squares, which in one dimension is a window over the sorted values. */
static struct growth common_growth(struct growth *sorted, uint32_t n)
{
	struct growth common = { 0, 0 };
	uint32_t half = n / 2 + 1;
	double least = INFINITY, weights = 0, sum = 0, squares = 0;

	qsort(sorted, n, sizeof(*sorted), compare_growths);
	for (uint32_t i = 0; i < n; i++) {
		double weight = 1 / sorted[i].variance, log = sorted[i].log, spread;

		weights += weight;
		sum += weight * log;
		squares += weight * log * log;
		if (i >= half) {
			weight = 1 / sorted[i - half].variance;
			log = sorted[i - half].log;
			weights -= weight;
			sum -= weight * log;
			squares -= weight * log * log;
		}
		spread = squares - sum * sum / weights;
		if (i + 1 >= half && spread < least) {
			least = spread;
			common = (struct growth){ sum / weights, 1 / weights };
		}
	}
	return common;
}

/* Shares push each other: what grew makes all others shrink by one factor, which is no noise. So they are held
 * against that factor, of the program's own functions where there are any. Costs stand for themselves. */
static int measure_apart(struct diff_case *cases, uint32_t n, const struct diff_sides *sides)
{
	struct growth *growths = calloc((size_t)n + 1, sizeof(*growths)), common;
	uint32_t n_growths = 0, n_own;

	if (!growths)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		if (tells(&cases[i], sides) && !cases[i].in_kernel)
			growths[n_growths++] = growth_of(&cases[i], sides);
	n_own = n_growths;
	for (uint32_t i = 0; i < n && !n_own; i++)
		if (tells(&cases[i], sides))
			growths[n_growths++] = growth_of(&cases[i], sides);
	common = common_growth(growths, n_growths);
	for (uint32_t i = 0; i < n; i++) {
		struct growth growth = growth_of(&cases[i], sides);
		double off = growth.log - common.log;

		cases[i].apart = sides->per == PER_TOTAL ? off * off / growth.variance
							 : cases[i].z * cases[i].z;
	}
	free(growths);
	return 0;
}

static int collect(struct scatter *s, bool in_kernel, const struct diff_case *cases, uint32_t n,
		   const struct diff_sides *sides)
{
	*s = (struct scatter){ .squares = calloc((size_t)n + 1, sizeof(*s->squares)),
			       .assumed = in_kernel ? ASSUMED_KERNEL : ASSUMED,
			       .assumed_ratio = in_kernel ? RATIO_KERNEL : RATIO };
	if (!s->squares)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		if (tells(&cases[i], sides) && cases[i].in_kernel == in_kernel)
			s->squares[s->n++] = cases[i].apart;
	qsort(s->squares, s->n, sizeof(*s->squares), compare_doubles);
	s->kept = kept_of(s->n);
	s->mean = s->n ? mean_of_smaller((double)s->kept / s->n) : 1;
	s->mean_without_one = s->n > 1 ? mean_of_smaller((double)kept_of(s->n - 1) / (s->n - 1)) : 1;
	for (uint32_t i = 0; i < s->kept; i++)
		s->sum += s->squares[i];
	return 0;
}

/* From the others on its side of the system call; at least what units said. */
static void set_ratio(struct diff_case *c, const struct scatter *s, const struct diff_sides *sides)
{
	double *found = NULL;

	if (tells(c, sides))
		found = bsearch(&c->apart, s->squares, s->n, sizeof(*s->squares), compare_doubles);
	c->ratio = ratio_without(s, found ? (uint32_t)(found - s->squares) : s->n, &c->df);
	if (c->ratio < c->unit_ratio) {
		c->ratio = c->unit_ratio;
		c->df = c->unit_df;
	}
}

int diffnoise_of_items(struct diff_case *cases, uint32_t n, const struct diff_sides *sides,
		       double *ret_ratio)
{
	struct scatter of[2] = { 0 };
	double df;
	int rc = measure_apart(cases, n, sides);

	for (unsigned in_kernel = 0; rc == 0 && in_kernel < 2; in_kernel++)
		rc = collect(&of[in_kernel], in_kernel, cases, n, sides);
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		set_ratio(&cases[i], &of[cases[i].in_kernel], sides);
	if (rc == 0)
		*ret_ratio = ratio_without(&of[0], of[0].n, &df);
	free(of[0].squares);
	free(of[1].squares);
	return rc;
}
