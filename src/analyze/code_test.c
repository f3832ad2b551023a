/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/code.h"

#include <errno.h>

#include "analyze/profile_test.h"
#include "base/buf.h"
#include "base/err.h"

static uint32_t frame_at(struct profile *p, const char *name, uint64_t address, bool inlined)
{
	struct function function = { .name = strings_add(&p->strings, str_of(name)) };
	struct module module = { .path = strings_add(&p->strings, STR("/usr/bin/app")) };
	struct frame frame = { .kind = FRAME_NATIVE, .address = address, .inlined = inlined };

	frame.function = frames_add_function(&p->frames, &function);
	frame.module = frames_add_module(&p->frames, &module);
	return frames_add(&p->frames, &frame);
}

/* main 0x40 -> parse 0x7c -> (inlined) skip; main 0x40 -> parse 0x90 -> parse 0x90 -> lex 0xc0 */
static void make_profile(struct profile *p)
{
	uint32_t main_frame, at;
	int64_t values[] = { 3, 4 };

	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	main_frame = stacktree_push(&p->tree, 0, frame_at(p, "main", 0x40, false));
	at = stacktree_push(&p->tree, main_frame, frame_at(p, "parse", 0x7c, false));
	at = stacktree_push(&p->tree, at, frame_at(p, "skip", 0x7c, true));
	profile_add(p, at, 0, &values[0]);
	at = stacktree_push(&p->tree, main_frame, frame_at(p, "parse", 0x90, false));
	at = stacktree_push(&p->tree, at, frame_at(p, "parse", 0x90, false));
	at = stacktree_push(&p->tree, at, frame_at(p, "lex", 0xc0, false));
	profile_add(p, at, 0, &values[1]);
}

static void check_code(const char *expression, const char *wanted)
{
	struct profile p;
	struct code code;
	struct buf out = { 0 };

	make_profile(&p);
	CHECK_EQ(code_init(&code, &p, &(struct code_options){ .expression = expression }, NULL), 0);
	CHECK_EQ(code.total, 7);
	for (uint32_t i = 0; i < code.n; i++)
		buf_addf(&out, "%.*s 0x%x=%d/%d ", STR_ARG(frame_name(&p.frames, code.rows[i].frame)),
			 (unsigned)code.rows[i].address, (int)code.rows[i].total, (int)code.rows[i].self);
	CHECK_STR(buf_str(&out), wanted);
	buf_fini(&out);
	code_fini(&code);
	profile_fini(&p);
}

TEST(an_instruction_has_what_was_inlined_there_and_counts_once_in_a_recursion)
{
	check_code("^parse$", "parse 0x7c=3/3 parse 0x90=4/0 ");
}

TEST(a_function_that_is_inlined_has_the_code_of_the_one_around_it)
{
	check_code("^skip$", "parse 0x7c=3/3 parse 0x90=4/0 ");
}

TEST(what_cannot_be_had_is_said)
{
	struct profile p;
	struct code code;
	struct err err = { 0 };

	test_profile(&p, "main;f 1");
	CHECK_EQ(code_init(&code, &p, &(struct code_options){ .expression = "f" }, &err), -EINVAL);
	CHECK(str_starts(str_of(err.text), STR("the profile has no addresses of what matches 'f'")));
	err_clear(&err);
	CHECK_EQ(code_init(&code, &p, &(struct code_options){ .expression = "g" }, &err), -EINVAL);
	CHECK_STR(str_of(err.text), "no function in these samples matches 'g'");
	err_clear(&err);
	CHECK_EQ(code_init(&code, &p, &(struct code_options){ .expression = "(" }, &err), -EINVAL);
	CHECK(str_starts(str_of(err.text), STR("'(' is not a regular expression")));
	CHECK_EQ(code_init(&code, &p, &(struct code_options){ .expression = "f", .type = 7 }, NULL), -EINVAL);
	profile_fini(&p);
}

TEST_MAIN(CASE(an_instruction_has_what_was_inlined_there_and_counts_once_in_a_recursion),
	  CASE(a_function_that_is_inlined_has_the_code_of_the_one_around_it), CASE(what_cannot_be_had_is_said))
