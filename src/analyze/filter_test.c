/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/filter.h"

#include <errno.h>

#include "analyze/kept.h"
#include "analyze/profile_test.h"
#include "base/err.h"

static void threads_profile(struct profile *p)
{
	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	test_sample(p, "main;parse:3;lex 1", 7, 8);
	test_sample(p, "main;emit 1", 7, 9);
	test_sample(p, "main;0x1234 1", 10, 11);
	test_sample(p, "main;parse:3 1", 0, 0);
}

/* The samples kept, as letters. */
static void check_kept(struct filter_options options, const char *wanted)
{
	struct profile p;
	struct filter filter;
	char got[8] = "";
	size_t n = 0;

	threads_profile(&p);
	CHECK_EQ(filter_init(&filter, &p, &options, NULL), 0);
	for (uint32_t i = 0; i < p.n; i++)
		if (filter_keeps(&filter, i))
			got[n++] = (char)('a' + i);
	CHECK_STR(str_of(got), wanted);
	CHECK_EQ(filter.kept, n);
	filter_fini(&filter);
	profile_fini(&p);
}

TEST(samples_are_kept_and_dropped_by_what_is_in_their_stacks)
{
	static const struct {
		const char *focus, *ignore, *kept;
	} rows[] = {
		{ NULL, NULL, "abcd" },
		{ "lex|emit", NULL, "ab" },
		{ "LEX", NULL, "" },
		{ "^parse$", NULL, "ad" },
		{ "^parse$", "lex", "d" },
		{ NULL, "main", "" },
		{ "a\\.c", NULL, "ad" },	/* a source file */
		{ "libx", NULL, "c" },		/* a module */
		{ "^0x12", NULL, "c" },		/* an address */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_kept((struct filter_options){ .focus = rows[i].focus,
						    .ignore = rows[i].ignore },
			   rows[i].kept);
}

TEST(what_is_kept_is_a_profile_of_its_own)
{
	struct filter_options options = { .focus = "lex|0x12" };
	struct profile p;
	struct filter filter;
	struct kept kept;

	threads_profile(&p);
	CHECK_EQ(filter_init(&filter, &p, &options, NULL), 0);
	CHECK_EQ(kept_init(&kept, &p, &filter, NULL), 0);
	CHECK_EQ(kept.profile.n, 2);
	for (uint32_t i = 0; i < 2; i++) {
		CHECK_EQ(kept.profile.stack[i], p.stack[2 * i]);
		CHECK_EQ(kept.profile.label_set[i], p.label_set[2 * i]);
	}
	CHECK_EQ(profile_total(&kept.profile, 0), 2);
	CHECK_EQ(p.n, 4);
	kept_fini(&kept);
	CHECK_EQ(kept_init(&kept, &p, NULL, NULL), 0);
	CHECK(!kept.owned && kept.profile.n == 4);
	kept_fini(&kept);
	filter_fini(&filter);
	profile_fini(&p);
}

TEST(each_kept_row_keeps_its_time_and_all_its_values)
{
	struct filter_options options = { .focus = "emit" };
	struct profile p;
	struct filter filter;
	struct kept kept;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	profile_add_type(&p, STR("cpu"), STR("nanoseconds"));
	for (int64_t i = 0; i < 4; i++)
		profile_add_at(&p, test_stack(&p, i % 2 ? STR("main;emit") : STR("main;lex")), 0,
			       (uint64_t)i * 10, (int64_t[]){ i, i * 100 });
	CHECK_EQ(filter_init(&filter, &p, &options, NULL), 0);
	CHECK_EQ(kept_init(&kept, &p, &filter, NULL), 0);
	CHECK_EQ(kept.profile.n, 2);
	CHECK_EQ(kept.profile.time_ns[1], 30);
	CHECK_EQ(kept.profile.values[2], 3);
	CHECK_EQ(kept.profile.values[3], 300);
	kept_fini(&kept);
	filter_fini(&filter);
	profile_fini(&p);
}

TEST(samples_are_kept_by_thread_and_process)
{
	check_kept((struct filter_options){ .thread = "8" }, "a");
	check_kept((struct filter_options){ .thread = "worker-[89]" }, "ab");
	check_kept((struct filter_options){ .thread = "nobody" }, "");
	check_kept((struct filter_options){ .has_pid = true, .pid = 7 }, "ab");
	check_kept((struct filter_options){ .has_pid = true, .pid = 7, .thread = "9" }, "b");
	check_kept((struct filter_options){ .has_pid = true, .pid = 0 }, "");
}

/* Adds a label to the sample's set. */
static uint32_t with_label(struct profile *p, uint32_t set, const char *key, const char *text,
			   int64_t num)
{
	struct label all[8];
	uint32_t n;
	const struct label *old = labels_get(&p->labels, set, &n);

	memcpy(all, old, n * sizeof(*all));
	all[n] = (struct label){ .key = strings_add(&p->strings, str_of(key)),
				 .str = text ? strings_add(&p->strings, str_of(text)) : 0,
				 .num = num };
	return labels_add(&p->labels, all, n + 1);
}

static void labelled_profile(struct profile *p)
{
	threads_profile(p);
	p->label_set[0] = with_label(p, p->label_set[0], "gil", "held", 0);
	p->label_set[1] = with_label(p, p->label_set[1], "gil", "not held", 0);
	p->label_set[1] = with_label(p, p->label_set[1], "goroutine", NULL, 17);
	p->label_set[2] = with_label(p, p->label_set[2], "goroutine", NULL, 171);
	p->label_set[2] = with_label(p, p->label_set[2], "goroutine", NULL, -5);
}

TEST(samples_are_kept_by_labels)
{
	static const struct {
		const char *labels[2], *kept;
		bool gil;
	} rows[] = {
		{ { "goroutine" }, "bc", false },
		{ { "goroutine=17" }, "bc", false },	/* an expression, like all others */
		{ { "goroutine=^17$" }, "b", false },
		{ { "goroutine=^-5$" }, "c", false },	/* the second label of that key */
		{ { "gil=^held$" }, "a", false },
		{ { "gil=held" }, "ab", false },
		{ { "gil=" }, "ab", false },
		{ { "goroutine!=^17$" }, "acd", false },
		{ { "gil!=^held$" }, "bcd", false },
		{ { "goroutine!=", "gil!=^not" }, "ad", false },
		{ { "goroutine", "gil" }, "b", false },
		{ { "goroutine", "gil=^held" }, "", false },
		{ { NULL }, "a", true },
		{ { "goroutine" }, "", true },
		{ { "process=^app$", "pid=7" }, "ab", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct filter_options options = { .labels = rows[i].labels, .gil = rows[i].gil };
		struct profile p;
		struct filter filter;
		char got[8] = "";
		size_t n = 0;

		while (options.n_labels < 2 && rows[i].labels[options.n_labels])
			options.n_labels++;
		labelled_profile(&p);
		CHECK_EQ(filter_init(&filter, &p, &options, NULL), 0);
		for (uint32_t k = 0; k < p.n; k++)
			if (filter_keeps(&filter, k))
				got[n++] = (char)('a' + k);
		CHECK_STR(str_of(got), rows[i].kept);
		filter_fini(&filter);
		profile_fini(&p);
	}
}

static void check_refused(const struct filter_options *options, const char *words)
{
	struct profile p;
	struct filter filter;
	struct err err = { 0 };

	threads_profile(&p);
	CHECK_EQ(filter_init(&filter, &p, options, &err), -EINVAL);
	CHECK(str_contains(str_of(err.text), str_of(words)));
	CHECK(!filter.keep);
	profile_fini(&p);
}

TEST(a_label_that_no_sample_has_is_an_error_that_lists_those_there_are)
{
	const char *const labels[] = { "task=x", "pid=[", "=x" };

	for (uint32_t i = 0; i < 3; i++)
		check_refused(&(struct filter_options){ .labels = &labels[i], .n_labels = 1 },
			      i == 1 ? "not a regular expression" : "has: pid, tid, process, thread");
	check_refused(&(struct filter_options){ .gil = true }, "no sample has a label 'gil'");
}

TEST(a_profile_without_thread_labels_keeps_nothing_for_a_thread)
{
	struct profile p;
	struct filter filter;
	struct filter_options options = { .thread = "main" };

	test_profile(&p, "main 1");
	CHECK_EQ(filter_init(&filter, &p, &options, NULL), 0);
	CHECK_EQ(filter.kept, 0);
	filter_fini(&filter);
	profile_fini(&p);
}

TEST(a_wrong_expression_is_named_with_the_reason)
{
	struct profile p;
	struct filter filter;
	struct filter_options options = { .ignore = "a(" };
	struct err err = { "" };

	test_profile(&p, "main 1");
	CHECK_EQ(filter_init(&filter, &p, &options, &err), -EINVAL);
	CHECK(str_contains(str_of(err.text), STR("ignore 'a(' is not a regular expression: ")));
	profile_fini(&p);
}

TEST_MAIN(CASE(what_is_kept_is_a_profile_of_its_own),
	  CASE(each_kept_row_keeps_its_time_and_all_its_values),
	  CASE(samples_are_kept_by_labels),
	  CASE(a_label_that_no_sample_has_is_an_error_that_lists_those_there_are),
	  CASE(samples_are_kept_and_dropped_by_what_is_in_their_stacks),
	  CASE(samples_are_kept_by_thread_and_process),
	  CASE(a_profile_without_thread_labels_keeps_nothing_for_a_thread),
	  CASE(a_wrong_expression_is_named_with_the_reason))
