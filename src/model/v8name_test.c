/* SPDX-License-Identifier: Apache-2.0 */
/* Texts as Node 16, 20, 24 and Deno 2.9 wrote them. */
#include "model/v8name.h"

#include "base/test.h"

static void check(const char *text, const char *shown, const char *file, uint32_t line, uint32_t column, enum frame_kind kind)
{
	char made[V8_NAME_MAX_BYTES];
	struct v8_name name;

	CHECK(v8_name_of_map(str_of(text), &name));
	CHECK_STR(v8_name_shown(&name, made), shown);
	CHECK_STR(name.file, file);
	CHECK_EQ(name.line, line);
	CHECK_EQ(name.column, column);
	CHECK_EQ(name.kind, kind);
}

TEST(code_in_a_perf_map_is_told_apart)
{
	check("JS:*'spinning file:///srv/x.js:1:18", "spinning", "/srv/x.js", 1, 18, FRAME_TURBOFAN);
	check("JS:o*spinning file:///srv/d.js:1:18", "spinning", "/srv/d.js", 1, 18, FRAME_TURBOFAN);
	check("JS:o+'spinning file:///srv/d.js:1:18", "spinning", "/srv/d.js", 1, 18, FRAME_MAGLEV);
	check("JS:+many /tmp/image.js:13:7", "many", "/tmp/image.js", 13, 7, FRAME_MAGLEV);
	check("JS:^ /tmp/a b.js:52:9", "(anonymous a b.js:52:9)", "/tmp/a b.js", 52, 9, FRAME_SPARKPLUG);
	check("JS:~get size node:internal/url:5:3", "get size", "node:internal/url", 5, 3, FRAME_INTERPRETED);
	check("LazyCompile:*many /tmp/image.js:13", "many", "/tmp/image.js", 13, 0, FRAME_TURBOFAN);
	check("Function:~ /tmp/image.js:1", "(anonymous image.js:1)", "/tmp/image.js", 1, 0, FRAME_INTERPRETED);
	check("JS:+'of_a_joined_text :1:26", "of_a_joined_text", "", 1, 26, FRAME_MAGLEV);
	check("JS:~두바이트_loop /tmp/twobyte.js:5:19", "두바이트_loop", "/tmp/twobyte.js", 5, 19, FRAME_INTERPRETED);
	check("Eval:~ ", "(anonymous)", "", 0, 0, FRAME_INTERPRETED);
	check("JS:spin_in_wasm-1-turbofan", "spin_in_wasm", "", 0, 0, FRAME_TURBOFAN);
	check("JS:a-b-12-liftoff", "a-b", "", 0, 0, FRAME_JIT);
	check("JS:~f http://host:80/x.js:3:4", "f", "http://host:80/x.js", 3, 4, FRAME_INTERPRETED);
	check("RegExp:(a|b)*c$", "RegExp: (a|b)*c$", "", 0, 0, FRAME_JIT);
	check("RegExp.> src: '(a'|b)*c$' flags: 'gi'", "RegExp: (a'|b)*c$", "", 0, 0, FRAME_JIT);
	check("RegExp.< src: 'b+' flags: ''", "RegExp: b+", "", 0, 0, FRAME_JIT);
	check("JS:*", "(anonymous)", "", 0, 0, FRAME_TURBOFAN);
}

TEST(what_others_write_is_left_as_it_is)
{
	static const char *const texts[] = { "", "JS:", "JS:f", "Builtin:ArrayMap", "BytecodeHandler:Add", "Function:run()", "LFoo;::bar",
					     "py::run:/app.py", "void A::B()[Tier0]", "JS:-turbofan", "JS:x-y-turbofan", "RegExp:", "RegExp.> src: '' flags: ''",
					     "RegExp.> src: '" };
	struct v8_name name;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK(!v8_name_of_map(str_of(texts[i]), &name));
}

TEST(a_log_has_the_state_beside_the_text)
{
	struct v8_name name = v8_name_of_log(STR("hot /app.js:1:13"), STR("*"));
	char made[V8_NAME_MAX_BYTES];

	CHECK_STR(name.name, "hot");
	CHECK_STR(name.file, "/app.js");
	CHECK_EQ(name.line, 1);
	CHECK_EQ(name.kind, FRAME_TURBOFAN);
	name = v8_name_of_log(STR("run "), STR(""));
	CHECK_STR(name.name, "run");
	name = v8_name_of_log(STR(" node:fs:12:5"), STR("~"));
	CHECK_STR(v8_name_shown(&name, made), "(anonymous node:fs:12:5)");
	name = v8_name_of_log(STR("of what:1"), STR("~"));
	CHECK_STR(name.name, "of what:1");
}

TEST_MAIN(CASE(code_in_a_perf_map_is_told_apart), CASE(what_others_write_is_left_as_it_is), CASE(a_log_has_the_state_beside_the_text))
