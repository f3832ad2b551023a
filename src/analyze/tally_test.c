/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/tally.h"

#include <stdlib.h>

#include "analyze/filter.h"
#include "analyze/places.h"
#include "analyze/profile_test.h"

#define FUNCTIONS 12u
#define DEPTH 14u

static uint32_t next(uint64_t *seed, uint32_t n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % n);
}

/* Random stacks of few functions, so that most recur; the first sample has no stack at all. */
static void random_profile(struct profile *p, uint32_t n, bool at_once)
{
	uint32_t *words = calloc((size_t)n * DEPTH + 1, sizeof(*words));
	uint32_t *first = calloc((size_t)n + 2, sizeof(*first)), *stacks = calloc((size_t)n + 1, sizeof(*stacks));
	struct stack_batch batch = { .words = words, .first = first, .n = n };
	uint64_t seed = n;

	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		char name[8];

		snprintf(name, sizeof(name), "f%u", f);
		test_frame(p, str_of(name));
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t depth = i ? 1 + next(&seed, DEPTH - 1) : 0;

		for (uint32_t k = 0; k < depth; k++)
			words[first[i] + k] = 1 + next(&seed, FUNCTIONS);
		first[i + 1] = first[i] + depth;
	}
	if (at_once)
		stacktree_add_all(&p->tree, &batch, stacks);
	for (uint32_t i = 0; i < n && !at_once; i++)
		for (uint32_t k = first[i]; k < first[i + 1]; k++)
			stacks[i] = stacktree_push(&p->tree, stacks[i], words[k]);
	for (uint32_t i = 0; i < n; i++) {
		int64_t value = (int64_t)next(&seed, 9) - 2;

		profile_add(p, stacks[i], 0, &value);
	}
	free(words);
	free(first);
	free(stacks);
}

/* The same numbers by going up from each sample. */
static void check_tally(const struct profile *p, const struct filter *filter)
{
	struct places places;
	struct tally *tally, *wanted;
	int64_t total = -1, sum = 0;

	CHECK_EQ(places_init(&places, p, BY_FUNCTION, NULL), 0);
	tally = tally_places(p, &places, filter, 0, &total);
	wanted = calloc(places.n, sizeof(*wanted));
	CHECK(tally && wanted);
	for (uint32_t row = 0; row < p->n; row++) {
		int64_t value = profile_value(p, row, 0);
		uint32_t met = 0;

		if (!filter_keeps(filter, row))
			continue;
		sum += value;
		for (uint32_t s = p->stack[row]; s; s = p->tree.parent[s]) {
			uint32_t place = places.of_frame[p->tree.frame[s]];

			if (s == p->stack[row])
				wanted[place].self += value;
			if (!(met >> place & 1))
				wanted[place].total += value;
			wanted[place].seen = true;
			met |= 1u << place;
		}
	}
	CHECK_EQ(total, sum);
	for (uint32_t i = 1; i < places.n; i++) {
		CHECK_EQ(tally[i].self, wanted[i].self);
		CHECK_EQ(tally[i].total, wanted[i].total);
		CHECK_EQ(tally[i].seen, wanted[i].seen);
	}
	free(tally);
	free(wanted);
	places_fini(&places);
}

TEST(places_cost_what_going_up_from_each_sample_says)
{
	static const uint32_t sizes[] = { 0, 1, 2, 500, 30000 };	/* the last one in two threads */
	struct profile p;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		random_profile(&p, sizes[i], true);
		check_tally(&p, NULL);
		profile_fini(&p);
	}
}

TEST(stacks_may_have_their_ids_in_any_order)
{
	struct profile p;
	uint32_t *order = NULL;
	uint32_t n = 0;

	random_profile(&p, 30000, false);
	CHECK(p.tree.n > 65536);
	check_tally(&p, NULL);
	CHECK_EQ(stacktree_depth_first(&p.tree, &order), 0);
	for (uint32_t i = 1; i < p.tree.n; i++)
		n += order[i] != i;
	CHECK(n > 0);	/* else this tests nothing */
	free(order);
	profile_fini(&p);
}

TEST(samples_that_are_left_out_are_not_seen)
{
	struct profile p;
	struct filter filter = { 0 };

	random_profile(&p, 300, true);
	filter.keep = calloc(p.n, sizeof(*filter.keep));
	filter.n = p.n;
	for (uint32_t i = 0; i < 7; i++)
		filter.keep[p.n / 7 * i] = true;
	check_tally(&p, &filter);
	free(filter.keep);
	profile_fini(&p);
}

TEST_MAIN(CASE(places_cost_what_going_up_from_each_sample_says),
	  CASE(stacks_may_have_their_ids_in_any_order), CASE(samples_that_are_left_out_are_not_seen))
