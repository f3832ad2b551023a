/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks that are a list, and the same in a tree, are one diff. */
#include "analyze/diff.h"

#include <math.h>
#include <string.h>

#include "analyze/profile_test.h"

#define WORDS 60u
#define STACKS 800u
#define DEPTH 9u

/* A profile's stacks both ways. Word w is 1 to 3 frames, of functions that begin many others, too. */
struct side {
	struct profile profile;
	struct stack_span spans[WORDS];
	uint32_t frames[3 * WORDS], words[STACKS * DEPTH], first[STACKS + 1], of_row[STACKS];
	struct diff_stacks stacks;
};

static uint32_t drawn(uint64_t *seed, uint32_t n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % n);
}

static void make_words(struct side *side)
{
	char name[32];
	uint32_t n = 0;

	for (uint32_t w = 0; w < WORDS; w++) {
		side->spans[w] = (struct stack_span){ n, 1 + w % 3 };
		for (uint32_t k = 0; k < side->spans[w].n; k++) {
			snprintf(name, sizeof(name), "f%u:%u", k ? (w * 5 + k) % 13 : w % 17, 100 + 3 * w + k);
			side->frames[n++] = test_frame(&side->profile, str_of(name));
		}
	}
}

static void make(struct side *side, uint64_t seed)
{
	struct profile *p = &side->profile;
	uint32_t at = 0;

	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	make_words(side);
	for (uint32_t i = 0; i < STACKS; i++) {
		uint32_t depth = drawn(&seed, DEPTH), rows = p->n, stack = 0, begin = at;
		int64_t value = 1 + drawn(&seed, 50);

		for (uint32_t d = 0; d < depth; d++) {
			uint32_t word = drawn(&seed, d < 3 ? 4 : WORDS);

			side->words[at++] = word;
			for (uint32_t k = 0; k < side->spans[word].n; k++)
				stack = stacktree_push(&p->tree, stack, side->frames[side->spans[word].at + k]);
		}
		side->first[i] = begin;
		profile_add(p, stack, 0, &value);
		if (p->n > rows)
			side->of_row[rows] = i;
	}
	side->first[STACKS] = at;
	side->stacks = (struct diff_stacks){
		.list = { .words = side->words, .first = side->first, .n = STACKS, .spans = side->spans,
			  .frames = side->frames },
		.n_words = WORDS, .of_row = side->of_row };
}

static int run(struct diff *diff, struct side *sides, uint32_t n, bool listed, enum granularity granularity)
{
	struct diff_options options = { .granularity = granularity };
	struct diff_input inputs[3] = { 0 };
	int rc;

	for (uint32_t i = 0; i < n; i++) {
		inputs[i] = (struct diff_input){ .profile = &sides[i].profile, .side = i > 0 };
		if (!listed)
			continue;
		sides[i].stacks.list.words = sides[i].stacks.words = malloc(sizeof(sides[i].words));
		memcpy(sides[i].stacks.words, sides[i].words, sizeof(sides[i].words));
		inputs[i].stacks = &sides[i].stacks;
	}
	rc = diff_init(diff, inputs, n, &options, NULL);
	for (uint32_t i = 0; listed && i < n; i++)
		free(sides[i].stacks.words);
	return rc;
}

static bool same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-12 * fabs(a);
}

static void check_alike(const struct diff *a, const struct diff *b)
{
	CHECK_EQ(a->n, b->n);
	CHECK_EQ(a->n_named, b->n_named);
	CHECK_EQ(a->tree.tree.n, b->tree.tree.n);
	for (uint32_t i = 0; i < a->n && i < b->n; i++) {
		CHECK_STR(diff_place(a, &a->rows[i])->name, diff_place(b, &b->rows[i])->name.p);
		for (int m = 0; m < DIFF_MEASURES; m++) {
			const struct diff_number *x = &a->rows[i].of[m], *y = &b->rows[i].of[m];

			CHECK(same(x->base, y->base) && same(x->now, y->now) && same(x->low, y->low));
			CHECK(same(x->high, y->high) && same(x->p, y->p) && same(x->q, y->q));
			CHECK_EQ(x->verdict, y->verdict);
		}
	}
}

static void check_both(uint32_t n, enum granularity granularity)
{
	struct side *sides = calloc(n, sizeof(*sides));
	struct diff tree, list;

	for (uint32_t i = 0; i < n; i++)
		make(&sides[i], 7 * i + n);
	CHECK_EQ(run(&tree, sides, n, false, granularity), 0);
	CHECK_EQ(run(&list, sides, n, true, granularity), 0);
	CHECK(tree.n > 15 && tree.tree.tree.n > 1000);
	check_alike(&tree, &list);
	diff_fini(&tree);
	diff_fini(&list);
	for (uint32_t i = 0; i < n; i++)
		profile_fini(&sides[i].profile);
	free(sides);
}

TEST(lists_of_stacks_are_compared_like_trees_of_them)
{
	check_both(2, BY_FUNCTION);
}

TEST(so_are_lines)
{
	check_both(2, BY_LINE);
}

TEST(so_are_several_of_a_side)
{
	check_both(3, BY_FUNCTION);
}

TEST_MAIN(CASE(lists_of_stacks_are_compared_like_trees_of_them), CASE(so_are_lines), CASE(so_are_several_of_a_side))
