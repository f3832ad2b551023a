/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonread.h"

#include <errno.h>

#include "base/err.h"
#include "base/test.h"

TEST(values_come_in_their_order)
{
	struct json_reader r = json_reader_over(STR(" {\"a\": [1, -2, 3.5e2,null ] ,\"b\":\"x\",\"c\":true}"));
	struct str key;

	CHECK(json_enter(&r, '{'));
	CHECK(json_next_key(&r, &key));
	CHECK_STR(key, "a");
	CHECK_EQ(json_peek(&r), JSON_ARRAY);
	CHECK(json_enter(&r, '['));
	CHECK(json_next_item(&r));
	CHECK_EQ(json_take_int(&r), 1);
	CHECK(json_next_item(&r));
	CHECK_EQ(json_take_int(&r), -2);
	CHECK(json_next_item(&r));
	CHECK_EQ((int64_t)json_take_double(&r), 350);
	CHECK(json_next_item(&r));
	CHECK_EQ(json_take_int(&r), 0);
	CHECK(!json_next_item(&r));
	CHECK(json_next_key(&r, &key));
	CHECK_STR(json_take_str(&r), "x");
	CHECK(json_next_key(&r, &key));
	CHECK(json_take_bool(&r));
	CHECK(!json_next_key(&r, &key));
	CHECK(!r.why);
	json_reader_fini(&r);
}

TEST(escapes_are_resolved)
{
	struct json_reader r = json_reader_over(STR("\"a\\\"\\\\\\/\\n\\u00e9\\ud83d\\ude00\\ud83dz\""));

	CHECK_STR(json_take_str(&r), "a\"\\/\n\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbdz");
	CHECK(!r.why);
	json_reader_fini(&r);
}

TEST(what_is_passed_over_keeps_its_bytes)
{
	struct json_reader r = json_reader_over(STR("[ {\"a\":[\"]}\\\"\", {}]}, 7]"));

	CHECK(json_enter(&r, '['));
	CHECK(json_next_item(&r));
	CHECK_STR(json_pass(&r), "{\"a\":[\"]}\\\"\", {}]}");
	CHECK(json_next_item(&r));
	CHECK_EQ(json_take_index(&r, 8, "too large"), 7);
	CHECK(!json_next_item(&r));
	CHECK(!r.why);
	json_reader_fini(&r);
}

TEST(integers_are_held_to_what_fits)
{
	struct json_reader r = json_reader_over(STR("[9223372036854775807,1e300,-1e300,2.5,-2.5]"));
	int64_t wanted[] = { INT64_MAX, INT64_MAX, INT64_MIN, 3, -3 };

	json_enter(&r, '[');
	for (int i = 0; i < 5; i++) {
		CHECK(json_next_item(&r));
		CHECK_EQ(json_take_int(&r), wanted[i]);
	}
	json_reader_fini(&r);
}

/* Takes all there is, whatever it is. */
static void take_all(struct json_reader *r)
{
	struct str key;

	switch (json_peek(r)) {
	case JSON_OBJECT:
		json_enter(r, '{');
		while (json_next_key(r, &key))
			take_all(r);
		break;
	case JSON_ARRAY:
		json_enter(r, '[');
		while (json_next_item(r))
			take_all(r);
		break;
	case JSON_STRING:
		json_take_str(r);
		break;
	case JSON_NUMBER:
		json_take_double(r);
		break;
	default:
		json_pass(r);
	}
}

TEST(damage_is_named_where_it_is)
{
	static const struct { const char *text, *sentence; } cases[] = {
		{ "", "x: byte 0: the text ends in the middle" },
		{ "[1", "x: byte 2: the text ends in the middle" },
		{ "[1,", "x: byte 3: the text ends in the middle" },
		{ "[1 2]", "x: byte 3: expected a comma or the end of what was begun" },
		{ "[,1]", "x: byte 1: expected a value" },
		{ "{1:2}", "x: byte 1: expected a key" },
		{ "{\"a\" 2}", "x: byte 5: expected a colon" },
		{ "[1}", "x: byte 2: expected a comma or the end of what was begun" },
		{ "\"ab", "x: byte 3: a string without an end" },
		{ "\"a\\", "x: byte 3: a string without an end" },
		{ "\"\\x\"", "x: byte 2: an escape that is none" },
		{ "\"\\u12g4\"", "x: byte 3: an escape that is none" },
		{ "[1-]", "x: byte 3: expected a number" },
		{ "[nul]", "x: byte 1: expected a value" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_reader r = json_reader_over(str_of(cases[i].text));
		struct err err = { 0 };

		take_all(&r);
		CHECK_EQ(json_reader_end(&r, "x", str_of(cases[i].text), &err), -EBADMSG);
		CHECK_STR(str_of(err.text), cases[i].sentence);
	}
}

TEST(damage_in_a_part_is_named_by_its_place_in_the_whole)
{
	struct str whole = STR("{\"a\": [1, x]}");
	struct json_reader part = json_reader_over(str_skip(whole, 6)), missing = json_reader_over((struct str){ 0 });
	struct err err = { 0 };

	take_all(&part);
	CHECK_EQ(json_reader_end(&part, "x", whole, &err), -EBADMSG);
	CHECK_STR(str_of(err.text), "x: byte 10: expected a value");
	err_clear(&err);
	take_all(&missing);
	CHECK_EQ(json_reader_end(&missing, "x", whole, &err), -EBADMSG);
	CHECK_STR(str_of(err.text), "x: the text ends in the middle");
}

TEST(brackets_in_each_other_end_somewhere)
{
	struct buf deep = { 0 };
	struct json_reader r;

	for (int i = 0; i < 100000; i++)
		buf_add_u8(&deep, '[');
	r = json_reader_over(buf_str(&deep));
	take_all(&r);
	CHECK_STR(str_of(r.why), "brackets in each other too deeply");
	r = json_reader_over(buf_str(&deep));
	json_pass(&r);
	CHECK_STR(str_of(r.why), "brackets in each other too deeply");
	buf_fini(&deep);
}

TEST_MAIN(CASE(values_come_in_their_order), CASE(escapes_are_resolved),
	  CASE(what_is_passed_over_keeps_its_bytes), CASE(integers_are_held_to_what_fits),
	  CASE(damage_is_named_where_it_is),
	  CASE(damage_in_a_part_is_named_by_its_place_in_the_whole), CASE(brackets_in_each_other_end_somewhere))
