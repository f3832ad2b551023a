/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/diffprior.h
 *
 * What two runs of one program were seen to differ by, of each kind of code. With one run a side nothing in them
 * tells that, so a change that is not larger is not named. Measured: docs/diff.md, `bench/diff programs`.
 *
 * Sizes are parts of what the base cost altogether, as if all else cost what it did: what has a share of s and
 * gets one of t costs (t - s) / (1 - t) more. Of what has more than half of all, all else is taken to have changed.
 * It is shares even where costs are compared: what else runs on the machine makes everything cost more. Of memory, which
 * does not know of that, amounts are sizes.
 * A change of what an item cost with all it called is cut up by the kind of code that ran: it is larger if a part is.
 */
#ifndef SONDE_ANALYZE_DIFFPRIOR_H
#define SONDE_ANALYZE_DIFFPRIOR_H

#include <stdbool.h>
#include <stdint.h>

struct diff_case;
struct diff_sides;
struct difftree;
struct summing;

enum diff_code {
	DIFF_CODE_OWN,		/* native, interpreted, compiled by V8 */
	DIFF_CODE_KERNEL,
	DIFF_CODE_GO,		/* Go's runtime: its collector above all */
	DIFF_CODES,
};

enum diff_language { DIFF_NATIVE, DIFF_INTERPRETED, DIFF_COMPILED /* while it runs, by V8 */, DIFF_JVM };

struct diffprior {
	bool memory;			/* told: values are bytes or objects, which are counted and not sampled in time */
	double processors[2];		/* told: that a side's run had; 0: not known */
	double least[DIFF_CODES];	/* parts of all; 0: whatever its size */
	double whole;			/* costs, not shares: by as much the whole may differ, of itself */
	enum diff_language language;
	bool loads_differ;		/* one run had far more of the processors than the other: .least is twice as much */
	bool has[DIFF_CODES];		/* some function of that kind was met */
};

/* For one run a side: fills the rest, and .larger of all cases, which were measured with nothing taken out. 0 or
 * -ENOMEM. */
int diffprior_apply(struct diffprior *prior, struct diff_case *cases, uint32_t n, const struct summing *summing,
		    const struct diff_sides *sides);

#endif
