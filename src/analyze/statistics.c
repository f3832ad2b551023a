/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/statistics.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

double stat_normal_beyond(double z)
{
	return erfc(fabs(z) / M_SQRT2);
}

/* The continued fraction of the incomplete beta function, by Lentz's method: converges fast for
 * x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), result;

	d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
	result = d;
	for (int m = 1; m < 10000; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
		c = fabs(c) < DBL_MIN ? DBL_MIN : c;
		result *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
		c = fabs(c) < DBL_MIN ? DBL_MIN : c;
		step = d * c;
		result *= step;
		if (fabs(step - 1) < 1e-15)
			break;
	}
	return result;
}

double stat_beta(double a, double b, double x)
{
	double front;

	if (x <= 0 || x >= 1)
		return x <= 0 ? 0 : 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
					 : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double stat_t_beyond(double t, double df)
{
	return isinf(df) ? stat_normal_beyond(t) : stat_beta(df / 2, 0.5, df / (df + t * t));
}

double stat_t_quantile(double p, double df)
{
	double low = 0, high = 2;

	while (stat_t_beyond(high, df) > p && high < 1e100)
		high *= 2;
	for (int i = 0; i < 200 && high - low > 1e-12 * high; i++) {
		double middle = (low + high) / 2;

		if (stat_t_beyond(middle, df) > p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

double stat_split_beyond(double x, double n, double share)
{
	/* P(X >= x) = I_share(x, n - x + 1), P(X <= x) = I_(1-share)(n - x, x + 1) */
	double above = x > 0 ? stat_beta(x, n - x + 1, share) : 1;
	double below = x < n ? stat_beta(n - x, x + 1, 1 - share) : 1;

	return fmin(1, 2 * fmin(above, below));
}

static int compare_by_p(const void *left, const void *right, void *context)
{
	const double *p = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	if (p[a] != p[b])
		return p[a] < p[b] ? -1 : 1;
	return (a > b) - (a < b);
}

void stat_correct(double *p, uint32_t *order, uint32_t n)
{
	uint32_t tested = 0;
	double least = 1;

	for (uint32_t i = 0; i < n; i++)
		if (!isnan(p[i])) {
			p[i] = fmin(p[i], 1);
			order[tested++] = i;
		}
	qsort_r(order, tested, sizeof(*order), compare_by_p, p);
	for (uint32_t rank = tested; rank-- > 0;) {
		least = fmin(least, p[order[rank]] * tested / (rank + 1));
		p[order[rank]] = least;
	}
}

struct interval stat_wilson(double p, double n, double z)
{
	double width = 1 + z * z / n, middle = (p + z * z / (2 * n)) / width;
	double half = z / width * sqrt(fmax(0, p * (1 - p)) / n + z * z / (4 * n * n));

	if (!(n > 0))
		return (struct interval){ 0, 1 };
	return (struct interval){ fmax(0, middle - half), fmin(1, middle + half) };
}

struct interval stat_difference(double p1, double n1, double p2, double n2, double z)
{
	struct interval a = stat_wilson(p1, n1, z), b = stat_wilson(p2, n2, z);

	return (struct interval){
		p2 - p1 - hypot(p2 - b.low, a.high - p1),
		p2 - p1 + hypot(b.high - p2, p1 - a.low),
	};
}

uint64_t stat_random(uint64_t *seed)
{
	uint64_t x = *seed += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* Both by recurrence up to where the asymptotic series holds to 1e-12. */
double stat_digamma(double x)
{
	double sum = 0, r;

	for (; x < 12; x++)
		sum -= 1 / x;
	r = 1 / (x * x);
	return sum + log(x) - 0.5 / x -
	       r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r / 132))));
}

double stat_trigamma(double x)
{
	double sum = 0, r;

	for (; x < 12; x++)
		sum += 1 / (x * x);
	r = 1 / (x * x);
	return sum + 1 / x + r / 2 +
	       r / x * (1.0 / 6 - r * (1.0 / 30 - r * (1.0 / 42 - r * (1.0 / 30 - r * 5 / 66))));
}

/* trigamma falls from infinity to 0: halving on a logarithmic scale. */
static double trigamma_inverse(double y)
{
	double low = 1e-8, high = 1e8;

	for (int i = 0; i < 100; i++) {
		double middle = sqrt(low * high);

		if (stat_trigamma(middle) > y)
			low = middle;
		else
			high = middle;
	}
	return sqrt(low * high);
}

#define LEAST_RATIO 1e-3 /* a function that was equal in all runs by chance has no logarithm */

struct stat_prior stat_prior_of(const double *ratios, uint32_t n, double df)
{
	double centre = stat_digamma(df / 2) - log(df / 2), mean = 0, spread = 0;

	if (n < 3 || !(df > 0))
		return (struct stat_prior){ 1, 0 };
	for (uint32_t i = 0; i < n; i++)
		mean += (log(fmax(ratios[i], LEAST_RATIO)) - centre) / n;
	for (uint32_t i = 0; i < n; i++) {
		double e = log(fmax(ratios[i], LEAST_RATIO)) - centre - mean;

		spread += e * e / (n - 1);
	}
	spread -= stat_trigamma(df / 2);
	if (spread <= 0)
		return (struct stat_prior){ exp(mean), INFINITY };
	df = 2 * trigamma_inverse(spread);
	return (struct stat_prior){ exp(mean + stat_digamma(df / 2) - log(df / 2)), df };
}

double stat_squeeze(struct stat_prior prior, double ratio, double df)
{
	if (isinf(prior.df) || df <= 0)
		return prior.ratio;
	return (prior.df * prior.ratio + df * ratio) / (prior.df + df);
}

double stat_f_beyond(double x, double df1, double df2)
{
	df2 = fmin(df2, 1e4);	/* as good as infinity, for us */
	return x > 0 ? stat_beta(df2 / 2, df1 / 2, df2 / (df2 + df1 * x)) : 1;
}

/* What is exceeded with chance p. */
static double f_quantile(double p, double df1, double df2)
{
	double low = -20, high = 20;

	for (int i = 0; i < 40; i++) {
		double middle = (low + high) / 2;

		if (stat_f_beyond(exp(middle), df1, df2) > p)
			low = middle;
		else
			high = middle;
	}
	return exp((low + high) / 2);
}

static double quartile_spread(double df1, double df2)
{
	return log(f_quantile(0.25, df1, df2) / f_quantile(0.75, df1, df2));
}

static int compare_ratios(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

#define QUARTILES_FROM 12	/* fewer have none */
#define LEAST_DF 0.5
#define MOST_DF 1e4

struct stat_prior stat_prior_of_most(double *ratios, uint32_t n, double df)
{
	double spread, low = LEAST_DF, high = MOST_DF;

	if (n < QUARTILES_FROM || !(df > 0))
		return stat_prior_of(ratios, n, df);
	qsort(ratios, n, sizeof(*ratios), compare_ratios);
	spread = log(fmax(ratios[n - 1 - n / 4], LEAST_RATIO) / fmax(ratios[n / 4], LEAST_RATIO));
	if (spread <= quartile_spread(df, MOST_DF))
		return (struct stat_prior){ ratios[n / 2] / f_quantile(0.5, df, MOST_DF), INFINITY };
	for (int i = 0; i < 20; i++) {
		double middle = sqrt(low * high);

		if (quartile_spread(df, middle) > spread)
			low = middle;
		else
			high = middle;
	}
	return (struct stat_prior){ ratios[n / 2] / f_quantile(0.5, df, sqrt(low * high)), sqrt(low * high) };
}
