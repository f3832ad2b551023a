/* SPDX-License-Identifier: Apache-2.0 */
/* How much more than sampling makes two recordings of one program differ: what the items tell that did not change. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/diffcases.h"
#include "analyze/statistics.h"

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
	       diff_events(sides, c->item, DIFF_SELF) >= DIFF_COMMON_EVENTS;
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
