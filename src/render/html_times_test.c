/* SPDX-License-Identifier: Apache-2.0 */
#include "render/html_times.h"

#include "base/test.h"
#include "model/profile.h"

#define MS 1000000u
#define MOST 64

/* A sample: its group, its node, its time. */
struct taken {
	uint32_t group, node;
	uint64_t time_ns;
};

/* What html_groups.c makes of a profile, from a list by (group, node). */
struct made {
	struct profile profile;
	struct html_samples samples;
	struct html_times times;
	uint32_t ids[MOST], spare[MOST], node[MOST], group[MOST];
};

static void make(struct made *m, const struct taken *list, uint32_t n, uint32_t rows_max)
{
	*m = (struct made){ 0 };
	m->samples = (struct html_samples){ m->ids, m->spare, m->node, m->group, n, 4 };
	profile_init(&m->profile);
	profile_add_type(&m->profile, STR("samples"), STR("count"));
	for (uint32_t i = 0; i < n; i++) {
		int64_t one = 1;

		profile_add_at(&m->profile, 0, 0, list[i].time_ns, &one);
		m->ids[i] = i;
		m->node[i] = list[i].node;
		m->group[i] = list[i].group;
	}
	CHECK_EQ(html_times_init(&m->times, &m->profile, &m->samples, rows_max), 0);
}

static void unmake(struct made *m)
{
	html_times_fini(&m->times);
	profile_fini(&m->profile);
}

static uint32_t rows_of(const struct made *m)
{
	uint32_t n = 1;

	for (uint32_t i = 1; i < m->samples.n; i++)
		n += m->group[m->times.ids[i]] != m->group[m->times.ids[i - 1]] ||
		     html_times_new_row(&m->times, i);
	return n;
}

TEST(samples_stand_in_time_order_within_their_group)
{
	static const struct taken list[] = { { 0, 1, 900 * MS }, { 0, 2, 100 * MS }, { 0, 3, 500 * MS },
					     { 1, 1, 700 * MS }, { 1, 2, 300 * MS } };
	static const uint32_t order[] = { 1, 2, 0, 4, 3 };
	struct made m;

	make(&m, list, 5, 100);
	for (uint32_t i = 0; i < 5; i++)
		CHECK_EQ(m.times.ids[i], order[i]);
	CHECK_EQ(m.times.tick_ns, MS);
	CHECK_EQ(m.times.tick[0], 100);
	CHECK_EQ(m.times.node[0], 2);
	unmake(&m);
}

TEST(ticks_are_fine_enough_for_the_busiest_group)
{
	static const struct taken list[] = { { 0, 1, 0 }, { 0, 1, 1000000 }, { 0, 2, 2000000 },
					     { 0, 3, 3000000 }, { 1, 1, 4000000 } };
	struct made m;

	make(&m, list, 5, 100);	/* 1 ms between: 1/64 of it is 15 us */
	CHECK_EQ(m.times.tick_ns, 10000);
	unmake(&m);
}

TEST(equal_nodes_at_one_tick_are_one_row)
{
	static const struct taken list[] = { { 0, 1, 5 * MS }, { 0, 1, 5 * MS }, { 0, 2, 5 * MS },
					     { 1, 1, 5 * MS }, { 1, 1, 900 * MS } };
	struct made m;

	make(&m, list, 5, 100);
	CHECK_EQ(rows_of(&m), 4);
	unmake(&m);
}

TEST(too_many_rows_make_the_tick_coarser)
{
	struct taken list[MOST];
	struct made m;

	for (uint32_t i = 0; i < MOST; i++)
		list[i] = (struct taken){ 0, 1, (uint64_t)i * 20 * MS };
	make(&m, list, MOST, 10);
	CHECK_EQ(m.times.tick_ns, 1000u * MS);	/* 64 rows at 1 ms, 13 at 0.1 s, 2 at 1 s */
	CHECK_EQ(rows_of(&m), 2);
	unmake(&m);
}

/* More than are sorted in place, in no order, over few ticks and again over a coarser one. */
TEST(many_samples_of_a_tick_stand_by_node)
{
	struct taken list[MOST];
	struct made m;

	for (uint32_t rows_max = MOST; rows_max >= 4; rows_max /= 4) {
		for (uint32_t i = 0; i < MOST; i++)
			list[i] = (struct taken){ i / 40, i % 40 / 2, (uint64_t)(i * 37 % MOST) * 7 * MS };
		make(&m, list, MOST, rows_max);
		for (uint32_t i = 1; i < MOST; i++) {
			uint32_t id = m.times.ids[i], before = m.times.ids[i - 1];

			CHECK_EQ(m.times.tick[i], list[id].time_ns / m.times.tick_ns);
			CHECK_EQ(m.times.node[i], list[id].node);
			if (list[id].group == list[before].group)
				CHECK(m.times.tick[i] > m.times.tick[i - 1] ||
				      (m.times.tick[i] == m.times.tick[i - 1] && m.times.node[i] >= m.times.node[i - 1]));
			else
				CHECK(list[id].group > list[before].group);
		}
		unmake(&m);
	}
}

TEST(times_of_any_size_have_a_tick)
{
	static const struct taken list[] = { { 0, 1, 0 }, { 0, 2, UINT64_MAX }, { 1, 1, UINT64_MAX },
					     { 2, 1, UINT64_MAX / 2 } };
	struct made m;

	make(&m, list, 4, 1);
	CHECK(m.times.tick_ns > 0);
	CHECK_EQ(m.times.ids[0], 0);
	CHECK_EQ(m.times.ids[1], 1);
	unmake(&m);
}

TEST(without_times_there_are_no_rows)
{
	struct made m;

	make(&m, NULL, 0, 100);
	CHECK_EQ(m.times.tick_ns, 0);
	CHECK(!m.times.ids);
	unmake(&m);
}

TEST_MAIN(CASE(samples_stand_in_time_order_within_their_group),
	  CASE(ticks_are_fine_enough_for_the_busiest_group), CASE(equal_nodes_at_one_tick_are_one_row),
	  CASE(too_many_rows_make_the_tick_coarser), CASE(many_samples_of_a_tick_stand_by_node), CASE(times_of_any_size_have_a_tick),
	  CASE(without_times_there_are_no_rows))
