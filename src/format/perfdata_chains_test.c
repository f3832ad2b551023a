/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfdata_chains.h"

#include "base/test.h"

static const struct perfdata_chain usual = { .words = { "12345678", 8 }, .ip = 7, .space = 1, .kernel = 2, .misc = 3 };

static uint32_t stack_of(struct perfdata_chains *chains, struct perfdata_chain chain, uint32_t flushes)
{
	return perfdata_chains_find(chains, &chain, flushes) ? chain.stack : 0;
}

TEST(a_chain_is_met_again_only_with_all_that_its_frames_depend_on)
{
	struct perfdata_chains chains = { 0 };
	struct perfdata_chain added = usual, other[5] = { usual, usual, usual, usual, usual };

	CHECK_EQ(stack_of(&chains, usual, 0), 0);
	added.stack = 9;
	CHECK_EQ(perfdata_chains_add(&chains, &added), 0);
	CHECK_EQ(stack_of(&chains, usual, 0), 9);
	other[0].words = STR("12345679");
	other[1].ip++;
	other[2].space++;
	other[3].kernel++;
	other[4].misc++;
	for (int i = 0; i < 5; i++)
		CHECK_EQ(stack_of(&chains, other[i], 0), 0);
	perfdata_chains_fini(&chains);
}

TEST(what_was_met_is_copied_and_forgotten_with_the_batch)
{
	struct perfdata_chains chains = { 0 };
	char words[] = "12345678";
	struct perfdata_chain chain = usual;

	chain.words.p = words;
	chain.stack = 4;
	CHECK_EQ(stack_of(&chains, chain, 0), 0);
	CHECK_EQ(perfdata_chains_add(&chains, &chain), 0);
	words[0] = 'x';
	CHECK_EQ(stack_of(&chains, usual, 0), 4);
	CHECK_EQ(stack_of(&chains, usual, 1), 0);
	CHECK_EQ(stack_of(&chains, usual, 1), 0);
	perfdata_chains_fini(&chains);
}

TEST_MAIN(CASE(a_chain_is_met_again_only_with_all_that_its_frames_depend_on),
	  CASE(what_was_met_is_copied_and_forgotten_with_the_batch))
