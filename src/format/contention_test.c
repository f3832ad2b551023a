/* SPDX-License-Identifier: Apache-2.0 */
#include "format/contention.h"

#include "format/reading_test.h"

#define MUTEX "--- mutex:\ncycles/second=2000000000\nsampling period=5\n"

TEST(cycles_are_time_and_each_event_stands_for_a_period)
{
	struct profile p;

	read_text(&p, MUTEX "400 3 @ 0x2101 0x2201\n");
	CHECK_EQ(p.n, 1);
	CHECK_EQ(p.values[0], 15);
	CHECK_EQ(p.values[1], 1000);
	CHECK_STR(strings_get(&p.strings, p.types[p.default_type].type), "delay");
	CHECK_EQ(innermost(&p, 0)->address, 0x2100);
	profile_fini(&p);
	/* gperftools': blanks, and without a frequency cycles are nanoseconds */
	read_text(&p, "--- contentionz 1 ---\ncycles/second = 1000000000\nms since reset = 5\n  7 1 @ 0x2101\n");
	CHECK_EQ(p.values[1], 7);
	profile_fini(&p);
}

TEST(what_go_names_is_named)
{
	struct profile p;
	const struct frame *f;

	read_text(&p, MUTEX "2 1 @ 0x2101 0x2102 0x2103\n#\t0x2101\tsync.(*Mutex).Unlock+0x5a\t/go/mutex.go:65\n"
		  "#\t0x2102\tmain.main+0x1\t\t/home/a b/x.go:7\n\n4 2 @ 0x99\n# remark\n");
	CHECK_EQ(p.n, 2);
	CHECK_EQ(stacktree_depth(&p.tree, p.stack[0]), 2);
	f = innermost(&p, 0);
	CHECK_STR(strings_get(&p.strings, p.frames.functions[f->function].name), "sync.(*Mutex).Unlock");
	CHECK_EQ(f->line, 65);
	f = &p.frames.frames[p.tree.frame[p.tree.parent[p.stack[0]]]];
	CHECK_STR(strings_get(&p.strings, p.frames.functions[f->function].name), "main.main");
	CHECK_STR(strings_get(&p.strings, p.frames.functions[f->function].file), "/home/a b/x.go");
	CHECK_EQ(innermost(&p, 1)->address, 0x98);
	profile_fini(&p);
}

TEST(a_profile_without_waiting_has_no_rows)
{
	struct profile p;

	read_text(&p, "--- contention:\ncycles/second=2000000000\n");
	CHECK_EQ(p.n, 0);
	CHECK_EQ(p.n_types, 2);
	profile_fini(&p);
}

TEST(damage_is_named_with_its_line)
{
	check_refused(MUTEX "400 @ 0x1\n", "x:4: expected 'CYCLES EVENTS @ ADDRESSES'");
	check_refused(MUTEX "400 3 0x1\n", "x:4: expected 'CYCLES EVENTS @ ADDRESSES'");
	check_refused(MUTEX "400 3 @ main\n", "x:4: expected addresses behind the '@'");
	check_refused(MUTEX "4 3 @ 0x1\nwhat=5\n", "x:5: expected 'CYCLES EVENTS @ ADDRESSES'");
}

TEST_MAIN(CASE(cycles_are_time_and_each_event_stands_for_a_period), CASE(what_go_names_is_named),
	  CASE(a_profile_without_waiting_has_no_rows), CASE(damage_is_named_with_its_line))
