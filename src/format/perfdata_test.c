/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/perf_event.h>
#include <zstd.h>

#include "base/test.h"
#include "format/memory_test.h"
#include "format/perfdata.h"
#include "format/perfdata_head.h"

#define EXEC (1u << 13)

/* A perf.data with one event (cpu-clock: ip, tid, time, period, callchain) and these records. */
struct made {
	struct buf records;
	uint64_t branches;	/* not 0: the event has them, of this kind */
};

static void put_u32(struct buf *buf, uint32_t v)
{
	buf_add(buf, &v, sizeof(v));
}

static void put_u64(struct buf *buf, uint64_t v)
{
	buf_add(buf, &v, sizeof(v));
}

static void put_attr(struct buf *buf, uint64_t sample_type, uint64_t branches)
{
	put_u32(buf, PERF_TYPE_SOFTWARE);
	put_u32(buf, branches ? 80 : 72);
	sample_type |= branches ? PERF_SAMPLE_BRANCH_STACK : 0;
	put_u64(buf, PERF_COUNT_SW_CPU_CLOCK);
	put_u64(buf, 4000);
	put_u64(buf, sample_type);
	put_u64(buf, 0);
	put_u64(buf, 1 << 10 | 1 << 18);	/* a frequency; the other records tell their time too */
	put_u64(buf, 0);
	put_u64(buf, 0);
	put_u64(buf, 0);
	if (branches)
		put_u64(buf, branches);
}

#define USUAL (PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN)

static void add(struct made *m, uint32_t type, uint16_t misc, const struct buf *body)
{
	uint16_t head[2] = { misc, (uint16_t)(8 + body->n) };

	put_u32(&m->records, type);
	buf_add(&m->records, head, sizeof(head));
	buf_add_str(&m->records, buf_str(body));
}

static void put_name(struct buf *buf, const char *name, size_t room)
{
	char text[64] = "";

	snprintf(text, sizeof(text), "%s", name);
	buf_add(buf, text, room);
}

static void add_map(struct made *m, uint64_t time, uint32_t pid, uint64_t start, uint64_t bytes, const char *path)
{
	struct buf b = { 0 };

	put_u32(&b, pid);
	put_u32(&b, pid);
	put_u64(&b, start);
	put_u64(&b, bytes);
	put_u64(&b, 0x1000);
	put_name(&b, path, 32);
	put_u64(&b, (uint64_t)pid << 32 | pid);
	put_u64(&b, time);
	add(m, PERF_RECORD_MMAP, PERF_RECORD_MISC_USER, &b);
	buf_fini(&b);
}

static void add_comm(struct made *m, uint64_t time, uint32_t pid, const char *name, bool exec)
{
	struct buf b = { 0 };

	put_u32(&b, pid);
	put_u32(&b, pid);
	put_name(&b, name, 16);
	put_u64(&b, (uint64_t)pid << 32 | pid);
	put_u64(&b, time);
	add(m, PERF_RECORD_COMM, exec ? EXEC : 0, &b);
	buf_fini(&b);
}

static void add_fork(struct made *m, uint64_t time, uint32_t pid, uint32_t parent)
{
	struct buf b = { 0 };

	put_u32(&b, pid);
	put_u32(&b, parent);
	put_u32(&b, pid);
	put_u32(&b, parent);
	put_u64(&b, time);
	put_u64(&b, (uint64_t)pid << 32 | pid);
	put_u64(&b, time);
	add(m, PERF_RECORD_FORK, 0, &b);
	buf_fini(&b);
}

/* A sample of one address in user space. */
static void add_sample(struct made *m, uint64_t time, uint32_t pid, uint64_t ip)
{
	struct buf b = { 0 };

	put_u64(&b, ip);
	put_u32(&b, pid);
	put_u32(&b, pid);
	put_u64(&b, time);
	put_u64(&b, 250000);
	put_u64(&b, 2);
	put_u64(&b, (uint64_t)PERF_CONTEXT_USER);
	put_u64(&b, ip);
	add(m, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER, &b);
	buf_fini(&b);
}

/* A sample whose calls the processor kept. */
static void add_calls(struct made *m, uint64_t time, uint16_t misc, uint64_t ip, const uint64_t (*calls)[2], uint64_t n)
{
	struct buf b = { 0 };

	put_u64(&b, ip);
	put_u32(&b, 7);
	put_u32(&b, 7);
	put_u64(&b, time);
	put_u64(&b, 250000);
	put_u64(&b, misc == PERF_RECORD_MISC_KERNEL ? 2 : 0);
	if (misc == PERF_RECORD_MISC_KERNEL) {
		put_u64(&b, (uint64_t)PERF_CONTEXT_KERNEL);
		put_u64(&b, ip);
	}
	put_u64(&b, n);
	for (uint64_t i = 0; i < n; i++) {
		put_u64(&b, calls[i][0]);
		put_u64(&b, calls[i][1]);
		put_u64(&b, 0);
	}
	add(m, PERF_RECORD_SAMPLE, misc, &b);
	buf_fini(&b);
}

