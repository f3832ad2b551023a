/* SPDX-License-Identifier: Apache-2.0 */
#include "format/massif.h"

#include "format/folded.h"
#include "format/reading_test.h"

#define HEAD "desc: --massif-out-file=x\ncmd: ./h a b\ntime_unit: i\n"
#define SNAPSHOT(n, kind) "#-----------\nsnapshot=" n "\n#-----------\ntime=20" n "\nmem_heap_B=100\n" \
	"mem_heap_extra_B=8\nmem_stacks_B=0\nheap_tree=" kind "\n"

static void check_folded(const struct profile *p, const char *wanted)
{
	struct buf out = written(p, folded_write);

	CHECK_STR(buf_str(&out), wanted);
	buf_fini(&out);
}

TEST(the_peak_is_shown_outermost_callers_first)
{
	struct profile p;
	const struct frame *f;

	read_text(&p, HEAD SNAPSHOT("0", "empty") SNAPSHOT("1", "detailed") "n0: 5 (heap allocation functions)\n"
		  SNAPSHOT("2", "peak")
		  "n3: 100 (heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n"
		  " n2: 70 0x109164: leaf (h.c:3)\n"
		  "  n1: 40 0x109175: mid (h.c:4)\n"
		  "   n0: 30 0x1091E8: main (h.c:6)\n"
		  "  n0: 30 0x1091E8: main (h.c:6)\n"
		  " n0: 20 in 3 places, all below massif's threshold (1.00%)\n"
		  " n1: 10 0x4840B0: ??? (in /usr/lib/libx.so)\n"
		  "  n0: 10 0x4840C0: operator new(unsigned long) (new_op.cc:50)\n"
		  SNAPSHOT("3", "detailed") "n0: 7 (heap allocation functions)\n");
	/* ten of mid's forty bytes have callers that are not in the tree */
	check_folded(&p, "main;mid;leaf 30\nmain;leaf 30\nmid;leaf 10\n[places below massif's threshold] 20\n"
		     "operator new(unsigned long);[libx.so] 10\n");
	CHECK_STR(strings_get(&p.strings, p.types[0].type), "inuse_space");
	CHECK_STR(strings_get(&p.strings, p.types[0].unit), "bytes");
	f = &p.frames.frames[p.tree.frame[p.stack[0]]];
	CHECK_EQ(p.n, 5);
	CHECK_STR(strings_get(&p.strings, p.comments[1]), "massif cmd: ./h a b");
	CHECK_STR(strings_get(&p.strings, p.comments[3]),
		  "sonde: note massif snapshot 2 (the peak) at 202, one of 3 with a tree; beside the heap: 8 bytes of "
		  "administration, 0 of stacks");
	CHECK(f->line == 3 || f->line == 4);
	profile_fini(&p);
}

TEST(without_a_peak_the_last_tree_is_shown)
{
	struct profile p;

	read_text(&p, HEAD SNAPSHOT("1", "detailed") "n0: 5 (heap allocation functions)\n"
		  SNAPSHOT("2", "detailed") "n1: 7 (heap allocation functions)\n n0: 7 0x1: f (a.c:1)\n");
	check_folded(&p, "f 7\n");
	profile_fini(&p);
}

TEST(frames_of_one_address_were_inlined)
{
	struct profile p;
	const struct frame *f;

	read_text(&p, HEAD SNAPSHOT("1", "peak") "n1: 7 (heap allocation functions)\n"
		  " n1: 7 0x11: inner (a.c:1)\n  n1: 7 0x11: outer (a.c:2)\n   n0: 7 0x12: main (a.c:3)\n");
	check_folded(&p, "main;outer;inner 7\n");
	f = &p.frames.frames[p.tree.frame[p.stack[0]]];
	CHECK_EQ(f->inlined, 1);
	f = &p.frames.frames[p.tree.frame[p.tree.parent[p.stack[0]]]];
	CHECK_EQ(f->inlined, 0);
	profile_fini(&p);
}

TEST(damage_is_named)
{
	check_refused(HEAD SNAPSHOT("1", "empty"),
		      "x holds no snapshot with a tree: run massif with --detailed-freq=1");
	check_refused(HEAD SNAPSHOT("1", "peak") "n1: 7 (heap)\n  n0: 7 0x12: main (a.c:3)\n",
		      "x:13: the place is not below another one of the tree");
	check_refused(HEAD SNAPSHOT("1", "peak") "n1: 7 (heap)\n n0: 8 0x12: main (a.c:3)\n",
		      "x:12: the parts of this place are more than its whole");
	check_refused(HEAD SNAPSHOT("1", "peak") "what: 7\n", "x:12: expected 'nCOUNT: BYTES PLACE'");
	check_refused(HEAD SNAPSHOT("x", "peak"), "x:5: expected a number behind the '='");
}

TEST_MAIN(CASE(the_peak_is_shown_outermost_callers_first), CASE(without_a_peak_the_last_tree_is_shown),
	  CASE(frames_of_one_address_were_inlined), CASE(damage_is_named))
