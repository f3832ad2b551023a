/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/runclock.h"

#include "base/test.h"

#define PERIOD 2000000u

static const struct runclock_now one_tick = { .ns = 50 * PERIOD, .period_ns = PERIOD, .ticks = 1 };

static struct runclock_reading reading_of(char state, uint64_t wait_ns, uint64_t turns)
{
	return (struct runclock_reading){ .state = state, .wait_ns = wait_ns, .turns = turns,
					  .counted = true };
}

TEST(a_thread_without_a_turn_since_the_tick_was_running)
{
	struct runclock clock = { 0 };
	struct runclock_reading r = reading_of('R', 500, 7);
	bool throughout = false;

	CHECK(runclock_judge(&clock, &r, &one_tick));
	CHECK(runclock_judge_stop(&clock, &r, one_tick.ns + 30000, &throughout));
	CHECK(throughout);
}

TEST(a_thread_whose_wait_began_before_the_tick_was_not)
{
	struct runclock clock = { 0 };
	struct runclock_reading r = reading_of('R', 500, 7), later = reading_of('R', 500 + 3000000, 8);
	bool throughout = true;

	CHECK(runclock_judge(&clock, &r, &one_tick));
	CHECK(!runclock_judge_stop(&clock, &later, one_tick.ns + 1000000, &throughout));
	CHECK(!throughout);
}

TEST(a_thread_that_our_waking_has_put_off_the_cpu_was)
{
	struct runclock clock = { 0 };
	struct runclock_reading r = reading_of('R', 500, 7), later = reading_of('R', 500 + 1010000, 8);
	bool throughout = true;

	CHECK(runclock_judge(&clock, &r, &one_tick));
	CHECK(runclock_judge_stop(&clock, &later, one_tick.ns + 1000000, &throughout));
	CHECK(!throughout);
}

TEST(a_sleeping_thread_is_never_chosen)
{
	static const char states[] = "SDTtZXI";
	struct runclock clock = { 0 };

	for (size_t i = 0; states[i]; i++) {
		struct runclock_reading r = reading_of(states[i], 0, i + 1);

		CHECK(!runclock_judge(&clock, &r, &one_tick));
	}
}

TEST(without_counts_a_thread_that_has_half_a_cpu_gives_half_the_samples)
{
	struct runclock clock = { 0 };
	uint32_t samples = 0;

	for (uint64_t tick = 1; tick <= 4000; tick++) {
		struct runclock_reading r = { .state = 'R' };

		r.cpu_ns = tick * PERIOD / 2 / 10000000 * 10000000;	/* in clock ticks of 10 ms */
		samples += runclock_judge(&clock, &r, &one_tick);
	}
	CHECK(samples > 1900 && samples < 2100);
}

TEST(missed_ticks_are_those_for_which_cpu_time_was_used)
{
	struct runclock clock = { .first_run_ns = 1000, .late = 9, .taken = 1 };

	clock.last.run_ns = 1000 + 4 * PERIOD;
	CHECK_EQ(runclock_take_missed(&clock, PERIOD), 3);
	clock.last.run_ns += PERIOD - 1;	/* less than a tick's */
	CHECK_EQ(runclock_take_missed(&clock, PERIOD), 0);
	clock.last.run_ns += 1;
	CHECK_EQ(runclock_take_missed(&clock, PERIOD), 1);
	clock.last.run_ns += 100 * PERIOD;	/* used, but we have been in time for the others */
	CHECK_EQ(runclock_take_missed(&clock, PERIOD), 5);
	CHECK_EQ(runclock_take_missed(&clock, PERIOD), 0);
}

TEST(stat_is_read_behind_a_name_that_may_hold_anything)
{
	struct runclock_reading r = { 0 };

	CHECK(runclock_parse_stat(STR("12 (a) R 9) (b) R 1 2 3 4 5 6 7 8 9 10 30 12 0\n"), 10, &r));
	CHECK_EQ(r.state, 'R');
	CHECK_EQ(r.cpu_ns, 420);
	CHECK_STR(str_of(r.comm), "a) R 9) (b");
}

TEST(what_is_no_stat_file_is_refused)
{
	static const char *const texts[] = { "", "1", "1 (x", "1 (x)", "1 (x) R", "1 (x) R 1 2 3",
					     ")(", "1 (x) R 1 2 3 4 5 6 7 8 9 10 a b" };
	struct runclock_reading r = { 0 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK(!runclock_parse_stat(str_of(texts[i]), 10, &r));
	CHECK(!runclock_parse_schedstat(STR("1 2"), &r));
	CHECK(!runclock_parse_schedstat(STR(""), &r));
	CHECK(runclock_parse_schedstat(STR("0 0 0\n"), &r));
	CHECK(!r.counted);
}

TEST_MAIN(CASE(a_thread_without_a_turn_since_the_tick_was_running),
	  CASE(a_thread_whose_wait_began_before_the_tick_was_not),
	  CASE(a_thread_that_our_waking_has_put_off_the_cpu_was),
	  CASE(a_sleeping_thread_is_never_chosen),
	  CASE(without_counts_a_thread_that_has_half_a_cpu_gives_half_the_samples),
	  CASE(missed_ticks_are_those_for_which_cpu_time_was_used),
	  CASE(stat_is_read_behind_a_name_that_may_hold_anything),
	  CASE(what_is_no_stat_file_is_refused))
