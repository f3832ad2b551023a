/* SPDX-License-Identifier: Apache-2.0 */
#include "symbol/demangle.h"

#include "base/test.h"

TEST(names_of_each_language_become_readable)
{
	static const struct {
		const char *mangled, *wanted;
	} rows[] = {
		{ "_Z3fooi", "foo(int)" },
		{ "_ZNSt6vectorIiSaIiEE9push_backERKi",
		  "std::vector<int, std::allocator<int> >::push_back(int const&)" },
		{ "_Z3foov.cold", "foo() [clone .cold]" },
		{ "_Z3fooi.llvm.1234567890", "foo(int)" },
		{ "_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()() const" },
		{ "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad" },
		{ "_RNvC6_123foo3bar", "123foo::bar" },
		{ "_RNvMs_NtC4core3fmtNtB4_9Formatter3pad", "<core::fmt::Formatter>::pad" },
		{ "_D3foo3barFiZv", "foo.bar(int)" },
		{ "_Dmain", "D main" },
	};
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CHECK(demangle(str_of(rows[i].mangled), &out));
		CHECK_STR(buf_str(&out), rows[i].wanted);
	}
	buf_fini(&out);
}

TEST(a_rust_name_of_more_lifetimes_than_anyone_counts_stays_as_it_is)
{
	struct buf out = { 0 };

	CHECK(!demangle(STR("_RNvMs_NtMs_NtC4core3fZFFFFFFFFFGFFFFMsC4core3fZFFFFFFFFFGFFFFMs_FFFFFFFF_"),
			&out));
	CHECK(demangle(STR("_RNvC5crate9G1234567_"), &out));	/* an identifier is no number */
	CHECK(demangle(STR("_RNvCsgEmfK2I1SDS_4core3fmt"), &out));	/* a crate hash is a u64 */
	CHECK(demangle(STR("_RIC3fooFG_RL0_hEuE"), &out));
	CHECK_STR(buf_str(&out), "foo::<for<'a> fn(&'a u8)>");
	CHECK(!demangle(STR("_RIC3fooFGZZZZZZ_RL0_hEuE"), &out));
	/* a reference into the middle of an identifier, where such a number stands */
	CHECK(!demangle(STR("_RINvC5crate19MC1aFGZZZZZZ_EuE_aXBe_E"), &out));
	buf_fini(&out);
}

TEST(other_names_stay_as_they_are)
{
	static const char *const rows[] = { "",      "main",  "_start", "_Z",    "_Zwrong",
					    "_R",    "_Dx",   "_DYNAMIC", "__libc_start_main",
					    "foo.constprop.0", "_ZN3foo",
					    "_GLOBAL__sub_I_main.cpp" };
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CHECK(!demangle(str_of(rows[i]), &out));
		CHECK_EQ(out.n, 0);
	}
	CHECK(!demangle(STR("_Z3fo\0i"), &out));
	buf_fini(&out);
}

/* Each "St4pairIS_S_E" doubles the text of the one before. */
TEST(a_name_that_stands_for_an_endless_text_is_given_up)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct buf name = { 0 }, out = { 0 };

	buf_addf(&name, "_Z1fSt4pairIiiE");
	for (int i = 1; i < 36; i++)
		buf_addf(&name, "S_IS%c_S%c_E", digits[i - 1], digits[i - 1]);
	CHECK(!demangle(buf_str(&name), &out));
	CHECK_EQ(out.n, 0);
	buf_clear(&name);
	buf_addf(&name, "_Z3foo");
	for (size_t i = 0; i < MANGLED_MAX; i++)
		buf_add_u8(&name, 'i');
	CHECK(!demangle(buf_str(&name), &out));
	buf_fini(&name);
	buf_fini(&out);
}

TEST(names_above_the_recursion_limit_are_read_too)
{
	struct buf name = { 0 }, out = { 0 };

	buf_addf(&name, "_Z1f");
	for (int i = 0; i < 200; i++)
		buf_addf(&name, "N1aI");
	buf_addf(&name, "i");
	for (int i = 0; i < 200; i++)
		buf_addf(&name, "EE");
	CHECK(name.n > 1024);
	CHECK(demangle(buf_str(&name), &out));
	CHECK(str_starts(buf_str(&out), STR("f(a<a<a<")));
	buf_clear(&name);
	buf_addf(&name, "_Z1f");
	for (int i = 0; i < 4000; i++)
		buf_addf(&name, "P");	/* pointers to pointers: the deepest nest there is */
	buf_addf(&name, "i");
	CHECK(!demangle(buf_str(&name), &out));
	buf_fini(&name);
	buf_fini(&out);
}

TEST_MAIN(CASE(names_of_each_language_become_readable), CASE(a_rust_name_of_more_lifetimes_than_anyone_counts_stays_as_it_is),
	  CASE(other_names_stay_as_they_are),
	  CASE(names_above_the_recursion_limit_are_read_too),
	  CASE(a_name_that_stands_for_an_endless_text_is_given_up))
