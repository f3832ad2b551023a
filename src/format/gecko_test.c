/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gecko.h"

#include "base/test.h"
#include "format/memory_test.h"
#include "format/threads.h"

#define META "{\"meta\":{\"preprocessedProfileVersion\":47,\"startTime\":1000.5,\"categories\":[{\"name\":\"Other\"}," \
	"{\"name\":\"Kernel\"}]},\"libs\":[{\"name\":\"x\",\"path\":\"/bin/x\",\"codeId\":\"ab12\"}],"
#define TABLES "\"stringArray\":[\"main\",\"f\",\"a.c\"],\"funcTable\":{\"length\":2,\"name\":[0,1]," \
	"\"fileName\":[2,null],\"lineNumber\":[3,null],\"resource\":[0,-1]}," \
	"\"resourceTable\":{\"lib\":[0]},\"frameTable\":{\"func\":[0,1],\"line\":[5,null],\"category\":[0,1]," \
	"\"address\":[16,-1]},\"stackTable\":{\"prefix\":[null,0],\"frame\":[0,1]}"
#define THREAD(samples) "{\"name\":\"w\",\"tid\":\"12\",\"pid\":\"7\"," TABLES ",\"samples\":" samples "}"

TEST(samples_are_stacks_of_the_table)
{
	CHECK_READS(META "\"threads\":[" THREAD("{\"stack\":[1,0,null,1],\"time\":[0,1,2,3]}") "]}",
		    "main 1\nmain;f 2\n");
	CHECK_READS(META "\"threads\":[" THREAD("{\"stack\":[1,0],\"timeDeltas\":[0,1],\"weight\":[3,-1],"
						"\"weightType\":\"bytes\"}") "]}", "main -1\nmain;f 3\n");
}

TEST(tables_may_be_shared)
{
	CHECK_READS(META "\"shared\":{" TABLES "},\"threads\":[{\"name\":\"a\",\"samples\":{\"stack\":[1]}},"
		    "{\"name\":\"b\",\"samples\":{\"stack\":[0]}}]}", "main 1\nmain;f 1\n");
}

/* Version 70: callers by their distance, files in a table of their own, libraries at the frames. */
TEST(tables_of_later_versions_are_read)
{
	static const char text[] = META
		"\"shared\":{\"stringArray\":[\"main\",\"f\",\"a.c\"],\"funcTable\":{\"name\":[0,1],\"source\":[0,null],"
		"\"lineNumber\":[3,null],\"resource\":[-1,-1]},\"sources\":{\"id\":[null],\"filename\":[2]},"
		"\"frameTable\":{\"func\":[0,1],\"address\":[16,-1],\"lib\":[0,-1]},"
		"\"stackTable\":{\"frame\":[0,1,1],\"prefixOffset\":[0,1,2]}},"
		"\"threads\":[{\"name\":\"a\",\"samples\":{\"stack\":[2,1,0]}}]}";
	const struct frame *f;
	struct profile p;

	CHECK_READS(text, "main 1\nmain;f 2\n");
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, str_of(text), "x", NULL), 0);
	f = &p.frames.frames[p.tree.frame[1]];
	CHECK_STR(strings_get(&p.strings, p.frames.functions[f->function].file), "a.c");
	CHECK_STR(strings_get(&p.strings, p.frames.modules[f->module].path), "/bin/x");
	profile_fini(&p);
}

TEST(what_a_frame_is_comes_along)
{
	static const char text[] = META "\"threads\":[" THREAD("{\"stack\":[1],\"time\":[2.5]}") "]}";
	const struct label *tid;
	const struct frame *f;
	struct profile p;

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, str_of(text), "x", NULL), 0);
	f = &p.frames.frames[p.tree.frame[p.stack[0]]];
	CHECK_EQ(f->kind, FRAME_KERNEL);
	f = &p.frames.frames[p.tree.frame[p.tree.parent[p.stack[0]]]];
	CHECK_EQ(f->line, 5);
	CHECK_EQ(f->address, 16);
	CHECK_STR(strings_get(&p.strings, p.frames.modules[f->module].build_id), "ab12");
	CHECK_EQ(p.time_ns[0], 2500000);
	CHECK_EQ(p.start_wall_ns, 1000500000);
	tid = labels_find(&p.labels, p.label_set[0], strings_find(&p.strings, STR("tid")));
	CHECK(tid && tid->num == 12);
	profile_fini(&p);
}

