/* SPDX-License-Identifier: Apache-2.0 */
#include "format/heapprofile.h"

#include "format/reading_test.h"

#define MAPS "MAPPED_LIBRARIES:\n1000-2000 r--p 00000000 00:00 1    /bin/app\n"       \
	"2000-3000 r-xp 00001000 00:00 1    /bin/my app\n9000-a000 r-xp 00000000 00:00 2 /usr/lib/libjemalloc.so.2\n" \
	"b000-c000 r-xp 00000000 00:00 0\n"

TEST(callers_are_looked_up_before_the_place_they_return_to)
{
	const struct module *module;
	struct profile p;

	read_text(&p, "heap profile:      8:       96 [     9:      120] @ heapprofile\n"
		  "     8:       96 [     9:      120] @ 0x2100 0x2200 0xb010\n\n" MAPS);
	CHECK_EQ(p.n, 1);
	CHECK_EQ(p.n_types, 4);
	CHECK_EQ(p.values[0], 9);
	CHECK_EQ(p.values[1], 120);
	CHECK_EQ(p.values[2], 8);
	CHECK_EQ(p.values[3], 96);
	CHECK_STR(strings_get(&p.strings, p.types[p.default_type].type), "inuse_space");
	CHECK_EQ(stacktree_depth(&p.tree, p.stack[0]), 3);
	CHECK_EQ(innermost(&p, 0)->address, 0x20ff);
	module = &p.frames.modules[innermost(&p, 0)->module];
	CHECK_STR(strings_get(&p.strings, module->path), "/bin/my app");
	CHECK_EQ(module->start, 0x2000);
	CHECK_EQ(module->offset, 0x1000);
	profile_fini(&p);
}

TEST(what_was_sampled_is_scaled)
{
	struct profile p;

	/* 1 / (1 - exp(-12 / 24)) = 2.5415 */
	read_text(&p, "heap profile: 8: 96 [0: 0] @ heap_v2/24\n8: 96 [0: 0] @ 0x2100\n");
	CHECK_EQ(p.n_types, 2);
	CHECK_EQ(p.values[0], 20);
	CHECK_EQ(p.values[1], 244);
	CHECK_EQ(p.period, 24);
	profile_fini(&p);
	/* version 1: one in 24, written as 48; larger ones are all there */
	read_text(&p, "heap profile: 9: 196 [0: 0] @ heap/48\n8: 96 [0: 0] @ 0x2100\n1: 100 [0: 0] @ 0x2200\n");
	CHECK_EQ(p.values[0], 16);
	CHECK_EQ(p.values[1], 192);
	CHECK_EQ(p.values[3], 100);
	profile_fini(&p);
}

TEST(jemallocs_counts_follow_their_stack_and_its_own_frames_are_left_out)
{
	struct profile p;

	read_text(&p, "heap_v2/1\n  t*: 9: 1000 [0: 0]\n  t3: 9: 1000 [0: 0]\n@ 0x9100 0x9200 0x2100 0x2200\n"
		  "  t*: 8: 800 [0: 0]\n  t1: 8: 800 [0: 0]\n@ 0x9100\n  t*: 1: 200 [0: 0]\n  t3: 1: 200 [0: 0]\n\n"
		  MAPS);
	CHECK_EQ(p.n, 2);
	CHECK_EQ(p.values[1], 800);
	CHECK_EQ(stacktree_depth(&p.tree, p.stack[0]), 2);
	CHECK_EQ(innermost(&p, 0)->address, 0x20ff);
	CHECK_EQ(innermost(&p, 1)->address, 0x90ff);	/* there is nothing else */
	profile_fini(&p);
}

/* Go's, debug=1: the rate is told twice, names stand below, and all is scaled as in its protobuf. */
TEST(gos_text_has_names_and_is_scaled_as_its_protobuf)
{
	struct profile p;
	const struct frame *f;

	read_text(&p, "heap profile: 8: 96 [8: 96] @ heap/48\n8: 96 [8: 96] @ 0x2100 0x2200\n"
		  "#\t0x20ff\tmain.keep+0xb0\t/a/keep.go:3\n\n# runtime.MemStats\n# Alloc = 5\n");
	CHECK_EQ(p.n, 1);
	CHECK_EQ(p.values[2], 20);
	CHECK_EQ(p.values[3], 244);
	CHECK_EQ(p.period, 24);
	f = innermost(&p, 0);
	CHECK_STR(strings_get(&p.strings, p.frames.functions[f->function].name), "main.keep");
	CHECK_EQ(f->line, 3);
	CHECK_EQ(stacktree_depth(&p.tree, p.stack[0]), 1);
	profile_fini(&p);
}

TEST(damage_is_named_with_its_line)
{
	check_refused("heap profile: 8 96\n", "x:1: expected 'heap profile: OBJECTS: BYTES [OBJECTS: BYTES]'");
	check_refused("heap_v2/x\n", "x:1: expected a number of bytes behind the '/'");
	check_refused("heap_v2/0\n", "x:1: expected a number of bytes behind the '/'");
	check_refused("heap profile: 8: 96 [9: 120] @ heapprofile\n8: 96 [9: 120]\n", "x:2: expected '@ ADDRESSES'");
	check_refused("heap profile: 8: 96 [9: 120] @ heapprofile\n8: 96 [9: 120] @ main\n",
		      "x:2: expected addresses behind the '@'");
	check_refused("heap_v2/1\n@ 0x1\n  t*: 8 96\n", "x:3: expected 't*: OBJECTS: BYTES [OBJECTS: BYTES]'");
	check_refused("heap_v2/1\nwhat\n",
		      "x:2: expected '@ ADDRESSES' or 't*: OBJECTS: BYTES [OBJECTS: BYTES]'");
}

TEST_MAIN(CASE(callers_are_looked_up_before_the_place_they_return_to), CASE(what_was_sampled_is_scaled),
	  CASE(jemallocs_counts_follow_their_stack_and_its_own_frames_are_left_out), CASE(gos_text_has_names_and_is_scaled_as_its_protobuf),
	  CASE(damage_is_named_with_its_line))
