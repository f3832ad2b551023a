/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr.h"

#include <errno.h>

#include "base/test.h"
#include "format/input.h"
#include "format/jfr_made_test.h"
#include "format/memory_test.h"

static void read_file(struct profile *p, struct str bytes)
{
	struct err err = { 0 };

	profile_init(p);
	if (format_read_bytes(p, bytes, "x", &err) < 0)
		fail_msg("%s", err.text);
}

TEST(events_become_samples)
{
	struct buf bytes = made_file();
	struct profile p;
	char *stack;

	read_file(&p, buf_str(&bytes));
	CHECK_EQ(p.n, 3);
	CHECK_EQ(p.n_types, 4);
	stack = stack_text(&p, p.stack[0]);
	CHECK_STR(str_of(stack), "pkg.Work.main;pkg.Work$$Lambda.run");
	CHECK_EQ(profile_total(&p, (uint32_t)profile_find_type(&p, STR("cpu"))), 40000000);
	CHECK_EQ(profile_total(&p, (uint32_t)profile_find_type(&p, STR("delay"))), 500);
	CHECK_EQ(p.time_ns[1], 3000);
	CHECK_EQ(p.frames.frames[p.tree.frame[p.stack[0]]].kind, FRAME_INTERPRETED);
	CHECK_EQ(p.frames.frames[p.tree.frame[p.stack[0]]].line, 6);
	free(stack);
	buf_fini(&bytes);
	profile_fini(&p);
}

static struct str label_of(const struct profile *p, uint32_t row, const char *key)
{
	const struct label *label = labels_find(&p->labels, p->label_set[row],
						strings_find(&p->strings, str_of(key)));

	return label ? strings_get(&p->strings, label->str) : (struct str){ 0 };
}

TEST(threads_states_and_classes_are_labels)
{
	struct buf bytes = made_file();
	struct profile p;

	read_file(&p, buf_str(&bytes));
	CHECK_STR(label_of(&p, 0, "thread"), "main");
	CHECK_STR(label_of(&p, 0, "state"), "\xc3\xa9");
	CHECK_STR(label_of(&p, 2, "class"), "java.lang.Object[]");
	buf_fini(&bytes);
	profile_fini(&p);
}

TEST(chunks_follow_each_other)
{
	struct buf bytes = made_file(), again = made_file();
	struct profile p;

	buf_add_str(&bytes, buf_str(&again));
	read_file(&p, buf_str(&bytes));
	CHECK_EQ(p.n, 6);
	CHECK_EQ(p.tree.n, 3);
	buf_fini(&bytes);
	buf_fini(&again);
	profile_fini(&p);
}

/* Parts are of at least 8 MiB: three of them, each with chunks of its own. */
TEST(a_large_file_is_read_in_parts_as_if_in_one)
{
	struct buf one = made_file(), bytes = { 0 };
	struct profile p;
	uint32_t n = 0;

	while (bytes.n < ((size_t)20 << 20)) {
		buf_add_str(&bytes, buf_str(&one));
		n++;
	}
	read_file(&p, buf_str(&bytes));
	CHECK_EQ(p.n, 3 * n);
	CHECK_EQ(p.tree.n, 3);
	CHECK_EQ(p.labels.n, 3);
	CHECK_EQ(profile_total(&p, (uint32_t)profile_find_type(&p, STR("samples"))), 2 * (int64_t)n);
	for (uint32_t i = 0; i < p.n; i++) {
		CHECK_EQ(p.time_ns[i], i % 3 == 2 ? 2000u : i % 3 == 1 ? 3000u : 1000u);
		CHECK_EQ(p.stack[i], p.stack[0]);
		CHECK_EQ(p.label_set[i], i % 3 == 2 ? p.label_set[2] : p.label_set[0]);
	}
	buf_fini(&one);
	buf_fini(&bytes);
	profile_fini(&p);
}

static void read_aided(struct profile *p, struct str bytes, const struct read_aid *aid)
{
	struct input input;

	profile_init(p);
	CHECK_EQ(input_open_bytes(&input, bytes, "x", NULL), 0);
	input.aid = aid;
	CHECK_EQ(jfr_read(p, &input, NULL), 0);
	input_close(&input);
}

