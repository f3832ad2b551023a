/* SPDX-License-Identifier: Apache-2.0 */
/* base/parallel.h - work that is independent, piece by piece, on all processors. */
#ifndef SONDE_BASE_PARALLEL_H
#define SONDE_BASE_PARALLEL_H

#include <stdint.h>

/* Calls work(context, i) once for each i below n and returns when all have. Pieces run at the same time, in any
 * order, one of them at least in the calling thread; where no thread can be had it does all of them. */
void parallel_each(uint32_t n, void (*work)(void *context, uint32_t i), void *context);

/* How many of n pieces can run at the same time; 1 at least, unless there is none. */
uint32_t parallel_most(uint64_t n);

#endif
