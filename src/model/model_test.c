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

static uint32_t push_all(struct stacktree *tree, const uint32_t *frames, uint32_t n)
{
	uint32_t id = 0;

	for (uint32_t i = 0; i < n; i++)
		id = stacktree_push(tree, id, frames[i]);
	return id;
}

TEST(stacks_added_at_once_get_the_ids_that_pushing_would_find)
{
	static const uint32_t frames[] = { 1, 2, 3, 1, 2, 1, 2, 4, 4, 1, 5, 6, 7, 1, 2, 3 };
	static const uint32_t first[] = { 0, 3, 5, 8, 9, 13, 13, 16 };
	struct stack_batch batch = { .words = frames, .first = first, .n = 7 };
	struct stacktree tree;
	uint32_t ids[7], before;

	stacktree_init(&tree);
	for (int round = 0; round < 3; round++) {	/* round 1: all known; 2: after a push */
		stacktree_add_all(&tree, &batch, ids);
		before = tree.n;
		CHECK_EQ(tree.n, round < 2 ? 9 : 11);
		CHECK_EQ(ids[5], 0);
		for (uint32_t i = 0; i < 7; i++)
			CHECK_EQ(push_all(&tree, frames + first[i], first[i + 1] - first[i]), ids[i]);
		CHECK_EQ(tree.n, before);
		for (uint32_t i = 1; i < tree.n; i++)
			CHECK(tree.parent[i] < i);
		if (round == 1)
			push_all(&tree, (const uint32_t[]){ 1, 9, 9 }, 3);
	}
	stacktree_fini(&tree);
}

/* Few frames and many depths: stacks that end where others go on, twins, long common beginnings. */
TEST(stacks_of_any_depth_are_added_as_pushing_would)
{
	enum { STACKS = 2000, DEPTH_MAX = 40 };
	static uint32_t frames[STACKS * DEPTH_MAX], first[STACKS + 1], ids[STACKS];
	struct stack_batch batch = { .words = frames, .first = first };
	struct stacktree tree;
	uint32_t before;

	for (uint32_t i = 0; i < STACKS; i++) {
		uint32_t depth = (uint32_t)(hash_u64(i, 1) % DEPTH_MAX);

		first[i + 1] = first[i] + depth;
		for (uint32_t d = 0; d < depth; d++)
			frames[first[i] + d] = hash_u64(i, d) % 10 ? d % 3 : 3 + hash_u64(d, i) % 3;
	}
	for (batch.n = 1; batch.n <= STACKS; batch.n = batch.n * 3 + 1) {
		stacktree_init(&tree);
		push_all(&tree, frames, first[batch.n / 2] % DEPTH_MAX);
		stacktree_add_all(&tree, &batch, ids);
		before = tree.n;
		for (uint32_t i = 0; i < batch.n; i++)
			CHECK_EQ(push_all(&tree, frames + first[i], first[i + 1] - first[i]), ids[i]);
		CHECK_EQ(tree.n, before);
		stacktree_fini(&tree);
	}
}

/* Each node follows its caller or what its caller called before, and siblings are in the order of their frames. */
static bool is_depth_first(const struct stacktree *tree)
{
	static uint32_t last[1 << 20];	/* node -> frame of its last callee so far */

	memset(last, 0, sizeof(last));
	for (uint32_t i = 1; i < tree->n && i < 1 << 20; i++) {
		uint32_t before = i - 1, parent = tree->parent[i];

		while (before > parent)
			before = tree->parent[before];
		if (before != parent || last[parent] >= tree->frame[i] + 1)
			return false;
		last[parent] = tree->frame[i] + 1;
	}
	return true;
}

/* All stacks alike but for one; and few that many agree with in part: whatever the halves are, rows are in the
 * order of one thread's. */
