/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/diffprior.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/diffcases.h"
#include "base/large.h"
#include "model/frames.h"

/* What they are, and how they were found: docs/diff.md, "Measured". */
static const struct {
	double least[DIFF_CODES], whole;
} priors[] = {
	[DIFF_NATIVE] = { { [DIFF_CODE_OWN] = 0.03, [DIFF_CODE_KERNEL] = 0.12, [DIFF_CODE_GO] = 0.12 }, 0.25 },
	[DIFF_INTERPRETED] = { { [DIFF_CODE_OWN] = 0.04, [DIFF_CODE_KERNEL] = 0.12, [DIFF_CODE_GO] = 0.12 }, 0.25 },
	[DIFF_COMPILED] = { { [DIFF_CODE_OWN] = 0.05, [DIFF_CODE_KERNEL] = 0.12, [DIFF_CODE_GO] = 0.12 }, 0.25 },
	/* which of two functions has the other's code in it is decided anew in each run; and when it is compiled */
	[DIFF_JVM] = { { [DIFF_CODE_OWN] = 0.3, [DIFF_CODE_KERNEL] = 0.3, [DIFF_CODE_GO] = 0.3 }, 0.7 },
};

#define MEMORY 0.01
#define LANGUAGE_PART 0.05	/* of all, from which a profile is one of a language */
#define LOADS 1.4		/* so much more of the processors is another load, ... */
#define SHOWS 1.12		/* ... and where all of it cost so much more or less, the load showed */
#define OTHER_LOAD 1.4

/* ---- kinds of code ---- */

static bool starts_any(struct str name, const char *const *heads, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_starts(name, str_of(heads[i])))
			return true;
	return false;
}

static enum diff_language language_of(const struct place *place)
{
	static const char *const java[] = { "java.", "java/", "jdk.internal.", "jdk/internal/" };
	enum frame_kind kind = (enum frame_kind)place->kind;

	if (place->kinds & (1u << FRAME_C1 | 1u << FRAME_C2) ||
	    (kind != FRAME_KERNEL && starts_any(place->name, java, sizeof(java) / sizeof(*java))))
		return DIFF_JVM;
	if (kind == FRAME_INTERPRETED)
		return DIFF_INTERPRETED;
	return frame_kind_is_managed(kind) || kind == FRAME_JIT ? DIFF_COMPILED : DIFF_NATIVE;
}

/* Only a Go program has these; "runtime.py:f" is Python's. */
static bool is_go_runtime(struct str name)
{
	static const char *const heads[] = { "runtime.", "internal/runtime/", "gcWriteBarrier" };

	return starts_any(name, heads, sizeof(heads) / sizeof(*heads)) && str_find(name, ':') < 0;
}

static bool shows_go(struct str name)
{
	static const char *const heads[] = { "runtime.goexit", "runtime.main", "runtime.mcall", "runtime.mallocgc",
					     "runtime.systemstack", "runtime.gcBgMarkWorker" };

	return starts_any(name, heads, sizeof(heads) / sizeof(*heads));
}

/* subject -> enum diff_code, to be freed. NULL: out of memory. */
static uint8_t *codes_of(struct diffprior *prior, const struct subjects *subjects)
{
	uint8_t *code = calloc((size_t)subjects->n + 1, 1);
	bool go = false;

	for (uint32_t i = 1; i < subjects->n && !go; i++)
		go = shows_go(subjects->items[i].place.name);
	for (uint32_t i = 1; code && i < subjects->n; i++) {
		const struct place *place = &subjects->items[i].place;

		if (place->kind == FRAME_KERNEL)
			code[i] = DIFF_CODE_KERNEL;
		else if (go && is_go_runtime(place->name))
			code[i] = DIFF_CODE_GO;
		prior->has[code[i]] = true;
	}
	return code;
}

/* The language that a part of either side's samples was taken in. */
static enum diff_language find_language(const struct difftree *tree, const struct diff_sides *sides)
{
	double spent[2][DIFF_JVM + 1] = { { 0 } };
	uint8_t *of = calloc((size_t)tree->subjects.n + 1, sizeof(*of));
	enum diff_language language = DIFF_NATIVE;
	bool any = false;

	for (uint32_t i = 1; of && i < tree->subjects.n; i++) {
		of[i] = (uint8_t)language_of(&tree->subjects.items[i].place);
		any = any || of[i] != DIFF_NATIVE;
	}
	for (uint32_t u = 0; any && u < tree->n_units; u++) {
		const struct diff_unit *unit = &tree->units[u];

		for (uint32_t i = 0; i < unit->n; i++)
			spent[unit->side][of[tree->tree.frame[unit->node[i]]]] += unit->value[i];
	}
	for (unsigned side = 0; side < 2; side++)
		for (enum diff_language l = DIFF_INTERPRETED; l <= DIFF_JVM; l++)
			if (l > language && spent[side][l] > LANGUAGE_PART * sides->sums[side].all)
				language = l;
	free(of);
	return language;
}

