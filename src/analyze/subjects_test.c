/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/subjects.h"

#include "analyze/profile_test.h"
#include "base/buf.h"

/* Adds a sample with one frame. */
static void add(struct profile *p, const char *name, const char *module, const char *file,
		uint32_t start, uint32_t line)
{
	struct function function = { .name = strings_add(&p->strings, str_of(name)),
				     .file = strings_add(&p->strings, str_of(file)),
				     .start_line = start };
	struct module mapped = { .path = strings_add(&p->strings, str_of(module)) };
	struct frame frame = { .line = line, .kind = FRAME_NATIVE };
	int64_t one = 1;

	frame.function = frames_add_function(&p->frames, &function);
	frame.module = frames_add_module(&p->frames, &mapped);
	profile_add(p, stacktree_push(&p->tree, 0, frames_add(&p->frames, &frame)), 0, &one);
}

/* "name base new" for each subject that some side has: -, b or n. */
static void check(struct profile *base, struct profile *fresh, enum granularity granularity,
		  const char *wanted)
{
	struct subject_input inputs[] = { { base, 0 }, { fresh, 1 } };
	struct subjects subjects;
	struct buf out = { 0 };

	CHECK_EQ(subjects_init(&subjects, inputs, 2, granularity, NULL), 0);
	for (uint32_t i = 1; i < subjects.n; i++) {
		const struct subject *s = &subjects.items[i];

		if ((!s->in[0] && !s->in[1]) || str_eq(s->place.name, STR("[no name]")))
			continue;
		buf_addf(&out, "%s%.*s", out.n ? " " : "", STR_ARG(s->place.name));
		if (granularity == BY_LINE)
			buf_addf(&out, ":%u", s->place.line);
		if (!s->in[0] || !s->in[1])
			buf_add_str(&out, s->in[0] ? STR("(base)") : STR("(new)"));
		if (s->was.n)
			buf_addf(&out, "(was %.*s)", STR_ARG(s->was));
		if (s->was_file.n)
			buf_addf(&out, "(from %.*s)", STR_ARG(s->was_file));
	}
	CHECK_STR(buf_str(&out), wanted);
	buf_fini(&out);
	subjects_fini(&subjects);
	profile_fini(base);
	profile_fini(fresh);
}

static void start(struct profile *p)
{
	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
}

TEST(a_function_is_the_same_in_another_build)
{
	struct profile a, b;

	start(&a);
	start(&b);
	add(&a, "parse.constprop.0", "/old/app", "/src/a.c", 10, 11);
	add(&a, "parse.part.1", "/old/app", "/src/a.c", 10, 15);
	add(&b, "parse", "/new/app", "/home/a.c", 30, 31);
	check(&a, &b, BY_FUNCTION, "parse");
}

TEST(a_function_that_moved_is_matched_where_only_one_can_be_meant)
{
	struct profile a, b;

	start(&a);
	start(&b);
	add(&a, "lex", "app", "a.c", 1, 1);
	add(&a, "init", "app", "x.c", 1, 1);
	add(&a, "init", "app", "y.c", 1, 1);
	add(&b, "lex", "app", "b.c", 9, 9);
	add(&b, "init", "app", "z.c", 1, 1);
	check(&a, &b, BY_FUNCTION, "lex(from a.c) init(base) init(base) init(new)");
}

TEST(lambdas_keep_their_order_when_their_numbers_change)
{
	struct profile a, b;

	start(&a);
	start(&b);
	add(&a, "f()::{lambda()#1}", "app", "a.cc", 1, 1);
	add(&a, "f()::{lambda()#2}", "app", "a.cc", 2, 2);
	add(&b, "f()::{lambda()#2}", "app", "a.cc", 1, 1);
	add(&b, "f()::{lambda()#3}", "app", "a.cc", 2, 2);
	check(&a, &b, BY_FUNCTION, "f()::{lambda()#3}(was f()::{lambda()#1}) f()::{lambda()#2}");
}

TEST(a_binary_with_another_name_is_matched_by_its_functions)
{
	struct profile a, b;

	start(&a);
	start(&b);
	add(&a, "main", "app-1", "", 0, 0);
	add(&b, "main", "app-2", "", 0, 0);
	add(&b, "fresh", "app-2", "", 0, 0);
	check(&a, &b, BY_FUNCTION, "main fresh(new)");
}

TEST(what_a_binary_is_called_now_tells_equal_names_apart)
{
	struct profile a, b;

	start(&a);
	start(&b);
	add(&a, "main", "app-1", "", 0, 0);
	add(&a, "_start", "app-1", "", 0, 0);
	add(&b, "main", "app-2", "", 0, 0);
	add(&b, "_start", "ld.so", "", 0, 0);
	add(&b, "_start", "app-2", "", 0, 0);
	check(&a, &b, BY_FUNCTION, "main _start _start(new)");
}

TEST(a_line_is_told_by_its_distance_from_its_function)
{
	struct profile a, b;

	start(&a);
	start(&b);
	add(&a, "f", "app", "a.c", 10, 12);
	add(&a, "f", "app", "a.c", 10, 14);
	add(&b, "f", "app", "a.c", 110, 112);
	add(&b, "f", "app", "a.c", 110, 115);
	check(&a, &b, BY_LINE, "f:112 f:14(base) f:115(new)");
}

TEST(addresses_without_names_are_one_for_each_module)
{
	struct profile a, b;
	struct subjects subjects;

	test_profile(&a, "0x10 1", "0x20 1");
	test_profile(&b, "0x30 1");
	struct subject_input inputs[] = { { &a, 0 }, { &b, 1 } };

	CHECK_EQ(subjects_init(&subjects, inputs, 2, BY_FUNCTION, NULL), 0);
	CHECK_EQ(subjects.of_frame[0][1], subjects.of_frame[0][2]);
	CHECK_EQ(subjects.of_frame[0][1], subjects.of_frame[1][1]);
	subjects_fini(&subjects);
	profile_fini(&a);
	profile_fini(&b);
}

TEST_MAIN(CASE(a_function_is_the_same_in_another_build),
	  CASE(a_function_that_moved_is_matched_where_only_one_can_be_meant),
	  CASE(lambdas_keep_their_order_when_their_numbers_change),
	  CASE(a_binary_with_another_name_is_matched_by_its_functions),
	  CASE(what_a_binary_is_called_now_tells_equal_names_apart),
	  CASE(a_line_is_told_by_its_distance_from_its_function),
	  CASE(addresses_without_names_are_one_for_each_module))