TEST(stacks_added_on_two_threads_come_out_in_the_order_of_their_words)
{
	enum { STACKS = 40000, DEPTH = 20 };
	static uint32_t words[STACKS * DEPTH], first[STACKS + 1], ids[STACKS];
	struct stack_batch batch = { .words = words, .first = first, .n = STACKS };
	struct stacktree tree;

	for (uint32_t kind = 0; kind < 4; kind++) {
		for (uint32_t i = 0; i < STACKS; i++) {
			uint32_t depth = kind < 2 ? DEPTH : (uint32_t)(hash_u64(i, kind) % DEPTH);

			first[i + 1] = first[i] + depth;
			for (uint32_t d = 0; d < depth; d++)
				words[first[i] + d] = kind < 2 ? d + (kind && i == 77 && d > 9) :
						      (uint32_t)(hash_u64(i, d) % (kind == 2 ? 2 : 200));
		}
		stacktree_init(&tree);
		stacktree_add_all(&tree, &batch, ids);
		CHECK(!tree.failed && is_depth_first(&tree));
		CHECK_EQ(tree.n, kind == 0 ? 21 : kind == 1 ? 31 : tree.n);
		for (uint32_t i = 0; i < STACKS; i++)
			CHECK_EQ(push_all(&tree, words + first[i], first[i + 1] - first[i]), ids[i]);
		stacktree_fini(&tree);
	}
}

/* Enough stacks for two threads: all begin alike, words are runs of frames, one group holds most of them. */
TEST(many_stacks_are_added_on_two_threads_as_pushing_would)
{
	enum { STACKS = 70000, DEPTH = 14 };
	static const struct stack_span spans[] = { { 0, 2 }, { 2, 1 }, { 3, 3 }, { 6, 1 }, { 7, 1 } };
	static const uint32_t frames[] = { 50, 51, 52, 53, 54, 50, 55, 56 };
	static uint32_t words[STACKS * DEPTH], first[STACKS + 1], ids[STACKS];
	struct stack_batch batch = { .words = words, .first = first, .n = STACKS,
				     .spans = spans, .frames = frames };
	struct stacktree tree;
	uint32_t before;

	for (uint32_t i = 0; i < STACKS; i++) {
		uint32_t depth = (uint32_t)(hash_u64(i, 1) % DEPTH) + 1, n = first[i];

		first[i + 1] = n + depth;
		for (uint32_t d = 0; d < depth; d++)
			words[n + d] = d < 3 || hash_u64(i, d) % 8 == 0 ? 0 :
					(uint32_t)(hash_u64(d, i) % 5);
	}
	stacktree_init(&tree);
	stacktree_add_all(&tree, &batch, ids);
	before = tree.n;
	for (uint32_t i = 1; i < tree.n; i++)
		CHECK(tree.parent[i] < i);
	for (uint32_t i = 0; i < STACKS; i++) {
		uint32_t node = 0;

		for (uint32_t at = first[i]; at < first[i + 1]; at++)
			for (uint32_t k = 0; k < spans[words[at]].n; k++)
				node = stacktree_push(&tree, node, frames[spans[words[at]].at + k]);
		CHECK_EQ(node, ids[i]);
	}
	CHECK_EQ(tree.n, before);
	stacktree_fini(&tree);
}

TEST(words_stand_for_runs_of_frames)
{
	static const struct stack_span spans[] = { { 0, 1 }, { 1, 3 }, { 4, 2 } };
	static const uint32_t frames[] = { 5, 1, 2, 3, 4, 9 };
	static const uint32_t words[] = { 0, 1, 0, 1, 2, 0, 2, 1, 1, 0 };
	static const uint32_t first[] = { 0, 2, 5, 7, 8, 10 };
	struct stack_batch batch = { .words = words, .first = first, .n = 5,
				     .spans = spans, .frames = frames };
	struct stacktree tree;
	uint32_t ids[5];

	stacktree_init(&tree);
	push_all(&tree, (const uint32_t[]){ 5, 1, 7 }, 3);	/* word 1 is half there already */
	for (int round = 0; round < 2; round++) {
		stacktree_add_all(&tree, &batch, ids);
		CHECK_EQ(tree.n, 14);
		CHECK_EQ(push_all(&tree, (const uint32_t[]){ 5, 1, 2, 3 }, 4), ids[0]);
		CHECK_EQ(push_all(&tree, (const uint32_t[]){ 5, 1, 2, 3, 4, 9 }, 6), ids[1]);
		CHECK_EQ(push_all(&tree, (const uint32_t[]){ 5, 4, 9 }, 3), ids[2]);
		CHECK_EQ(push_all(&tree, (const uint32_t[]){ 1, 2, 3 }, 3), ids[3]);
		CHECK_EQ(push_all(&tree, (const uint32_t[]){ 1, 2, 3, 5 }, 4), ids[4]);
		CHECK_EQ(tree.n, 14);
	}
	stacktree_fini(&tree);
}

