/* SPDX-License-Identifier: Apache-2.0 */
#include "format/loose.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/test.h"
#include "format/format.h"
#include "format/input.h"
#include "format/memory_test.h"

#define FILES 9

/* What one file holds beside the usual. */
enum odd { NOTHING, OTHER_TYPE, TIMED, INLINED_OTHERWISE };

/* Stacks that files share and stacks of its own, in label sets of its own; main at 0x10 calls parse at 0x20 + file % 2,
 * where skip is inlined. */
static void fill(struct profile *p, uint32_t file, enum odd odd)
{
	uint32_t main_frame, parse, skip, leaf, at;
	int64_t values[2] = { 1 + file, 100 };

	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	if (odd == OTHER_TYPE)
		profile_add_type(p, STR("alloc"), STR("bytes"));
	strings_add(&p->strings, STR("moves all others"));
	if (file % 3 == 1)
		test_frame(p, "unused", NULL, 0x99, false, FRAME_NATIVE);
	main_frame = test_frame(p, "main", "/bin/x", 0x10, false, FRAME_NATIVE);
	parse = test_frame(p, "parse", "/bin/x", 0x20 + file % 2, false, FRAME_NATIVE);
	skip = test_frame(p, odd == INLINED_OTHERWISE ? "other" : "skip", "/bin/x", 0x20 + file % 2, true,
			  FRAME_NATIVE);
	leaf = test_frame(p, "leaf", NULL, 0x50, false, FRAME_NATIVE);
	at = stacktree_push(&p->tree, 0, main_frame);
	at = stacktree_push(&p->tree, stacktree_push(&p->tree, at, parse), skip);
	for (uint32_t i = 0; i < 20; i++) {
		struct label label = { .key = strings_add(&p->strings, STR("n")), .num = (file + i) % 7 };

		if (i % 4 == 3)
			at = stacktree_push(&p->tree, at, i % 8 == 3 ? main_frame : leaf);
		values[0]++;
		if (odd == TIMED)
			profile_add_at(p, at, labels_add(&p->labels, &label, i % 2), i, values);
		else
			profile_add(p, at, labels_add(&p->labels, &label, i % 2), values);
	}
	profile_add_comment(p, STR("of each"));
	p->duration_ns = 1000;
}

