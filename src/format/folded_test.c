/* SPDX-License-Identifier: Apache-2.0 */
#include "format/folded.h"

#include <errno.h>

#include "base/test.h"
#include "format/format.h"
#include "format/memory_test.h"

static void read_text(struct profile *p, const char *text)
{
	struct err err = { 0 };

	profile_init(p);
	if (format_read_bytes(p, str_of(text), "x.folded", &err) < 0)
		fail_msg("%s", err.text);
}

static void check_refused(const char *text, const char *sentence)
{
	struct profile p;
	struct err err = { 0 };

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, str_of(text), "x.folded", &err), -EBADMSG);
	CHECK_STR(str_of(err.text), sentence);
	profile_fini(&p);
}

static const struct frame *innermost(const struct profile *p, uint32_t row)
{
	return &p->frames.frames[p->tree.frame[p->stack[row]]];
}

static void check_stack(const struct profile *p, uint32_t row, const char *wanted, int64_t count)
{
	char *text = stack_text(p, p->stack[row]);

	CHECK_STR(str_of(text), wanted);
	CHECK_EQ(p->values[row], count);
	free(text);
}

TEST(the_count_follows_the_last_space)
{
	struct profile p;

	read_text(&p, "main;operator new (int) 12\nmain\t3\n");
	CHECK_EQ(p.n, 2);
	check_stack(&p, 0, "main;operator new (int)", 12);
	check_stack(&p, 1, "main", 3);
	CHECK_EQ(innermost(&p, 0)->kind, FRAME_NATIVE);
	CHECK_STR(strings_get(&p.strings, p.types[0].type), "samples");
	profile_fini(&p);
}

TEST(equal_stacks_become_one_row)
{
	struct profile p;

	read_text(&p, "a;b 1\na;c 2\na;b 4\na 8\na;b;c 16\n");
	CHECK_EQ(p.n, 4);
	check_stack(&p, 0, "a;b", 5);
	check_stack(&p, 3, "a;b;c", 16);
	CHECK_EQ(p.tree.n, 5);
	profile_fini(&p);
}

TEST(blank_lines_comments_and_carriage_returns_are_passed_over)
{
	struct profile p;

	read_text(&p, "\n# made by hand\r\n\r\na;b 1\r\n   \na;b 2");
	CHECK_EQ(p.n, 1);
	check_stack(&p, 0, "a;b", 3);
	profile_fini(&p);
}

TEST(counts_with_a_fraction_are_rounded)
{
	struct profile p;

	read_text(&p, "a 1.5\nb 0.4\nc 1e3\nd 4294967296\ne 9223372036854775807\n");
	check_stack(&p, 0, "a", 2);
	check_stack(&p, 1, "b", 0);
	check_stack(&p, 2, "c", 1000);
	check_stack(&p, 3, "d", (int64_t)1 << 32);
	check_stack(&p, 4, "e", INT64_MAX);
	profile_fini(&p);
}

TEST(a_difference_has_counts_below_zero)
{
	struct profile p;
	struct buf out;

	read_text(&p, "a -5\na;b -1.5\nc 3\n");
	check_stack(&p, 0, "a", -5);
	check_stack(&p, 1, "a;b", -2);
	out = written(&p, folded_write);
	CHECK_STR(buf_str(&out), "a -5\na;b -2\nc 3\n");
	buf_fini(&out);
	profile_fini(&p);
}

TEST(two_counts_a_line_are_base_and_new)
{
	struct profile p;
	struct buf out;

	read_text(&p, "main;f 1 5 7\nmain;g 0 2.6\nmain;f 1 1 0\n");
	CHECK_EQ(p.n_types, 2);
	CHECK_STR(strings_get(&p.strings, p.types[0].type), "base");
	CHECK_STR(strings_get(&p.strings, p.types[1].type), "new");
	CHECK_EQ(p.default_type, 1);
	CHECK_EQ(p.n, 2);
	CHECK_EQ(p.values[0], 6);
	CHECK_EQ(p.values[1], 7);
	CHECK_EQ(p.values[3], 3);
	out = written(&p, folded_columns_write);
	CHECK_STR(buf_str(&out), "# base/count *new/count\nmain;f 1 6 7\nmain;g 0 3\n");
	buf_fini(&out);
	profile_fini(&p);
	/* one line that has only one count: its number belongs to the name in the others */
	read_text(&p, "main;f 1 5\nmain 3\n");
	CHECK_EQ(p.n_types, 1);
	check_stack(&p, 0, "main;f 1", 5);
	profile_fini(&p);
}