TEST(rows_added_at_once_join_those_of_their_stack_and_labels)
{
	struct profile p;
	struct label one = { .key = 1, .num = 7 };
	uint32_t stacks[] = { 1, 2, 1, 1, 1 }, sets[] = { 0, 0, 0, 1, 0 };
	int64_t values[] = { 1, 2, 3, 4, INT64_MAX };

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	stacktree_push(&p.tree, 0, 5);
	stacktree_push(&p.tree, 1, 6);
	labels_add(&p.labels, &one, 1);
	profile_add_all(&p, 5, stacks, sets, values);
	CHECK_EQ(p.n, 3);
	CHECK_EQ(p.values[0], INT64_MAX);
	CHECK_EQ(p.values[1], 2);
	CHECK_EQ(p.values[2], 4);
	profile_add(&p, 2, 0, values);
	CHECK_EQ(p.n, 3);
	CHECK_EQ(p.values[1], 3);
	profile_fini(&p);
}

static void fill(struct profile *p, const char *type, const char *leaf, const char *reason)
{
	int64_t value = 10;
	struct label label = { 0 };

	profile_init(p);
	strings_add(&p->strings, str_of(leaf));	/* so that ids differ between the profiles */
	profile_add_type(p, str_of(type), STR("count"));
	label.key = strings_add(&p->strings, STR("thread"));
	label.str = strings_add(&p->strings, str_of(leaf));
	profile_add(p, stacktree_push(&p->tree, stacktree_push(&p->tree, 0, frame_of(p, "main")),
				      frame_of(p, leaf)), labels_add(&p->labels, &label, 1), &value);
	profile_add(p, 1, 0, &value);
	profile_add_drop(p, str_of(reason), 3);
	profile_add_comment(p, STR("hello"));
	p->stats.known = true;
	p->stats.events = 23;
	p->duration_ns = 5;
}

TEST(strings_added_at_once_get_the_ids_that_adding_each_would_find)
{
	struct strings one = { 0 }, all = { 0 };
	char text[1000][8];
	struct str strs[1000];
	uint32_t ids[1000];

	for (int i = 0; i < 1000; i++) {
		snprintf(text[i], sizeof(text[i]), "%d", i * i % 613);
		strs[i] = i % 50 ? str_of(text[i]) : STR("");
	}
	for (int round = 0; round < 2; round++) {
		strings_add_all(&all, strs, 1000, ids);
		for (int i = 0; i < 1000; i++)
			CHECK_EQ(ids[i], strings_add(&one, strs[i]));
	}
	CHECK_EQ(all.n, one.n);
	strings_fini(&one);
	strings_fini(&all);
}

/* Its hash leads to a string that differs in one byte, as a hostile file's could. */
TEST(a_string_is_found_by_all_its_bytes_and_not_by_its_hash)
{
	for (size_t n = 1; n < 100; n++) {
		struct strings strings = { 0 };
		char text[100];
		uint32_t id;

		memset(text, 'a', n);
		id = strings_add(&strings, str_over(text, n));
		CHECK_EQ(strings_find(&strings, str_over(text, n)), id);
		for (size_t i = 0; i < n; i++) {
			text[i] = 'b';
			idindex_fini(&strings.index);
			CHECK_EQ(idindex_add(&strings.index, hash_str(str_over(text, n)), id), 0);
			CHECK_EQ(strings_find(&strings, str_over(text, n)), 0);
			text[i] = 'a';
		}
		strings_fini(&strings);
	}
}

