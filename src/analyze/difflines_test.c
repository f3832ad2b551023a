/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/difflines.h"

#include "analyze/profile_test.h"
#include "base/buf.h"

/* A sample in line `line` of a function that begins at `start`. */
static void add(struct profile *p, const char *name, uint32_t start, uint32_t line, int64_t value)
{
	struct function function = { .name = strings_add(&p->strings, str_of(name)),
				     .file = strings_add(&p->strings, STR("a.c")),
				     .start_line = start };
	struct frame frame = { .line = line, .kind = FRAME_NATIVE,
			       .function = frames_add_function(&p->frames, &function) };

	profile_add(p, stacktree_push(&p->tree, 0, frames_add(&p->frames, &frame)), 0, &value);
}

/* "name:line base new" of each stack, in the order of lines. */
static void check(struct profile p[2], const char *wanted)
{
	struct diff_input inputs[] = { { .profile = &p[0], .side = 0 }, { .profile = &p[1], .side = 1 } };
	struct difftree functions;
	struct difflines lines;
	struct buf out = { 0 };

	CHECK_EQ(difftree_init(&functions, inputs, 2, BY_FUNCTION, NULL), 0);
	CHECK_EQ(difflines_init(&lines, &functions, inputs, 2, NULL), 0);
	for (uint32_t line = 1; line < lines.n; line++)
		for (uint32_t i = 1; i < lines.tree.n; i++)
			if (lines.tree.frame[i] == line)
				buf_addf(&out, "%s%.*s:%u %g %g", out.n ? ", " : "",
					 STR_ARG(functions.subjects.items[lines.lines[line].subject].place.name),
					 lines.lines[line].number, lines.self[0][i], lines.self[1][i]);
	CHECK_STR(buf_str(&out), wanted);
	buf_fini(&out);
	difflines_fini(&lines);
	difftree_fini(&functions);
	for (int side = 0; side < 2; side++)
		profile_fini(&p[side]);
}

static void start(struct profile p[2])
{
	for (int side = 0; side < 2; side++) {
		profile_init(&p[side]);
		profile_add_type(&p[side], STR("samples"), STR("count"));
	}
}

TEST(a_line_is_known_by_its_distance_from_the_first_one_and_counted_as_the_new_side_does)
{
	struct profile p[2];

	start(p);
	add(&p[0], "lex", 10, 12, 5);
	add(&p[0], "lex", 10, 13, 2);	/* is gone */
	add(&p[1], "lex", 30, 32, 9);
	add(&p[1], "lex", 30, 34, 1);
	check(p, "lex:32 5 9, lex:34 0 1, lex:33 2 0");
}

TEST(where_a_first_line_is_not_known_lines_are_those_of_the_file)
{
	struct profile p[2];

	start(p);
	add(&p[0], "lex", 0, 12, 5);
	add(&p[0], "emit", 0, 0, 3);
	add(&p[1], "lex", 0, 12, 9);
	add(&p[1], "emit", 0, 0, 4);
	check(p, "lex:12 5 9, emit:0 3 4");
}

TEST(what_the_new_side_does_not_have_keeps_its_own_lines)
{
	struct profile p[2];

	start(p);
	add(&p[0], "old", 10, 12, 5);
	add(&p[1], "fresh", 30, 29, 9);	/* before its own first line: inlined from elsewhere */
	check(p, "fresh:29 0 9, old:12 5 0");
}

TEST_MAIN(CASE(a_line_is_known_by_its_distance_from_the_first_one_and_counted_as_the_new_side_does),
	  CASE(where_a_first_line_is_not_known_lines_are_those_of_the_file),
	  CASE(what_the_new_side_does_not_have_keeps_its_own_lines))
