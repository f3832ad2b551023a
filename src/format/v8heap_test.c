/* SPDX-License-Identifier: Apache-2.0 */
#include "format/v8heap.h"

#include "format/reading_test.h"

#define FRAME(name, line) "{\"callFrame\":{\"functionName\":\"" name "\",\"scriptId\":\"5\",\"url\":\"file:///a.js\",\"lineNumber\":" line ",\"columnNumber\":4},"
#define ROOT "{\"head\":{\"callFrame\":{\"functionName\":\"(root)\",\"scriptId\":\"0\",\"url\":\"\",\"lineNumber\":-1,\"columnNumber\":-1},\"selfSize\":0,\"id\":1,\"children\":["

TEST(sizes_stand_where_they_were_allocated)
{
	struct profile p;
	const struct function *f;

	read_text(&p, ROOT FRAME("main", "0") "\"selfSize\":8,\"id\":2,\"children\":[" FRAME("", "6") "\"selfSize\":100,\"id\":3,\"children\":[]},"
		  FRAME("", "6") "\"selfSize\":20,\"id\":4,\"children\":[]}]}]},\"samples\":[{\"size\":100,\"nodeId\":3,\"ordinal\":1}]}");
	CHECK_EQ(p.n, 2);
	CHECK_STR(strings_get(&p.strings, p.types[0].type), "inuse_space");
	CHECK_EQ(p.values[0], 8);
	CHECK_EQ(p.values[1], 120);	/* one function of one caller is one stack */
	CHECK_EQ(stacktree_depth(&p.tree, p.stack[1]), 2);
	f = &p.frames.functions[innermost(&p, 1)->function];
	CHECK_STR(strings_get(&p.strings, f->name), "(anonymous a.js:7:5)");
	CHECK_STR(strings_get(&p.strings, f->file), "/a.js");
	CHECK_EQ(f->start_line, 7);
	profile_fini(&p);
}

TEST(a_heap_of_nothing_has_no_rows)
{
	struct profile p;

	read_text(&p, ROOT "]},\"samples\":[]}");
	CHECK_EQ(p.n, 0);
	CHECK_EQ(p.n_types, 1);
	profile_fini(&p);
}

TEST(damage_is_named_where_it_is)
{
	struct buf deep = { 0 };

	check_refused("{\"head\":{\"selfSize\":5,\"callFrame\":{}}}", "x: byte 21: a size stands before the function that it is of");
	check_refused("{\"head\":{\"children\":[],\"selfSize\":5,\"callFrame\":{}}}",
		      "x: byte 20: callees stand before the function that called them");
	check_refused(ROOT FRAME("main", "0") "\"selfSize\":8", "x: byte 254: the text ends in the middle");
	buf_add_str(&deep, str_of(ROOT));
	for (int i = 0; i < 1000; i++)
		buf_add_str(&deep, STR(FRAME("f", "0") "\"selfSize\":8,\"id\":2,\"children\":["));
	buf_add_u8(&deep, '\0');
	{
		struct profile p;
		struct err err = { 0 };

		profile_init(&p);
		CHECK_EQ(format_read_bytes(&p, str_of(deep.p), "x", &err), -EBADMSG);
		CHECK(str_contains(str_of(err.text), STR("x: byte ")));
		profile_fini(&p);
	}
	buf_fini(&deep);
}

TEST_MAIN(CASE(sizes_stand_where_they_were_allocated), CASE(a_heap_of_nothing_has_no_rows), CASE(damage_is_named_where_it_is))
