/* SPDX-License-Identifier: Apache-2.0 */
#include "format/speedscope.h"

#include "base/test.h"
#include "format/memory_test.h"
#include "format/threads.h"

#define HEAD "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\","
#define FRAMES "\"shared\":{\"frames\":[{\"name\":\"a\"},{\"name\":\"b\",\"file\":\"b.js\",\"line\":3,\"col\":7}]}"

TEST(weighted_stacks_add_up)
{
	CHECK_READS(HEAD FRAMES ",\"profiles\":[{\"type\":\"sampled\",\"name\":\"x\",\"unit\":\"milliseconds\","
		    "\"startValue\":10,\"endValue\":20,\"samples\":[[0],[0,1],[0,1]],"
		    "\"weights\":[1,2.5,3]}]}", "a 1000000\na;b 5500000\n");
}

TEST(what_is_shared_may_come_last)
{
	CHECK_READS(HEAD "\"profiles\":[{\"type\":\"sampled\",\"name\":\"x\",\"unit\":\"none\",\"weights\":[1],"
		    "\"samples\":[[1]]}]," FRAMES "}", "b 1\n");
}

TEST(what_is_open_between_events_is_running)
{
	CHECK_READS(HEAD FRAMES ",\"profiles\":[{\"type\":\"evented\",\"name\":\"x\",\"unit\":\"bytes\","
		    "\"startValue\":0,\"endValue\":9,\"events\":[{\"type\":\"O\",\"frame\":0,\"at\":0},"
		    "{\"type\":\"O\",\"frame\":1,\"at\":2},{\"type\":\"C\",\"frame\":1,\"at\":5},"
		    "{\"type\":\"C\",\"frame\":0,\"at\":9}]}]}", "a 6\na;b 3\n");
}

TEST(profiles_of_one_file_are_threads)
{
	static const char text[] = HEAD FRAMES ",\"profiles\":["
		"{\"type\":\"sampled\",\"name\":\"main (7)\",\"unit\":\"none\",\"samples\":[[0]],\"weights\":[1]},"
		"{\"type\":\"sampled\",\"name\":\"other\",\"unit\":\"none\",\"samples\":[[0]],\"weights\":[2]}]}";
	struct profile p;
	const struct label *label;

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, str_of(text), "x", NULL), 0);
	CHECK_EQ(p.n, 2);
	label = labels_find(&p.labels, p.label_set[0], strings_find(&p.strings, STR("tid")));
	CHECK(label && label->num == 7);
	label = labels_find(&p.labels, p.label_set[0], strings_find(&p.strings, STR("thread")));
	CHECK(label);
	CHECK_STR(strings_get(&p.strings, label->str), "main");
	profile_fini(&p);
}

TEST(times_are_kept_where_all_values_are_times)
{
	static const char text[] = HEAD FRAMES ",\"profiles\":[{\"type\":\"sampled\",\"name\":\"m\","
		"\"unit\":\"seconds\",\"startValue\":5,\"samples\":[[0],[1]],\"weights\":[1,2]}]}";
	struct profile p;

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, str_of(text), "x", NULL), 0);
	CHECK_EQ(p.n, 2);
	CHECK_EQ(p.time_ns[1], 1000000000);
	CHECK_EQ(p.values[1], 2000000000);
	profile_fini(&p);
}

TEST(damage_is_named_where_it_is)
{
	CHECK_READS(HEAD FRAMES "}", "x: byte 143: the file has no profiles");
	CHECK_READS(HEAD FRAMES ",\"profiles\":[{\"unit\":\"none\",\"samples\":[[2]],\"weights\":[1]}]}",
		    "x: byte 182: a stack names a frame that is not there");
	CHECK_READS(HEAD FRAMES ",\"profiles\":[{\"unit\":\"none\",\"samples\":[[0],[1]],\"weights\":[1]}]}",
		    "x: byte 188: more stacks than weights");
	CHECK_READS(HEAD FRAMES ",\"profiles\":[{\"unit\":\"miles\",\"samples\":[]}]}",
		    "x: byte 184: a unit that speedscope does not know");
	CHECK_READS(HEAD FRAMES ",\"profiles\":[{\"unit\":\"none\",\"events\":[{\"type\":\"C\",\"frame\":0,"
		    "\"at\":1}]}]}", "x: byte 209: an event closes a frame that is not the innermost open one");
	CHECK_READS(HEAD FRAMES ",\"profiles\":[{\"unit\":\"none\"", "x: byte 169: the text ends in the middle");
}

/* Types, threads and stacks come back; the bytes are the same again. */
TEST(what_is_written_is_read_back)
{
	struct profile p, q;
	struct buf first, second;
	int64_t values[2] = { 3, 4000 };
	uint32_t main_frame, lex, stack;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	p.default_type = profile_add_type(&p, STR("sched:cpu"), STR("nanoseconds"));
	main_frame = test_frame(&p, "main", "/bin/x", 0x10, false, FRAME_NATIVE);
	lex = test_frame(&p, "lex \"quoted\"", "/bin/x", 0x20, false, FRAME_NATIVE);
	stack = stacktree_push(&p.tree, stacktree_push(&p.tree, 0, main_frame), lex);
	profile_add(&p, stack, thread_of_samples_label(&p, STR("pool: worker (12)")), values);
	profile_add(&p, stack, thread_of_samples_label(&p, STR("13")), values);
	first = written(&p, speedscope_write);
	CHECK(!first.failed);
	profile_init(&q);
	CHECK_EQ(format_read_bytes(&q, buf_str(&first), "x", NULL), 0);
	CHECK_EQ(q.n_types, 2);
	CHECK_EQ(profile_total(&q, (uint32_t)profile_find_type(&q, STR("sched:cpu"))), 8000);
	CHECK_EQ(profile_total(&q, (uint32_t)profile_find_type(&q, STR("samples"))), 6);
	second = written(&q, speedscope_write);
	CHECK_EQ(second.n, first.n);
	CHECK(!memcmp(first.p, second.p, first.n));
	buf_fini(&first);
	buf_fini(&second);
	profile_fini(&p);
	profile_fini(&q);
}

TEST_MAIN(CASE(weighted_stacks_add_up), CASE(what_is_shared_may_come_last),
	  CASE(what_is_open_between_events_is_running), CASE(profiles_of_one_file_are_threads),
	  CASE(times_are_kept_where_all_values_are_times), CASE(damage_is_named_where_it_is),
	  CASE(what_is_written_is_read_back))
