/* SPDX-License-Identifier: Apache-2.0 */
#include "render/label.h"

#include "base/buf.h"
#include "base/test.h"
#include "render/amount.h"

static void check_fit(struct str name, uint32_t columns, bool unicode, const char *wanted)
{
	struct buf out = { 0 };
	uint32_t used = label_fit(&out, name, columns, unicode);

	CHECK_STR(buf_str(&out), wanted);
	CHECK(used <= columns);
	buf_fini(&out);
}

TEST(names_lose_template_arguments_then_parameters_then_their_middle)
{
	static const struct {
		const char *name;
		uint32_t columns;
		const char *wanted;
	} rows[] = {
		{ "deflate_slow", 40, "deflate_slow" },
		{ "std::map<std::vector<long long>, int>::at(unsigned long const&)", 80,
		  "std::map<std::vector<long long>, int>::at(unsigned long const&)" },
		{ "std::map<std::vector<long long>, int>::at(unsigned long const&)", 62,
		  "std::map<std::vector<…>, int>::at(unsigned long const&)" },
		{ "std::map<std::vector<long long>, int>::at(unsigned long const&)", 40,
		  "std::map<…>::at(unsigned long const&)" },
		{ "std::map<std::vector<long long>, int>::at(unsigned long const&)", 20,
		  "std::map<…>::at(…)" },
		{ "std::map<std::vector<long long>, int>::at(unsigned long const&)", 12,
		  "std:…::at(…)" },
		{ "operator<<(std::ostream&, long_name_of_a_type)", 20, "operator<<(…)" },
		{ "A::operator()(std::vector<int> const&)", 18, "A::operator()(…)" },
		{ "(anonymous namespace)::f(long, long)", 30, "(anonymous namespace)::f(…)" },
		{ "f<(A)5, g->h, aaaaaaaa>(b)", 20, "f<…>(b)" },
		{ "<alloc::vec::Vec<alloc::string::String> as core::ops::drop::Drop>::drop", 64,
		  "<alloc::vec::Vec<…> as core::ops::drop::Drop>::drop" },
		{ "<<<<<<<<<<<<<<<<", 6, "<<…<<<" },
		{ "a very long name without any bracket", 11, "a ve…racket" },
		{ "ab", 1, "…" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_fit(str_of(rows[i].name), rows[i].columns, true, rows[i].wanted);
}

TEST(a_small_box_shows_the_function_alone)
{
	static const struct {
		const char *name;
		uint32_t columns;
		const char *wanted;
	} rows[] = {
		{ "ns::Class<std::vector<int>>::push_back(std::pair<int, int>&&)", 40,
		  "ns::Class<…>::push_back(…)" },
		{ "ns::Class<std::vector<int>>::push_back(std::pair<int, int>&&)", 12,
		  "push_back" },
		{ "ns::Class<std::vector<int>>::push_back(std::pair<int, int>&&)", 6, "push_…" },
		{ "(anonymous namespace)::Sema::Parse", 10, "Parse" },
		{ "A::operator()(int) const", 12, "operator()" },
		{ "deflate_slow", 12, "deflate_slow" },
		{ "<T as core::Trait>::drop", 8, "drop" },
		{ "((((", 2, "(…" },
		{ "a::", 2, "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = { 0 };

		CHECK(label_fit_box(&out, str_of(rows[i].name), rows[i].columns) <=
		      rows[i].columns);
		CHECK_STR(buf_str(&out), rows[i].wanted);
		buf_fini(&out);
	}
}

TEST(what_could_harm_a_terminal_is_shown_as_numbers)
{
	check_fit(STR("a\x1b[31mb\n"), 40, true, "a\\x1B[31mb\\x0A");
	check_fit(STR("a\xff\xc3("), 40, true, "a\\xFF\\xC3(");
	check_fit(STR("a\xe2\x80\xae" "b"), 40, true, "a\\xE2\\x80\\xAEb");	/* right to left */
	check_fit(STR("a\0b"), 40, true, "a\\x00b");
}

TEST(wide_characters_are_cut_between_columns)
{
	check_fit(STR("\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"), 6, true,
		  "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad");
	check_fit(STR("\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"), 5, true, "…\xe4\xb8\xad");
}

TEST(without_unicode_only_ascii_comes_out)
{
	check_fit(STR("std::map<std::vector<long long>, int>::at(int)"), 20, false,
		  "std::map<~>::at(int)");
	check_fit(STR("caf\xc3\xa9"), 20, false, "caf?");
}

static void check_amount(int64_t value, const char *unit, const char *wanted)
{
	struct buf out = { 0 };

	amount_add(&out, value, str_of(unit), true);
	CHECK_STR(buf_str(&out), wanted);
	buf_fini(&out);
}

TEST(amounts_have_three_digits_and_a_fitting_unit)
{
	check_amount(0, "nanoseconds", "0");
	check_amount(999, "nanoseconds", "999 ns");
	check_amount(1500, "nanoseconds", "1.50 µs");
	check_amount(999999, "nanoseconds", "1.00 ms");
	check_amount(12345678901, "nanoseconds", "12.3 s");
	check_amount(-12345678901, "nanoseconds", "-12.3 s");
	check_amount(125, "seconds", "125 s");
	check_amount(1200, "seconds", "20.0 min");
	check_amount(INT64_MIN, "seconds", "-2.6e+15 h");
	check_amount(INT64_MIN, "bytes", "-8e+06 TiB");
	check_amount(1536, "bytes", "1.50 KiB");
	check_amount(12, "bytes", "12 B");
	check_amount(1234567, "count", "1,234,567");
	check_amount(-9999999, "apples", "-9,999,999 apples");
	check_amount(10000000, "count", "10.0 M");
	check_amount(INT64_MIN, "a\n", "-9.22 E a\\x0A");
}

TEST(percentages_never_say_more_than_is_true)
{
	static const struct {
		int64_t part, total;
		const char *wanted;
	} rows[] = {
		{ 0, 10, "0" },	       { 10, 10, "100" },	  { 1, 100000, "<0.1" },
		{ 99999, 100000, ">99.9" }, { 421, 1000, "42.1" }, { 5, 0, "0" },
		{ -5, 10, "-50.0" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = { 0 };

		amount_add_percent(&out, rows[i].part, rows[i].total);
		CHECK_STR(buf_str(&out), rows[i].wanted);
		buf_fini(&out);
	}
}

TEST(text_is_cut_at_its_end)
{
	struct buf out = { 0 };

	CHECK_EQ(label_cut(&out, STR("for (int i = 0; i < n; i++) f(i);"), 12, true), 12);
	CHECK_STR(buf_str(&out), "for (int i …");
	buf_clear(&out);
	CHECK_EQ(label_cut(&out, STR("a\x1b" "bc"), 5, false), 5);
	CHECK_STR(buf_str(&out), "a\\x1~");
	buf_clear(&out);
	CHECK_EQ(label_cut(&out, STR("abc"), 3, true), 3);
	CHECK_STR(buf_str(&out), "abc");
	buf_fini(&out);
}

/* What is cut at its end takes no more than it may, wherever plain letters end. */
TEST(a_name_is_cleaned_as_far_as_there_is_room)
{
	static const struct {
		const char *name;
		size_t max;
		const char *wanted;
	} rows[] = {
		{ "abcdef", 6, "abcdef" }, { "abcdef", 5, "abcde…" }, { "abcdef", 0, "…" }, { "", 0, "" },
		{ "abcé", 5, "abcé" }, { "abcéf", 5, "abcé…" }, { "abcéf", 4, "abc…" },
		{ "ab\x01", 4, "ab\\x01" }, { "ab\x01zzzzzzzz", 4, "ab\\x01…" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = { 0 };

		buf_add_str(&out, STR("> "));
		label_clean(&out, str_of(rows[i].name), rows[i].max);
		CHECK_STR(str_skip(buf_str(&out), 2), rows[i].wanted);
		buf_fini(&out);
	}
}

TEST_MAIN(CASE(text_is_cut_at_its_end), CASE(a_name_is_cleaned_as_far_as_there_is_room), CASE(names_lose_template_arguments_then_parameters_then_their_middle),
	  CASE(a_small_box_shows_the_function_alone),
	  CASE(what_could_harm_a_terminal_is_shown_as_numbers),
	  CASE(wide_characters_are_cut_between_columns), CASE(without_unicode_only_ascii_comes_out),
	  CASE(amounts_have_three_digits_and_a_fitting_unit),
	  CASE(percentages_never_say_more_than_is_true))
