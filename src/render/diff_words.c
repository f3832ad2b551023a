/* SPDX-License-Identifier: Apache-2.0 */
/* A diff in sentences. */
#include <math.h>
#include <stdio.h>

#include "analyze/diff.h"
#include "analyze/threads.h"
#include "base/buf.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/diff.h"
#include "render/label.h"

#define TOLD_MOST 4	/* changes in a sentence */
#define NAME_COLUMNS 60

static struct str unit_of(const struct diff_view *view)
{
	return strings_get(&view->profile->strings, view->profile->types[view->type].unit);
}

static bool is_time(const struct diff_view *view)
{
	static const char *const units[] = { "nanoseconds", "microseconds", "milliseconds",
					     "seconds" };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (str_eq(unit_of(view), str_of(units[i])))
			return true;
	return false;
}

static const char *plus_minus(const struct diff_view *view)
{
	return view->text.unicode ? "±" : "+-";
}

double diff_part(const struct diff *diff, double cost)
{
	return cost / (diff->side[0].total / diff->side[0].norm);
}

/* As many digits as the error leaves: 12.4 with 1.1, 12 with 3. */
static void add_percent(struct buf *out, double value, double error)
{
	double percent = fabs(value) * 100;
	int digits = error * 100 < 0.1 ? 2 : error * 100 < 10 && percent < 1000 ? 1 : 0;

	buf_addf(out, "%.*f %%", digits, percent);
}

void diff_add_name(struct buf *out, const struct diff_view *view, const struct diff_row *row)
{
	const struct place *place = diff_place(view->diff, row);
	struct str name = place->name;

	label_fit(out, name, NAME_COLUMNS, view->text.unicode);
	if (!place->unnamed && name.n && name.p[0] != '[' && name.p[0] != '<' &&
	    str_find(name, '(') < 0 && name.p[name.n - 1] != '>')
		buf_add_str(out, STR("()"));
	if (view->granularity == BY_LINE && place->line)
		buf_addf(out, " line %u", place->line);
}

void diff_add_stack(struct buf *out, const struct diff_view *view, const struct diff_row *row,
		    const char *joint)
{
	const struct difftree *tree = &view->diff->tree;
	uint32_t depth = stacktree_depth(&tree->tree, row->item), at = row->item;

	/* innermost first: a stack may be deep, and its end is what tells */
	for (uint32_t i = 0; i < depth && at; i++, at = tree->tree.parent[at]) {
		buf_add_str(out, i ? str_of(joint) : STR(""));
		label_fit(out, tree->subjects.items[tree->tree.frame[at]].place.name, NAME_COLUMNS,
			  view->text.unicode);
	}
}

static const char *basis_words(const struct diff_view *view)
{
	switch (view->diff->per) {
	case PER_TOTAL: return "in share";
	case PER_TIME: return "per second";
	case PER_WORK: return "for the same work";
	case PER_PROFILE: break;
	}
	return "";
}

static void add_direction(struct buf *out, const struct diff_view *view, bool more)
{
	if (is_time(view) && view->diff->per == PER_TIME)	/* of what runs all the time: it took more of the processors */
		buf_add_str(out, more ? STR("more expensive") : STR("cheaper"));
	else if (is_time(view))
		buf_add_str(out, more ? STR("slower") : STR("faster"));
	else
		buf_add_str(out, more ? STR("more") : STR("less"));
}

/* "got 12.4 % ± 1.1 slower"; `first`: with the verb and what it is relative to. */
static void add_change(struct buf *out, const struct diff_view *view,
		       const struct diff_number *number, bool first)
{
	double part = diff_part(view->diff, number->base > 0 ? number->base : number->now);
	struct buf error = { 0 };

	if (number->base <= 0 || number->now <= 0) {
		buf_addf(out, number->base <= 0 ? "is new (%.1f %%" : "is gone (it was %.1f %%",
			 part * 100);
		buf_addf(out, " of %s)", number->base <= 0 && view->diff->per == PER_TOTAL
						 ? "all" : "the base");
		return;
	}
	buf_add_str(out, first ? STR("got ") : STR(""));
	add_percent(out, number->relative, number->relative_error);
	add_percent(&error, number->relative_error, number->relative_error);
	buf_addf(out, " %s %.*s ", plus_minus(view), error.n > 2 ? (int)error.n - 2 : 0,
		 error.p ? error.p : "");
	add_direction(out, view, number->relative > 0);
	if (first && *basis_words(view))
		buf_addf(out, " %s", basis_words(view));
	buf_fini(&error);
}

static const struct diff_number *named_number(const struct diff_row *row)
{
	return &row->of[row->measure];
}

