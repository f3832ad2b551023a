/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "base/test.h"

TEST(what_is_no_character_is_passed_over_byte_by_byte)
{
	static const struct {
		struct str bytes;
		bool valid;
		uint32_t c;
		size_t left;
	} rows[] = {
		{ STR("a"), true, 'a', 0 },
		{ STR("\0b"), true, 0, 1 },
		{ STR("\xc3\xa9"), true, 0xe9, 0 },
		{ STR("\xe2\x82\xac!"), true, 0x20ac, 1 },
		{ STR("\xf0\x9f\x94\xa5"), true, 0x1f525, 0 },
		{ STR("\xf4\x8f\xbf\xbf"), true, 0x10ffff, 0 },
		{ STR("\x80"), false, 0x80, 0 },
		{ STR("\xc3"), false, 0xc3, 0 },		/* cut off */
		{ STR("\xe2\x82"), false, 0xe2, 1 },
		{ STR("\xc0\x80"), false, 0xc0, 1 },		/* a long way to write NUL */
		{ STR("\xe0\x9f\xbf"), false, 0xe0, 2 },
		{ STR("\xed\xa0\x80"), false, 0xed, 2 },	/* a surrogate */
		{ STR("\xf4\x90\x80\x80"), false, 0xf4, 3 },	/* past the last character */
		{ STR("\xff"), false, 0xff, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str s = rows[i].bytes;
		uint32_t c;

		CHECK_EQ(utf8_next(&s, &c), rows[i].valid);
		CHECK_EQ(c, rows[i].c);
		CHECK_EQ(s.n, rows[i].left);
	}
}

TEST(what_is_written_is_read_again)
{
	static const uint32_t rows[] = { 0, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff };
	static const uint32_t none[] = { 0xd800, 0xdfff, 0x110000, UINT32_MAX };
	char bytes[4];
	uint32_t c;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str s = str_over(bytes, utf8_put(bytes, rows[i]));

		CHECK(utf8_next(&s, &c));
		CHECK_EQ(c, rows[i]);
		CHECK_EQ(s.n, 0);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		struct str s = str_over(bytes, utf8_put(bytes, none[i]));

		CHECK(utf8_next(&s, &c));
		CHECK_EQ(c, UTF8_REPLACEMENT);
	}
}

TEST(wide_and_combining_characters_have_their_columns)
{
	CHECK_EQ(utf8_columns('a'), 1);
	CHECK_EQ(utf8_columns(0xe9), 1);
	CHECK_EQ(utf8_columns(0x301), 0);
	CHECK_EQ(utf8_columns(0x4e2d), 2);
	CHECK_EQ(utf8_columns(0x1f525), 2);
	CHECK_EQ(utf8_columns(0x2588), 1);
}

TEST(marks_that_deceive_a_reader_are_controls)
{
	static const uint32_t yes[] = { 0, '\n', '\t', 0x1b, 0x7f, 0x9b, 0x202e, 0x2066, 0xfeff };
	static const uint32_t no[] = { ' ', '~', 0xa0, 0xe9, 0x301, 0x4e2d, 0x1f525, 0xfffd };

	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		CHECK(utf8_is_control(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		CHECK(!utf8_is_control(no[i]));
}

TEST_MAIN(CASE(what_is_no_character_is_passed_over_byte_by_byte),
	  CASE(what_is_written_is_read_again),
	  CASE(wide_and_combining_characters_have_their_columns),
	  CASE(marks_that_deceive_a_reader_are_controls))