/* samply's: addresses from the beginning of a file where it knows no name, and ids of processes that came again. */
TEST(what_samply_knows_no_name_of_keeps_its_address)
{
	static const char text[] =
		"{\"meta\":{\"preprocessedProfileVersion\":49,\"startTime\":1,\"sampleUnits\":{\"threadCPUDelta\":\"\xc2\xb5s\"},"
		"\"categories\":[{\"name\":\"Other\"},{\"name\":\"User\"},{\"name\":\"Kernel\"}]},"
		"\"libs\":[{\"name\":\"x\",\"path\":\"/bin/x\",\"codeId\":\"ab12\"}],\"threads\":[{\"name\":\"w\",\"tid\":\"31.2\","
		"\"pid\":\"30\",\"stringArray\":[\"0x7ffe1\",\"0x10\",\"k\"],\"resourceTable\":{\"lib\":[0]},"
		"\"funcTable\":{\"name\":[0,1,2],\"resource\":[-1,0,-1]},\"frameTable\":{\"func\":[0,1,2],"
		"\"address\":[524257,16,-1],\"category\":[1,1,2]},\"stackTable\":{\"prefix\":[null,0,1],\"frame\":[0,1,2]},"
		"\"samples\":{\"stack\":[2,1],\"time\":[5,7.5],\"threadCPUDelta\":[3,4]}}]}";
	const struct label *tid;
	struct profile p;
	uint32_t k;

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, str_of(text), "x", NULL), 0);
	k = p.stack[0];
	CHECK_EQ(p.frames.frames[p.tree.frame[k]].kind, FRAME_KERNEL);
	k = p.tree.parent[k];
	CHECK_EQ(p.frames.frames[p.tree.frame[k]].function, 0);
	CHECK_EQ(p.frames.frames[p.tree.frame[k]].address, 16);
	CHECK_EQ(p.frames.frames[p.tree.frame[k]].kind, FRAME_NATIVE);
	k = p.tree.parent[k];
	CHECK_EQ(p.frames.frames[p.tree.frame[k]].kind, FRAME_UNKNOWN);
	CHECK_STR(frame_name(&p.frames, p.tree.frame[k]), "[unknown]");
	CHECK_EQ(p.duration_ns, 2500000);
	CHECK_EQ(profile_total(&p, 1), 7000);
	tid = labels_find(&p.labels, p.label_set[0], strings_find(&p.strings, STR("tid")));
	CHECK(tid && tid->num == 31);
	profile_fini(&p);
}

TEST(what_is_not_there_is_refused)
{
	CHECK_READS(META "\"pages\":[]}", "x: byte 0: the file has no threads");
	CHECK_READS(META "\"threads\":[{\"name\":\"a\",\"samples\":{}}]}", "x: byte 176: a thread without strings");
	CHECK_READS(META "\"threads\":[{\"stringArray\":[],\"stackTable\":{\"frame\":[0],\"prefix\":[null]}}]}",
		    "x: byte 207: a stack has a frame that is not there");
	CHECK_READS(META "\"threads\":[{\"stringArray\":[],\"stackTable\":{\"frame\":[0]}}]}",
		    "x: byte 207: stacks without the column of their callers");
	CHECK_READS(META "\"threads\":[{\"stringArray\":[],\"frameTable\":{\"func\":[9]}}]}",
		    "x: byte 207: a frame is of no function of the file");
	CHECK_READS(META "\"threads\":[{\"name\":", "x: byte 184: the text ends in the middle");
}

TEST(what_is_written_is_read_back)
{
	struct profile p, q;
	struct buf first, second;
	int64_t values[2] = { 3, 4000 };
	uint32_t stack;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	p.default_type = profile_add_type(&p, STR("cpu"), STR("nanoseconds"));
	stack = stacktree_push(&p.tree, 0, test_frame(&p, "main", "/bin/x", 0x10, false, FRAME_NATIVE));
	stack = stacktree_push(&p.tree, stack, test_frame(&p, "g", "/bin/x", 0x10, true, FRAME_INTERPRETED));
	profile_add(&p, stack, thread_of_samples_label(&p, STR("worker (12)")), values);
	profile_add(&p, p.tree.parent[stack], thread_of_samples_label(&p, STR("13")), values);
	first = written(&p, gecko_write);
	profile_init(&q);
	CHECK_EQ(format_read_bytes(&q, buf_str(&first), "x", NULL), 0);
	CHECK_EQ(q.n_types, 2);
	CHECK_EQ(profile_total(&q, 0), 6);
	CHECK_EQ(profile_total(&q, 1), 8000);
	CHECK(!q.time_ns);
	CHECK_EQ(q.frames.frames[q.tree.frame[q.stack[0]]].kind, FRAME_INTERPRETED);
	second = written(&q, gecko_write);
	CHECK(!second.failed);
	buf_fini(&first);
	buf_fini(&second);
	profile_fini(&p);
	profile_fini(&q);
}

TEST_MAIN(CASE(samples_are_stacks_of_the_table), CASE(tables_may_be_shared),
	  CASE(tables_of_later_versions_are_read), CASE(what_a_frame_is_comes_along),
	  CASE(what_samply_knows_no_name_of_keeps_its_address), CASE(what_is_not_there_is_refused), CASE(what_is_written_is_read_back))
