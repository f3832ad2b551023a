/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/shown.h"

#include <errno.h>

#include "analyze/profile_test.h"
#include "base/buf.h"
#include "base/err.h"

static void add_stack(struct buf *out, const struct profile *p, uint32_t stack)
{
	if (p->tree.parent[stack])
		add_stack(out, p, p->tree.parent[stack]);
	buf_addf(out, "%s%.*s", p->tree.parent[stack] ? ";" : "",
		 STR_ARG(frame_name(&p->frames, p->tree.frame[stack])));
}

/* The samples' stacks, in order, and that the tree keeps what model/stacktree.h promises. */
static void check_stacks(const struct profile *p, const char *wanted)
{
	struct buf got = { 0 };

	for (uint32_t i = 0; i < p->n; i++) {
		buf_addf(&got, "%s", i ? " | " : "");
		if (p->stack[i])
			add_stack(&got, p, p->stack[i]);
	}
	CHECK_STR(buf_str(&got), wanted);
	buf_fini(&got);
	for (uint32_t i = 1; i < p->tree.n; i++) {
		CHECK(p->tree.parent[i] < i);
		for (uint32_t k = 1; k < i; k++)
			CHECK(p->tree.parent[k] != p->tree.parent[i] ||
			      p->tree.frame[k] != p->tree.frame[i]);
	}
}