static int compare_lines(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Every row, in an order that does not depend on theirs; to be freed. */
static struct buf rows_of(const struct profile *p)
{
	char **lines = calloc(p->n + 1, sizeof(*lines));
	struct buf all = { 0 };

	for (uint32_t i = 0; i < p->n; i++) {
		char *stack = stack_text(p, p->stack[i]);
		struct buf line = { 0 };
		uint32_t n;
		const struct label *label = labels_get(&p->labels, p->label_set[i], &n);

		buf_addf(&line, "%s n=%lld", stack, n ? (long long)label->num : -1);
		for (uint32_t t = 0; t < p->n_types; t++)
			buf_addf(&line, " %lld", (long long)p->values[(size_t)i * p->n_types + t]);
		buf_add(&line, "\n", 2);
		lines[i] = line.p;
		free(stack);
	}
	qsort(lines, p->n, sizeof(*lines), compare_lines);
	for (uint32_t i = 0; i < p->n; i++) {
		buf_add_str(&all, str_of(lines[i]));
		free(lines[i]);
	}
	buf_addf(&all, "%u types, %u comments, %llu ns, %s", p->n_types, p->n_comments,
		 (unsigned long long)p->duration_ns, p->time_ns ? "timed" : "untimed");
	free(lines);
	return all;
}

/* Files one of which is odd, read together and merged one by one. */
static void compare(enum odd odd, uint32_t which)
{
	char dir[] = "/tmp/loose-test-XXXXXX", paths[FILES][64];
	const char *list[FILES];
	struct profile together, merged, p;
	struct buf got, wanted;

	CHECK(mkdtemp(dir));
	profile_init(&together);
	profile_init(&merged);
	for (uint32_t i = 0; i < FILES; i++) {
		fill(&p, i, i == which ? odd : NOTHING);
		snprintf(paths[i], sizeof(paths[i]), "%s/%u.pb", dir, i);
		list[i] = paths[i];
		CHECK_EQ(format_write(&p, paths[i], NULL, NULL), 0);
		profile_fini(&p);
		profile_init(&p);
		CHECK_EQ(format_read(&p, paths[i], NULL), 0);
		CHECK_EQ(profile_merge(&merged, &p), 0);
		profile_fini(&p);
	}
	CHECK_EQ(format_read_all(&together, list, FILES, NULL, NULL), 0);
	got = rows_of(&together);
	wanted = rows_of(&merged);
	buf_add_u8(&wanted, '\0');
	CHECK_STR(buf_str(&got), wanted.p);
	CHECK_EQ(together.frames.n_frames, merged.frames.n_frames);
	CHECK_EQ(together.tree.n, merged.tree.n);
	buf_fini(&got);
	buf_fini(&wanted);
	profile_fini(&together);
	profile_fini(&merged);
	for (uint32_t i = 0; i < FILES; i++)
		unlink(paths[i]);
	rmdir(dir);
}

TEST(files_read_together_are_what_merging_one_by_one_gives)
{
	compare(NOTHING, 0);
}

TEST(one_with_other_value_types_among_them_is_merged_too)
{
	for (uint32_t i = 0; i < FILES; i++)
		compare(OTHER_TYPE, i);
}

TEST(one_with_times_among_them_is_merged_too)
{
	for (uint32_t i = 0; i < FILES; i++)
		compare(TIMED, i);
}

TEST(one_frame_may_have_other_calls_inlined_in_another_file)
{
	for (uint32_t i = 0; i < FILES; i++)
		compare(INLINED_OTHERWISE, i);
}

TEST(stacks_of_rows_that_fit_wait_for_each_other)
{
	struct pile a, b;
	int64_t one = 1;

	pile_init(&a);
	pile_init(&b);
	for (int i = 0; i < 2; i++) {
		struct pile *pile = i ? &b : &a;
		uint32_t *words;

		profile_add_type(&pile->profile, STR("samples"), STR("count"));
		pile->rows.frames = malloc(sizeof(uint32_t));
		pile->rows.spans = malloc(sizeof(struct stack_span));
		pile->rows.frames[0] = test_frame(&pile->profile, "main", NULL, 1, false, FRAME_NATIVE);
		pile->rows.spans[0] = (struct stack_span){ 0, 1 };
		pile->rows.n_frames = pile->rows.n_spans = 1;
		pile->rows.batch = (struct batch){ .profile = &pile->profile };
		words = batch_words(&pile->rows.batch, 1);
		words[0] = 0;
		batch_add(&pile->rows.batch, 1, 0, 0, &one);
	}
	CHECK(pile_fits(&a, &b));
	a.expected = SIZE_MAX;
	CHECK_EQ(pile_add(&a, &b), 0);
	CHECK(a.rows.batch.words.cap > BATCH_ROWS && a.rows.batch.words.cap <= BATCH_WORDS * sizeof(uint32_t));
	CHECK_EQ(a.profile.tree.n, 1);
	CHECK_EQ(a.rows.n_spans, 1);
	CHECK_EQ(pile_settle(&a), 0);
	CHECK_EQ(a.profile.tree.n, 2);
	CHECK_EQ(a.profile.n, 1);
	CHECK_EQ(profile_total(&a.profile, 0), 2);
	pile_fini(&a);
}

/* What a diff asks for: rows without a tree, whose stacks are put into one after all. */
TEST(a_list_of_stacks_becomes_the_tree_that_reading_makes)
{
	char path[] = "/tmp/loose-test-XXXXXX.pb";
	struct loose rows = { 0 };
	struct read_aid aid = { .loose = &rows };
	struct profile p, listed;
	struct buf got, wanted;
	int64_t sum = 0;

	close(mkstemps(path, 3));
	fill(&p, 0, NOTHING);
	CHECK_EQ(format_write(&p, path, NULL, NULL), 0);
	profile_fini(&p);
	profile_init(&p);
	profile_init(&listed);
	CHECK_EQ(format_read(&p, path, NULL), 0);
	CHECK_EQ(format_read_aided(&listed, path, &aid, NULL), 0);
	CHECK_EQ(listed.n, 0);
	CHECK_EQ(loose_list(&rows, &listed), 0);
	CHECK_EQ(listed.n, p.n);
	CHECK_EQ(listed.tree.n, 1);
	CHECK(loose_stacks(&rows).n > 2);
	for (uint32_t i = 0; i < listed.n; i++) {
		CHECK_EQ(listed.stack[i], 0);
		CHECK(loose_stack_of(&rows)[i] < loose_stacks(&rows).n);
		CHECK_EQ(profile_value(&listed, i, 0), profile_value(&p, i, 0));
		sum += profile_value(&listed, i, 0);
	}
	CHECK_EQ(sum, profile_total(&p, 0));
	CHECK_EQ(loose_plant(&rows, &listed), 0);
	CHECK_EQ(loose_stacks(&rows).n, 0);
	CHECK_EQ(listed.tree.n, p.tree.n);
	got = rows_of(&listed);
	wanted = rows_of(&p);
	buf_add_u8(&wanted, '\0');
	CHECK_STR(buf_str(&got), wanted.p);
	buf_fini(&got);
	buf_fini(&wanted);
	profile_fini(&p);
	profile_fini(&listed);
	unlink(path);
}

TEST_MAIN(CASE(files_read_together_are_what_merging_one_by_one_gives),
	  CASE(one_with_other_value_types_among_them_is_merged_too),
	  CASE(one_with_times_among_them_is_merged_too),
	  CASE(one_frame_may_have_other_calls_inlined_in_another_file),
	  CASE(stacks_of_rows_that_fit_wait_for_each_other), CASE(a_list_of_stacks_becomes_the_tree_that_reading_makes))
