/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/statistics.h
 *
 * The mathematics of a diff, without any profile in it: distributions, one correction for many tests,
 * intervals, and how noisy runs are. Everything is double, and deterministic.
 *
 * Counts may be fractions: samples have weights, and what is tested are effective counts.
 * References: Abramowitz and Stegun 26.5 (beta), 6.3 and 6.4 (digamma); Benjamini and Hochberg 1995;
 * Newcombe 1998, method 10; Smyth 2004 (variances that borrow from each other); Phipson and others 2016 (what sticks
 * out borrows less); Genovese, Roeder and Wasserman 2006 (weights).
 */
#ifndef SONDE_ANALYZE_STATISTICS_H
#define SONDE_ANALYZE_STATISTICS_H

#include <stdint.h>

struct interval {
	double low, high;
};

/* Chance of a standard normal, or Student's t of df degrees (INFINITY: normal), being farther from 0
 * than z, to either side. */
double stat_normal_beyond(double z);
double stat_t_beyond(double t, double df);

/* The t that is exceeded (to either side) with chance p, 0 < p < 1. df > 0. */
double stat_t_quantile(double p, double df);

/* The regularised incomplete beta function I_x(a, b); a, b > 0, 0 <= x <= 1. */
double stat_beta(double a, double b, double x);

/* How likely it is that of n things, each of which goes right with chance `share`, x or something
 * still less likely on either side go right: twice the smaller tail, at most 1. n and x need not be whole. */
double stat_split_beyond(double x, double n, double share);

/* Benjamini-Hochberg: each p becomes the smallest false discovery rate at which it would be among the
 * discoveries. NAN takes no part and stays. Sorts in `order`, room for n. A p may have been divided by a weight
 * before (1 on average, and not chosen by looking at any p): it is cut to 1 here. */
void stat_correct(double *p, uint32_t *order, uint32_t n);

/* A share p observed on n effective samples: where the true one lies (Wilson). z: how many standard
 * errors. */
struct interval stat_wilson(double p, double n, double z);

/* The same of p2 - p1, two independent shares. */
struct interval stat_difference(double p1, double n1, double p2, double n2, double z);

/* Numbers from a seed: the same everywhere (splitmix64). */
uint64_t stat_random(uint64_t *seed);

double stat_digamma(double x);
double stat_trigamma(double x);

/* Variance ratios, each estimated on df degrees of freedom, are themselves noisy when runs are few. What
 * is common to them: ratio, and the degrees of freedom that this knowledge is worth (0: none; it is
 * INFINITY where they differ no more than chance makes them). */
struct stat_prior {
	double ratio, df;
};

struct stat_prior stat_prior_of(const double *ratios, uint32_t n, double df);

/* The same from the quartiles of the ratios, so that a quarter of them may be anything: what runs of a program truly
 * differ by (a compiler's choices) is no part of what is common. Sorts them. */
struct stat_prior stat_prior_of_most(double *ratios, uint32_t n, double df);

/* One of them, with what is common to all weighed in. */
double stat_squeeze(struct stat_prior prior, double ratio, double df);

/* Chance that the ratio of two estimates of one variance, on df1 and df2 degrees of freedom, is larger than x. */
double stat_f_beyond(double x, double df1, double df2);

#endif