TEST(a_value_type_that_comes_late_gives_zeros_to_the_rows_before_it)
{
	struct profile p;
	int64_t one[] = { 1 }, two[] = { 2, 20 };

	profile_init(&p);
	CHECK_EQ(profile_add_type(&p, STR("samples"), STR("count")), 0);
	profile_add(&p, stacktree_push(&p.tree, 0, 1), 0, one);
	profile_add(&p, stacktree_push(&p.tree, 0, 2), 0, one);
	CHECK_EQ(profile_add_type(&p, STR("cycles"), STR("count")), 1);
	profile_add(&p, stacktree_push(&p.tree, 0, 2), 0, two);
	profile_add(&p, stacktree_push(&p.tree, 0, 3), 0, two);
	CHECK_EQ(p.n, 3);
	CHECK_EQ(p.values[0 * 2 + 1], 0);
	CHECK_EQ(p.values[1 * 2], 3);
	CHECK_EQ(p.values[1 * 2 + 1], 20);
	CHECK_EQ(profile_total(&p, 0), 6);
	CHECK_EQ(profile_total(&p, 1), 40);
	profile_fini(&p);
}

TEST(merging_a_profile_with_its_twin_doubles_it)
{
	struct profile a, b;

	fill(&a, "samples", "parse", "ring full");
	fill(&b, "samples", "parse", "ring full");
	CHECK_EQ(profile_merge(&a, &b), 0);
	CHECK_EQ(a.tree.n, b.tree.n);
	CHECK_EQ(a.n, 2);
	CHECK_EQ(profile_total(&a, 0), 40);
	CHECK_EQ(profile_dropped(&a), 6);
	CHECK_EQ(a.stats.events, 46);
	CHECK(a.stats.known);
	CHECK_EQ(a.duration_ns, 10);
	CHECK_EQ(a.n_comments, 1);
	profile_fini(&a);
	profile_fini(&b);
}

TEST(merging_shares_callers_and_keeps_value_types_apart)
{
	struct profile a, b, empty;

	fill(&a, "samples", "parse", "ring full");
	fill(&b, "bytes", "emit", "lost");
	profile_init(&empty);
	CHECK_EQ(profile_merge(&empty, &a), 0);
	CHECK_EQ(profile_merge(&empty, &b), 0);
	CHECK_EQ(empty.tree.n, 4);	/* root main parse emit */
	CHECK_EQ(empty.n, 3);		/* main;parse, main, main;emit */
	CHECK_EQ(empty.n_types, 2);
	CHECK_EQ(profile_total(&empty, 0), 20);
	CHECK_EQ(profile_total(&empty, 1), 20);
	CHECK_EQ(empty.stats.n_drops, 2);
	CHECK_STR(frame_name(&empty.frames, empty.tree.frame[3]), "emit");
	CHECK_EQ(stacktree_push(&empty.tree, 1, empty.tree.frame[3]), 3);
	profile_fini(&a);
	profile_fini(&b);
	profile_fini(&empty);
}

TEST(a_profile_that_was_taken_can_be_added_to)
{
	struct profile a, b;

	profile_init(&a);
	fill(&b, "samples", "parse", "ring full");
	profile_take(&a, &b);
	CHECK_EQ(b.n, 0);
	CHECK_EQ(b.tree.n, 1);
	CHECK_EQ(a.n, 2);
	CHECK_STR(frame_name(&a.frames, frame_of(&a, "new")), "new");
	profile_fini(&a);
	profile_fini(&b);
}

/* `n` functions called by main, the i-th of them number i * step % n. */
static void fill_wide(struct profile *p, uint32_t n, uint32_t step)
{
	char name[16];
	int64_t one = 1;
	uint32_t main_stack;

	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	main_stack = stacktree_push(&p->tree, 0, frame_of(p, "main"));
	for (uint32_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "f%u", i * step % n);
		profile_add(p, stacktree_push(&p->tree, main_stack, frame_of(p, name)), 0, &one);
	}
}

TEST(merging_finds_siblings_in_any_order)
{
	struct profile a, b;

	fill_wide(&a, 100, 1);
	fill_wide(&b, 101, 37);		/* f0 .. f100 */
	CHECK_EQ(profile_merge(&a, &b), 0);
	CHECK_EQ(a.tree.n, 103);
	CHECK_EQ(a.n, 101);
	for (uint32_t i = 0; i < 100; i++)
		CHECK_EQ(a.values[i], 2);
	CHECK_EQ(a.values[100], 1);
	profile_fini(&a);
	profile_fini(&b);
}

