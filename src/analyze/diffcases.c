/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/diffcases.h"

#include <math.h>

#include "analyze/statistics.h"

#define LEAST_EVENTS 10	/* of both sides: below it nothing is tested */
#define RARE_EVENTS 400	/* below it, and ... */
#define RARE_SHARE 0.05	/* ... below this share, a count is a count and no normal number */

double diff_weight(const struct diff_sides *sides, unsigned side, uint32_t item,
		   enum diff_measure measure)
{
	const struct diffsums *sums = &sides->sums[side];
	double value = sums->items[item].value[measure], square = sums->items[item].square[measure];

	if (value > 0 && square > 0)
		return square / value;
	return sums->all > 0 ? sums->squares / sums->all : 1;
}

/* The same of all that is not in the item. */
static double rest_weight(const struct diff_sides *sides, unsigned side, uint32_t item,
			  enum diff_measure measure)
{
	const struct diffsums *sums = &sides->sums[side];
	double value = sums->all - sums->items[item].value[measure];
	double square = sums->squares - sums->items[item].square[measure];

	if (value > 1e-9 * sums->all && square > 1e-9 * sums->squares)
		return square / value;
	return sums->all > 0 ? sums->squares / sums->all : 1;
}

/* Of a share p = sum of the item / sum of all, both random: by their residuals, value * ([in item] - p).
 * Of a cost, which is a sum of independent events: the sum of their squares. */
double diff_variance(const struct diff_sides *sides, unsigned side, double share, uint32_t item,
		     enum diff_measure measure)
{
	double norm = diff_norm(sides, side);
	double weight = diff_weight(sides, side, item, measure), variance = share * weight / norm;

	if (sides->per == PER_TOTAL)	/* both terms are small where nearly all is in the item */
		variance = variance * (1 - share) * (1 - share) +
			   share * share * (1 - share) * rest_weight(sides, side, item, measure) / norm;
	return variance > 0 ? variance : 0;
}

double diff_events(const struct diff_sides *sides, uint32_t item, enum diff_measure measure)
{
	double events = 0;

	for (unsigned side = 0; side < 2; side++) {
		double value = sides->sums[side].items[item].value[measure];

		if (value > 0)
			events += value / diff_weight(sides, side, item, measure);
	}
	return events;
}

double diff_pooled(const struct diff_sides *sides, const struct diff_case *c)
{
	double value = sides->sums[0].items[c->item].value[c->measure] +
		       sides->sums[1].items[c->item].value[c->measure];

	return value / (diff_norm(sides, 0) + diff_norm(sides, 1));
}

double diff_whole(const struct diff_sides *sides)
{
	return (sides->sums[0].all + sides->sums[1].all) / (diff_norm(sides, 0) + diff_norm(sides, 1));
}

void diff_case_measure(struct diff_case *c, const struct diff_sides *sides)
{
	double share = diff_pooled(sides, c), variance = 0;

	c->change = c->z = 0;
	if (!(diff_norm(sides, 0) > 0) || !(diff_norm(sides, 1) > 0))
		return;
	for (unsigned side = 0; side < 2; side++)
		variance += diff_variance(sides, side, share, c->item, c->measure);
	c->change = sides->sums[1].items[c->item].value[c->measure] / diff_norm(sides, 1) -
		    sides->sums[0].items[c->item].value[c->measure] / diff_norm(sides, 0);
	if (variance > 0)
		c->z = c->change / sqrt(variance);
}

/* Given all events of an item, how many would be the new side's? A normal number says too little of that
 * where they are few and the sides differ in size. */
static double judge_rare(const struct diff_case *c, const struct diff_sides *sides, bool rest)
{
	double events[2], size[2];

	for (unsigned side = 0; side < 2; side++) {
		double value = sides->sums[side].items[c->item].value[c->measure];
		double weight = rest ? rest_weight(sides, side, c->item, c->measure)
				     : diff_weight(sides, side, c->item, c->measure);

		value = rest ? sides->sums[side].all - value : value;
		events[side] = value / weight / c->ratio;
		size[side] = diff_norm(sides, side) / weight;
		if (events[side] < 0)
			return 1;
	}
	return stat_split_beyond(events[1], events[0] + events[1], size[1] / (size[0] + size[1]));
}

void diff_case_judge(struct diff_case *c, const struct diff_sides *sides)
{
	double events = diff_events(sides, c->item, c->measure), share = diff_pooled(sides, c);
	double all = 0;

	if (c->named)
		return;	/* its p is that with which it was found */
	c->p = NAN;
	if (c->untested || !(diff_norm(sides, 0) > 0) || !(diff_norm(sides, 1) > 0))
		return;
	for (unsigned side = 0; side < 2; side++)
		if (sides->sums[side].squares > 0)
			all += sides->sums[side].all * sides->sums[side].all /
			       sides->sums[side].squares;
	if (events < LEAST_EVENTS || (sides->per == PER_TOTAL && all - events < LEAST_EVENTS))
		return;
	c->p = stat_t_beyond(c->z / sqrt(c->ratio), c->df);
	if (c->p < 0.2 && share < RARE_SHARE && events < RARE_EVENTS)
		c->p = fmax(c->p, judge_rare(c, sides, false));
	/* nearly all is in it: what is not is rare */
	if (c->p < 0.2 && sides->per == PER_TOTAL && share > 1 - RARE_SHARE &&
	    all - events < RARE_EVENTS)
		c->p = fmax(c->p, judge_rare(c, sides, true));
}
