/* SPDX-License-Identifier: Apache-2.0 */
/* base/sum.h
 *
 * Arithmetic on values that hostile files hold: what does not fit an int64_t stays at its limit.
 */
#ifndef SONDE_BASE_SUM_H
#define SONDE_BASE_SUM_H

#include <stdint.h>

static inline void sum_add(int64_t *sum, int64_t v)
{
	if (__builtin_add_overflow(*sum, v, sum))
		*sum = v < 0 ? INT64_MIN : INT64_MAX;
}

static inline void sum_take(int64_t *sum, int64_t v)
{
	if (__builtin_sub_overflow(*sum, v, sum))
		*sum = v < 0 ? INT64_MAX : INT64_MIN;
}

/* Without its sign. */
static inline uint64_t sum_magnitude(int64_t v)
{
	return v < 0 ? -(uint64_t)v : (uint64_t)v;
}

static inline int64_t sum_times(int64_t a, int64_t b)
{
	int64_t product;

	return !__builtin_mul_overflow(a, b, &product) ? product : (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

/* To the nearest whole number, halves away from 0. NaN is 0. */
static inline int64_t sum_round(double v)
{
	int64_t whole;
	double rest;

	if (v != v)
		return 0;
	if (v >= 0x1p63 || v < -0x1p63)
		return v < 0 ? INT64_MIN : INT64_MAX;
	/* llround() would have each test program that links a piece of this room link libm */
	whole = (int64_t)v;
	rest = v - (double)whole;
	return whole + (rest >= 0.5) - (rest <= -0.5);
}

#endif
