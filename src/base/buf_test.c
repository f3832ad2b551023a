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

TEST_MAIN(CASE(a_buffer_never_holds_more_than_its_cap),
	  CASE(a_failed_buffer_keeps_what_it_has_and_takes_no_more))
