/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/diff.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/diffwork.h"
#include "analyze/threads.h"
#include "base/err.h"
#include "base/large.h"
#include "model/profile.h"

/* ---- what is compared ---- */

static int add_rows(struct diff_work *w, enum diff_measure shown)
{
	const struct diffsum *a = w->sides.sums[0].items, *b = w->sides.sums[1].items;
	struct diff *diff = w->diff;

	w->row_of = calloc((size_t)w->summing.n_items + 1, sizeof(*w->row_of));
	if (!w->row_of)
		return -ENOMEM;
	for (uint32_t i = 1; i < w->summing.n_items; i++)
		if (a[i].value[DIFF_TOTAL] != 0 || b[i].value[DIFF_TOTAL] != 0)
			w->row_of[i] = ++diff->n;
	diff->rows = large_alloc(((size_t)diff->n + 1) * sizeof(*diff->rows));
	if (!diff->rows)
		return -ENOMEM;
	for (uint32_t i = 1; i < w->summing.n_items; i++)
		if (w->row_of[i])
			diff->rows[w->row_of[i] - 1] = (struct diff_row){ .item = i, .measure = shown };
	return 0;
}

static int find_first_nodes(struct diff_work *w)
{
	w->first = calloc((size_t)w->summing.n_items + 1, sizeof(*w->first));
	if (!w->first)
		return -ENOMEM;
	for (uint32_t i = w->diff->tree.tree.n; i-- > 1;)
		w->first[summing_item(&w->summing, i)] = i;
	return 0;
}

/* Of stacks that only ever go on to one other, the longer stands for both. */
static bool same_totals(const struct diff_work *w, uint32_t item, uint32_t other)
{
	for (unsigned side = 0; side < 2; side++) {
		const struct diffsum *items = w->sides.sums[side].items;

		if (items[item].value[DIFF_TOTAL] != items[other].value[DIFF_TOTAL])
			return false;
	}
	return true;
}

/* With one run a side, what is less of everything on both is not tested: what is rare differs most from run to
 * run, and nothing within a run tells. */
static bool is_small(const struct diff_work *w, const struct diff_case *c)
{
	bool small = w->diff->noise.basis != DIFF_BY_RUNS;

	for (unsigned side = 0; side < 2; side++) {
		const struct diffsums *sums = &w->sides.sums[side];

		small = small && sums->items[c->item].value[c->measure] < DIFF_LEAST_SHARE * sums->all;
	}
	return small;
}

/* If it can be tested at all: the others would only take time, and memory. Small ones tell how much their kind scatters. */
static void add_case(struct diff_work *w, uint32_t row, enum diff_measure measure)
{
	struct diff_row *at = &w->diff->rows[row];
	struct diff_case *c = &w->cases[w->n];

	*c = (struct diff_case){
		.item = at->item, .measure = measure, .ratio = 1, .df = INFINITY,
		.unit_ratio = 1, .unit_df = INFINITY, .p = NAN, .q = NAN,
		.number = &at->of[measure],
		.in_kernel = diff_place(w->diff, at)->kind == FRAME_KERNEL,
		.larger = true, .weight = 1,
	};
	diff_case_measure(c, &w->sides);
	diff_case_judge(c, &w->sides);
	if (isnan(c->p))
		return;
	c->untested = is_small(w, c);
	w->n_tested += !c->untested;
	w->n++;
}

static int add_cases(struct diff_work *w)
{
	w->cases = large_alloc((DIFF_MEASURES * (size_t)w->diff->n + 1) * sizeof(*w->cases));
	if (!w->cases)
		return -ENOMEM;
	for (uint32_t r = 0; r < w->diff->n; r++) {
		uint32_t item = w->diff->rows[r].item;
		bool leaf = true, chain = w->diff->by_stack && r + 1 < w->diff->n &&
					  same_totals(w, item, w->diff->rows[r + 1].item);

		for (unsigned side = 0; side < 2; side++)
			leaf = leaf && w->sides.sums[side].items[item].value[DIFF_SELF] ==
					       w->sides.sums[side].items[item].value[DIFF_TOTAL];
		add_case(w, r, DIFF_SELF);
		if (!leaf && !chain)
			add_case(w, r, DIFF_TOTAL);
	}
	w->p = calloc((size_t)w->n + 1, sizeof(*w->p));
	w->order = calloc((size_t)w->n + 1, sizeof(*w->order));
	return w->p && w->order ? 0 : -ENOMEM;
}

/* How many processors the runs of a side had, on average; 0: not known. */
static double processors(const struct diff_side *side, double cpu_seconds)
{
	return side->seconds > 0 ? side->total * cpu_seconds / side->seconds : 0;
}

static int apply_prior(struct diff_work *w, const struct diff_options *options)
{
	struct diff *diff = w->diff;

	diff->prior.memory = options->of_memory;
	for (unsigned side = 0; side < 2; side++)
		diff->prior.processors[side] = processors(&diff->side[side], options->cpu_seconds);
	return diffprior_apply(&diff->prior, w->cases, w->n, &w->summing, &w->sides);
}

