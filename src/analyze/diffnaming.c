/* SPDX-License-Identifier: Apache-2.0 */
/* Which items changed, and which only moved because those did. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/diffwork.h"
#include "analyze/statistics.h"

#define NAMED_MOST 32	/* more changes than that are not a list any more; and each costs a pass */
#define EXPLAINS 0.6	/* a callee that changed by this part of its caller's change explains it */
#define ALIKE 0.8	/* two that are as sure as that to each other are one change seen from two ends */

static void sum_sides(struct diff_work *w)
{
	if (!w->summed)
		diffsums_of_sides(w->sides.sums, &w->summing);
	w->summed = true;
}

static void measure_all(struct diff_work *w)
{
	sum_sides(w);
	for (uint32_t i = 0; i < w->n; i++)
		diff_case_measure(&w->cases[i], &w->sides);
}

/* Most functions are so small that no change of theirs could matter, and there are thousands of them with several runs
 * a side; each test makes the others' p larger. So half of each weight is equal, and half is by size: by itself, and
 * with all it calls. Sizes are of both sides together, with which no p has to do. */
static void weigh(struct diff_work *w)
{
	double sizes[DIFF_MEASURES] = { 0 }, parts = 0, half;

	w->weight_seen = 1;
	if (w->diff->noise.basis != DIFF_BY_RUNS)
		return;
	for (uint32_t i = 0; i < w->n; i++)
		sizes[w->cases[i].measure] += fmax(0, diff_pooled(&w->sides, &w->cases[i]));
	for (unsigned m = 0; m < DIFF_MEASURES; m++)
		parts += sizes[m] > 0;
	half = parts > 0 ? w->n / parts / 2 : 0;
	for (uint32_t i = 0; i < w->n; i++) {
		struct diff_case *c = &w->cases[i];

		if (sizes[c->measure] > 0)
			c->weight = 0.5 + half * fmax(0, diff_pooled(&w->sides, c)) / sizes[c->measure];
	}
	if (sizes[DIFF_SELF] > 0)
		w->weight_seen = 0.5 + half * DIFF_SEEN_SHARE * diff_whole(&w->sides) / sizes[DIFF_SELF];
}

static int judge_all(struct diff_work *w)
{
	struct diff *diff = w->diff;
	double ratio;
	int rc = 0;

	measure_all(w);
	if (diff->noise.basis == DIFF_BY_ITEMS || diff->noise.basis == DIFF_BY_TIMES) {
		rc = diffnoise_of_items(w->cases, w->n, &w->sides, &ratio);
		if (rc == 0)
			diff->noise.ratio = fmax(ratio, w->unit_ratio);
	}
	for (uint32_t i = 0; rc == 0 && i < w->n; i++) {
		diff_case_judge(&w->cases[i], &w->sides);
		w->p[i] = w->cases[i].named ? NAN : w->cases[i].p / w->cases[i].weight;
	}
	stat_correct(w->p, w->order, w->n);
	for (uint32_t i = 0; rc == 0 && i < w->n; i++)
		if (!w->cases[i].named)
			w->cases[i].q = w->p[i];
	return rc;
}

static double sureness(const struct diff_case *c)
{
	return fabs(c->z) / sqrt(c->ratio);
}

#define MOVED_Z 2.0	/* what is said of a change must be seen in what is shown */
#define OWN_PART 0.4	/* a caller is named for what is its own part of its change, not for the rest of it */

/* What moved against what is left, once named changes are taken out, may stand where it was in the whole, or
 * have moved the other way, or moved in the whole for what was taken out: a row that says so of a named change
 * would only confuse. */
static bool moved_alike(const struct diff_case *c)
{
	return c->first_z * c->z > 0 && fabs(c->first_z) >= MOVED_Z * sqrt(c->ratio) &&
	       (c->measure == DIFF_SELF || fabs(c->change) >= OWN_PART * fabs(c->first_change));
}

static bool stands_out(const struct diff_work *w, const struct diff_case *c)
{
	return !c->named && !c->moved && c->q <= w->diff->level && moved_alike(c);
}

/* What always calls the same one function costs with it what that one does: then the callee is meant. */
static bool is_surer(const struct diff_work *w, const struct diff_case *c, const struct diff_case *than)
{
	double d = than ? sureness(c) - sureness(than) : 1;

	if (fabs(d) > 1e-9)
		return d > 0;
	return w->first[c->item] > w->first[than->item];
}

