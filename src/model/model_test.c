/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "model/profile.h"

static uint32_t frame_of(struct profile *p, const char *name)
{
	struct function f = { .name = strings_add(&p->strings, str_of(name)) };
	struct frame frame = { .function = frames_add_function(&p->frames, &f) };

	return frames_add(&p->frames, &frame);
}

TEST(stacks_with_a_common_caller_share_its_node)
{
	struct profile p;
	uint32_t main_, a, b;

	profile_init(&p);
	main_ = stacktree_push(&p.tree, 0, frame_of(&p, "main"));
	a = stacktree_push(&p.tree, main_, frame_of(&p, "parse"));
	b = stacktree_push(&p.tree, main_, frame_of(&p, "emit"));
	CHECK(a != b);
	CHECK_EQ(stacktree_push(&p.tree, main_, frame_of(&p, "parse")), a);
	CHECK_EQ(p.tree.n, 4);	/* root main parse emit */
	CHECK_EQ(stacktree_depth(&p.tree, b), 2);
	profile_fini(&p);
}

TEST(samples_of_one_stack_and_label_set_become_one_row)
{
	struct profile p;
	int64_t one = 1;
	struct label set[2] = { { .key = 2, .num = 7 }, { .key = 1, .num = 9 } };
	struct label turned[2] = { { .key = 1, .num = 9 }, { .key = 2, .num = 7 } };

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	CHECK_EQ(labels_add(&p.labels, set, 2), labels_add(&p.labels, turned, 2));
	profile_add(&p, 0, 1, &one);
	profile_add(&p, 0, 1, &one);
	profile_add(&p, 0, 0, &one);
	CHECK_EQ(p.n, 2);
	CHECK_EQ(p.values[0], 2);
	CHECK_EQ(profile_total(&p, 0), 3);
	profile_fini(&p);
}

TEST(a_drop_reason_is_counted_once_by_name)
{
	struct profile p;

	profile_init(&p);
	profile_add_drop(&p, STR("ring full"), 3);
	profile_add_drop(&p, STR("ring full"), 4);
	profile_add_drop(&p, STR("lost"), 1);
	CHECK_EQ(p.stats.n_drops, 2);
	CHECK_EQ(profile_dropped(&p), 8);
	profile_fini(&p);
}

TEST_MAIN(CASE(stacks_with_a_common_caller_share_its_node),
	  CASE(samples_of_one_stack_and_label_set_become_one_row),
	  CASE(a_drop_reason_is_counted_once_by_name))