static void set_least(struct diffprior *prior, const struct difftree *tree, const struct diff_sides *sides)
{
	double a = prior->processors[0], b = prior->processors[1], times;
	double all[2] = { sides->sums[0].all, sides->sums[1].all };

	prior->language = prior->memory ? DIFF_NATIVE : find_language(tree, sides);
	prior->loads_differ = !prior->memory && a > 0 && b > 0 && fmax(a, b) > LOADS * fmin(a, b) &&
			      fmax(all[0], all[1]) > SHOWS * fmin(all[0], all[1]);
	times = prior->loads_differ && prior->language != DIFF_JVM ? OTHER_LOAD : 1;
	for (unsigned code = 0; code < DIFF_CODES; code++)
		prior->least[code] = prior->memory ? MEMORY : priors[prior->language].least[code] * times;
	if (!prior->memory && sides->per != PER_TOTAL)
		prior->whole = priors[prior->language].whole * times;
}

/* ---- sizes ---- */

/* What values of a side are divided by. */
static double norm_of(const struct diffprior *prior, const struct diff_sides *sides, unsigned side)
{
	return prior->memory ? diff_norm(sides, side) : sides->sums[side].all;
}

/* What a change of those is multiplied by. */
static double scale_of(const struct diffprior *prior, const struct diff_sides *sides, uint32_t item,
		       enum diff_measure measure)
{
	const struct diffsums *now = &sides->sums[1];
	double share;

	if (prior->memory && sides->per != PER_TOTAL)
		return diff_norm(sides, 0) / sides->sums[0].all;
	share = now->items[item].value[measure] / now->all;
	return 1 / fmax(share, 1 - share);
}

static bool is_larger(const struct diffprior *prior, double change, enum diff_code code, double scale)
{
	return fabs(change) * scale >= prior->least[code];
}

static void add_samples(double *nodes, const struct diffprior *prior, const struct summing *summing,
			const struct diff_sides *sides, const uint8_t *code_of, enum diff_code code)
{
	const struct difftree *tree = summing->tree;

	for (uint32_t u = 0; u < tree->n_units; u++) {
		const struct diff_unit *unit = &tree->units[u];
		double norm = norm_of(prior, sides, unit->side);

		for (uint32_t i = 0; i < unit->n; i++)
			if (code_of[tree->tree.frame[unit->node[i]]] == code)
				nodes[unit->node[i]] += (unit->side ? 1 : -1) * unit->value[i] / norm;
	}
}

/* The change of each item, with all it called, as far as one kind of code made it. nodes: all zero, and so it is left. */
static void add_up(double *items, double *nodes, const struct summing *summing)
{
	const struct stacktree *stacks = &summing->tree->tree;

	for (uint32_t i = stacks->n; i-- > 1;) {
		double change = nodes[i];

		nodes[i] = 0;
		nodes[stacks->parent[i]] += change;
		if (summing->by_stack || summing->tree->outer[i])
			items[summing_item(summing, i)] += change;
	}
	nodes[0] = 0;
}

static int judge_totals(const struct diffprior *prior, struct diff_case *cases, uint32_t n,
			const struct summing *summing, const struct diff_sides *sides, const uint8_t *code_of)
{
	double *nodes = large_calloc((size_t)summing->tree->tree.n + 1, sizeof(*nodes));
	int rc = nodes ? 0 : -ENOMEM;

	for (unsigned code = 0; rc == 0 && code < DIFF_CODES; code++) {
		double *items = prior->has[code] ? large_calloc((size_t)summing->n_items + 1, sizeof(*items)) : NULL;

		if (!prior->has[code])
			continue;
		if (!items) {
			rc = -ENOMEM;
			break;
		}
		add_samples(nodes, prior, summing, sides, code_of, (enum diff_code)code);
		add_up(items, nodes, summing);
		for (uint32_t i = 0; i < n; i++)
			if (cases[i].measure == DIFF_TOTAL)
				cases[i].larger |= is_larger(prior, items[cases[i].item], (enum diff_code)code,
							     scale_of(prior, sides, cases[i].item, DIFF_TOTAL));
		free(items);
	}
	free(nodes);
	return rc;
}

static double change_of(const struct diffprior *prior, const struct diff_sides *sides, const struct diff_case *c)
{
	double cost[2];

	for (unsigned side = 0; side < 2; side++)
		cost[side] = sides->sums[side].items[c->item].value[c->measure] / norm_of(prior, sides, side);
	return cost[1] - cost[0];
}

int diffprior_apply(struct diffprior *prior, struct diff_case *cases, uint32_t n, const struct summing *summing,
		    const struct diff_sides *sides)
{
	const struct difftree *tree = summing->tree;
	uint8_t *code = codes_of(prior, &tree->subjects);
	unsigned kinds = 0;
	int rc = code ? 0 : -ENOMEM;

	if (rc < 0)
		return rc;
	set_least(prior, tree, sides);
	for (unsigned i = 0; i < DIFF_CODES; i++)
		kinds += prior->has[i];
	for (uint32_t i = 0; i < n; i++) {
		struct diff_case *c = &cases[i];
		uint32_t subject = summing->by_stack ? tree->tree.frame[c->item] : c->item;

		/* all of one kind: nothing needs to be cut up */
		c->larger = (c->measure == DIFF_SELF || kinds < 2) &&
			    is_larger(prior, change_of(prior, sides, c), (enum diff_code)code[subject],
				      scale_of(prior, sides, c->item, c->measure));
	}
	if (kinds >= 2)
		rc = judge_totals(prior, cases, n, summing, sides, code);
	free(code);
	return rc;
}
