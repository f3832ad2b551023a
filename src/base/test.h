/* SPDX-License-Identifier: Apache-2.0 */
/* base/test.h
 *
 * What a *_test.c needs: TEST(a_sentence) { CHECK...(); } ... TEST_MAIN. A thin layer over cmocka.
 * A failing check prints got and wanted, and ends that test.
 *
 *   TEST(stacks_with_a_common_caller_share_its_node) { CHECK_EQ(tree.n, 5); }
 *   TEST_MAIN(CASE(stacks_with_a_common_caller_share_its_node), CASE(...))
 */
#ifndef SONDE_BASE_TEST_H
#define SONDE_BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

#define TEST(name) static void name(void **test_state __attribute__((unused)))
#define CASE(name) cmocka_unit_test(name)
#define TEST_MAIN(...)                                                  \
	int main(void)                                                  \
	{                                                               \
		const struct CMUnitTest tests[] = { __VA_ARGS__ };      \
									\
		return cmocka_run_group_tests(tests, NULL, NULL);       \
	}

#define CHECK(cond) assert_true(cond)
#define CHECK_EQ(got, wanted) assert_int_equal((got), (wanted))
#define CHECK_STR(got, wanted) check_str_at((got), str_of(wanted), __FILE__, __LINE__)

static inline void check_str_at(struct str got, struct str wanted, const char *file, int line)
{
	if (str_eq(got, wanted))
		return;
	print_error("got    \"%.*s\"\nwanted \"%.*s\"\n", STR_ARG(got), STR_ARG(wanted));
	_fail(file, line);
}

#endif
