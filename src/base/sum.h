/* SPDX-License-Identifier: Apache-2.0 */
/* base/sum.h - adding what hostile files hold: a sum that does not fit stays at its limit. */
#ifndef SONDE_BASE_SUM_H
#define SONDE_BASE_SUM_H

#include <stdint.h>

static inline void sum_add(int64_t *sum, int64_t v)
{
	if (__builtin_add_overflow(*sum, v, sum))
		*sum = v < 0 ? INT64_MIN : INT64_MAX;
}

#endif
