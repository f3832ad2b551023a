/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include "base/buf.h"
#include "base/test.h"

TEST(bytes_become_the_text_that_rfc_4648_gives_as_examples)
{
	static const char *const rows[][2] = {
		{ "", "" },	    { "f", "Zg==" },	  { "fo", "Zm8=" },	{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = { 0 };

		base64_add(&out, str_of(rows[i][0]));
		CHECK_STR(buf_str(&out), rows[i][1]);
		buf_fini(&out);
	}
}

TEST(bytes_above_127_are_not_taken_for_negative_numbers)
{
	struct buf out = { 0 };

	base64_add(&out, STR("\xff\xfe\x80"));
	CHECK_STR(buf_str(&out), "//6A");
	buf_fini(&out);
}

TEST_MAIN(CASE(bytes_become_the_text_that_rfc_4648_gives_as_examples),
	  CASE(bytes_above_127_are_not_taken_for_negative_numbers))
