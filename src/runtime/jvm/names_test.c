/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/jvm/names.h"

#include "base/test.h"

static char text[256];

static struct str class_of(const char *symbol)
{
	snprintf(text, sizeof(text), "%s", symbol);
	return jvm_class_name(text, strlen(text));
}

static struct str scala_of(const char *name)
{
	snprintf(text, sizeof(text), "%s", name);
	return jvm_scala_name(text, strlen(text));
}

TEST(a_class_is_named_with_dots)
{
	CHECK_STR(class_of("work/Outer$Inner"), "work.Outer$Inner");
	CHECK_STR(class_of("App"), "App");
	CHECK_STR(class_of("a/b0x12"), "a.b0x12");
	CHECK_STR(class_of("work/Version2"), "work.Version2");
}

TEST(hidden_classes_have_neither_address_nor_number)
{
	CHECK_STR(class_of("work/Main$$Lambda$14+0x0000000800c01208"), "work.Main$$Lambda");
	CHECK_STR(class_of("work/Main$$Lambda+0x00007f12a8001000"), "work.Main$$Lambda");
	CHECK_STR(class_of("work/Main$$Lambda/0x00007f12a8001000"), "work.Main$$Lambda");
	CHECK_STR(class_of("work/Main$$Lambda$14/1706377736"), "work.Main$$Lambda");
	CHECK_STR(class_of("java/lang/invoke/LambdaForm$MH/0x0000000800c00400"), "java.lang.invoke.LambdaForm$MH");
	CHECK_STR(class_of("work/Lambda$14"), "work.Lambda$14");
	CHECK_STR(class_of("work/Outer$1"), "work.Outer$1");
	CHECK_STR(class_of("+0x1"), "");
	CHECK_STR(class_of(""), "");
}

TEST(operators_of_scala_are_decoded)
{
	CHECK_STR(scala_of("$plus$plus$eq"), "++=");
	CHECK_STR(scala_of("unary_$bang"), "unary_!");
	CHECK_STR(scala_of("$colon$colon"), "::");
	CHECK_STR(scala_of("$anonfun$main$1"), "$anonfun$main$1");
	CHECK_STR(scala_of("Outer$attributes"), "Outer$attributes");
	CHECK_STR(scala_of("value_$eq"), "value_=");
	CHECK_STR(scala_of("$"), "$");
	CHECK_STR(scala_of("a$u0020word"), "a word");
	CHECK_STR(scala_of("$u2264$u2264"), "≤≤");
	CHECK_STR(scala_of("Outer$ufeed"), "Outer$ufeed");
	CHECK_STR(scala_of("$u000A$uD800$u00"), "$u000A$uD800$u00");
}

TEST(strings_of_class_files_become_utf8)
{
	struct arena arena = { 0 };
	struct str out;

	CHECK(jvm_utf8(STR("Gr\xc3\xb6\xc3\x9f" "e"), &arena, &out));
	CHECK_STR(out, "Größe");
	/* a character beyond 16 bits: two units of three bytes */
	CHECK(jvm_utf8(STR("x\xed\xa0\xbd\xed\xb8\x80y"), &arena, &out));
	CHECK_STR(out, "x\xf0\x9f\x98\x80y");
	/* half of one */
	CHECK(jvm_utf8(STR("\xed\xa0\xbd"), &arena, &out));
	CHECK_STR(out, "\xef\xbf\xbd");
	arena_fini(&arena);
}

TEST(bytes_that_are_no_string_are_refused)
{
	static const char *const bad[] = { "\xff", "a\xc3", "\xe4\xb8", "\x80", "\xf0\x9f\x98\x80", "\xc3(" };
	struct arena arena = { 0 };
	struct str out;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!jvm_utf8(str_of(bad[i]), &arena, &out));
	CHECK(!jvm_utf8(str_over("a\0b", 3), &arena, &out));
	CHECK(!jvm_utf8(str_over("a\xc0\x80", 3), &arena, &out));
	arena_fini(&arena);
}

TEST_MAIN(CASE(a_class_is_named_with_dots), CASE(hidden_classes_have_neither_address_nor_number),
	  CASE(operators_of_scala_are_decoded), CASE(strings_of_class_files_become_utf8),
	  CASE(bytes_that_are_no_string_are_refused))
