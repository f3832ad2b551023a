/* SPDX-License-Identifier: Apache-2.0 */
#include "render/json.h"

#include "analyze/profile_test.h"
#include "base/buf.h"

static void check_json(const struct profile *p, struct json_options options, const char *wanted)
{
	struct buf out = { 0 };

	CHECK_EQ(json_report(&out, p, &options, NULL), 0);
	CHECK_STR(buf_str(&out), wanted);
	buf_fini(&out);
}

TEST(the_report_has_the_documented_members_in_order)
{
	struct profile p;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	profile_add_type(&p, STR("cpu"), STR("nanoseconds"));
	test_sample(&p, "main;f:12;f:12 3", 0, 0);
	test_sample(&p, "main;0x1f 1", 0, 0);
	p.duration_ns = 5;
	p.stats = (struct profile_stats){ .known = true, .events = 7, .recorded = 4,
					  .complete = 3, .frames = 8, .frames_named = 6 };
	profile_add_drop(&p, STR("ring full"), 3);
	check_json(&p, (struct json_options){ .type = 1 },
		   "{\"version\":1,\"type\":\"cpu\",\"unit\":\"nanoseconds\",\"total\":40,"
		   "\"samples\":4,\"duration_ns\":5,\"events\":7,\"drops\":{\"ring full\":3},"
		   "\"complete\":0.750000,\"named\":0.750000,\"functions\":["
		   "{\"name\":\"f\",\"module\":\"/usr/bin/app\",\"file\":\"/src/a.c\",\"line\":10,"
		   "\"kind\":\"native\",\"self\":30,\"total\":30},"
		   "{\"name\":\"0x1f\",\"module\":\"/lib/libx.so\",\"file\":\"\",\"line\":0,"
		   "\"kind\":\"native\",\"self\":10,\"total\":10},"
		   "{\"name\":\"main\",\"module\":\"/usr/bin/app\",\"file\":\"\",\"line\":0,"
		   "\"kind\":\"native\",\"self\":0,\"total\":40}]}\n");
	profile_fini(&p);
}

TEST(what_is_unknown_is_null)
{
	struct profile p;

	test_profile(&p, "a\xff\"b 1");
	check_json(&p, (struct json_options){ .type = -1 },
		   "{\"version\":1,\"type\":\"samples\",\"unit\":\"count\",\"total\":1,"
		   "\"samples\":1,\"duration_ns\":null,\"events\":null,\"drops\":{},"
		   "\"complete\":null,\"named\":null,\"functions\":["
		   "{\"name\":\"a\xef\xbf\xbd\\\"b\",\"module\":\"/usr/bin/app\",\"file\":\"\","
		   "\"line\":0,\"kind\":\"native\",\"self\":1,\"total\":1}]}\n");
	profile_fini(&p);
}

TEST_MAIN(CASE(the_report_has_the_documented_members_in_order), CASE(what_is_unknown_is_null))
