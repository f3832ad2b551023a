/* SPDX-License-Identifier: Apache-2.0 */
#include "base/large.h"

#include "base/test.h"

static char at(size_t i)
{
	return (char)(i * 7 + i / 4096);
}

/* Through every kind of growth: small, small to large, large. */
TEST(a_column_keeps_what_it_holds_while_it_becomes_large)
{
	char *p = NULL;
	size_t old = 0;

	for (size_t n = 1; n < 5 * LARGE_BYTES; n = n * 3 / 2 + 1) {
		char *grown = large_realloc(p, n);
		size_t wrong = 0;

		CHECK(grown);
		if (!grown)
			break;
		p = grown;
		for (size_t i = old; i < n; i++)
			p[i] = at(i);
		for (size_t i = 0; i < n; i++)
			wrong += p[i] != at(i);
		CHECK_EQ(wrong, 0);
		old = n;
	}
	free(p);
}

TEST(a_large_column_of_zeros_is_zero_to_its_end)
{
	size_t n = LARGE_BYTES / 2 + 12345, wrong = 0;
	uint32_t *p = large_calloc(n, sizeof(*p));

	CHECK(p);
	for (size_t i = 0; p && i < n; i++)
		wrong += p[i] != 0;
	CHECK_EQ(wrong, 0);
	free(p);
	CHECK(!large_calloc(SIZE_MAX / 2, 4));
}

TEST(what_malloc_is_asked_for_fits_whole_huge_pages_with_its_head)
{
	CHECK_EQ(large_size(LARGE_BYTES - 1), LARGE_BYTES - 1);
	CHECK_EQ(large_size(SIZE_MAX), SIZE_MAX);
	for (size_t n = LARGE_BYTES; n < 3 * LARGE_BYTES; n += 99991) {
		CHECK(large_size(n) >= n && large_size(n) < n + LARGE_PAGE + LARGE_HEAD);
		CHECK_EQ((large_size(n) + LARGE_HEAD) % LARGE_PAGE, 0);
		CHECK_EQ(large_size(large_size(n)), large_size(n));
	}
}

TEST_MAIN(CASE(a_column_keeps_what_it_holds_while_it_becomes_large),
	  CASE(a_large_column_of_zeros_is_zero_to_its_end),
	  CASE(what_malloc_is_asked_for_fits_whole_huge_pages_with_its_head))
