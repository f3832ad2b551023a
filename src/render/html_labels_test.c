/* SPDX-License-Identifier: Apache-2.0 */
#include "render/html_labels.h"

#include "analyze/profile_test.h"
#include "analyze/threads.h"
#include "base/err.h"

static void add(struct profile *p, int64_t tid, const char *key, int64_t number)
{
	struct label set[] = { { .key = strings_add(&p->strings, STR("tid")), .num = tid },
			       { .key = strings_add(&p->strings, str_of(key)), .num = number } };
	int64_t value = 1000000 - number;

	profile_add(p, test_stack(p, STR("main;work")), labels_add(&p->labels, set, 2), &value);
}

static void label(struct html_labels *labels, struct threads *threads, const struct profile *p)
{
	struct err err = { 0 };

	CHECK_EQ(threads_init(threads, p, NULL, 0, &err), 0);
	CHECK_EQ(html_labels_init(labels, p, threads, NULL, 0), 0);
}

TEST(groups_are_the_threads_divided_by_values)
{
	struct profile p;
	struct threads threads;
	struct html_labels labels;

	test_profile(&p, "main 1");
	add(&p, 7, "task", 1);
	add(&p, 8, "task", 1);
	add(&p, 7, "task", 2);
	add(&p, 7, "lane", 1);
	label(&labels, &threads, &p);
	CHECK_EQ(labels.n_keys, 2);
	CHECK_STR(labels.keys[0].name, "task");
	CHECK_EQ(labels.keys[0].n, 2);
	CHECK_STR(labels.keys[0].values[0], "1");	/* the costliest first */
	CHECK_EQ(labels.n, 5);
	for (uint32_t g = 1; g < labels.n; g++)
		CHECK(labels.thread[g - 1] <= labels.thread[g]);
	for (uint32_t set = 0; set < p.labels.n; set++) {
		uint32_t group = labels.of_set[set];

		CHECK_EQ(labels.thread[group], threads.of_set[set]);
		for (uint32_t k = 0; k < labels.n_keys; k++)
			CHECK_EQ(labels.keys[k].of_set[labels.set[group]], labels.keys[k].of_set[set]);
	}
	html_labels_fini(&labels);
	threads_fini(&threads);
	profile_fini(&p);
}

TEST(a_label_with_many_values_keeps_the_costliest)
{
	struct profile p;
	struct threads threads;
	struct html_labels labels;

	test_profile(&p, "main 1");
	for (uint32_t i = 0; i < HTML_VALUES_MAX + 20; i++)
		add(&p, 7, "request", i);
	label(&labels, &threads, &p);
	CHECK_EQ(labels.keys[0].n, HTML_VALUES_MAX);
	CHECK_EQ(labels.keys[0].n_others, 20);
	CHECK_STR(labels.keys[0].values[HTML_VALUES_MAX - 1], "99");
	CHECK_EQ(labels.n, 1 + HTML_VALUES_MAX + 1);	/* without a label, each value, the others */
	html_labels_fini(&labels);
	threads_fini(&threads);
	profile_fini(&p);
}

TEST(keys_that_would_make_too_many_groups_are_left_out_and_named)
{
	struct profile p;
	struct threads threads;
	struct html_labels labels;

	test_profile(&p, "main 1");
	for (uint32_t i = 0; i < 80 * 80; i++) {
		struct label set[] = { { .key = strings_add(&p.strings, STR("row")), .num = i / 80 + 1 },
				       { .key = strings_add(&p.strings, STR("seat")), .num = i % 80 + 1 } };
		int64_t value = 1;

		profile_add(&p, test_stack(&p, STR("main")), labels_add(&p.labels, set, 2), &value);
	}
	label(&labels, &threads, &p);
	CHECK_EQ(labels.n_keys, 1);
	CHECK_STR(labels.keys[0].name, "row");
	CHECK_STR(buf_str(&labels.left_out), "seat");
	CHECK_EQ(labels.n, 81);
	html_labels_fini(&labels);
	threads_fini(&threads);
	profile_fini(&p);
}

TEST(a_profile_without_labels_has_one_group)
{
	struct profile p;
	struct threads threads;
	struct html_labels labels;

	test_profile(&p, "main 1");
	label(&labels, &threads, &p);
	CHECK_EQ(labels.n_keys, 0);
	CHECK_EQ(labels.n, 1);
	html_labels_fini(&labels);
	threads_fini(&threads);
	profile_fini(&p);
}

TEST_MAIN(CASE(groups_are_the_threads_divided_by_values), CASE(a_label_with_many_values_keeps_the_costliest),
	  CASE(keys_that_would_make_too_many_groups_are_left_out_and_named),
	  CASE(a_profile_without_labels_has_one_group))