static int find_changes(struct diff_work *w, const struct diff_options *options)
{
	struct diff *diff = w->diff;
	bool any_out;
	int rc = add_rows(w, options->measure);

	if (rc == 0)
		rc = find_first_nodes(w);
	if (rc == 0)
		rc = add_cases(w);
	if (rc == 0 && (diff->noise.basis == DIFF_BY_RUNS || diff->noise.basis == DIFF_BY_TIMES))
		rc = diffnoise_of_units(w->cases, w->n, &w->summing, &w->sides,
					&w->unit_ratio);
	if (w->unit_ratio > 0)
		diff->noise.ratio = w->unit_ratio;
	if (rc == 0 && diff->noise.basis != DIFF_BY_RUNS)
		rc = apply_prior(w, options);
	if (rc == 0)
		rc = diff_name_changes(w);
	if (rc < 0)
		return rc;
	any_out = w->summing.any_out;
	summing_put_back(&w->summing);
	if (any_out)
		diffsums_of_sides(w->sides.sums, &w->summing);
	diff_fill_numbers(w);
	diff_fill_seen(w);
	diff_fill_whole(w);
	return diff_sort_rows(diff);
}

/* ---- the sides ---- */

static void describe_sides(struct diff *diff, const struct diff_input *inputs, uint32_t n)
{
	bool blocks = diff->tree.in_blocks[0] || diff->tree.in_blocks[1];

	for (uint32_t i = 0; i < n; i++) {
		struct diff_side *side = &diff->side[inputs[i].side];

		side->runs++;
		side->samples += samples_kept(inputs[i].profile, inputs[i].filter);
		side->seconds += (double)inputs[i].profile->duration_ns / 1e9;
		side->work += inputs[i].work;
	}
	diff->noise.ratio = 1;
	diff->noise.basis = diff->side[0].runs > 1 || diff->side[1].runs > 1 ? DIFF_BY_RUNS
			    : blocks ? DIFF_BY_TIMES : DIFF_BY_ITEMS;
}

static int check_sides(const struct diff *diff, struct err *err)
{
	static const char *const names[] = { "base", "new" };

	for (unsigned side = 0; side < 2; side++) {
		if (!(diff->side[side].total > 0))
			return err_fail(err, -EINVAL, "the %s side has no samples to compare",
					names[side]);
		if (diff->per == PER_TIME && !diff->tree.timed)
			return err_fail(err, -EINVAL, "a profile of the %s side does not say how "
					"long it was: compare shares, or give the work done with "
					"--per N", names[side]);
		if (diff->per >= PER_WORK && !diff->tree.worked)
			return err_fail(err, -EINVAL, "the work done on the %s side is not known",
					names[side]);
	}
	return 0;
}

int diff_init(struct diff *diff, const struct diff_input *inputs, uint32_t n,
	      const struct diff_options *options, struct err *err)
{
	struct diff_work w = { .diff = diff, .sides = { .per = options->per } };
	int rc;

	*diff = (struct diff){ .by_stack = options->by_stack, .per = options->per,
			       .level = options->level > 0 ? options->level : DIFF_LEVEL };
	rc = difftree_init(&diff->tree, inputs, n, options->granularity, err);
	if (rc < 0)
		return rc;
	describe_sides(diff, inputs, n);
	rc = summing_init(&w.summing, &diff->tree, options->by_stack);
	for (unsigned side = 0; rc == 0 && side < 2; side++)
		rc = diffsums_init(&w.sides.sums[side], &w.summing);
	if (rc == 0)
		diffsums_of_sides(w.sides.sums, &w.summing);
	for (unsigned side = 0; rc == 0 && side < 2; side++) {
		diff->side[side].total = w.sides.sums[side].all;
		w.sides.norm[side] = options->per == PER_TIME ? diff->side[side].seconds
							      : diff->side[side].work;
		diff->side[side].norm = diff_norm(&w.sides, side);
		if (w.sides.sums[side].all > 0)
			diff->side[side].weight = w.sides.sums[side].squares /
						  w.sides.sums[side].all;
	}
	w.summed = true;
	if (rc == 0)
		rc = check_sides(diff, err);
	if (rc == 0)
		rc = find_changes(&w, options);
	summing_fini(&w.summing);
	diffsums_fini(&w.sides.sums[0]);
	diffsums_fini(&w.sides.sums[1]);
	free(w.cases);
	free(w.p);
	free(w.order);
	free(w.row_of);
	free(w.first);
	if (rc == -ENOMEM)
		err_set(err, "out of memory over %u stacks", diff->tree.tree.n);
	if (rc < 0)
		diff_fini(diff);
	return rc;
}

void diff_fini(struct diff *diff)
{
	difftree_fini(&diff->tree);
	free(diff->rows);
	*diff = (struct diff){ 0 };
}

const struct place *diff_place(const struct diff *diff, const struct diff_row *row)
{
	uint32_t subject = diff->by_stack ? diff->tree.tree.frame[row->item] : row->item;

	return &diff->tree.subjects.items[subject].place;
}

const struct diff_number *diff_worst(const struct diff *diff, double above, double least,
				     const struct diff_row **ret_row)
{
	const struct diff_number *worst = NULL;

	*ret_row = NULL;
	if (diff->whole.verdict == DIFF_NAMED && diff->whole.relative > above)
		worst = &diff->whole;
	for (uint32_t r = 0; r < diff->n; r++)
		for (int m = 0; m < DIFF_MEASURES; m++) {
			const struct diff_number *number = &diff->rows[r].of[m];
			double all = diff->side[1].total / diff->side[1].norm;

			if (number->verdict != DIFF_NAMED || !(number->relative > above) ||
			    number->now < least * all)
				continue;
			if (!worst || number->relative > worst->relative) {
				worst = number;
				*ret_row = &diff->rows[r];
			}
		}
	return worst;
}
