/* SPDX-License-Identifier: Apache-2.0 */
#include "render/svg.h"

#include <errno.h>

#include "analyze/profile_test.h"
#include "base/buf.h"
#include "render/hostile_test.h"

static void draw(struct buf *out, const struct profile *p, struct flame_options options)
{
	buf_clear(out);
	CHECK_EQ(svg_write(out, p, &options, NULL), 0);
	CHECK(is_well_formed(buf_str(out)));
}

static bool has(const struct buf *out, const char *words)
{
	return str_contains(buf_str(out), str_of(words));
}

TEST(boxes_lie_within_their_callers_and_tell_their_shares)
{
	struct profile p;
	struct buf out = { 0 };

	test_profile(&p, "main;a:3 1", "main;b 2", "main 1");
	draw(&out, &p, (struct flame_options){ .type = -1 });
	CHECK(has(&out, "data-x=\"0\" data-w=\"0.25\"><title>a\ntotal 25.0 % (1)\nself 25.0 % (1)\n"
			"/src/a.c:10\n/usr/bin/app\nNative code</title>"
			"<rect class=\"k2 s"));
	CHECK(has(&out, "data-x=\"0.25\" data-w=\"0.5\"><title>b\ntotal 50.0 % (2)"));
	CHECK(has(&out, "data-x=\"0\" data-w=\"1\"><title>main\ntotal 100 % (4)\nself 25.0 % (1)"));
	CHECK(has(&out, ">Native code</text>"));	/* the legend */
	CHECK(!has(&out, ">Kernel</text>"));
	buf_fini(&out);
	profile_fini(&p);
}

TEST(a_flame_grows_up_and_an_icicle_down)
{
	struct profile p;
	struct buf out = { 0 };

	test_profile(&p, "main;a 1");
	draw(&out, &p, (struct flame_options){ .type = -1 });
	CHECK(has(&out, "<text x=\"16.00\" y=\"116\">all</text>"));
	draw(&out, &p, (struct flame_options){ .type = -1, .icicle = true });
	CHECK(has(&out, "<text x=\"16.00\" y=\"76\">all</text>"));
	buf_fini(&out);
	profile_fini(&p);
}

TEST(the_head_tells_that_frames_are_hidden_and_how_to_see_them)
{
	struct profile p;
	struct buf out = { 0 };

	test_profile(&p, "main;a 1");
	p.duration_ns = 10000000000;
	draw(&out, &p, (struct flame_options){ .type = -1 });
	CHECK(!has(&out, "--native"));
	draw(&out, &p, (struct flame_options){ .type = -1, .folded = true, .filter_words = "--pid 7" });
	CHECK(has(&out, "1 samples in 10.0 s · runtime frames hidden (--native shows them) · --pid 7</text>"));
	buf_fini(&out);
	profile_fini(&p);
}