static void add_whole(struct buf *out, const struct diff_view *view)
{
	const struct diff_number *whole = &view->diff->whole;

	if (view->diff->per == PER_TOTAL)
		return;
	if (whole->verdict == DIFF_NAMED) {
		buf_add_str(out, STR("The whole "));
		add_change(out, view, whole, true);
	} else {
		buf_addf(out, "The whole %s the same %s%swithin %s (",
			 view->diff->per == PER_PROFILE ? "is" : "costs", basis_words(view),
			 *basis_words(view) ? " " : "", whole->verdict == DIFF_WITHIN ? "what two runs may differ by" : "noise");
		buf_addf(out, "%+.1f %% %s %.1f)", whole->relative * 100, plus_minus(view),
			 whole->relative_error * 100);
	}
	buf_add_str(out, STR("; "));
}

#define WHAT_RUNS_DIFFER_BY "what two runs of one program may differ by"

static const struct diff_number *number_within(const struct diff_row *row)
{
	for (int m = 0; m < DIFF_MEASURES; m++)
		if (row->of[m].verdict == DIFF_WITHIN)
			return &row->of[m];
	return NULL;
}

/* The largest of what is not named because one run a side cannot tell, or NULL. */
static const struct diff_row *within_most(const struct diff *diff)
{
	const struct diff_row *most = NULL;
	double largest = 0;

	for (uint32_t r = 0; r < diff->n; r++) {
		const struct diff_number *number = number_within(&diff->rows[r]);

		if (number && fabs(number->now - number->base) > largest) {
			most = &diff->rows[r];
			largest = fabs(number->now - number->base);
		}
	}
	return most;
}

/* Ends the sentence: which it was (NULL: not to be told). */
static void add_within(struct buf *out, const struct diff_view *view, const struct diff_row *row)
{
	const struct diff_number *number = row ? number_within(row) : NULL;

	if (!number) {
		buf_add_str(out, STR("."));
		return;
	}
	buf_add_str(out, STR(": "));
	diff_add_name(out, view, row);
	if (number == &row->of[DIFF_TOTAL])
		buf_add_str(out, STR(" with all it calls"));
	buf_add_str(out, STR(" by "));
	diff_add_points(out, diff_part(view->diff, number->now - number->base), true);
	buf_add_str(out, view->diff->per == PER_TOTAL ? STR(" points.") : STR(" % of all."));
}

void diff_add_sentence(struct buf *out, const struct diff_view *view)
{
	const struct diff *diff = view->diff;
	uint32_t told = diff->n_named < TOLD_MOST ? diff->n_named : TOLD_MOST;
	const struct diff_row *within;
	bool first = true;

	add_whole(out, view);
	within = within_most(diff);
	if (!diff->n_named) {
		buf_add_str(out, diff->per == PER_TOTAL ? STR("Nothing changed beyond ") : STR("nothing in it changed beyond "));
		buf_add_str(out, within ? STR(WHAT_RUNS_DIFFER_BY) : STR("noise"));
		/* where everything costs more, the largest of it is the whole once more */
		add_within(out, view, diff->whole.verdict == DIFF_NAMED || diff->whole.verdict == DIFF_WITHIN ? NULL : within);
		return;
	}
	for (uint32_t i = 0; i < told; i++) {
		const struct diff_row *row = &diff->rows[i];
		const struct diff_number *number = named_number(row);

		buf_add_str(out, i ? STR(", ") : STR(""));
		diff_add_name(out, view, row);
		if (row->measure == DIFF_TOTAL)
			buf_add_str(out, STR(" with all it calls"));
		buf_add_u8(out, ' ');
		add_change(out, view, number, first);
		if (number->base > 0 && number->now > 0)
			first = false;	/* the others are told in fewer words */
	}
	if (told < diff->n_named)
		buf_addf(out, "; %u more changed", diff->n_named - told);
	buf_addf(out, "; nothing else changed beyond %s", within ? WHAT_RUNS_DIFFER_BY : "noise");
	add_within(out, view, NULL);
}

/* What differs from run to run cannot be seen in one: the rule that docs/diff.md gives. */
static void add_least(struct buf *out, const struct diffprior *prior)
{
	static const char *const whose[] = { [DIFF_NATIVE] = "one program",
					     [DIFF_INTERPRETED] = "one interpreted program",
					     [DIFF_COMPILED] = "one program with a JIT compiler",
					     [DIFF_JVM] = "one program on the JVM" };
	double own = prior->least[DIFF_CODE_OWN], kernel = prior->least[DIFF_CODE_KERNEL];
	bool go = prior->has[DIFF_CODE_GO];

	if (prior->memory) {
		buf_addf(out, "; changes of less than %g %% of all are not named", own * 100);
		return;
	}
	buf_addf(out, "; two runs of %s may differ by %g %% of all", whose[prior->language], own * 100);
	if (kernel > own && (prior->has[DIFF_CODE_KERNEL] || go))
		buf_addf(out, " (%g %% in %s%s)", kernel * 100,
			 !go ? "the kernel" : prior->has[DIFF_CODE_KERNEL] ? "the kernel and " : "", go ? "Go's runtime" : "");
	if (prior->whole > 0)
		buf_addf(out, ", the whole by %g %%", prior->whole * 100);
	if (prior->loads_differ)
		buf_addf(out, ", under as different loads as these (%.2g and %.2g processors)", prior->processors[0],
			 prior->processors[1]);
	buf_add_str(out, STR(": what changed by less is not named; several runs a side tell"));
}