TEST(an_interpreters_own_frames_are_left_out)
{
	static const struct {
		const char *stack, *shown;
	} rows[] = {
		{ "_start@l;main@r;run@r;app.py@i;eval@r;sorted@r;key@i;memcpy@l",
		  "app.py;key;memcpy" },
		{ "start_thread@l;boot@r;run@i", "run" },
		/* bin/python3 of a shared build stands between libc's frames */
		{ "_start@r;__libc_start_main@l;main@r;run@r;a@i", "a" },
		{ "_start@r;__libc_start_main@l;ext;a@i", "ext;a" },
		{ "_start@l;main@r;app.js@c;builtin@r;key@c;memcpy@l", "app.js;key;memcpy" },
		{ "_start@l;app.py@i", "app.py" },		/* nothing of the runtime to be seen */
		{ "_start@l;main@r;app.py@i;eval@r", "app.py" },	/* a leaf: its caller has it */
		{ "main@r;a@i;eval@r;ext;eval@r;b@i;read@l;sys_read@k", "a;ext;b;read;sys_read" },
		/* an embedder: what called the interpreter is the program's */
		{ "_start@l;main;PyRun@r;a@i", "_start;main;a" },
		{ "[stack cut]@u;eval@r;a@i", "[stack cut];a" },
		{ "[stack cut]@u;qsort@l;eval@r;a@i", "[stack cut];qsort;a" },
		/* no interpreted frame: whole */
		{ "_start@l;main@r;init@r", "_start;main;init" },
		{ "clone3@l;gc@r;memset@l", "clone3;gc;memset" },
		{ "_start@l;main;lex", "_start;main;lex" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char line[128];
		struct profile p;
		struct shown shown;

		snprintf(line, sizeof(line), "%s 3", rows[i].stack);
		test_profile(&p, line, "other@i 1");
		CHECK_EQ(shown_init(&shown, &p, false, NULL), 0);
		snprintf(line, sizeof(line), "%s | other", rows[i].shown);
		check_stacks(&shown.profile, line);
		shown_fini(&shown);
		CHECK_EQ(shown_init(&shown, &p, true, NULL), 0);
		CHECK(!shown.owned && shown.profile.stack == p.stack);
		shown_fini(&shown);
		profile_fini(&p);
	}
}

/* Whether a stack has an interpreted frame is known only at its end. */
TEST(stacks_that_begin_alike_are_folded_each_by_its_own_frames)
{
	struct profile p;
	struct shown shown;

	test_profile(&p, "_start@l;main@r 1", "_start@l;main@r;memcpy@l 2", "_start@l;main@r;a@i 3",
		     "_start@l;main@r;ext;gc@r 4", "_start@l;main@r;ext;gc@r;a@i;eval@r 5",
		     "_start@l;main@r;eval@r;a@i;eval@r;memcpy@l 6", "_start@l 7",
		     "_start@l;prog;a@i 8");
	CHECK_EQ(shown_init(&shown, &p, false, NULL), 0);
	check_stacks(&shown.profile,
		     "_start;main | _start;main;memcpy | a | _start;main;ext;gc | ext;a | a;memcpy | "
		     "_start | _start;prog;a");
	CHECK(shown.folded);
	CHECK_EQ(profile_total(&shown.profile, 0), profile_total(&p, 0));
	shown_fini(&shown);
	profile_fini(&p);
}

TEST(a_profile_with_nothing_to_fold_is_shown_as_it_is)
{
	static const char *const stacks[] = { "_start@l;main;lex 1", "gc@r;mark@r 1", "a@i;b@i 1",
					      "a@i;memcpy@l 1" };

	for (size_t i = 0; i < sizeof(stacks) / sizeof(*stacks); i++) {
		struct profile p;
		struct shown shown;

		test_profile(&p, stacks[i]);
		CHECK_EQ(shown_init(&shown, &p, false, NULL), 0);
		CHECK(!shown.owned && !shown.folded);
		shown_fini(&shown);
		profile_fini(&p);
	}
}

static void threads_profile(struct profile *p)
{
	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	test_sample(p, "_start@l;py@r;a@i;b@i 1", 7, 8);
	test_sample(p, "_start@l;py@r;a@i;b@i 1", 7, 9);
	test_sample(p, "_start@l;py@r;a@i;eval@r 1", 7, 8);
	test_sample(p, "_start@l;py@r;a@i 1", 0, 0);
}

TEST(groups_are_roots_named_by_the_label)
{
	static const struct {
		const char *key;
		bool native;
		const char *shown;
	} rows[] = {
		{ "tid", false, "[tid 8];a;b | [tid 9];a;b | [tid 8];a | [no tid];a" },
		{ "thread", false, "[thread worker-8];a;b | [thread worker-9];a;b | "
				   "[thread worker-8];a | [no thread];a" },
		{ "pid", true, "[pid 7];_start;py;a;b | [pid 7];_start;py;a;b | "
			       "[pid 7];_start;py;a;eval | [no pid];_start;py;a" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct profile p;
		struct shown shown;

		threads_profile(&p);
		CHECK_EQ(shown_init(&shown, &p, rows[i].native, NULL), 0);
		CHECK_EQ(shown_group(&shown, &p, rows[i].key, NULL), 0);
		check_stacks(&shown.profile, rows[i].shown);
		for (uint32_t k = 1; k < shown.profile.tree.n; k++)
			if (!shown.profile.tree.parent[k])
				CHECK_EQ(shown.profile.frames.frames[shown.profile.tree.frame[k]].kind,
					 FRAME_NONE);
		shown_fini(&shown);
		profile_fini(&p);
	}
}

TEST(an_empty_stack_is_its_group)
{
	struct profile p;
	struct shown shown;
	int64_t one = 1;

	threads_profile(&p);
	profile_add(&p, 0, p.label_set[1], &one);
	CHECK_EQ(shown_init(&shown, &p, false, NULL), 0);
	CHECK_EQ(shown_group(&shown, &p, "tid", NULL), 0);
	check_stacks(&shown.profile,
		     "[tid 8];a;b | [tid 9];a;b | [tid 8];a | [no tid];a | [tid 9]");
	shown_fini(&shown);
	profile_fini(&p);
}

TEST(grouping_by_what_is_not_there_is_refused)
{
	struct profile p;
	struct shown shown;
	struct err err = { 0 };

	threads_profile(&p);
	CHECK_EQ(shown_init(&shown, &p, false, NULL), 0);
	CHECK_EQ(shown_group(&shown, &p, "task", &err), -EINVAL);
	CHECK_STR(str_of(err.text), "no sample has a label 'task'; the profile has: pid, tid, "
				    "process, thread");
	shown_fini(&shown);
	profile_fini(&p);
	err_clear(&err);
	test_profile(&p, "a 1");
	CHECK_EQ(shown_init(&shown, &p, false, NULL), 0);
	CHECK_EQ(shown_group(&shown, &p, "task", &err), -EINVAL);
	CHECK_STR(str_of(err.text), "no sample has a label 'task': the profile has no labels at all");
	shown_fini(&shown);
	profile_fini(&p);
}

TEST_MAIN(CASE(an_interpreters_own_frames_are_left_out),
	  CASE(stacks_that_begin_alike_are_folded_each_by_its_own_frames),
	  CASE(a_profile_with_nothing_to_fold_is_shown_as_it_is),
	  CASE(groups_are_roots_named_by_the_label), CASE(an_empty_stack_is_its_group),
	  CASE(grouping_by_what_is_not_there_is_refused))
