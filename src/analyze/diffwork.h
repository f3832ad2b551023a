/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/diffwork.h - what a diff needs while it is made. Private to analyze/diff*.c. */
#ifndef SONDE_ANALYZE_DIFFWORK_H
#define SONDE_ANALYZE_DIFFWORK_H

#include "analyze/diffcases.h"

#define DIFF_SEEN_SHARE 0.1	/* of what "Seen" tells */

struct diff_work {
	struct diff *diff;
	struct summing summing;
	struct diff_sides sides;
	struct diff_case *cases;
	uint32_t n;
	double unit_ratio;	/* typical; 0: there are no units */
	double weight_seen;	/* of what is DIFF_SEEN_SHARE of all */
	uint32_t n_tested;	/* of the n: those that are not small */
	double *p;		/* of the cases, for the correction */
	uint32_t *order;
	uint32_t *row_of;	/* item -> row + 1 */
	uint32_t *first;	/* item -> its first node: greater for what is called */
	struct {
		double df, z;
	} known[4];		/* what was computed last: degrees of freedom are few */
	uint32_t next_known;
	bool summed;		/* .sides are as they were last asked for: nothing was taken out since */
};

/* Finds what changed, the surest first: fills the cases, and counts diff->n_named. 0 or -ENOMEM. */
int diff_name_changes(struct diff_work *w);

/* Fill each row's numbers, those of the whole, and diff->seen, once the cases are decided. */
void diff_fill_numbers(struct diff_work *w);
void diff_fill_whole(struct diff_work *w);
void diff_fill_seen(struct diff_work *w);

/* The named ones first, then those that follow; of these, and of the others, the largest change. 0 or -ENOMEM. */
int diff_sort_rows(struct diff *diff);

#endif
