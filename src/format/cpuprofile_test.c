/* SPDX-License-Identifier: Apache-2.0 */
#include "format/cpuprofile.h"

#include "base/test.h"
#include "format/memory_test.h"

#define ROOT "{\"nodes\":[{\"id\":1,\"callFrame\":{\"functionName\":\"(root)\",\"url\":\"\",\"lineNumber\":-1," \
	"\"columnNumber\":-1},\"hitCount\":0,\"children\":[2]}"
#define NODE(id, name, more) ",{\"id\":" id ",\"callFrame\":{\"functionName\":\"" name "\",\"url\":\"file:///srv/" \
	"app.js\",\"lineNumber\":11,\"columnNumber\":4},\"hitCount\":2" more "}"

TEST(a_sample_lasts_until_the_next)
{
	CHECK_READS(ROOT NODE("2", "main", ",\"children\":[3]") NODE("3", "", "") "],\"startTime\":100,"
		    "\"endTime\":200,\"samples\":[2,3,2],\"timeDeltas\":[10,20,30]}",
		    "main 60000\nmain;(anonymous app.js:12:5) 30000\n");
}

TEST(without_samples_hits_share_the_time)
{
	CHECK_READS(ROOT NODE("2", "main", ",\"children\":[3]") NODE("3", "f", "") "],\"startTime\":0,"
		    "\"endTime\":100}", "main 50000\nmain;f 50000\n");
}

TEST(children_may_stand_before_their_callers)
{
	CHECK_READS("{\"nodes\":[{\"id\":7,\"callFrame\":{\"functionName\":\"leaf\"},\"hitCount\":1},"
		    "{\"id\":8,\"callFrame\":{\"functionName\":\"top\"},\"children\":[7]}],"
		    "\"startTime\":0,\"endTime\":1}", "top;leaf 1000\n");
}

TEST(lines_come_from_the_ticks)
{
	static const char text[] = ROOT NODE("2", "main", ",\"positionTicks\":[{\"line\":5,\"ticks\":2},"
		"{\"line\":9,\"ticks\":1}]") "],\"startTime\":0,\"endTime\":40,\"samples\":[2,2,2,2],"
		"\"timeDeltas\":[0,10,10,10]}";
	static const uint32_t wanted[] = { 5, 5, 9, 0 };
	struct profile p;

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, str_of(text), "x", NULL), 0);
	CHECK_EQ(p.n, 4);
	for (uint32_t i = 0; i < 4; i++)
		CHECK_EQ(p.frames.frames[p.tree.frame[p.stack[i]]].line, wanted[i]);
	CHECK_EQ(p.time_ns[3], 30000);
	profile_fini(&p);
}

TEST(damage_is_named_where_it_is)
{
	CHECK_READS(ROOT "],\"startTime\":0}", "x: byte 125: a child is no node of the file");
	CHECK_READS(ROOT NODE("2", "f", "") NODE("2", "f", "") "]}", "x: byte 357: two nodes of one id");
	CHECK_READS(ROOT NODE("2", "f", "") "],\"samples\":[3]}",
		    "x: byte 256: a sample is of no node of the file");
	CHECK_READS("{\"nodes\":[{\"id\":1,\"callFrame\":{\"functionName\":\"a\"},\"children\":[2]},{\"id\":2,"
		    "\"callFrame\":{\"functionName\":\"b\"},\"children\":[1]}]}",
		    "x: node 1 calls itself through its own callers");
}

TEST(what_is_written_is_read_back)
{
	static const char text[] = ROOT NODE("2", "main", ",\"children\":[3],\"positionTicks\":[{\"line\":5,"
		"\"ticks\":2}]") NODE("3", "f", "") "],\"startTime\":0,\"endTime\":40,\"samples\":[2,3,2,3],"
		"\"timeDeltas\":[0,10,10,10]}";
	struct profile p, q;
	struct buf first, second, folded;

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, str_of(text), "x", NULL), 0);
	first = written(&p, cpuprofile_write);
	profile_init(&q);
	CHECK_EQ(format_read_bytes(&q, buf_str(&first), "x", NULL), 0);
	folded = written(&q, folded_write);
	CHECK_STR(buf_str(&folded), "main 20000\nmain;f 20000\n");
	second = written(&q, cpuprofile_write);
	CHECK_EQ(second.n, first.n);
	CHECK(!memcmp(first.p, second.p, first.n));
	buf_fini(&first);
	buf_fini(&second);
	buf_fini(&folded);
	profile_fini(&p);
	profile_fini(&q);
}

TEST_MAIN(CASE(a_sample_lasts_until_the_next), CASE(without_samples_hits_share_the_time),
	  CASE(children_may_stand_before_their_callers), CASE(lines_come_from_the_ticks),
	  CASE(damage_is_named_where_it_is), CASE(what_is_written_is_read_back))
