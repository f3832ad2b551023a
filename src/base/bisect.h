/* SPDX-License-Identifier: Apache-2.0 */
/* base/bisect.h
 *
 * Binary search in rows that are sorted, whatever they are.
 */
#ifndef SONDE_BASE_BISECT_H
#define SONDE_BASE_BISECT_H

#include <stdint.h>

/*
 * How many of `n` rows come before a place: `before` is an expression of `i`, true for some first rows and false for
 * all behind them. With `rows[i].start <= key` the row before the result is the last that starts at or
 * below the key, with `rows[i].start < key` the row at the result is the first at or above it.
 */
#define BISECT(n, i, before)								\
	({										\
		uint32_t bisect_low = 0, bisect_high = (n);				\
											\
		while (bisect_low < bisect_high) {					\
			uint32_t i = bisect_low + (bisect_high - bisect_low) / 2;	\
											\
			if (before)							\
				bisect_low = i + 1;					\
			else								\
				bisect_high = i;					\
		}									\
		bisect_low;								\
	})

#endif
