/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/difftree.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/filter.h"
#include "analyze/threads.h"
#include "base/err.h"
#include "base/parallel.h"
#include "base/vec.h"
#include "model/profile.h"

#define BLOCK_SAMPLES 20 /* a block of fewer says nothing */

/* How many events a row's value stands for. */
struct counting {
	const struct profile *profile;
	uint32_t type;
	int samples;	/* the column that counts events, or -1 */
	int objects, space;	/* heap: the columns of objects and of bytes, or -1 */
	double period;	/* one event's share of the value; 0: unknown */
	bool plain;	/* the value itself is a count */
};

static struct str type_name(const struct profile *profile, uint32_t type)
{
	return strings_get(&profile->strings, profile->types[type].type);
}

static struct str unit_name(const struct profile *profile, uint32_t type)
{
	return strings_get(&profile->strings, profile->types[type].unit);
}

/* "alloc_space" has "alloc_objects" beside it, "inuse_space" "inuse_objects". */
static void find_heap(struct counting *c)
{
	struct str name = type_name(c->profile, c->type);

	if (str_starts(name, STR("alloc_"))) {
		c->objects = profile_find_type(c->profile, STR("alloc_objects"));
		c->space = profile_find_type(c->profile, STR("alloc_space"));
	} else if (str_starts(name, STR("inuse_"))) {
		c->objects = profile_find_type(c->profile, STR("inuse_objects"));
		c->space = profile_find_type(c->profile, STR("inuse_space"));
	}
}

/* The one column that counts something ("contentions" beside "delay"): how often is how many events. -1: none, or several. */
static int only_count(const struct profile *profile)
{
	int found = -1;

	for (uint32_t t = 0; t < profile->n_types; t++) {
		if (!str_eq(unit_name(profile, t), STR("count")))
			continue;
		if (found >= 0)
			return -1;
		found = (int)t;
	}
	return found;
}

static struct counting counting_of(const struct profile *profile, uint32_t type)
{
	struct counting c = { .profile = profile, .type = type,
			      .samples = samples_type(profile),
			      .objects = -1, .space = -1 };
	struct str unit = strings_get(&profile->strings, profile->period_type.unit);

	find_heap(&c);
	if (c.samples < 0 && c.objects < 0)
		c.plain = str_eq(unit_name(profile, type), STR("count"));
	if (c.samples < 0 && c.objects < 0 && !c.plain)
		c.samples = only_count(profile);
	if (profile->period > 0 && str_eq(unit, unit_name(profile, type)))
		c.period = (double)profile->period;
	if (c.objects >= 0) /* the sampler's period is in bytes */
		c.period = profile->period > 0 && str_eq(unit, STR("bytes"))
				   ? (double)profile->period
				   : 0;
	return c;
}

/* A heap sampler takes an object of s bytes with chance 1 - e^(-s / period), and scales what it took
 * up to what there was: this goes back. */
static double objects_sampled(const struct counting *c, const int64_t *values)
{
	double objects = (double)values[c->objects];
	double bytes = c->space >= 0 ? (double)values[c->space] : 0;

	if (!(objects > 0) || !(bytes > 0) || !(c->period > 1))
		return objects;
	return objects * -expm1(-bytes / objects / c->period);
}

/* 0: nobody knows. */
static double events_in(const struct counting *c, const int64_t *values)
{
	double value = fabs((double)values[c->type]);

	if (c->samples >= 0)
		return (double)values[c->samples];
	if (c->objects >= 0)
		return objects_sampled(c, values);
	if (c->plain)
		return value;
	return c->period > 0 ? value / c->period : 0;
}

static int unit_add(struct diff_unit *unit, uint32_t node, double value, double square)
{
	uint64_t need = (uint64_t)unit->n + 1;

	if (VEC_RESERVE_RAW(&unit->node, &unit->cap_node, need) < 0 ||
	    VEC_RESERVE_RAW(&unit->value, &unit->cap_value, need) < 0 ||
	    VEC_RESERVE_RAW(&unit->square, &unit->cap_square, need) < 0)
		return -ENOMEM;
	unit->node[unit->n] = node;
	unit->value[unit->n] = value;
	unit->square[unit->n++] = square;
	unit->total += value;
	unit->squares += square;
	return 0;
}

static uint64_t last_time(const struct diff_input *input)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < input->profile->n; i++)
		if (filter_keeps(input->filter, i) && input->profile->time_ns[i] > last)
			last = input->profile->time_ns[i];
	return last;
}

/* In how many units a run is cut. */
static uint32_t blocks_of(const struct difftree *tree, const struct diff_input *input)
{
	uint32_t kept = input->filter ? input->filter->kept : input->profile->n;

	return input->profile->time_ns && tree->runs[input->side] == 1 &&
			       kept >= DIFF_BLOCKS * BLOCK_SAMPLES
		       ? DIFF_BLOCKS
		       : 1;
}

