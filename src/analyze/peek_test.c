/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/peek.h"

#include <errno.h>

#include "analyze/profile_test.h"
#include "base/err.h"

static void check_rows(const struct peeks *peeks, const struct peek_row *rows, uint32_t n, const char *wanted)
{
	char text[256] = "";
	size_t at = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct str name = rows[i].place ? peeks->places.items[rows[i].place].name : STR("(root)");

		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.*s %lld", i ? ", " : "", STR_ARG(name),
				       (long long)rows[i].value);
	}
	CHECK_STR(str_of(text), wanted);
}

static void check(const struct profile *p, const char *expression, int64_t self, int64_t total,
		  const char *callers, const char *callees)
{
	struct peeks peeks;
	struct err err = { 0 };

	if (peeks_init(&peeks, p, &(struct peek_options){ .expression = expression }, &err) < 0)
		fail_msg("%s", err.text);
	CHECK_EQ(peeks.items[0].self, self);
	CHECK_EQ(peeks.items[0].total, total);
	check_rows(&peeks, peeks.items[0].callers, peeks.items[0].n_callers, callers);
	check_rows(&peeks, peeks.items[0].callees, peeks.items[0].n_callees, callees);
	peeks_fini(&peeks);
}

TEST(callers_and_callees_sum_to_the_total)
{
	struct profile p;

	test_profile(&p, "main;parse;lex 3", "main;parse 2", "main;emit;parse;lex 5", "parse;read 1", "main 9");
	check(&p, "^parse$", 2, 11, "emit 5, main 5, (root) 1", "lex 8, read 1");
	profile_fini(&p);
}

TEST(in_a_recursion_the_outermost_was_called_and_the_innermost_calls)
{
	struct profile p;

	test_profile(&p, "a;f;f;f 4", "a;f;g;f;h 2", "a;f;g 1");
	check(&p, "^f$", 4, 7, "a 7", "h 2, g 1");
	check(&p, "^g$", 1, 3, "f 3", "f 2");
	profile_fini(&p);
}

TEST(what_does_not_match_is_said)
{
	struct profile p;
	struct peeks peeks;
	struct err err = { 0 };

	test_profile(&p, "main;parse 3");
	CHECK_EQ(peeks_init(&peeks, &p, &(struct peek_options){ .expression = "zip" }, &err), -EINVAL);
	CHECK_STR(str_of(err.text), "no function in these samples matches 'zip'");
	err_clear(&err);
	CHECK_EQ(peeks_init(&peeks, &p, &(struct peek_options){ .expression = "(" }, &err), -EINVAL);
	CHECK(strstr(err.text, "is not a regular expression"));
	profile_fini(&p);
}

TEST(only_so_many_are_told)
{
	struct profile p;
	struct peeks peeks;

	test_profile(&p, "main;parse 3", "main;print 5", "main;put 1");
	CHECK_EQ(peeks_init(&peeks, &p, &(struct peek_options){ .expression = "^p", .limit = 2 }, NULL), 0);
	CHECK_EQ(peeks.n, 2);
	CHECK_EQ(peeks.n_matching, 3);
	CHECK_STR(peeks.places.items[peeks.items[0].place].name, "print");
	peeks_fini(&peeks);
	profile_fini(&p);
}

TEST_MAIN(CASE(callers_and_callees_sum_to_the_total),
	  CASE(in_a_recursion_the_outermost_was_called_and_the_innermost_calls),
	  CASE(what_does_not_match_is_said), CASE(only_so_many_are_told))
