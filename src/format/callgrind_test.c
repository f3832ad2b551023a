/* SPDX-License-Identifier: Apache-2.0 */
#include "format/callgrind.h"

#include "base/test.h"
#include "format/memory_test.h"

#define HEAD "version: 1\npositions: line\nevents: Ir\n"

TEST(costs_belong_to_lines_of_functions)
{
	CHECK_READS(HEAD "fl=a.c\nfn=main\n3 5\n4 7\n", "main 12\n");
	CHECK_READS("events: Ir\n\nfl=(1) a.c\nfn=(1) main\n3 5\n+2 1\n* 2\n-4 3\nfn=(2) f\n0x10 4\nfn=(1)\n1 1\n",
		    "main 12\nf 4\n");
}

TEST(a_call_costs_what_it_leads_to)
{
	/* main: 10 by itself; f: 100, of which 40 for one call of g, called by main (2/3) and h (1/3) */
	CHECK_READS(HEAD "fn=main\n1 10\ncfn=f\ncalls=2 1\n2 66\ncfn=h\ncalls=1 1\n3 38\n"
		    "fn=h\n1 4\ncfn=f\ncalls=1 1\n1 34\nfn=f\n1 60\ncfn=g\ncalls=9 1\n2 40\nfn=g\n1 40\n",
		    "main 10\nmain;f 40\nmain;f;g 26\nmain;h 4\nmain;h;f 20\nmain;h;f;g 14\n");
}

TEST(functions_that_call_each_other_end)
{
	CHECK_READS(HEAD "fn=a\n1 10\ncfn=b\ncalls=1 1\n1 20\nfn=b\n1 5\ncfn=a\ncalls=1 1\n1 15\n",
		    "a 10\na;b 5\n");
}

TEST(every_event_and_the_calls_are_value_types)
{
	struct profile p;

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, STR("positions: instr line\nevents: Ir Dr\nfn=main\n0x40 3 5\n"
					   "0x44 4 7 2\ncfn=f\ncalls=3 1\n0x48 5 1 1\nfn=f\n+8 9 1 1\n"),
				   "x", NULL), 0);
	CHECK_EQ(p.n_types, 3);
	CHECK_EQ(profile_total(&p, 0), 13);
	CHECK_EQ(profile_total(&p, 1), 3);
	CHECK_EQ(profile_total(&p, 2), 3);
	profile_fini(&p);
}

TEST(damage_is_named_by_its_line)
{
	CHECK_READS("events: Ir\n3 5\n", "x:2: costs stand before the first 'fn='");
	CHECK_READS("version: 1\nevents:\n", "x:2: no events");
	CHECK_READS("# callgrind format\nfn=a\n1 2\nevents: Ir\n",
		    "x:3: costs stand before the line 'events:'");
	CHECK_READS(HEAD "fn=(1)\n", "x:4: a number stands for a name that was not given");
	CHECK_READS(HEAD "fn=(99999999) a\n", "x:4: a name has a number above 16777215");
	CHECK_READS(HEAD "fn=a\n1 2 3\n", "x:5: more costs than events");
	CHECK_READS(HEAD "fn=a\n1 x\n", "x:5: a cost that is no number");
	CHECK_READS(HEAD "fn=a\ncalls=x\n", "x:5: expected 'calls=COUNT POSITION'");
	CHECK_READS(HEAD "hello\n", "x:4: expected costs, 'key=value' or 'key: value'");
	CHECK_READS("# callgrind format\n", "x has no line 'events:'");
}

TEST(what_is_written_is_read_back)
{
	static const char text[] = HEAD "fl=a.c\nfn=main\n1 10\ncfn=f\ncalls=2 1\n2 60\nfn=f\n7 60\n";
	struct profile p, q;
	struct buf first, folded;

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, str_of(text), "x", NULL), 0);
	first = written(&p, callgrind_write);
	profile_init(&q);
	CHECK_EQ(format_read_bytes(&q, buf_str(&first), "x", NULL), 0);
	folded = written(&q, folded_write);
	CHECK_STR(buf_str(&folded), "main 10\nmain;f 60\n");
	CHECK_EQ(profile_total(&q, 1), 2);
	buf_fini(&first);
	buf_fini(&folded);
	profile_fini(&p);
	profile_fini(&q);
}

TEST_MAIN(CASE(costs_belong_to_lines_of_functions), CASE(a_call_costs_what_it_leads_to),
	  CASE(functions_that_call_each_other_end), CASE(every_event_and_the_calls_are_value_types),
	  CASE(damage_is_named_by_its_line), CASE(what_is_written_is_read_back))
