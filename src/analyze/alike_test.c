/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/alike.h"

#include "base/buf.h"
#include "base/test.h"

TEST(what_compilers_put_behind_a_name_is_taken_off)
{
	static const struct {
		const char *name, *clean;
	} rows[] = {
		{ "parse", "parse" },
		{ "parse.constprop.0", "parse" },
		{ "parse.isra.0.part.12", "parse" },
		{ "parse.cold", "parse" },
		{ "ns::f(int) [clone .isra.0] [clone .cold]", "ns::f(int)" },
		{ "core::fmt::write::h0f1e2d3c4b5a6978", "core::fmt::write" },
		{ "core::fmt::write::h0f1e2d3c4b5a697", "core::fmt::write::h0f1e2d3c4b5a697" },
		{ "f.llvm.123456789", "f" },
		{ "main.parse.func1", "main.parse.func1" },
		{ ".cold", ".cold" },
		{ "a[3]", "a[3]" },
		{ "x]", "x]" },
		{ "", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_STR(alike_clean(str_of(rows[i].name)), rows[i].clean);
}

TEST(numbers_that_only_count_are_all_the_same)
{
	static const struct {
		const char *name, *same;
	} rows[] = {
		{ "f()::{lambda(int)#2}::operator()(int) const", "f()::{lambda(int)#}::operator()(int) const" },
		{ "app::run::{closure#0}", "app::run::{closure#}" },
		{ "main.serve.func1.2", "main.serve.func#.#" },
		{ "(anonymous app.js:120:4)", "(anonymous app.js:#:#)" },
		{ "utf8_decode16", "utf8_decode16" },
		{ "std::array<int, 3>", "std::array<int, 3>" },
		{ "a::b:7x", "a::b:7x" },
		{ "<core[846817f741e54dfd]::fmt::Error as app[1f]::T>::f", "<core::fmt::Error as app::T>::f" },
		{ "f[12]", "f[12]" },
		{ "slices.Sort[go.shape.[]go.shape.int,go.shape.int]", "slices.Sort[...]" },
		{ "atomic.(*Pointer[go.shape.struct { a [2]int }]).Load", "atomic.(*Pointer[...]).Load" },
		{ "slices.Sort[go.shape.int", "slices.Sort[go.shape.int" },
		{ "", "" },
	};
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		buf_clear(&out);
		alike_numbers(&out, str_of(rows[i].name));
		CHECK_STR(buf_str(&out), rows[i].same);
	}
	buf_fini(&out);
}

TEST(a_module_is_known_in_another_folder_and_version)
{
	CHECK_STR(alike_module(STR("/opt/a/libz.so.1.2.13")), "libz.so");
	CHECK_STR(alike_module(STR("/usr/lib/libz.so")), "libz.so");
	CHECK_STR(alike_module(STR("/usr/bin/sonde")), "sonde");
	CHECK_STR(alike_module(STR(".so")), ".so");
	CHECK_STR(alike_module(STR("")), "");
}

TEST_MAIN(CASE(what_compilers_put_behind_a_name_is_taken_off),
	  CASE(numbers_that_only_count_are_all_the_same),
	  CASE(a_module_is_known_in_another_folder_and_version))
