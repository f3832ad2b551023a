/* SPDX-License-Identifier: Apache-2.0 */
/* format/jfr_bins.h
 *
 * Samples in steps of time, where there are too many for a row each: those of one stack and label set in one step are
 * one row, whose time is the step's begin. Nothing is lost but what happened when within a step.
 *
 *   step 10 ms    12.3  14.9  17.0  21.2       times of three samples of a and one of b (17.0)
 *                 10 a = 2, 10 b = 1, 20 a = 1  rows
 *
 * Steps are 1 or 2 times a power of ten of nanoseconds, so that each is a multiple of those before it. The first is about
 * the time between two samples; it is made longer until the rows are, or seem to become, few enough. Samples
 * that come far out of order can have several rows of one step: their sum is the same.
 *
 * Memory: malloc's, freed by jfr_bins_fini(). .failed: out of it. Threads: one.
 */
#ifndef SONDE_FORMAT_JFR_BINS_H
#define SONDE_FORMAT_JFR_BINS_H

#include <stdbool.h>
#include <stdint.h>

struct jfr_bins {
	uint64_t step_ns;
	uint32_t rows_max;	/* kept to as long as longer steps help */
	uint32_t n_types, n;
	uint64_t n_added, n_expected, next_look;	/* samples */
	uint32_t *to;		/* whose row it is: any number */
	uint64_t *time_ns;	/* a multiple of step_ns */
	int64_t *values;	/* a row of n_types for each */
	uint32_t cap_to, cap_time, cap_values;
	struct jfr_bin_memo {
		uint64_t time_ns;
		uint32_t to, row;	/* row + 1; 0: nothing here */
	} *memo;
	uint64_t first_ns, last_ns;	/* the earliest and the latest time so far */
	double span_ns;		/* between them in the end, presumably */
	bool failed;
};

/* For so many samples of which `duration_ns` has `n_all`. 0 or -ENOMEM. */
int jfr_bins_init(struct jfr_bins *bins, uint32_t n_types, uint64_t n_expected, uint64_t n_all, uint64_t duration_ns,
		  uint32_t rows_max);
void jfr_bins_fini(struct jfr_bins *bins);

/* The values of the row that the sample belongs to, to be added to; NULL: .failed. */
int64_t *jfr_bins_add(struct jfr_bins *bins, uint32_t to, uint64_t time_ns);

/* Makes the steps that long, if they are shorter. */
void jfr_bins_lengthen(struct jfr_bins *bins, uint64_t step_ns);

#endif