static void add_round(struct made *m)
{
	struct buf none = { 0 };

	add(m, PERFDATA_FINISHED_ROUND, 0, &none);
}

/* The file: its header, the attr, the records. The caller frees. */
static struct buf file_of(const struct made *m)
{
	uint64_t attr = m->branches ? 80 : 72;
	struct buf b = { 0 };

	buf_add_str(&b, STR("PERFILE2"));
	put_u64(&b, 104);
	put_u64(&b, attr + 16);
	put_u64(&b, 104);
	put_u64(&b, attr + 16);
	put_u64(&b, 104 + attr + 16);
	put_u64(&b, m->records.n);
	for (int i = 0; i < 6; i++)
		put_u64(&b, 0);
	put_attr(&b, USUAL, m->branches);
	put_u64(&b, 0);
	put_u64(&b, 0);
	buf_add_str(&b, buf_str(&m->records));
	return b;
}

/* Its folded stacks, or the sentence. */
static struct buf read_made(struct made *m)
{
	struct buf file = file_of(m), folded = { 0 };
	struct err err = { 0 };
	struct profile p;

	profile_init(&p);
	if (format_read_bytes(&p, buf_str(&file), "x", &err) == 0)
		folded = written(&p, folded_write);
	else
		buf_add_str(&folded, str_of(err.text));
	profile_fini(&p);
	buf_fini(&file);
	buf_fini(&m->records);
	return folded;
}

#define CHECK_MADE(m, wanted)                           \
	do {                                            \
		struct buf folded_ = read_made(m);      \
							\
		CHECK_STR(buf_str(&folded_), wanted);   \
		buf_fini(&folded_);                     \
	} while (0)

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
	static const uint64_t calls[][2] = { { 0x400020, 0x400100 }, { 0x400010, 0x400018 } };
	struct made m = { .branches = PERF_SAMPLE_BRANCH_USER | PERF_SAMPLE_BRANCH_CALL_STACK };

	add_map(&m, 1, 7, 0x400000, 0x1000, "/bin/app");
	add_calls(&m, 2, PERF_RECORD_MISC_USER, 0x400123, calls, 2);
	add_calls(&m, 3, PERF_RECORD_MISC_KERNEL, 0xffffffff81000001, calls, 2);
	add_calls(&m, 4, PERF_RECORD_MISC_USER, 0x400123, NULL, 0);
	CHECK_MADE(&m, "app+0x1123 250000\napp+0x1010;app+0x1020;app+0x1123 250000\n"
		   "app+0x1010;app+0x1020;app+0x1100;[kernel]+0xffffffff81000001 250000\n");
}

TEST(jumps_are_no_stack)
{
	static const uint64_t jumps[][2] = { { 0x400020, 0x400100 } };
	struct made m = { .branches = PERF_SAMPLE_BRANCH_USER | PERF_SAMPLE_BRANCH_ANY };

	add_map(&m, 1, 7, 0x400000, 0x1000, "/bin/app");
	add_calls(&m, 2, PERF_RECORD_MISC_USER, 0x400123, jumps, 1);
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

TEST(a_pipe_describes_its_events_among_the_records)
{
	struct made m = { 0 };
	struct buf attr = { 0 }, file = { 0 };
	struct profile p;

	put_attr(&attr, USUAL, 0);
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

TEST(no_sample_and_the_other_byte_order_are_refused)
{
	struct made m = { 0 };

	add_map(&m, 1, 7, 0x400000, 0x1000, "/bin/app");
	CHECK_MADE(&m, "x is perf's, but there is no sample in it");
	CHECK_READS("2ELIFREP........", "x was recorded on a machine of the other byte order, whose perf.data "
		    "Sonde does not read: convert it there (perf script)");
}

TEST_MAIN(CASE(an_address_is_an_offset_in_the_file_that_is_mapped_there),
      CASE(what_was_written_later_but_was_earlier_counts_first),
      CASE(a_child_has_its_parents_code_until_it_becomes_another_program),
      CASE(a_mapping_covers_the_middle_of_an_older_one),
      CASE(calls_that_the_processor_kept_are_the_stack),
      CASE(jumps_are_no_stack),
      CASE(samples_have_labels_and_times),
      CASE(a_compressed_record_may_end_inside_another),
      CASE(a_pipe_describes_its_events_among_the_records),
      CASE(a_file_that_is_cut_short_is_refused),
      CASE(no_sample_and_the_other_byte_order_are_refused))
