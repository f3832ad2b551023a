/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/diff.h
 *
 * What changed between two sides of profiles, and what only looks so.
 *
 *   base = 20.0 %, now = 24.0 % of all         change = +4.0 points, low .. high
 *   relative = +20 % +- relative_error         what a sentence says
 *   q = 0.0003                                 corrected for all that was tested
 *
 * Shares of one whole move each other: what grows pushes all others down. So changes are named one after
 * another: the surest first, then its samples are taken out on both sides, and what is left is tested
 * again, until nothing stands out (q > level). What moved but was only pushed FOLLOWS. Both what an item
 * cost by itself and with all it called are tested; where one of its callees explains the change, that is
 * named.
 *
 * How much is noise? Sampling alone is known from the counts. Two recordings of one program differ by more:
 *   runs   several on a side: what they differ by, per item, by resampling runs (with a fixed seed); few runs
 *          borrow from what is common to all items
 *   times  one run whose samples have times: blocks of its time in the place of runs
 *   else   the items themselves: most did not change, so what they scatter by more than sampling explains
 *          is noise, and widens the others' (.noise.ratio)
 * With one run a side a change is named only if it is larger than what two runs of a program were seen to differ by
 * (analyze/diffprior.h); else it is WITHIN that.
 * docs/diff.md tells it to people, with measurements.
 */
#ifndef SONDE_ANALYZE_DIFF_H
#define SONDE_ANALYZE_DIFF_H

#include "analyze/diffprior.h"
#include "analyze/diffsums.h"

enum diff_per {
	PER_TOTAL, PER_TIME, PER_WORK,
	PER_PROFILE,	/* amounts of a state (what the heap holds) as they are: each profile's work is 1 */
};

enum diff_verdict {
	DIFF_NOISE,	/* no change that stands out */
	DIFF_UNTESTED,	/* too few samples to tell */
	DIFF_WITHIN,	/* more than sampling, and no more than two runs of one program may differ by */
	DIFF_FOLLOWS,	/* moved, and what is named explains it */
	DIFF_NAMED,	/* changed */
};

struct diff_number {
	double base, now;	/* share of all (0..1), or cost per second or unit of work */
	double low, high;	/* of now - base, 95 % */
	double relative;	/* now / base - 1; INFINITY: it is new */
	double relative_error;	/* half of its 95 % interval */
	double p, q;		/* NAN: not tested */
	enum diff_verdict verdict;
};

struct diff_row {
	uint32_t item;
	enum diff_measure measure;	/* the one to show */
	struct diff_number of[DIFF_MEASURES];
};

enum diff_basis { DIFF_BY_RUNS, DIFF_BY_TIMES, DIFF_BY_ITEMS, DIFF_BY_SAMPLING };

struct diff_side {
	uint32_t runs;
	double total, seconds, work;
	double weight;		/* of an event, on average: the sum of squares over the total */
	uint64_t samples;
	double norm;		/* what costs were divided by */
};

struct diff {
	struct difftree tree;
	bool by_stack;
	enum diff_per per;
	struct diff_side side[2];
	struct diff_number whole;	/* all samples; not for PER_TOTAL */
	struct diff_row *rows;		/* the named ones, those that follow, the others; largest change first */
	uint32_t n, n_named;
	uint32_t n_tested;		/* numbers that were tested together */
	struct {
		enum diff_basis basis;
		double ratio;		/* variance to that of sampling; typical */
	} noise;
	struct diffprior prior;		/* one run a side; else all zero */
	double level;
	double seen;	/* the smallest change of share (or the smallest part of the whole's cost) that would be named,
			 * of something that is a tenth of all; INFINITY: none */
};

struct diff_options {
	enum granularity granularity;	/* BY_FUNCTION or BY_LINE */
	bool by_stack;
	enum diff_measure measure;	/* what rows show unless the other one is named */
	enum diff_per per;
	double level;			/* 0: DIFF_LEVEL */
	double cpu_seconds;		/* that a value of 1 is, of CPU time; 0: it is no CPU time */
	bool of_memory;			/* values are bytes, or objects: nothing that is sampled in time */
};

#define DIFF_LEVEL 0.01		/* one named change in a hundred may be none */
#define DIFF_LEAST_SHARE 0.01	/* of everything: with one run a side, what has less on both is not tested */
#define DIFF_CONFIDENCE 0.05	/* intervals: 95 % */

/* 0; -EINVAL with a sentence (a side is empty, or does not say how long it was); -ENOMEM. */
int diff_init(struct diff *diff, const struct diff_input *inputs, uint32_t n,
	      const struct diff_options *options, struct err *err);
void diff_fini(struct diff *diff);

/* The place of a row: of its function or line, or of a stack's innermost frame. */
const struct place *diff_place(const struct diff *diff, const struct diff_row *row);

/* How much of everything in the gate's sense: whether some named row, or the whole, got worse by more than
 * `above` (0.05: 5 %) while it is at least `least` of all. The worst, or NULL; the whole is &diff->whole
 * and then *ret_row is NULL too. */
const struct diff_number *diff_worst(const struct diff *diff, double above, double least,
				     const struct diff_row **ret_row);

#endif
