/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/test.h"

/* Whatever sizes pieces come in: doubling must not carry the room past the cap. */
TEST(a_buffer_never_holds_more_than_its_cap)
{
	for (size_t piece = 1; piece < 2000; piece += 7) {
		struct buf buf = { .max = 5000 };
		char bytes[2000] = { 0 };

		for (int i = 0; i < 20000 && !buf.failed; i++) {
			buf_add(&buf, bytes, piece);
			CHECK(buf.n <= 5000 && buf.cap <= 5000);
		}
		CHECK(buf.failed);
		CHECK_EQ(buf.n, 5000 / piece * piece);
		buf_fini(&buf);
	}
}

TEST(a_failed_buffer_keeps_what_it_has_and_takes_no_more)
{
	struct buf buf = { .max = 4 };

	buf_add_str(&buf, STR("abc"));
	buf_addf(&buf, "%d", 12);
	CHECK(buf.failed);
	CHECK_STR(buf_str(&buf), "abc");
	buf_clear(&buf);
	buf_add_str(&buf, STR("abcd"));
	CHECK_STR(buf_str(&buf), "abcd");
	CHECK(!buf.failed);
	buf_fini(&buf);
}

/* A piece that does not fit may leave room for a smaller one: a hole in the text that nobody is told of. */
TEST(a_failed_buffer_takes_no_more_even_where_it_has_room)
{
	struct buf buf = { .max = 8 };

	buf_add_str(&buf, STR("abc"));
	CHECK(buf_reserve(&buf, 5) && buf.cap == 8);
	buf_add_str(&buf, STR("defghi"));
	CHECK(buf.failed);
	buf_add_u8(&buf, 'x');
	buf_add_str(&buf, STR("x"));
	buf_addf(&buf, "x");
	buf_add_dec(&buf, 1);
	buf_add_uleb(&buf, 1);
	CHECK_STR(buf_str(&buf), "abc");
	buf_clear(&buf);
	buf_add_u8(&buf, 'x');
	CHECK_STR(buf_str(&buf), "x");
	buf_fini(&buf);
}

TEST_MAIN(CASE(a_buffer_never_holds_more_than_its_cap),
	  CASE(a_failed_buffer_keeps_what_it_has_and_takes_no_more),
	  CASE(a_failed_buffer_takes_no_more_even_where_it_has_room))
