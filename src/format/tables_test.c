/* SPDX-License-Identifier: Apache-2.0 */
#include "format/tables.h"

#include "base/test.h"
#include "format/memory_test.h"

static void check_written(const struct profile *p, write_fn *write, const char *wanted)
{
	struct buf bytes = written(p, write);

	CHECK(!bytes.failed);
	CHECK_STR(buf_str(&bytes), wanted);
	buf_fini(&bytes);
}

static void add(struct profile *p, uint32_t outer, uint32_t inner, int64_t value)
{
	uint32_t stack = stacktree_push(&p->tree, 0, outer);

	profile_add(p, inner ? stacktree_push(&p->tree, stack, inner) : stack, 0, &value);
}

static void make(struct profile *p, const char *name)
{
	uint32_t outer, inner;

	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	outer = test_frame(p, "main", "/bin/x", 0x10, false, FRAME_NATIVE);
	inner = test_frame(p, name, NULL, 0x20, false, FRAME_JIT);
	add(p, outer, 0, 1);
	add(p, outer, inner, 3);
}

TEST(a_table_has_the_costliest_first)
{
	struct profile p;

	make(&p, "f(int, \"x\")");
	check_written(&p, csv_write, "function,module,file,line,kind,self_samples_count,total_samples_count\n"
				     "\"f(int, \"\"x\"\")\",,,0,jit,3,3\n"
				     "main,/bin/x,,0,native,1,4\n");
	check_written(&p, tsv_write, "function\tmodule\tfile\tline\tkind\tself_samples_count\t"
				     "total_samples_count\nf(int, \"x\")\t\t\t0\tjit\t3\t3\n"
				     "main\t/bin/x\t\t0\tnative\t1\t4\n");
	profile_fini(&p);
}

TEST(a_separator_in_a_name_ends_nothing)
{
	struct profile p;

	make(&p, "a\tb\nc");
	check_written(&p, tsv_write, "function\tmodule\tfile\tline\tkind\tself_samples_count\t"
				     "total_samples_count\na b c\t\t\t0\tjit\t3\t3\n"
				     "main\t/bin/x\t\t0\tnative\t1\t4\n");
	check_written(&p, csv_write, "function,module,file,line,kind,self_samples_count,total_samples_count\n"
				     "\"a\tb\nc\",,,0,jit,3,3\nmain,/bin/x,,0,native,1,4\n");
	profile_fini(&p);
}

TEST(a_picture_has_boxes_and_arrows)
{
	struct profile p;
	struct buf bytes;

	make(&p, "say \"hi\"\\n");
	bytes = written(&p, dot_write);
	buf_add_u8(&bytes, '\0');
	CHECK(strstr(bytes.p, "label=\"say \\\"hi\\\"\\\\n\\n3 (75.0%)\""));
	CHECK(strstr(bytes.p, "label=\"main\\nx\\n1 (25.0%)\\nof 4 (100.0%)\""));
	CHECK(strstr(bytes.p, " -> "));
	buf_fini(&bytes);
	profile_fini(&p);
}

/* Both stacks are main's: one event, as long as both. */
TEST(a_trace_has_each_call_once)
{
	struct profile p;

	make(&p, "f");
	check_written(&p, chrome_write,
		      "{\"displayTimeUnit\":\"ms\",\"traceEvents\":["
		      "{\"name\":\"f\",\"cat\":\"jit\",\"ph\":\"X\",\"ts\":1.000,\"dur\":3.000,\"pid\":0,\"tid\":1},"
		      "{\"name\":\"main\",\"cat\":\"native\",\"ph\":\"X\",\"ts\":0.000,\"dur\":4.000,\"pid\":0,"
		      "\"tid\":1}]}\n");
	profile_fini(&p);
}

TEST(a_gap_in_time_ends_what_is_open)
{
	static const uint64_t times[] = { 9000, 0, 1000 };	/* nanoseconds, not in order */
	int64_t value = 1000;
	struct buf bytes;
	struct profile p;
	uint32_t stack;

	profile_init(&p);
	profile_add_type(&p, STR("cpu"), STR("nanoseconds"));
	stack = stacktree_push(&p.tree, 0, test_frame(&p, "main", NULL, 1, false, FRAME_NATIVE));
	for (int i = 0; i < 3; i++)
		profile_add_at(&p, stack, 0, times[i], &value);
	bytes = written(&p, chrome_write);
	buf_add_u8(&bytes, '\0');
	CHECK(strstr(bytes.p, "\"ts\":0.000,\"dur\":2.000"));
	CHECK(strstr(bytes.p, "\"ts\":9.000,\"dur\":1.000"));
	buf_fini(&bytes);
	profile_fini(&p);
}

TEST_MAIN(CASE(a_trace_has_each_call_once), CASE(a_gap_in_time_ends_what_is_open), CASE(a_table_has_the_costliest_first), CASE(a_separator_in_a_name_ends_nothing),
	  CASE(a_picture_has_boxes_and_arrows))
