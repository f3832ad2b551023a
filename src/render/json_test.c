/* SPDX-License-Identifier: Apache-2.0 */
#include "render/json.h"

#include <errno.h>

#include "analyze/profile_test.h"
#include "base/buf.h"
#include "base/err.h"

static void check_json(const struct profile *p, struct text_options options, const char *wanted)
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
	check_json(&p, (struct text_options){ .type = 1 },
		   "{\"version\":1,\"type\":\"cpu\",\"unit\":\"nanoseconds\",\"total\":40,"
		   "\"samples\":4,\"duration_ns\":5,\"events\":7,\"drops\":{\"ring full\":3},"
		   "\"complete\":0.750000,\"named\":0.750000,\"folded\":false,"
		   "\"notes\":[\"3 of 7 events were lost: ring full 3\",\"1 of 4 stacks do not reach their thread's root\","
		   "\"2 of 8 frames have no name\",\"25.00 % of the total is of innermost frames without a name\"],\"functions\":["
		   "{\"name\":\"f\",\"module\":\"/usr/bin/app\",\"file\":\"/src/a.c\",\"line\":10,"
		   "\"kind\":\"native\",\"kinds\":[\"native\"],\"self\":30,\"total\":30},"
		   "{\"name\":\"0x1f\",\"module\":\"/lib/libx.so\",\"file\":\"\",\"line\":0,"
		   "\"kind\":\"native\",\"kinds\":[\"native\"],\"self\":10,\"total\":10},"
		   "{\"name\":\"main\",\"module\":\"/usr/bin/app\",\"file\":\"\",\"line\":0,"
		   "\"kind\":\"native\",\"kinds\":[\"native\"],\"self\":0,\"total\":40}]}\n");
	profile_fini(&p);
}

TEST(what_is_unknown_is_null)
{
	struct profile p;

	test_profile(&p, "a\xff\"b 1");
	check_json(&p, (struct text_options){ .type = -1 },
		   "{\"version\":1,\"type\":\"samples\",\"unit\":\"count\",\"total\":1,"
		   "\"samples\":1,\"duration_ns\":null,\"events\":null,\"drops\":{},"
		   "\"complete\":null,\"named\":null,\"folded\":false,\"notes\":[],\"functions\":["
		   "{\"name\":\"a\xef\xbf\xbd\\\"b\",\"module\":\"/usr/bin/app\",\"file\":\"\","
		   "\"line\":0,\"kind\":\"native\",\"kinds\":[\"native\"],\"self\":1,\"total\":1}]}\n");
	profile_fini(&p);
}

TEST(notes_and_what_a_limit_leaves_out_are_told)
{
	struct profile p;

	test_profile(&p, "a;b 1");
	test_sample(&p, "a;c 2", 0, 0);
	profile_add_comment(&p, STR("sonde: note perf lost 12 events"));
	profile_add_comment(&p, STR("a comment of a person"));
	profile_add_comment(&p, STR("sonde: note two \"words\""));
	profile_add_comment(&p, STR("sonde: labels-left-out 3"));
	check_json(&p, (struct text_options){ .type = -1, .limit = 1 },
		   "{\"version\":1,\"type\":\"samples\",\"unit\":\"count\",\"total\":3,"
		   "\"samples\":3,\"duration_ns\":null,\"events\":null,\"drops\":{},"
		   "\"complete\":null,\"named\":null,\"folded\":false,\"notes\":[\"perf lost 12 events\",\"two \\\"words\\\"\","
		   "\"3 labels beyond 256 in one sample were left out\"],\"functions\":["
		   "{\"name\":\"c\",\"module\":\"/usr/bin/app\",\"file\":\"\","
		   "\"line\":0,\"kind\":\"native\",\"kinds\":[\"native\"],\"self\":2,\"total\":2}],\"left_out\":2}\n");
	profile_fini(&p);
}

TEST(groups_are_listed_by_value_with_null_for_samples_without_the_label)
{
	struct profile p;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	test_sample(&p, "a 3", 7, 8);
	test_sample(&p, "a 1", 7, 9);
	test_sample(&p, "a 2", 0, 0);
	check_json(&p, (struct text_options){ .type = -1, .by = "tid", .folded = true },
		   "{\"version\":1,\"type\":\"samples\",\"unit\":\"count\",\"total\":6,"
		   "\"samples\":6,\"duration_ns\":null,\"events\":null,\"drops\":{},"
		   "\"complete\":null,\"named\":null,\"folded\":true,\"notes\":[\"the language runtime's own frames are left out (--native keeps them)\"],\"by\":\"tid\",\"groups\":["
		   "{\"value\":8,\"unit\":\"\",\"samples\":3,\"total\":3},"
		   "{\"value\":null,\"unit\":\"\",\"samples\":2,\"total\":2},"
		   "{\"value\":9,\"unit\":\"\",\"samples\":1,\"total\":1}],\"functions\":["
		   "{\"name\":\"a\",\"module\":\"/usr/bin/app\",\"file\":\"\",\"line\":0,"
		   "\"kind\":\"native\",\"kinds\":[\"native\"],\"self\":6,\"total\":6}]}\n");
	profile_fini(&p);
}

TEST(a_label_that_no_sample_has_is_refused_before_anything_is_written)
{
	struct buf out = { 0 };
	struct profile p;

	test_profile(&p, "a 1");
	CHECK_EQ(json_report(&out, &p, &(struct text_options){ .type = -1, .by = "task" }, NULL),
		 -EINVAL);
	CHECK_EQ(out.n, 0);
	buf_fini(&out);
	profile_fini(&p);
}

TEST_MAIN(CASE(the_report_has_the_documented_members_in_order), CASE(what_is_unknown_is_null), CASE(notes_and_what_a_limit_leaves_out_are_told),
	  CASE(groups_are_listed_by_value_with_null_for_samples_without_the_label),
	  CASE(a_label_that_no_sample_has_is_refused_before_anything_is_written))