TEST(columns_keep_the_types_that_were_written)
{
	struct profile p, q;
	struct buf out, again;

	read_text(&p, "# samples/count *cpu/nanoseconds my_heap/bytes\n"
		  "main;f 1 10000000 0\n; 0 0 7\nmain 0 0 0\n");
	CHECK_EQ(p.n_types, 3);
	CHECK_EQ(p.default_type, 1);
	CHECK_EQ(profile_total(&p, 2), 7);
	out = written(&p, folded_columns_write);
	CHECK_STR(buf_str(&out), "# samples/count *cpu/nanoseconds my_heap/bytes\n"
		  "[no stack] 0 0 7\nmain;f 1 10000000 0\n");
	profile_init(&q);
	CHECK_EQ(format_read_bytes(&q, buf_str(&out), "x", NULL), 0);
	again = written(&q, folded_columns_write);
	CHECK_EQ(again.n, out.n);
	CHECK_EQ(profile_total(&q, 2), 7);
	buf_fini(&out);
	buf_fini(&again);
	profile_fini(&p);
	profile_fini(&q);
	check_refused("# a/count b/count\nmain 1 2\nmain 1\n",
		      "x.folded:3: expected a stack and a count for each column, found 'main 1'");
}

TEST(sums_that_do_not_fit_stay_at_the_limit)
{
	struct profile p;

	read_text(&p, "a 9223372036854775807\na 1\n");
	check_stack(&p, 0, "a", INT64_MAX);
	profile_fini(&p);
}