void diff_add_noise(struct buf *out, const struct diff_view *view)
{
	const struct diff *diff = view->diff;
	const char *what = diff->by_stack ? "stacks"
			   : view->granularity == BY_LINE ? "lines" : "functions";

	switch (diff->noise.basis) {
	case DIFF_BY_RUNS:
		buf_addf(out, "run to run, over %u and %u runs: typically %.1f times the variance of "
			 "sampling", diff->side[0].runs, diff->side[1].runs, diff->noise.ratio);
		break;
	case DIFF_BY_TIMES:
		buf_addf(out, "one run a side, over %u blocks of its time: %.1f times the variance "
			 "of sampling assumed", DIFF_BLOCKS, diff->noise.ratio);
		add_least(out, &diff->prior);
		break;
	case DIFF_BY_ITEMS:
		buf_add_str(out, STR("one run a side: sampling error only"));
		if (diff->noise.ratio > 1.05)
			buf_addf(out, ", its variance times %.1f for what runs usually differ by and "
				 "%s scatter", diff->noise.ratio, what);
		add_least(out, &diff->prior);
		break;
	case DIFF_BY_SAMPLING:
		break;
	}
	if (diff->tree.guessed)
		buf_add_str(out, STR("; how many samples a stack stands for is not known, one was "
				     "assumed"));
}

void diff_add_seen(struct buf *out, const struct diff_view *view)
{
	const struct diff *diff = view->diff;

	if (!isfinite(diff->seen) || diff->seen >= 0.9)
		buf_add_str(out, STR("too few samples for any change to stand out"));
	else
		buf_addf(out, "what is 10 %% of all stands out once it is %.1f %%", 10 + diff->seen * 100);
	if (diff->seen < 0.1)
		buf_addf(out, " or %.1f %%", 10 - diff->seen * 100);
}

void diff_add_side(struct buf *out, const struct diff_view *view, unsigned side)
{
	const struct diff_side *s = &view->diff->side[side];
	bool unicode = view->text.unicode;

	if (!str_eq(unit_of(view), STR("count"))) {
		double total = s->total < 9e18 ? s->total : 9e18;

		amount_add_in(out, (int64_t)total, unit_of(view), view->text.unit, unicode);
		buf_add_str(out, STR(", "));
	}
	amount_add_count(out, s->samples);
	buf_add_str(out, samples_type(view->profile) < 0 ? STR(" stacks") : STR(" samples"));
	if (s->runs > 1)
		buf_addf(out, view->diff->per == PER_PROFILE ? " in %u profiles" : " in %u runs", s->runs);
	if (view->diff->per == PER_TIME)
		buf_addf(out, ", %.4g s long", s->seconds);
	if (view->diff->per == PER_WORK)
		buf_addf(out, ", work %.10g", s->work);
}

void diff_add_points(struct buf *out, double part, bool sign)
{
	double points = part * 100;

	if (points != 0 && fabs(points) < 0.005)
		buf_add_str(out, points < 0 ? STR("-0.00") : sign ? STR("+0.00") : STR("<0.01"));
	else
		buf_addf(out, sign ? "%+.2f" : "%.2f", points);
}

void diff_add_p(struct buf *out, double p)
{
	if (isnan(p))
		buf_add_str(out, STR("-"));
	else if (p < 1e-4)
		buf_add_str(out, STR("<0.0001"));
	else
		buf_addf(out, p < 0.01 ? "%.4f" : "%.2f", p);
}

bool diff_add_gate(struct buf *out, const struct diff_view *view)
{
	const struct diff_row *row;
	const struct diff_number *worst;

	if (!(view->above > 0))
		return false;
	worst = diff_worst(view->diff, view->above, view->least, &row);
	if (!worst) {
		buf_addf(out, "nothing got more than %g %% worse", view->above * 100);
		return false;
	}
	if (row)
		diff_add_name(out, view, row);
	else
		buf_add_str(out, STR("the whole"));
	if (row && worst == &row->of[DIFF_TOTAL])
		buf_add_str(out, STR(" with all it calls"));
	if (isinf(worst->relative))
		buf_add_str(out, STR(" is new"));
	else
		buf_addf(out, " got %.1f %% worse", worst->relative * 100);
	buf_addf(out, ", more than the %g %% allowed", view->above * 100);
	return true;
}
