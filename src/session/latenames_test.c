/* SPDX-License-Identifier: Apache-2.0 */
#include "session/latenames.h"

#include "base/test.h"

enum { THREAD = 1, PROCESS, TID, JAVA, SHELL, COMMAND, WORKER };	/* strings */

static uint32_t set_of(struct labels *labels, pid_t tid, uint32_t name)
{
	struct label set[] = { { .key = TID, .num = tid }, { .key = THREAD, .str = name } };

	return labels_add(labels, set, 2);
}

static uint32_t note(struct latenames *names, struct labels *labels, pid_t tid, uint32_t process, uint32_t name, bool own)
{
	struct latenames_thread thread = { .pid = 5, .tid = tid, .process = process, .name = name };
	uint32_t set = set_of(labels, tid, name);

	CHECK_EQ(latenames_note(names, &thread, own, set), 0);
	return set;
}

static uint32_t name_in(const struct labels *labels, uint32_t set)
{
	const struct label *label = labels_find(labels, set, THREAD);

	return label ? label->str : 0;
}

TEST(what_was_sampled_before_a_threads_name_was_known_gets_it)
{
	struct latenames names = { 0 };
	struct labels labels;
	uint32_t early, later, other, *sets;

	labels_init(&labels);
	early = note(&names, &labels, 7, JAVA, COMMAND, false);
	other = note(&names, &labels, 8, JAVA, COMMAND, false);
	later = note(&names, &labels, 7, JAVA, WORKER, true);
	sets = latenames_sets(&names, &labels, THREAD);
	CHECK(sets);
	CHECK_EQ(sets[early], later);
	CHECK_EQ(sets[later], later);
	CHECK_EQ(sets[other], other);
	CHECK_EQ(name_in(&labels, sets[other]), COMMAND);
	free(sets);
	latenames_fini(&names);
	labels_fini(&labels);
}

TEST(a_set_that_was_not_there_yet_is_made)
{
	struct latenames names = { 0 };
	struct latenames_thread thread = { .pid = 5, .tid = 7, .process = JAVA, .name = COMMAND };
	struct label set[] = { { .key = TID, .num = 7 }, { .key = THREAD, .str = COMMAND }, { .key = 9, .num = 3 } };
	struct labels labels;
	uint32_t early, n, *sets;

	labels_init(&labels);
	early = labels_add(&labels, set, 3);
	CHECK_EQ(latenames_note(&names, &thread, false, early), 0);
	note(&names, &labels, 7, JAVA, WORKER, true);
	sets = latenames_sets(&names, &labels, THREAD);
	CHECK(sets);
	CHECK_EQ(name_in(&labels, sets[early]), WORKER);
	CHECK_EQ(labels_find(&labels, sets[early], 9)->num, 3);
	labels_get(&labels, sets[early], &n);
	CHECK_EQ(n, 3);
	free(sets);
	latenames_fini(&names);
	labels_fini(&labels);
}

TEST(what_a_process_was_before_is_not_its_thread)
{
	struct latenames names = { 0 };
	struct labels labels;
	uint32_t shell, *sets;

	labels_init(&labels);
	shell = note(&names, &labels, 7, SHELL, COMMAND, false);
	note(&names, &labels, 7, JAVA, WORKER, true);
	sets = latenames_sets(&names, &labels, THREAD);
	CHECK(sets);
	CHECK_EQ(sets[shell], shell);
	free(sets);
	latenames_fini(&names);
	labels_fini(&labels);
}

TEST(without_names_there_is_nothing_to_replace)
{
	struct latenames names = { 0 };
	struct labels labels;

	labels_init(&labels);
	note(&names, &labels, 7, JAVA, COMMAND, false);
	CHECK(!latenames_sets(&names, &labels, THREAD));
	latenames_fini(&names);
	labels_fini(&labels);
}

TEST_MAIN(CASE(what_was_sampled_before_a_threads_name_was_known_gets_it),
	  CASE(a_set_that_was_not_there_yet_is_made),
	  CASE(what_a_process_was_before_is_not_its_thread),
	  CASE(without_names_there_is_nothing_to_replace))