TEST(times_count_from_the_start_of_the_merged_profile)
{
	struct profile a, b;
	int64_t one = 1;

	profile_init(&a);
	profile_init(&b);
	profile_add_type(&a, STR("samples"), STR("count"));
	profile_add_type(&b, STR("samples"), STR("count"));
	a.start_wall_ns = 1000;
	b.start_wall_ns = 900;
	profile_add_at(&a, 0, 0, 5, &one);
	profile_add_at(&b, 0, 0, 7, &one);
	CHECK_EQ(profile_merge(&a, &b), 0);
	CHECK_EQ(a.n, 2);
	CHECK_EQ(a.time_ns[0], 105);
	CHECK_EQ(a.time_ns[1], 7);
	CHECK_EQ(a.start_wall_ns, 900);
	profile_fini(&a);
	profile_fini(&b);
}

TEST(a_frame_becomes_several_or_another_and_sums_stay)
{
	struct profile p;
	uint32_t main_, unnamed, other, frames[3], stack, twin;
	struct stack_span spans[8] = { 0 };
	int64_t one = 1;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	main_ = frame_of(&p, "main");
	unnamed = frame_of(&p, "0x1234");
	other = frame_of(&p, "0x1238");
	stack = stacktree_push(&p.tree, stacktree_push(&p.tree, 0, main_), unnamed);
	twin = stacktree_push(&p.tree, stacktree_push(&p.tree, 0, main_), other);
	profile_add(&p, stack, 0, &one);
	profile_add(&p, twin, 0, &one);
	profile_add(&p, stacktree_push(&p.tree, twin, main_), 0, &one);
	frames[0] = frame_of(&p, "parse");
	frames[1] = frames[2] = frame_of(&p, "lex");
	spans[unnamed] = spans[other] = (struct stack_span){ 0, 2 };
	CHECK_EQ(profile_replace_frames(&p, spans, frames), 0);
	CHECK_EQ(p.tree.n, 5);	/* root main parse lex main */
	CHECK_EQ(p.stack[0], p.stack[1]);
	CHECK_EQ(p.tree.frame[p.stack[0]], frames[1]);
	CHECK_EQ(p.tree.frame[p.tree.parent[p.stack[0]]], frames[0]);
	CHECK_EQ(p.tree.frame[p.stack[2]], main_);
	CHECK_EQ(profile_total(&p, 0), 3);
	profile_add(&p, p.stack[2], 0, &one);	/* the index follows */
	CHECK_EQ(p.n, 3);
	profile_fini(&p);
}

TEST_MAIN(CASE(a_frame_becomes_several_or_another_and_sums_stay),
	  CASE(stacks_with_a_common_caller_share_its_node),
	  CASE(samples_of_one_stack_and_label_set_become_one_row),
	  CASE(a_drop_reason_is_counted_once_by_name),
	  CASE(stacks_added_at_once_get_the_ids_that_pushing_would_find),
	  CASE(stacks_of_any_depth_are_added_as_pushing_would),
	  CASE(many_stacks_are_added_on_two_threads_as_pushing_would),
	  CASE(stacks_added_on_two_threads_come_out_in_the_order_of_their_words),
	  CASE(words_stand_for_runs_of_frames),
	  CASE(rows_added_at_once_join_those_of_their_stack_and_labels),
	  CASE(strings_added_at_once_get_the_ids_that_adding_each_would_find),
	  CASE(a_string_is_found_by_all_its_bytes_and_not_by_its_hash),
	  CASE(a_value_type_that_comes_late_gives_zeros_to_the_rows_before_it),
	  CASE(merging_a_profile_with_its_twin_doubles_it),
	  CASE(merging_shares_callers_and_keeps_value_types_apart),
	  CASE(a_profile_that_was_taken_can_be_added_to),
	  CASE(merging_finds_siblings_in_any_order),
	  CASE(times_count_from_the_start_of_the_merged_profile))
