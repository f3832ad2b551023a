/* SPDX-License-Identifier: Apache-2.0 */
#include "format/v8log.h"

#include <errno.h>

#include "format/reading_test.h"
#include "format/v8codes.h"

#define HEAD "v8-version,11,3,244,8,-node.38,0\nv8-platform,linux,linux\n"                   \
	"shared-library,/usr/bin/node,0x400000,0x900000,0\nshared-library-end\n"             \
	"code-creation,Builtin,2,11,0x500000,256,JSEntry\n"                                   \
	"code-creation,JS,10,53,0x7000,16, /srv/a.js:1:1,0x1,~\n"                            \
	"code-creation,JS,10,53,0x7100,16,outer /srv/my app.js:2:15,0x2,~\n"                 \
	"code-creation,JS,13,54,0x8000,64,hot file:///srv/a.js:1:13,0x3,*\n"

TEST(ticks_are_stacks_of_what_was_there)
{
	struct profile p;
	const struct frame *f;
	const struct label *labels;
	uint32_t n;

	read_text(&p, HEAD "tick,0x8010,1000,0,0x0,0,0x7105,-0x100,0x500010\n");
	CHECK_EQ(p.n, 1);
	CHECK_EQ(p.time_ns[0], 1000000);
	CHECK_EQ(stacktree_depth(&p.tree, p.stack[0]), 4);
	f = innermost(&p, 0);
	CHECK_EQ(f->kind, FRAME_TURBOFAN);
	CHECK_STR(frame_name(&p.frames, p.tree.frame[p.stack[0]]), "hot");
	CHECK_STR(strings_get(&p.strings, p.frames.functions[f->function].file), "/srv/a.js");
	CHECK_EQ(p.frames.functions[f->function].start_line, 1);
	labels = labels_get(&p.labels, p.label_set[0], &n);
	CHECK_EQ(n, 1);
	CHECK_STR(strings_get(&p.strings, labels->str), "js");
	profile_fini(&p);
	CHECK_READS(HEAD "tick,0x8010,1000,0,0x0,0,0x7105,-0x100,0x500010\n",
		    "JSEntry;(anonymous a.js:1:1);outer;hot 1\n");
}

TEST(code_moves_and_makes_place)
{
	CHECK_READS(HEAD "tick,0x8010,1,0,0x0,0\ncode-move,0x8000,0x9000\ntick,0x9010,2,0,0x0,0\ntick,0x8010,3,0,0x0,0\n"
		    "code-creation,JS,13,54,0x9020,64,new /srv/a.js:9:1,0x3,+\ntick,0x9010,4,0,0x0,0\n"
		    "tick,0x9030,4,0,0x0,0\ncode-delete,0x9020\ntick,0x9030,5,0,0x0,0\n",
		    "hot 2\n[unknown] 3\nnew 1\n");
}

TEST(the_collector_is_a_frame_and_a_callback_is_where_it_begins)
{
	struct profile p;

	read_text(&p, HEAD "tick,0x600000,1,0,0x0,1,0x7105\ntick,0x600000,2,1,0x700000,6\n");
	CHECK_EQ(stacktree_depth(&p.tree, p.stack[0]), 3);
	CHECK_STR(frame_name(&p.frames, p.tree.frame[p.tree.parent[p.stack[0]]]), "(garbage collector)");
	CHECK_EQ(innermost(&p, 0)->address, 0x600000);
	CHECK_STR(strings_get(&p.strings, p.frames.modules[innermost(&p, 0)->module].path), "/usr/bin/node");
	CHECK_EQ(innermost(&p, 1)->address, 0x700000);
	profile_fini(&p);
}

TEST(names_are_read_with_their_escapes)
{
	CHECK_READS(HEAD "code-creation,RegExp,5,1,0xa000,16,a\\x2Cb\\\\d\ntick,0xa001,1,0,0x0,0\n", "RegExp: a,b\\d 1\n");
	CHECK_READS(HEAD "code-creation,LazyCompile,0,1,0xa000,16,old.name /x.js:3:4,0x1,*\ntick,0xa001,1,0,0x0,0\n",
		    "old.name 1\n");
	CHECK_READS(HEAD "code-creation,JS,0,1,0xa000,16,get size /my dir/x.js:3:4,0x1,*\ntick,0xa001,1,0,0x0,0\n",
		    "get size 1\n");
	CHECK_READS(HEAD "code-creation,JS,0,1,0xa000,16,,0x1,\ntick,0xa001,1,0,0x0,0\n", "(anonymous) 1\n");
}

TEST(lines_that_are_none_are_counted_and_no_ticks_are_refused)
{
	struct profile p;
	struct err err = { 0 };

	read_text(&p, HEAD "tick,what\ntick,0x8010,1,0,0x0,0\ncode-move,0x1\ntick,0x8010,1,0,0x0,0,zero\n");
	CHECK_EQ(p.n, 1);
	CHECK_STR(strings_get(&p.strings, p.comments[0]),
		  "sonde: note 3 lines could not be read, the first is line 9");
	profile_fini(&p);
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, str_of(HEAD), "x", &err), -EBADMSG);
	CHECK(str_starts(str_of(err.text), STR("x holds no ticks")));
	profile_fini(&p);
}

/* Code in several pages is one. */
TEST(large_code_is_found_in_each_of_its_pages)
{
	struct v8codes codes = { 0 };

	v8codes_add(&codes, 0x10ff0, 0x5000, 7);
	CHECK_EQ(v8codes_find(&codes, 0x10fef), 0);
	CHECK_EQ(v8codes_find(&codes, 0x10ff0), 7);
	CHECK_EQ(v8codes_find(&codes, 0x13000), 7);
	CHECK_EQ(v8codes_find(&codes, 0x15fef), 7);
	CHECK_EQ(v8codes_find(&codes, 0x15ff0), 0);
	v8codes_add(&codes, 0x13000, 0x10, 8);
	CHECK_EQ(v8codes_find(&codes, 0x13001), 8);
	CHECK_EQ(v8codes_find(&codes, 0x10ff0), 0);	/* what it overlaps has gone */
	CHECK(!codes.failed);
	v8codes_fini(&codes);
}

TEST_MAIN(CASE(ticks_are_stacks_of_what_was_there), CASE(code_moves_and_makes_place),
	  CASE(the_collector_is_a_frame_and_a_callback_is_where_it_begins), CASE(names_are_read_with_their_escapes),
	  CASE(lines_that_are_none_are_counted_and_no_ticks_are_refused), CASE(large_code_is_found_in_each_of_its_pages))