/* What an item did by itself rather than what some caller did with all it called. */
static struct diff_case *explained(struct diff_work *w, struct diff_case *best)
{
	struct diff_case *found = NULL;

	for (uint32_t i = 0; best->measure == DIFF_TOTAL && i < w->n; i++) {
		struct diff_case *c = &w->cases[i];

		if (c->measure == DIFF_SELF && !c->named && c->p <= w->diff->level &&
		    moved_alike(c) && (c->larger || !best->larger) &&
		    c->change * best->change > 0 &&
		    fabs(c->change) >= EXPLAINS * fabs(best->change) && is_surer(w, c, found))
			found = c;
	}
	if (!found)
		return best;
	found->q = fmin(found->q, best->q);
	return found;
}

/* Of a whole that has two parts the one grows as the other shrinks. Then what all of it cost decides, and
 * if that is the same, what got worse. */
static struct diff_case *other_end(struct diff_work *w, struct diff_case *best)
{
	const struct diff_side *side = w->diff->side;
	bool grew = side[1].total / side[1].runs >= side[0].total / side[0].runs;
	struct diff_case *found = NULL;

	for (uint32_t i = 0; w->diff->per == PER_TOTAL && i < w->n; i++) {
		struct diff_case *c = &w->cases[i];

		if (stands_out(w, c) && c->larger == best->larger && c->change * best->change < 0 &&
		    fabs(c->change) >= ALIKE * fabs(best->change) &&
		    sureness(c) >= ALIKE * sureness(best) && is_surer(w, c, found))
			found = c;
	}
	return found && (found->change > 0) == grew ? found : best;
}

/* The next change to be named, or NULL. */
static struct diff_case *choose(struct diff_work *w)
{
	struct diff_case *best = NULL;

	for (uint32_t i = 0; i < w->n; i++)
		if (stands_out(w, &w->cases[i]) && is_surer(w, &w->cases[i], best))
			best = &w->cases[i];
	return best ? explained(w, other_end(w, explained(w, best))) : NULL;
}

/* What was named first may be what a later one had pushed: each is looked at again without all the others. */
static void drop_pushed(struct diff_work *w, uint32_t n_within)
{
	struct diff *diff = w->diff;

	for (uint32_t i = 0; i < w->n && diff->n_named + n_within > 1; i++) {
		struct diff_case *c = &w->cases[i];
		struct diff_case alone = *c;

		if (!c->named)
			continue;
		alone.named = false;
		summing_take_back(&w->summing, c->item, c->measure);
		w->summed = false;
		sum_sides(w);
		diff_case_measure(&alone, &w->sides);
		diff_case_judge(&alone, &w->sides);
		if (alone.p * w->n_tested / alone.weight <= diff->level && moved_alike(&alone)) {
			summing_take_out(&w->summing, c->item, c->measure);
			w->summed = false;
			continue;
		}
		*c = alone;
		c->q = fmin(1, c->p * w->n_tested / c->weight);
		c->within = false;
		*(c->larger ? &diff->n_named : &n_within) -= 1;
	}
}

/* However sure it looks, what is no larger than what runs of one program differ by is not named. It moves the others'
 * shares all the same. */
int diff_name_changes(struct diff_work *w)
{
	struct diff *diff = w->diff;
	uint32_t n_within = 0;
	int rc;

	weigh(w);
	rc = judge_all(w);
	if (rc == 0)
		rc = diffmoved_mark(w->cases, w->n, &w->summing, &w->sides);
	for (uint32_t i = 0; i < w->n; i++) {
		w->cases[i].first_z = w->cases[i].z;
		w->cases[i].first_change = w->cases[i].change;
	}
	while (rc == 0 && diff->n_named + n_within < NAMED_MOST) {
		struct diff_case *c;

		c = choose(w);
		if (!c)
			break;
		c->named = true;
		c->within = !c->larger;
		*(c->larger ? &diff->n_named : &n_within) += 1;
		summing_take_out(&w->summing, c->item, c->measure);
		w->summed = false;
		rc = judge_all(w);
	}
	if (rc == 0)
		drop_pushed(w, n_within);
	return rc;
}