TEST(times_that_nobody_looks_at_are_left_out)
{
	struct buf bytes = made_file();
	struct profile p;

	read_aided(&p, buf_str(&bytes), &(struct read_aid){ .untimed = true });
	CHECK(!p.time_ns);
	CHECK_EQ(p.n, 2);	/* both samples of one stack and thread are one row */
	CHECK_EQ(profile_total(&p, (uint32_t)profile_find_type(&p, STR("samples"))), 2);
	CHECK_EQ(p.n_comments, 0);
	profile_fini(&p);

	buf_fini(&bytes);
}

/* Three chunks of two samples of one stack 2 us apart, within a millisecond. */
TEST(times_of_many_samples_are_told_in_steps)
{
	struct buf one = made_file(), bytes = { 0 };
	struct profile p;
	struct str words;

	for (int i = 0; i < 3; i++)
		buf_add_str(&bytes, buf_str(&one));
	read_aided(&p, buf_str(&bytes), &(struct read_aid){ .times_max = 9 });
	CHECK_EQ(p.n, 9);
	CHECK_EQ(p.time_step_ns, 0);
	CHECK_EQ(p.n_comments, 0);
	profile_fini(&p);

	read_aided(&p, buf_str(&bytes), &(struct read_aid){ .times_max = 8 });
	CHECK_EQ(p.time_step_ns, 100000);
	CHECK_EQ(p.n, 2);
	CHECK_EQ(p.time_ns[0], 0);
	CHECK_EQ(profile_total(&p, (uint32_t)profile_find_type(&p, STR("samples"))), 6);
	CHECK_EQ(profile_total(&p, (uint32_t)profile_find_type(&p, STR("contentions"))), 3);
	words = strings_get(&p.strings, p.comments[0]);
	CHECK(str_starts(words, STR("sonde: note times of 9 samples are told in steps of 100 us")));
	profile_fini(&p);
	buf_fini(&one);
	buf_fini(&bytes);
}

TEST(every_cut_is_refused)
{
	struct buf bytes = made_file();
	struct profile p;

	for (size_t n = 4; n < bytes.n; n++) {
		char *copy = malloc(n);

		memcpy(copy, bytes.p, n);
		profile_init(&p);
		CHECK_EQ(format_read_bytes(&p, str_over(copy, n), "x", NULL), -EBADMSG);
		profile_fini(&p);
		free(copy);
	}
	buf_fini(&bytes);
}

TEST(what_is_unfinished_says_so)
{
	struct buf bytes = made_file();
	struct err err = { 0 };
	struct profile p;

	memset(bytes.p + 8, 0, 8);
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, buf_str(&bytes), "x", &err), -EBADMSG);
	CHECK(strstr(err.text, "it was not finished"));
	profile_fini(&p);
	buf_fini(&bytes);
}

/* Chunks are looked at side by side. */
TEST(of_several_chunks_that_are_not_sound_the_first_is_named)
{
	struct buf one = made_file(), bytes = { 0 };
	struct err err = { 0 };
	struct profile p;
	char words[64];

	for (int i = 0; i < 9; i++)
		buf_add_str(&bytes, buf_str(&one));
	memset(bytes.p + 8 * one.n, 'x', 4);
	memset(bytes.p + 6 * one.n + 68, 0, 1);		/* an event of no bytes */
	memset(bytes.p + 7 * one.n + 68, 0, 1);
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, buf_str(&bytes), "x", &err), -EBADMSG);
	snprintf(words, sizeof(words), "the chunk at byte %zu: an event", 6 * one.n);
	CHECK(strstr(err.text, words));
	profile_fini(&p);
	buf_fini(&one);
	buf_fini(&bytes);
}

TEST_MAIN(CASE(events_become_samples), CASE(threads_states_and_classes_are_labels),
	  CASE(chunks_follow_each_other), CASE(a_large_file_is_read_in_parts_as_if_in_one),
	  CASE(times_that_nobody_looks_at_are_left_out), CASE(times_of_many_samples_are_told_in_steps), CASE(every_cut_is_refused), CASE(what_is_unfinished_says_so),
	  CASE(of_several_chunks_that_are_not_sound_the_first_is_named))
