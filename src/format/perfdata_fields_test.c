/* SPDX-License-Identifier: Apache-2.0 */
/* What samples have beside their stack and period. */
#include "format/perfdata_made_test.h"

static int64_t total_of(const struct profile *p, const char *type)
{
	int64_t sum = 0;

	for (uint32_t t = 0; t < p->n_types; t++)
		for (uint32_t i = 0; i < p->n && str_eq(strings_get(&p->strings, p->types[t].type), str_of(type)); i++)
			sum += p->values[(size_t)i * p->n_types + t];
	return sum;
}

static struct str label_of(const struct profile *p, uint32_t row, const char *key)
{
	const struct label *label = labels_find(&p->labels, p->label_set[row], strings_find(&p->strings, str_of(key)));

	return label ? strings_get(&p->strings, label->str) : STR("none");
}

TEST(jumps_are_rows_of_two_frames_that_count_nothing_else)
{
	static const uint64_t jumps[][3] = { { 0x400020, 0x400100, PERFDATA_BRANCH_MISPREDICTED }, { 0, 0, 0 },
					     { 0x400120, 0x400100, 2 } };
	struct made m = { .branches = PERF_SAMPLE_BRANCH_USER | PERF_SAMPLE_BRANCH_ANY };
	struct buf columns;
	struct profile p;

	add_map(&m, 1, 7, 0x400000, 0x1000, "/bin/app");
	add_made(&m, &(struct made_sample){ .time = 2, .pid = 7, .ip = 0x400123, .misc = PERF_RECORD_MISC_USER,
					    .jumps = jumps, .n_jumps = 3 });
	CHECK_EQ(profile_of(&m, &p, NULL), 0);
	columns = written(&p, folded_columns_write);
	CHECK_STR(buf_str(&columns), "# samples/count *cpu-clock/nanoseconds taken-branches/count mispredicted-branches/count\n"
		  "app+0x1123 1 250000 0 0\napp+0x1020;app+0x1100 0 0 1 1\napp+0x1120;app+0x1100 0 0 1 0\n");
	buf_fini(&columns);
	profile_fini(&p);
}

TEST(a_control_group_is_a_label)
{
	struct made m = { .fields = PERF_SAMPLE_CGROUP };
	struct made_sample s = { .time = 2, .pid = 7, .ip = 0x400123, .misc = PERF_RECORD_MISC_USER, .cgroup = 5 };
	struct profile p;

	add_cgroup(&m, 1, 5, "/docker/abc");
	add_made(&m, &s);
	s.time = 3;
	s.cgroup = 6;
	add_made(&m, &s);
	CHECK_EQ(profile_of(&m, &p, NULL), 0);
	CHECK_EQ(p.n, 2);
	CHECK_STR(label_of(&p, 0, "cgroup"), "/docker/abc");
	CHECK_STR(label_of(&p, 1, "cgroup"), "none");
	profile_fini(&p);
}

TEST(a_weight_is_a_value_of_its_own)
{
	struct made m = { .fields = PERF_SAMPLE_WEIGHT };
	struct made_sample s = { .time = 2, .pid = 7, .ip = 0x400123, .misc = PERF_RECORD_MISC_USER };
	struct profile p;

	add_made(&m, &s);
	s.time = 3;
	s.weight = 77;
	add_made(&m, &s);
	CHECK_EQ(profile_of(&m, &p, NULL), 0);
	CHECK_EQ(total_of(&p, "weight"), 77);
	CHECK_EQ(total_of(&p, "cpu-clock"), 500000);
	profile_fini(&p);
}

TEST(what_a_group_counted_since_its_last_sample_is_each_events_value)
{
	static const uint64_t first[][2] = { { 1000, 100 }, { 5, 101 } }, second[][2] = { { 1700, 100 }, { 6, 101 } };
	static const uint64_t anew[][2] = { { 100, 100 }, { 9, 101 }, { 1, 999 } };
	struct made m = { .fields = PERF_SAMPLE_READ | PERF_SAMPLE_IDENTIFIER, .n_events = 2 };
	struct made_sample s = { .time = 2, .pid = 7, .ip = 0x400123, .misc = PERF_RECORD_MISC_USER, .id = 100,
				 .counts = first, .n_counts = 2 };
	struct profile p;

	add_made(&m, &s);
	s.time = 3;
	s.counts = second;
	add_made(&m, &s);
	s.time = 4;
	s.counts = anew;
	s.n_counts = 3;
	add_made(&m, &s);
	CHECK_EQ(profile_of(&m, &p, NULL), 0);
	CHECK_EQ(total_of(&p, "samples"), 3);
	CHECK_EQ(total_of(&p, "cpu-clock"), 1700);
	CHECK_EQ(total_of(&p, "task-clock"), 9);
	profile_fini(&p);
}

static void add_trace(struct made *m, const char *bytes)
{
	struct buf b = { 0 };

	put_u64(&b, strlen(bytes));
	for (int i = 0; i < 4; i++)
		put_u64(&b, 0);
	add(m, PERFDATA_AUXTRACE, 0, &b);
	buf_add_str(&m->records, str_of(bytes));
	buf_fini(&b);
}

TEST(a_trace_is_passed_over_and_said_so)
{
	struct made m = { 0 };
	struct profile p;

	add_sample(&m, 1, 7, 0x400123);
	add_trace(&m, "sixteen bytes ..");
	add_sample(&m, 2, 7, 0x400123);
	CHECK_EQ(profile_of(&m, &p, NULL), 0);
	CHECK_EQ(p.n, 2);
	CHECK(str_starts(strings_get(&p.strings, p.comments[p.n_comments - 1]), STR("sonde: note 16 bytes of hardware trace")));
	profile_fini(&p);
	m = (struct made){ 0 };
	add_trace(&m, "sixteen bytes ..");
	CHECK_MADE(&m, "x holds a hardware trace (AUX: intel_pt, intel_bts, arm_spe, cs_etm) and no sample: Sonde does not decode "
		   "such; perf script --itrace=i100usg makes text of it that Sonde reads");
}

TEST_MAIN(CASE(jumps_are_rows_of_two_frames_that_count_nothing_else), CASE(a_control_group_is_a_label),
	  CASE(a_weight_is_a_value_of_its_own), CASE(what_a_group_counted_since_its_last_sample_is_each_events_value),
	  CASE(a_trace_is_passed_over_and_said_so))
