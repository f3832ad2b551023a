/* SPDX-License-Identifier: Apache-2.0 */
#include <zstd.h>

#include "format/perfdata_made_test.h"

TEST(an_address_is_an_offset_in_the_file_that_is_mapped_there)
{
	struct made m = { 0 };

	add_map(&m, 1, 7, 0x400000, 0x1000, "/bin/app");
	add_sample(&m, 2, 7, 0x400234);
	add_sample(&m, 3, 7, 0x999999);
	CHECK_MADE(&m, "app+0x1234 250000\n[no mapping holds this address] 250000\n");
}

TEST(what_was_written_later_but_was_earlier_counts_first)
{
	struct made m = { 0 };

	add_sample(&m, 5, 7, 0x400000);		/* one processor's buffer */
	add_sample(&m, 9, 7, 0x400000);
	add_map(&m, 4, 7, 0x400000, 0x1000, "/bin/old");	/* another's */
	add_map(&m, 8, 7, 0x400000, 0x1000, "/bin/new");
	add_round(&m);
	CHECK_MADE(&m, "old+0x1000 250000\nnew+0x1000 250000\n");
}

TEST(a_child_has_its_parents_code_until_it_becomes_another_program)
{
	struct made m = { 0 };

	add_map(&m, 1, 7, 0x400000, 0x1000, "/bin/app");
	add_fork(&m, 2, 8, 7);
	add_sample(&m, 3, 8, 0x400001);
	add_comm(&m, 4, 8, "other", true);
	add_sample(&m, 5, 8, 0x400001);
	add_map(&m, 6, 8, 0x500000, 0x1000, "/bin/other");
	add_sample(&m, 7, 8, 0x500002);
	add_sample(&m, 8, 7, 0x400003);		/* the parent still has it */
	add_sample(&m, 9, 7, 0x500002);		/* and nothing of the child's */
	CHECK_MADE(&m, "app+0x1001 250000\n[no mapping holds this address] 500000\nother+0x1002 250000\n"
		   "app+0x1003 250000\n");
}

TEST(a_mapping_covers_the_middle_of_an_older_one)
{
	struct made m = { 0 };

	add_map(&m, 1, 7, 0x400000, 0x3000, "/bin/app");
	add_map(&m, 2, 7, 0x401000, 0x1000, "//anon");
	add_sample(&m, 3, 7, 0x400004);
	add_sample(&m, 4, 7, 0x401005);
	add_sample(&m, 5, 7, 0x402006);
	CHECK_MADE(&m, "app+0x1004 250000\nperf-7.map+0x401005 250000\napp+0x3006 250000\n");
}

TEST(calls_that_the_processor_kept_are_the_stack)
{
	static const uint64_t calls[][3] = { { 0x400020, 0x400100 }, { 0x400010, 0x400018 } };
	struct made m = { .branches = PERF_SAMPLE_BRANCH_USER | PERF_SAMPLE_BRANCH_CALL_STACK };
	struct made_sample s = { .time = 2, .pid = 7, .ip = 0x400123, .misc = PERF_RECORD_MISC_USER, .no_chain = true,
				 .jumps = calls, .n_jumps = 2 };

	add_map(&m, 1, 7, 0x400000, 0x1000, "/bin/app");
	add_made(&m, &s);
	add_made(&m, &(struct made_sample){ .time = 3, .pid = 7, .ip = 0xffffffff81000001,
					    .misc = PERF_RECORD_MISC_KERNEL, .jumps = calls, .n_jumps = 2 });
	s.n_jumps = 0;
	add_made(&m, &s);
	CHECK_MADE(&m, "app+0x1123 250000\napp+0x1010;app+0x1020;app+0x1123 250000\n"
		   "app+0x1010;app+0x1020;app+0x1100;[kernel]+0xffffffff81000001 250000\n");
}

TEST(jumps_are_no_stack)
{
	static const uint64_t jumps[][3] = { { 0x400020, 0x400100 } };
	struct made m = { .branches = PERF_SAMPLE_BRANCH_USER | PERF_SAMPLE_BRANCH_ANY };

	add_map(&m, 1, 7, 0x400000, 0x1000, "/bin/app");
	add_made(&m, &(struct made_sample){ .time = 2, .pid = 7, .ip = 0x400123, .misc = PERF_RECORD_MISC_USER,
					    .no_chain = true, .jumps = jumps, .n_jumps = 1 });
	CHECK_MADE(&m, "app+0x1123 250000\n");
}