TEST(suffixes_that_people_know_become_kinds)
{
	static const struct {
		const char *text, *name;
		enum frame_kind kind;
		bool inlined;
	} rows[] = {
		{ "do_read_[k] 1\n", "do_read", FRAME_KERNEL, false },
		{ "Main.run_[j] 1\n", "Main.run", FRAME_JIT, false },
		{ "Main.get_[i] 1\n", "Main.get", FRAME_JIT, true },
		{ "Main.slow_[0] 1\n", "Main.slow", FRAME_INTERPRETED, false },
		{ "Main.warm_[1] 1\n", "Main.warm", FRAME_C1, false },
		{ "odd_[x] 1\n", "odd_[x]", FRAME_NATIVE, false },
		{ "_[k] 1\n", "_[k]", FRAME_NATIVE, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct profile p;

		read_text(&p, rows[i].text);
		check_stack(&p, 0, rows[i].name, 1);
		CHECK_EQ(innermost(&p, 0)->kind, rows[i].kind);
		CHECK_EQ(innermost(&p, 0)->inlined, rows[i].inlined);
		profile_fini(&p);
	}
}

TEST(empty_names_are_passed_over)
{
	struct profile p;

	read_text(&p, ";;a;;b; 1\na;;b;;c 2\na;;b;;d 3\n; 4\n");
	check_stack(&p, 0, "a;b", 1);
	check_stack(&p, 1, "a;b;c", 2);
	check_stack(&p, 2, "a;b;d", 3);
	check_stack(&p, 3, "", 4);
	profile_fini(&p);
}

TEST(bytes_that_are_not_utf8_are_kept)
{
	struct profile p;
	struct buf out;

	read_text(&p, "caf\xe9;\xff\xfe 1\n");
	check_stack(&p, 0, "caf\xe9;\xff\xfe", 1);
	out = written(&p, folded_write);
	CHECK_STR(buf_str(&out), "caf\xe9;\xff\xfe 1\n");
	buf_fini(&out);
	profile_fini(&p);
}

#define NOTHING_ELSE "; and it is in no other format that Sonde reads"

TEST(a_bad_line_is_named)
{
	check_refused("a 1\nb 2\nno count here\n",
		      "x.folded:3: expected 'frame;frame;frame count', found 'no count here'");
	check_refused("a;b --1\n", "x.folded:1: expected 'frame;frame;frame count', found 'a;b --1'" NOTHING_ELSE);
	check_refused("a 99999999999999999999999999\n", "x.folded:1: expected 'frame;frame;frame count', "
		      "found 'a 99999999999999999999999999'" NOTHING_ELSE);
	check_refused("a 1\nb", "x.folded:2: expected 'frame;frame;frame count', found 'b'");
	check_refused("m;a nan\n", "x.folded:1: expected 'frame;frame;frame count', found 'm;a nan'" NOTHING_ELSE);
}

TEST(lines_share_what_they_begin_with_across_chunks)
{
	struct buf text = { 0 };
	struct profile p;

	for (int i = 0; i < 60000; i++)	/* about a MiB: several chunks */
		buf_addf(&text, "main;common;f%d;g 1\n", i % 1000);
	buf_add_u8(&text, '\0');
	read_text(&p, text.p);
	CHECK_EQ(p.n, 1000);
	CHECK_EQ(p.tree.n, 1 + 2 + 2000);
	CHECK_EQ(profile_total(&p, 0), 60000);
	check_stack(&p, 999, "main;common;f999;g", 60);
	profile_fini(&p);
	buf_fini(&text);
}

TEST(a_deep_stack_is_read_and_written_without_recursion)
{
	struct buf text = { 0 }, out;
	struct profile p;

	for (int i = 0; i < 100000; i++)
		buf_addf(&text, "f%d;", i & 7);
	buf_addf(&text, "leaf 1\n");
	buf_add_u8(&text, '\0');
	read_text(&p, text.p);
	CHECK_EQ(stacktree_depth(&p.tree, p.stack[0]), 100001);
	out = written(&p, folded_write);
	CHECK_STR(buf_str(&out), text.p);
	profile_fini(&p);
	buf_fini(&out);
	buf_fini(&text);
}

TEST(frames_of_one_name_are_one_when_written)
{
	struct profile p;
	int64_t one = 1;
	struct buf out;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	for (uint32_t i = 1; i <= 3; i++)
		profile_add(&p, stacktree_push(&p.tree, 0, test_frame(&p, "f", NULL, i, false,
								      FRAME_NATIVE)), 0, &one);
	out = written(&p, folded_write);
	CHECK_STR(buf_str(&out), "f 3\n");
	buf_fini(&out);
	profile_fini(&p);
}

TEST(separators_in_names_are_replaced_and_nameless_frames_named_by_address)
{
	struct profile p;
	int64_t one = 1;
	uint32_t at;
	struct buf out;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	at = stacktree_push(&p.tree, 0, test_frame(&p, "[u8; 4]\nx", NULL, 0, false, FRAME_NATIVE));
	at = stacktree_push(&p.tree, at, test_frame(&p, "", "/lib/libc.so.6", 0x1f0, false,
						    FRAME_LIBRARY));
	at = stacktree_push(&p.tree, at, test_frame(&p, "", NULL, 0x1f0, false, FRAME_UNKNOWN));
	at = stacktree_push(&p.tree, at, test_frame(&p, "", NULL, 0, false, FRAME_UNKNOWN));
	profile_add(&p, at, 0, &one);
	out = written(&p, folded_write);
	CHECK_STR(buf_str(&out), "[u8: 4] x;libc.so.6+0x1f0;0x1f0;[unknown] 1\n");
	buf_fini(&out);
	profile_fini(&p);
}

TEST_MAIN(CASE(the_count_follows_the_last_space),
	  CASE(equal_stacks_become_one_row),
	  CASE(blank_lines_comments_and_carriage_returns_are_passed_over),
	  CASE(counts_with_a_fraction_are_rounded),
	  CASE(a_difference_has_counts_below_zero),
	  CASE(two_counts_a_line_are_base_and_new),
	  CASE(columns_keep_the_types_that_were_written),
	  CASE(sums_that_do_not_fit_stay_at_the_limit),
	  CASE(suffixes_that_people_know_become_kinds),
	  CASE(empty_names_are_passed_over),
	  CASE(bytes_that_are_not_utf8_are_kept),
	  CASE(a_bad_line_is_named),
	  CASE(lines_share_what_they_begin_with_across_chunks),
	  CASE(a_deep_stack_is_read_and_written_without_recursion),
	  CASE(frames_of_one_name_are_one_when_written),
	  CASE(separators_in_names_are_replaced_and_nameless_frames_named_by_address))
