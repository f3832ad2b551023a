/* SPDX-License-Identifier: Apache-2.0 */
/* format/gmon.h
 *
 * gmon.out, as programs compiled with -pg write it at their end (glibc's gmon/sys/gmon_out.h), of 64-bit
 * little-endian machines:
 *
 *   "gmon" version 1, 12 bytes
 *   0   low pc, high pc, bins, rate, dimension, abbreviation, bins x uint16 ticks     a histogram
 *   1   from pc, self pc, calls                                                       an arc
 *   2   n, n x (address, executions)                                                  basic blocks: passed over
 *
 * Addresses are vaddrs of the program, which the file does not name: the caller does (struct read_aid). Who
 * asked for the time that a function spent is estimated as gprof estimates it (gmon_spread()).
 */
#ifndef SONDE_FORMAT_GMON_H
#define SONDE_FORMAT_GMON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct err;
struct input;
struct profile;

bool gmon_detect(struct str head);
int gmon_read(struct profile *profile, struct input *input, struct err *err);

struct gmon_arc {
	uint32_t caller, callee;	/* functions */
	double calls;
	double cost;			/* filled in by gmon_spread() */
};

/* Divides what each function cost, with all that it called, among its callers by how often they called it.
 * Functions that call each other in a circle cost what they cost together, whoever of them was called, and
 * pass it on along the shortest ways. Calls of a function by itself cost nothing. 0 or -ENOMEM. */
int gmon_spread(const double *self, uint32_t n_functions, struct gmon_arc *arcs, uint32_t n_arcs);

#endif
