/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/diffcases.h
 *
 * The questions that a diff asks: did this item, by itself or with all it called, change? Private to
 * analyze/diff*.c.
 */
#ifndef SONDE_ANALYZE_DIFFCASES_H
#define SONDE_ANALYZE_DIFFCASES_H

#include "analyze/diff.h"

struct diff_case {
	uint32_t item;
	enum diff_measure measure;
	bool named;		/* or within: what was found, and taken out */
	bool within;		/* what two runs of one program may differ by */
	bool untested;		/* too small to be named, but as good a yardstick as others */
	bool moved;		/* only one side has it, and what it called is on both: under another caller */
	bool in_kernel;
	bool larger;		/* than what runs of one program differ by: several runs a side tell that themselves */
	double ratio, df;	/* variance to that of sampling, and on how many degrees of freedom it is known */
	double unit_ratio, unit_df;	/* what units alone say of it */
	double change;		/* of what is left once named changes are taken out */
	double z;		/* change in standard errors of sampling */
	double p, q;
	double weight;		/* of its p among all that is tested: 1 on average */
	double first_change, first_z;	/* with nothing taken out */
	double apart;		/* squared standard errors of sampling from what most items did */
	struct diff_number *number;	/* where the answer goes */
};

/* Both sides, as far as they are not taken out. */
struct diff_sides {
	struct diffsums sums[2];
	double norm[2];		/* not PER_TOTAL: seconds or work */
	enum diff_per per;
};

/* What costs of a side are divided by. */
static inline double diff_norm(const struct diff_sides *sides, unsigned side)
{
	return sides->per == PER_TOTAL ? sides->sums[side].all : sides->norm[side];
}

/* Value of one event of the item, on average. */
double diff_weight(const struct diff_sides *sides, unsigned side, uint32_t item,
		   enum diff_measure measure);

/* Sampling variance of the item's normalised cost on a side, if that is `share`: what was found there, or
 * that of both sides together, when it is assumed that nothing changed. */
double diff_variance(const struct diff_sides *sides, unsigned side, double share, uint32_t item,
		     enum diff_measure measure);

/* How many events of the item there are on both sides, about. */
double diff_events(const struct diff_sides *sides, uint32_t item, enum diff_measure measure);

/* Share (or cost) of both sides together: what it is on each when nothing changed; and that of everything. */
double diff_pooled(const struct diff_sides *sides, const struct diff_case *c);
double diff_whole(const struct diff_sides *sides);

/* Fills .change and .z. */
void diff_case_measure(struct diff_case *c, const struct diff_sides *sides);

/* Fills .p from them, .ratio and .df. NAN when too few events are left. */
void diff_case_judge(struct diff_case *c, const struct diff_sides *sides);

/* Fills .moved of what is looked at with all it calls. 0 or -ENOMEM. */
int diffmoved_mark(struct diff_case *cases, uint32_t n, const struct summing *summing, const struct diff_sides *sides);

#define DIFF_COMMON_EVENTS 40 /* items with fewer do not tell what is common to all */

/* Fills .ratio and .df of all: from units, for sides that have several. 0 or -ENOMEM. */
int diffnoise_of_units(struct diff_case *cases, uint32_t n, struct summing *summing,
		       const struct diff_sides *sides, double *ret_ratio);

/* The same for the cost of everything, not PER_TOTAL. */
void diffnoise_of_whole(struct diff_case *c, const struct difftree *tree,
			const struct diff_sides *sides);

/* From how far the others scatter around what most did; at least what units said. Fills .apart. */
int diffnoise_of_items(struct diff_case *cases, uint32_t n, const struct diff_sides *sides,
		       double *ret_ratio);

#endif