static int add_samples(const struct diff_input *input, const uint32_t *node,
		       struct diff_unit *units, uint32_t blocks, bool *ret_guessed)
{
	const struct profile *profile = input->profile;
	const uint32_t *stack = input->stacks ? input->stacks->of_row : profile->stack;
	struct counting counting = counting_of(profile, input->type);
	double block = blocks > 1 ? ((double)last_time(input) + 1) / blocks : 0;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < profile->n; i++) {
		const int64_t *values = &profile->values[(size_t)i * profile->n_types];
		double value = (double)values[input->type], events;
		uint32_t at = blocks > 1 ? (uint32_t)((double)profile->time_ns[i] / block) : 0;

		if (!filter_keeps(input->filter, i) || value == 0)
			continue;
		events = events_in(&counting, values);
		if (!(events > 0)) {
			*ret_guessed = true;
			events = 1;
		}
		rc = unit_add(&units[at < blocks ? at : blocks - 1], node[stack[i]],
			      value, value * value / events);
	}
	return rc;
}

/* Where the samples of an input go. */
struct filling {
	struct difftree *tree;
	const struct diff_input *inputs;
	const uint32_t *node, *first;	/* node + first[i]: of the stacks of input i */
	uint32_t *unit, *blocks;	/* of each input: its first unit, and how many */
	bool *guessed;
	int *rcs;
};

static void fill_one(void *context, uint32_t i)
{
	struct filling *f = context;

	f->rcs[i] = add_samples(&f->inputs[i], f->node + f->first[i], &f->tree->units[f->unit[i]],
				f->blocks[i], &f->guessed[i]);
}

/* Units of the base come first. */
static void make_units(struct filling *f, uint32_t n)
{
	struct difftree *tree = f->tree;

	for (unsigned side = 0; side < 2; side++)
		for (uint32_t i = 0; i < n; i++) {
			const struct diff_input *input = &f->inputs[i];
			uint32_t blocks = blocks_of(tree, input);

			if (input->side != side)
				continue;
			f->unit[i] = tree->n_units;
			f->blocks[i] = blocks;
			for (uint32_t k = 0; k < blocks; k++)
				tree->units[tree->n_units++] = (struct diff_unit){
					.side = side, .work = input->work / blocks,
					.seconds = (double)input->profile->duration_ns / 1e9 / blocks
				};
			tree->in_blocks[side] = blocks > 1;
			tree->timed &= input->profile->duration_ns > 0;
			tree->worked &= input->work > 0;
		}
}

static int fill_units(struct difftree *tree, const struct diff_input *inputs, uint32_t n,
		      const uint32_t *node, const uint32_t *first)
{
	struct filling f = { tree, inputs, node, first, calloc((size_t)n + 1, sizeof(*f.unit)),
			     calloc((size_t)n + 1, sizeof(*f.blocks)),
			     calloc((size_t)n + 1, sizeof(*f.guessed)),
			     calloc((size_t)n + 1, sizeof(*f.rcs)) };
	int rc = f.unit && f.blocks && f.guessed && f.rcs ? 0 : -ENOMEM;

	if (rc == 0) {
		make_units(&f, n);
		parallel_each(n, fill_one, &f);
	}
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		tree->guessed |= f.guessed[i];
		rc = f.rcs[i];
	}
	free(f.unit);
	free(f.blocks);
	free(f.guessed);
	free(f.rcs);
	return rc;
}

static int find_subjects(struct difftree *tree, const struct diff_input *inputs, uint32_t n,
			 enum granularity granularity, struct err *err)
{
	struct subject_input *profiles = calloc((size_t)n + 1, sizeof(*profiles));
	int rc = -ENOMEM;

	for (uint32_t i = 0; profiles && i < n; i++)
		profiles[i] = (struct subject_input){ inputs[i].profile, inputs[i].side };
	if (profiles)
		rc = subjects_init(&tree->subjects, profiles, n, granularity, err);
	free(profiles);
	return rc;
}

int difftree_init(struct difftree *tree, const struct diff_input *inputs, uint32_t n,
		  enum granularity granularity, struct err *err)
{
	uint32_t *node = NULL, *first = calloc((size_t)n + 1, sizeof(*first));
	int rc;

	*tree = (struct difftree){ .timed = true, .worked = true };
	for (uint32_t i = 0; i < n; i++)
		tree->runs[inputs[i].side]++;
	if (!tree->runs[0] || !tree->runs[1]) {
		free(first);
		return err_fail(err, -EINVAL, "a diff needs at least one profile on each side");
	}
	stacktree_init(&tree->tree);
	tree->units = calloc((size_t)n + 2 * DIFF_BLOCKS, sizeof(*tree->units));
	rc = tree->units && first ? find_subjects(tree, inputs, n, granularity, err) : -ENOMEM;
	if (rc == 0)
		rc = inputs[0].stacks ? difftree_list(tree, inputs, n, &node, first, err)
					: difftree_merge(tree, inputs, n, &node, first, err);
	if (rc == 0)
		rc = fill_units(tree, inputs, n, node, first);
	free(node);
	free(first);
	if (rc == 0)
		rc = tree->tree.failed ? -ENOMEM : 0;
	if (rc < 0) {
		difftree_fini(tree);
		return rc == -ENOMEM ? err_fail(err, rc, "out of memory over the stacks of %u "
						"profiles", n) : rc;
	}
	return 0;
}

void difftree_fini(struct difftree *tree)
{
	for (uint32_t i = 0; i < tree->n_units; i++) {
		free(tree->units[i].node);
		free(tree->units[i].value);
		free(tree->units[i].square);
	}
	free(tree->units);
	free(tree->outer);
	stacktree_fini(&tree->tree);
	subjects_fini(&tree->subjects);
	*tree = (struct difftree){ 0 };
}
