/* SPDX-License-Identifier: Apache-2.0 */
#include "session/rawtree.h"

#include "base/test.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static void add(struct rawtree *raw, const struct raw_frame *frames, uint32_t n,
		enum walk_end end, uint32_t label_set)
{
	struct raw_sample sample = { .frames = frames, .n = n, .end = end };

	CHECK_EQ(rawtree_add(raw, &sample, label_set), 0);
}

static const struct raw_frame lex[] = { { 0x30, 2, 0 }, { 0x20, 2, 0 }, { 0x10, 2, 0 } };
static const struct raw_frame emit[] = { { 0x40, 2, 0 }, { 0x10, 2, 0 } };

TEST(stacks_with_a_common_caller_share_its_node)
{
	struct rawtree raw;

	CHECK_EQ(rawtree_init(&raw), 0);
	add(&raw, lex, N(lex), WALK_COMPLETE, 0);
	add(&raw, emit, N(emit), WALK_COMPLETE, 0);
	CHECK_EQ(raw.tree.n, 5);
	CHECK_EQ(raw.n_frames, 5);
	CHECK_EQ(raw.n_counts, 2);
	/* leaf first in the sample, root first in the tree */
	CHECK_EQ(raw.frames[raw.tree.frame[1]].vaddr, 0x10);
	CHECK_EQ(raw.frames[raw.tree.frame[raw.counts[0].stack]].vaddr, 0x30);
	rawtree_fini(&raw);
}

TEST(a_stack_is_counted_for_each_thread)
{
	struct rawtree raw;

	CHECK_EQ(rawtree_init(&raw), 0);
	for (int i = 0; i < 3; i++)
		add(&raw, lex, N(lex), WALK_COMPLETE, 7);
	add(&raw, lex, N(lex), WALK_COMPLETE, 8);
	CHECK_EQ(raw.n_counts, 2);
	CHECK_EQ(raw.counts[0].label_set, 7);
	CHECK_EQ(raw.counts[0].n, 3);
	CHECK_EQ(raw.counts[1].n, 1);
	CHECK_EQ(raw.counts[0].stack, raw.counts[1].stack);
	rawtree_fini(&raw);
}

TEST(frames_are_told_apart_by_image_address_and_how_they_were_found)
{
	static const struct raw_frame frames[] = {
		{ 0x10, 2, 0 }, { 0x10, 3, 0 }, { 0x10, 2, 1 }, { 0x11, 2, 0 }, { 0x10, 0, 0 },
		{ 0x10, 2, 0 },
	};
	struct rawtree raw;

	CHECK_EQ(rawtree_init(&raw), 0);
	for (size_t i = 0; i < N(frames); i++)
		add(&raw, &frames[i], 1, WALK_COMPLETE, 0);
	CHECK_EQ(raw.n_frames, 6);
	CHECK_EQ(raw.n_counts, 5);
	CHECK_EQ(raw.counts[0].n, 2);
	rawtree_fini(&raw);
}

TEST(a_stack_that_was_cut_hangs_below_its_reason)
{
	struct rawtree raw;

	CHECK_EQ(rawtree_init(&raw), 0);
	add(&raw, lex, N(lex), WALK_COMPLETE, 0);
	add(&raw, lex, N(lex), WALK_READ_FAULT, 0);
	add(&raw, lex, N(lex), WALK_FULL, 0);
	add(&raw, lex, N(lex), WALK_FULL, 0);
	CHECK_EQ(raw.n_counts, 3);
	CHECK_EQ(raw.counts[2].n, 2);
	for (uint32_t i = 1; i < raw.n_counts; i++) {
		uint32_t at = raw.counts[i].stack, depth = 1;

		while (raw.tree.parent[at]) {
			at = raw.tree.parent[at];
			depth++;
		}
		CHECK_EQ(depth, 4);
		CHECK_EQ(raw.frames[raw.tree.frame[at]].image, RAW_CUT_IMAGE);
		CHECK_EQ(raw.frames[raw.tree.frame[at]].vaddr,
			 i == 1 ? WALK_READ_FAULT : WALK_FULL);
	}
	rawtree_fini(&raw);
}

TEST(a_sample_without_frames_is_counted)
{
	struct rawtree raw;

	CHECK_EQ(rawtree_init(&raw), 0);
	add(&raw, NULL, 0, WALK_COMPLETE, 0);
	add(&raw, NULL, 0, WALK_NO_PROCESS, 0);
	CHECK_EQ(raw.n_counts, 2);
	CHECK_EQ(raw.counts[0].stack, 0);
	CHECK(raw.counts[1].stack != 0);
	rawtree_fini(&raw);
}

TEST(a_hundred_thousand_samples_add_up)
{
	struct raw_frame frames[64];
	uint64_t total = 0;
	uint32_t seed = 1;
	struct rawtree raw;

	CHECK_EQ(rawtree_init(&raw), 0);
	for (int i = 0; i < 100000; i++) {
		uint32_t n;

		seed = seed * 1664525 + 1013904223;
		n = seed >> 26;
		for (uint32_t k = 0; k < n; k++)
			frames[k] = (struct raw_frame){ (seed >> (k % 13)) % 5 + k, 2 + k % 3, 0 };
		add(&raw, frames, n, seed >> 20 & 1 ? WALK_COMPLETE : WALK_FULL, seed >> 12 & 3);
	}
	for (uint32_t i = 0; i < raw.n_counts; i++)
		total += raw.counts[i].n;
	CHECK_EQ(total, 100000);
	for (uint32_t id = 1; id < raw.tree.n; id++)
		CHECK(raw.tree.parent[id] < id && raw.tree.frame[id] < raw.n_frames);
	rawtree_fini(&raw);
}

TEST(times_are_kept_for_each_sample_of_a_count)
{
	struct raw_sample sample = { .frames = lex, .n = N(lex), .end = WALK_COMPLETE };
	struct rawtree raw;

	CHECK_EQ(rawtree_init(&raw), 0);
	raw.times_max = 3;
	for (uint64_t time = 10; time < 13; time++) {
		sample.time_ns = time;
		CHECK_EQ(rawtree_add(&raw, &sample, time == 11 ? 7 : 0), 0);
	}
	CHECK_EQ(raw.n_times, 3);
	CHECK_EQ(raw.n_counts, 2);
	CHECK_EQ(raw.count_of[1], 1);
	CHECK_EQ(raw.count_of[2], 0);
	CHECK_EQ(raw.time_ns[2], 12);
	rawtree_fini(&raw);
}

TEST(more_samples_than_times_leave_counts_alone)
{
	struct raw_sample sample = { .frames = lex, .n = N(lex), .end = WALK_COMPLETE };
	struct rawtree raw;

	CHECK_EQ(rawtree_init(&raw), 0);
	raw.times_max = 2;
	for (int i = 0; i < 5; i++)
		CHECK_EQ(rawtree_add(&raw, &sample, 0), 0);
	CHECK_EQ(raw.times_max, 0);
	CHECK_EQ(raw.n_times, 0);
	CHECK_EQ(raw.counts[0].n, 5);
	rawtree_fini(&raw);
}

TEST_MAIN(CASE(times_are_kept_for_each_sample_of_a_count),
	  CASE(more_samples_than_times_leave_counts_alone),
	  CASE(stacks_with_a_common_caller_share_its_node),
	  CASE(a_stack_is_counted_for_each_thread),
	  CASE(frames_are_told_apart_by_image_address_and_how_they_were_found),
	  CASE(a_stack_that_was_cut_hangs_below_its_reason),
	  CASE(a_sample_without_frames_is_counted),
	  CASE(a_hundred_thousand_samples_add_up))