TEST(samples_have_labels_and_times)
{
	struct made m = { 0 };
	struct profile p;
	struct buf file;
	uint32_t n;

	add_comm(&m, 1, 7, "main", false);
	add_sample(&m, 1000, 7, 0x400000);
	add_comm(&m, 1500, 7, "worker", false);
	add_sample(&m, 4000, 7, 0x400000);
	file = file_of(&m);
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, buf_str(&file), "x", NULL), 0);
	CHECK_EQ(p.n, 2);
	CHECK_EQ(p.n_types, 2);
	CHECK_STR(strings_get(&p.strings, p.types[p.default_type].type), "cpu-clock");
	CHECK_STR(strings_get(&p.strings, p.types[p.default_type].unit), "nanoseconds");
	CHECK_EQ(p.time_ns[1] - p.time_ns[0], 3000);
	CHECK_EQ(p.duration_ns, 3000);
	labels_get(&p.labels, p.label_set[1], &n);
	CHECK_EQ(n, 4);
	CHECK_STR(strings_get(&p.strings, labels_find(&p.labels, p.label_set[1],
		  strings_find(&p.strings, STR("thread")))->str), "worker");
	CHECK_STR(strings_get(&p.strings, labels_find(&p.labels, p.label_set[0],
		  strings_find(&p.strings, STR("thread")))->str), "main");
	profile_fini(&p);
	buf_fini(&file);
	buf_fini(&m.records);
}

TEST(a_compressed_record_may_end_inside_another)
{
	struct made m = { 0 }, inner = { 0 };
	ZSTD_CCtx *stream = ZSTD_createCCtx();
	struct buf piece = { 0 };
	char packed[1024];

	add_map(&inner, 1, 7, 0x400000, 0x1000, "/bin/app");
	add_sample(&inner, 2, 7, 0x400234);
	for (size_t at = 0; at < inner.records.n; at += 50) {
		size_t n = inner.records.n - at < 50 ? inner.records.n - at : 50;
		ZSTD_inBuffer in = { inner.records.p + at, n, 0 };
		ZSTD_outBuffer out = { packed, sizeof(packed), 0 };

		CHECK_EQ(ZSTD_compressStream2(stream, &out, &in, ZSTD_e_flush), 0);
		buf_clear(&piece);
		buf_add(&piece, packed, out.pos);
		add(&m, PERFDATA_COMPRESSED, 0, &piece);
	}
	CHECK_MADE(&m, "app+0x1234 250000\n");
	ZSTD_freeCCtx(stream);
	buf_fini(&piece);
	buf_fini(&inner.records);
}

/* A compressed record of what another made holds, whose records are freed. */
static void add_packed(struct made *m, struct made *inner, ZSTD_CCtx *stream)
{
	char packed[1024];
	ZSTD_inBuffer in = { inner->records.p, inner->records.n, 0 };
	ZSTD_outBuffer out = { packed, sizeof(packed), 0 };
	struct buf piece = { 0 };

	CHECK_EQ(ZSTD_compressStream2(stream, &out, &in, ZSTD_e_flush), 0);
	buf_add(&piece, packed, out.pos);
	add(m, PERFDATA_COMPRESSED, 0, &piece);
	buf_fini(&piece);
	buf_fini(&inner->records);
}

/* The memory in which its record was is long gone when the first sample asks. */
TEST(the_kernels_build_id_is_known_after_what_held_it_was_read)
{
	struct made m = { 0 }, first = { 0 }, second = { 0 };
	ZSTD_CCtx *stream = ZSTD_createCCtx();
	struct buf b = { 0 };
	struct profile p;
	uint32_t module;

	put_pair(&b, UINT32_MAX, 0);
	put_u64(&b, 0xffffffff81000000);
	put_u64(&b, 0x1000000);
	put_u64(&b, 0xffffffff81000000);
	put_u64(&b, 20 | 0xabababab00000000);	/* a build id of 20 bytes */
	put_u64(&b, 0xabababababababab);
	put_u64(&b, 0xabababababababab);
	put_pair(&b, 5, 0);
	put_name(&b, "[kernel.kallsyms]_text", 32);
	add_told(&first, PERF_RECORD_MMAP2, PERF_RECORD_MISC_KERNEL | 1 << 14, &b, 0, 1);
	add_packed(&m, &first, stream);
	add_round(&m);
	add_round(&m);
	add_made(&second, &(struct made_sample){ .time = 3, .pid = 7, .ip = 0xffffffff81000001,
						 .misc = PERF_RECORD_MISC_KERNEL });
	add_packed(&m, &second, stream);
	CHECK_EQ(profile_of(&m, &p, NULL), 0);
	module = p.frames.frames[p.tree.frame[p.stack[0]]].module;
	CHECK_STR(strings_get(&p.strings, p.frames.modules[module].build_id), "abababababababababababababababababababab");
	profile_fini(&p);
	ZSTD_freeCCtx(stream);
}

