/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <math.h>

#include "base/test.h"

TEST(commas_and_colons_come_by_themselves)
{
	struct buf out = { 0 };
	struct json json = { .out = &out };

	json_open(&json, '{');
	json_key(&json, "a");
	json_uint(&json, 7);
	json_key(&json, "b");
	json_open(&json, '[');
	json_int(&json, INT64_MIN);
	json_bool(&json, true);
	json_null(&json);
	json_double(&json, 0.5, 3);
	json_double(&json, NAN, 3);
	json_open(&json, '{');
	json_close(&json, '}');
	json_close(&json, ']');
	json_key(&json, "c");
	json_str(&json, STR(""));
	json_close(&json, '}');
	CHECK_STR(buf_str(&out), "{\"a\":7,\"b\":[-9223372036854775808,true,null,0.500,null,{}],"
				 "\"c\":\"\"}");
	buf_fini(&out);
}

TEST(any_bytes_become_a_valid_string)
{
	struct buf out = { 0 };
	struct json json = { .out = &out };

	json_str(&json, STR("a\"b\\c\n\x01\x7f\xc3\xa9\xff\0z"));
	CHECK_STR(buf_str(&out),
		  "\"a\\\"b\\\\c\\n\\u0001\\u007f\xc3\xa9\xef\xbf\xbd\\u0000z\"");
	buf_fini(&out);
}

TEST_MAIN(CASE(commas_and_colons_come_by_themselves), CASE(any_bytes_become_a_valid_string))