TEST(whatever_is_in_a_name_the_xml_is_valid)
{
	static const struct {
		const char *name, *shown;
	} rows[] = {
		{ "a<b>&\"'c", "<title>a&#60;b&#62;&#38;&#34;'c\n" },
		{ "]]>", "<title>]]&#62;\n" },
		{ "\x01\x1b[31m\x7f", "<title>\\x01\\x1B[31m\\x7F\n" },
		{ "\xff\xfe\xc3", "<title>\\xFF\\xFE\\xC3\n" },
		{ "\xed\xa0\x80", "<title>\\xED\\xA0\\x80\n" },		/* a surrogate */
		{ "\xef\xbf\xbe", "<title>\\xEF\\xBF\\xBE\n" },		/* U+FFFE */
		{ "<script>alert(1)</script>", "<title>&#60;script&#62;alert(1)&#60;/script&#62;" },
		{ "\xe4\xb8\xad\xf0\x9f\x94\xa5", "<title>\xe4\xb8\xad\xf0\x9f\x94\xa5\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct profile p;
		struct buf out = { 0 };
		int64_t one = 1;

		test_profile(&p, "main 1");
		profile_add(&p, stacktree_push(&p.tree, 0, test_frame(&p, str_of(rows[i].name))), 0,
			    &one);
		draw(&out, &p, (struct flame_options){ .type = -1, .title = rows[i].name,
						       .filter_words = rows[i].name });
		CHECK(has(&out, rows[i].shown));
		buf_fini(&out);
		profile_fini(&p);
	}
}

/* Kinds that do not fit behind the summary stand behind the title, and none reaches beyond the picture. */
TEST(the_legend_stays_within_the_picture)
{
	struct profile p;
	struct buf out = { 0 };
	struct str rest;
	int64_t one = 1;
	uint32_t n = 0;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	for (int kind = FRAME_KERNEL; kind < FRAME_KIND_COUNT; kind++)
		profile_add(&p, stacktree_push(&p.tree, 0, frames_add(&p.frames, &(struct frame){
			.kind = (uint8_t)kind, .address = (uint64_t)kind + 1 })), 0, &one);
	draw(&out, &p, (struct flame_options){ .type = -1, .folded = true });
	rest = buf_str(&out);
	while (rest.p) {
		struct str line = str_cut(&rest, '\n'), x = line;
		uint64_t at;

		if (!str_starts(line, STR("<rect class=\"k")) || !str_contains(line, STR("class=\"dim\"")))
			continue;
		for (int i = 0; i < 3; i++)	/* <rect class="k1" x=" */
			str_cut(&x, '"');
		CHECK_EQ(str_parse_u64(str_cut(&x, '"'), 10, &at), 0);
		CHECK(at < 1200 - 12 - 60);
		n++;
	}
	CHECK(n >= 9);
	buf_fini(&out);
	profile_fini(&p);
}

TEST(a_long_name_is_whole_in_the_title_and_short_in_the_box)
{
	struct profile p;
	struct buf out = { 0 }, name = { 0 };
	int64_t one = 1;

	for (int i = 0; i < 500; i++)
		buf_addf(&name, "ns%03d::name", i);
	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	profile_add(&p, stacktree_push(&p.tree, 0, test_frame(&p, buf_str(&name))), 0, &one);
	draw(&out, &p, (struct flame_options){ .type = -1 });
	CHECK(str_contains(buf_str(&out), buf_str(&name)));
	CHECK(out.n < name.n + 40000);
	buf_fini(&name);
	buf_fini(&out);
	profile_fini(&p);
}

TEST(boxes_too_narrow_to_be_seen_are_left_out)
{
	struct profile p;
	struct buf out = { 0 };

	test_profile(&p, "main;tiny 1", "main;large 999999");
	draw(&out, &p, (struct flame_options){ .type = -1 });
	CHECK(has(&out, "<title>large"));
	CHECK(!has(&out, "<title>tiny"));
	draw(&out, &p, (struct flame_options){ .type = -1, .min_share = 1e-9 });
	CHECK(has(&out, "<title>tiny"));
	buf_fini(&out);
	profile_fini(&p);
}

TEST(stacks_deeper_than_a_picture_can_be_are_cut_and_it_says_so)
{
	struct profile p;
	struct buf out = { 0 };
	uint32_t stack = 0, frame;
	int64_t one = 1;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	frame = test_frame(&p, STR("f"));
	for (int i = 0; i < 5000; i++)
		stack = stacktree_push(&p.tree, stack, frame);
	profile_add(&p, stack, 0, &one);
	draw(&out, &p, (struct flame_options){ .type = -1 });
	CHECK(has(&out, "cut at 4000 frames"));
	buf_fini(&out);
	profile_fini(&p);
}

TEST(an_empty_profile_and_one_of_negative_values_are_drawn)
{
	struct profile p;
	struct buf out = { 0 };
	int64_t minus = -7;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	draw(&out, &p, (struct flame_options){ .type = -1 });
	CHECK(!str_contains(buf_str(&out), STR("below zero")));
	profile_add(&p, test_stack(&p, STR("main;a")), 0, &minus);
	buf_clear(&out);
	draw(&out, &p, (struct flame_options){ .type = -1 });
	CHECK(str_contains(buf_str(&out), STR("values below zero are not drawn")));
	CHECK_EQ(svg_write(&out, &p, &(struct flame_options){ .type = 9 }, NULL), -EINVAL);
	buf_fini(&out);
	profile_fini(&p);
}

TEST_MAIN(CASE(boxes_lie_within_their_callers_and_tell_their_shares),
	  CASE(a_flame_grows_up_and_an_icicle_down),
	  CASE(the_head_tells_that_frames_are_hidden_and_how_to_see_them),
	  CASE(whatever_is_in_a_name_the_xml_is_valid),
	  CASE(the_legend_stays_within_the_picture),
	  CASE(a_long_name_is_whole_in_the_title_and_short_in_the_box),
	  CASE(boxes_too_narrow_to_be_seen_are_left_out),
	  CASE(stacks_deeper_than_a_picture_can_be_are_cut_and_it_says_so),
	  CASE(an_empty_profile_and_one_of_negative_values_are_drawn))