TEST(a_pipe_describes_its_events_among_the_records)
{
	struct made m = { 0 };
	struct buf attr = { 0 }, file = { 0 };
	struct profile p;

	put_attr(&attr, &m, 0);
	put_u64(&attr, 1);
	add(&m, PERFDATA_ATTR, 0, &attr);
	add_map(&m, 1, 7, 0x400000, 0x1000, "/bin/app");
	add_sample(&m, 2, 7, 0x400234);
	buf_add_str(&file, STR("PERFILE2"));
	put_u64(&file, 16);
	buf_add_str(&file, buf_str(&m.records));
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, buf_str(&file), "x", NULL), 0);
	CHECK_EQ(p.n, 1);
	profile_fini(&p);
	buf_fini(&attr);
	buf_fini(&file);
	buf_fini(&m.records);
}

TEST(a_file_that_is_cut_short_is_refused)
{
	struct made m = { 0 };
	struct buf file;

	add_map(&m, 1, 7, 0x400000, 0x1000, "/bin/app");
	add_sample(&m, 2, 7, 0x400234);
	file = file_of(&m);
	for (size_t n = 8; n < file.n; n++) {	/* with less it may be anything */
		struct err err = { 0 };
		struct profile p;

		profile_init(&p);
		CHECK(format_read_bytes(&p, str_head(buf_str(&file), n), "x", &err) < 0);
		CHECK(err.text[0]);
		profile_fini(&p);
	}
	buf_fini(&file);
	buf_fini(&m.records);
}

TEST(samples_that_are_not_as_their_event_is_described_have_a_place)
{
	struct made m = { 0 };
	struct err err = { 0 };
	struct profile p;
	struct buf file;

	add_sample(&m, 1, 7, 0x400234);
	add_sample(&m, 2, 7, 0x400234);
	file = file_of(&m);
	file.p[112 + 24 + 2] |= 2;	/* sample_type of the one event: PERF_SAMPLE_TRANSACTION, which no sample has */
	profile_init(&p);
	CHECK(format_read_bytes(&p, buf_str(&file), "x", &err) < 0);
	CHECK_STR(str_of(err.text), "x: no sample of it can be read: 2 records, the first at byte 200, are not as its "
		  "events are described: get the file again");
	profile_fini(&p);
	buf_fini(&file);
	buf_fini(&m.records);
}

TEST(no_sample_and_the_other_byte_order_are_refused)
{
	struct made m = { 0 };

	add_map(&m, 1, 7, 0x400000, 0x1000, "/bin/app");
	CHECK_MADE(&m, "x is perf's, but there is no sample in it");
	CHECK_READS("2ELIFREP........", "x was recorded on a machine of the other byte order, whose perf.data "
		    "Sonde does not read: convert it there (perf script)");
}

TEST_MAIN(CASE(samples_that_are_not_as_their_event_is_described_have_a_place),
      CASE(an_address_is_an_offset_in_the_file_that_is_mapped_there),
      CASE(what_was_written_later_but_was_earlier_counts_first),
      CASE(a_child_has_its_parents_code_until_it_becomes_another_program),
      CASE(a_mapping_covers_the_middle_of_an_older_one),
      CASE(calls_that_the_processor_kept_are_the_stack),
      CASE(jumps_are_no_stack),
      CASE(samples_have_labels_and_times),
      CASE(a_compressed_record_may_end_inside_another),
      CASE(the_kernels_build_id_is_known_after_what_held_it_was_read),
      CASE(a_pipe_describes_its_events_among_the_records),
      CASE(a_file_that_is_cut_short_is_refused),
      CASE(no_sample_and_the_other_byte_order_are_refused))
