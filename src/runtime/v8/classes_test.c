/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/v8/classes.h"

#include "base/test.h"
#include "runtime/v8/image_test.h"

#define MAP 0x10000u
#define TEXT 0x2000u

/* "Class" of the member whose parameters begin at the "(" behind the mark "@" in a text (the mark is taken out of it). */
static void check(const char *marked, const char *wanted)
{
	static struct v8_objects objects;
	struct buf image = { 0 }, text = { 0 };
	struct v8_memory memory = { image_read, NULL, &objects, NULL };
	struct v8_members members = { 0 };
	struct arena arena = { 0 };
	uint64_t head[2] = { MAP + 1 };
	struct str view, class;
	uint32_t at = 0;

	for (const char *p = marked; *p; p++)
		if (*p == '@')
			at = (uint32_t)text.n;
		else
			buf_add_u8(&text, (uint8_t)*p);
	while (at < text.n && text.p[at] != '(')
		at++;
	CHECK(v8_objects_of(&objects, 13, 6, image_lookup, NULL));
	image_add_map(&image, MAP, 40);
	head[1] = (uint64_t)text.n << 32;
	buf_add(&image, &(uint64_t){ TEXT }, 8);
	buf_add(&image, &(uint32_t){ (uint32_t)(text.n + 16) }, 4);
	buf_add(&image, head, 16);
	buf_add(&image, text.p, text.n);
	view = buf_str(&image);
	memory.context = &view;
	CHECK(v8_members_read(&memory, TEXT, &arena, &members));
	class = v8_members_class(&members, at);
	if (!str_eq(class, str_of(wanted)))
		printf("%s: got %.*s\n", marked, (int)class.n, class.p ? class.p : "");
	CHECK_STR(class, wanted);
	v8_members_fini(&members);
	arena_fini(&arena);
	buf_fini(&image);
	buf_fini(&text);
}

TEST(a_member_is_of_the_class_whose_body_it_stands_in)
{
	check("class A { constructor() {} @step(i) { return i; } }", "A");
	check("class A { step() { if (x) { y(); } } @next(i) {} }", "A");
	check("class A { static @of() {} }", "A");
	check("class A { delete(key) {} @return(key) {} }", "A");
	check("class A { @if(x) {} }", "A");
	check("class A { get @x() { return 1; } }", "A");
	check("class A { async *@each() {} }", "A");
	check("class A { #@hidden() {} }", "A");
	check("class A { ['com' + puted]@() {} }", "A");
	check("class A { [f({a: 1})]@() {} }", "A");
	check("class A { 'a text'@() {} }", "A");
	check("class A extends B { @step() {} }", "A");
	check("class A extends mixin(B, {a: 1}) { @step() {} }", "A");
	check("class A extends (class B { f() {} }) { @step() {} }", "A");
	check("class A extends (class B { @f() {} }) { step() {} }", "B");
	check("class A { f() { return class B { @g() {} }; } }", "B");
	check("class A { f() { return class B { g() {} }; } @h() {} }", "A");
	check("class A { static Inner = class B { @g() {} }; }", "B");
	check("class A { field = 3; other = {a: 1}\n @step() {} }", "A");
	check("class A { static { init(); } @step() {} }", "A");
	check("class A { class() {} @step() {} }", "A");
	check("const A = class { @step() {} }", "A");
	check("var A = class extends B { @step() {} }", "A");
	check("var A = class _A { @step() {} }", "_A");
	check("class A { static B = class { @step() {} }; }", "B");
	check("const B = 1; var A = class { @step() {} }", "A");
	check("class $a_1 { @step() {} }", "$a_1");
	check("class Gr\xc3\xb6\xc3\x9f" "e { @step() {} }", "Gr\xc3\x83\xc2\xb6\xc3\x83\xc2\x9f" "e");	/* Latin-1 to V8 */
}

TEST(what_is_no_member_or_of_no_named_class_has_none)
{
	check("class { @step() {} }", "");
	check("o.A = class { @step() {} }", "");
	check("f(A == class { @step() {} })", "");
	check("A = f(class { @step() {} })", "");
	check("class A { f() { @g(); } }", "");
	check("class A { f() { return {@g() {}}; } }", "");
	check("class A { } @f()", "");
	check("const o = {class: 1, @f() {}}", "");
	check("const o = {class() {}, @f() {}}", "");
	check("o.class = {@f() {}}", "");
	check("class A extends f() { } @g() {}", "");
	check("function f() {} @f()", "");
}

TEST(texts_comments_templates_and_patterns_are_stepped_over)
{
	check("// class B {\nclass A { @step() {} }", "A");
	check("/* class B { ** / */ class A /* { */ { @step /**/() {} }", "A");
	check("'class B {\\'{'; class A { @step() {} }", "A");
	check("`class B { ${ {a: `${'}'}`} } \\${ { $ {`; class A { @step() {} }", "A");
	check("x = /[/{(]'\\/\"/g; class A { @step() {} }", "A");
	check("if (x) /'/.test(y); class A { @step() {} }", "A");
	check("} ", "");
	check("a = b / c; d = 'e' / 2; class A { @step() {} }", "A");
	check("a = (b) / 2 + '/'; class A { @step() {} }", "A");
	check("a = i++ / 2 + '/'; class A { @step() {} }", "A");
	check("a = b[1] / 2 + '/'; class A { @step() {} }", "A");
	check("function f() {} /'/.test(x); class A { @step() {} }", "A");
	check("a = {b: 1} / 2 + '/'; class A { @step() {} }", "A");
	check("return /'/; class A { @step() {} }", "A");
	check("x => { } \n/'/.test(x); class A { @step() {} }", "A");
	check("else /'/.test(x); class A { @step() {} }", "A");
	check("#!/usr/bin/env node\nclass A { @step() {} }", "A");
	check("o.return / 2 + '/'; class A { @step() {} }", "A");
}

TEST(brackets_that_do_not_fit_end_it_and_what_was_found_before_holds)
{
	check("class A { @step() {} } ) class B { next() {} }", "A");
	check("class A { step() {} } ) class B { @next() {} }", "");
	check("class A { @step", "");
	check("((((((((", "");
}

TEST_MAIN(CASE(a_member_is_of_the_class_whose_body_it_stands_in), CASE(what_is_no_member_or_of_no_named_class_has_none),
	  CASE(texts_comments_templates_and_patterns_are_stepped_over),
	  CASE(brackets_that_do_not_fit_end_it_and_what_was_found_before_holds))
