/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/events.h"

#include <linux/perf_event.h>

#include "base/buf.h"
#include "base/test.h"

static void add_u32(struct buf *buf, uint32_t v)
{
	buf_add(buf, &v, sizeof(v));
}

static void add_u64(struct buf *buf, uint64_t v)
{
	buf_add(buf, &v, sizeof(v));
}

static void begin(struct buf *buf, uint32_t type, uint16_t misc, uint32_t pid, uint32_t tid)
{
	uint16_t size = 0;

	buf_clear(buf);
	add_u32(buf, type);
	buf_add(buf, &misc, sizeof(misc));
	buf_add(buf, &size, sizeof(size));
	add_u32(buf, pid);
	add_u32(buf, tid);
}

/* struct sample_id: pid tid, time, cpu res. */
static struct str end(struct buf *buf, uint64_t time_ns)
{
	uint16_t size;

	add_u64(buf, 0);
	add_u64(buf, time_ns);
	add_u64(buf, 0);
	size = (uint16_t)buf->n;
	memcpy(buf->p + 6, &size, sizeof(size));
	return buf_str(buf);
}

/* Strings are padded with NULs to eight bytes. */
static void add_name(struct buf *buf, const char *name)
{
	size_t n = strlen(name);

	buf_add(buf, name, n);
	do
		buf_add_u8(buf, 0);
	while (++n % 8);
}

static struct str mapped(struct buf *buf, uint64_t time_ns, uint64_t start, uint64_t size)
{
	begin(buf, PERF_RECORD_MMAP2, 0, 7, 8);
	add_u64(buf, start);
	add_u64(buf, size);
	add_u64(buf, 0x3000);
	add_u32(buf, 8);	/* device */
	add_u32(buf, 1);
	add_u64(buf, 4711);	/* inode, generation */
	add_u64(buf, 0);
	add_u64(buf, 5);	/* prot, flags */
	add_name(buf, "/usr/lib/libx.so");
	return end(buf, time_ns);
}

/* What one record becomes; NULL when it is passed over. */
static const struct process_event *read_record(struct events *events, struct str record)
{
	CHECK_EQ(events_drain(events), 0);
	CHECK_EQ(events_add_record(events, record), 0);
	events_sort(events, 0);
	return events_take(events, UINT64_MAX);
}

TEST(a_mapping_tells_where_which_file_is)
{
	struct events events = { 0 };
	struct buf buf = { 0 };
	const struct process_event *e = read_record(&events, mapped(&buf, 99, 0x1000, 0x500));

	CHECK(e && e->kind == PROCESS_MAPPED);
	CHECK_EQ(e->time_ns, 99);
	CHECK_EQ(e->pid, 7);
	CHECK_EQ(e->tid, 8);
	CHECK_EQ(e->start, 0x1000);
	CHECK_EQ(e->end, 0x1500);
	CHECK_EQ(e->off, 0x3000);
	CHECK_EQ(e->build_id_n, 0);
	CHECK_EQ(e->dev_major, 8);
	CHECK_EQ(e->dev_minor, 1);
	CHECK_EQ(e->inode, 4711);
	CHECK_STR(e->path, "/usr/lib/libx.so");
	events_stop(&events);
	buf_fini(&buf);
}

static struct str mapped_with_id(struct buf *buf, uint8_t id_bytes)
{
	begin(buf, PERF_RECORD_MMAP2, PERF_RECORD_MISC_MMAP_BUILD_ID, 7, 7);
	add_u64(buf, 0x1000);
	add_u64(buf, 0x1000);
	add_u64(buf, 0);
	buf_add_u8(buf, id_bytes);
	buf_add(buf, "\0\0\0", 3);
	buf_add(buf, "abcdefghijklmnopqrst", 20);
	add_u64(buf, 5);
	add_name(buf, "/bin/x");
	return end(buf, 1);
}

TEST(a_mapping_may_have_a_build_id_instead_of_an_inode)
{
	struct events events = { 0 };
	struct buf buf = { 0 };
	const struct process_event *e = read_record(&events, mapped_with_id(&buf, 20));

	CHECK(e != NULL);
	CHECK_STR(str_over(e->build_id, e->build_id_n), "abcdefghijklmnopqrst");
	CHECK_EQ(e->inode, 0);
	CHECK_STR(e->path, "/bin/x");
	e = read_record(&events, mapped_with_id(&buf, 8));
	CHECK_STR(str_over(e->build_id, e->build_id_n), "abcdefgh");
	CHECK(read_record(&events, mapped_with_id(&buf, 21)) == NULL);
	CHECK(read_record(&events, mapped_with_id(&buf, 255)) == NULL);
	events_stop(&events);
	buf_fini(&buf);
}

TEST(a_mapping_around_the_end_of_all_addresses_is_none)
{
	static const struct { uint64_t start, size; } rows[] = {
		{ 0x1000, 0 }, { 0x1000, UINT64_MAX }, { UINT64_MAX - 1, 2 }, { UINT64_MAX, 1 },
	};
	struct events events = { 0 };
	struct buf buf = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK(!read_record(&events, mapped(&buf, 1, rows[i].start, rows[i].size)));
	events_stop(&events);
	buf_fini(&buf);
}

TEST(names_forks_and_exits_are_told_apart)
{
	struct events events = { 0 };
	struct buf buf = { 0 };
	const struct process_event *e;

	begin(&buf, PERF_RECORD_COMM, 0, 7, 9);
	add_name(&buf, "worker");
	e = read_record(&events, end(&buf, 1));
	CHECK(e && e->kind == PROCESS_RENAMED);
	CHECK_STR(e->path, "worker");
	begin(&buf, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC, 7, 7);
	add_name(&buf, "sh");
	e = read_record(&events, end(&buf, 1));
	CHECK(e && e->kind == PROCESS_EXECED);
	begin(&buf, PERF_RECORD_FORK, 0, 20, 7);	/* pid, ppid */
	add_u32(&buf, 21);				/* tid, ptid */
	add_u32(&buf, 8);
	add_u64(&buf, 1);
	e = read_record(&events, end(&buf, 1));
	CHECK(e && e->kind == PROCESS_FORKED);
	CHECK_EQ(e->pid, 20);
	CHECK_EQ(e->tid, 21);
	CHECK_EQ(e->parent_pid, 7);
	begin(&buf, PERF_RECORD_EXIT, 0, 20, 7);
	add_u32(&buf, 20);
	add_u32(&buf, 7);
	add_u64(&buf, 1);
	e = read_record(&events, end(&buf, 1));
	CHECK(e && e->kind == PROCESS_EXITED);
	CHECK_EQ(e->tid, 20);
	begin(&buf, PERF_RECORD_LOST, 0, 1, 2);		/* a 64-bit id */
	add_u64(&buf, 12);
	e = read_record(&events, end(&buf, 1));
	CHECK(e && e->kind == PROCESS_EVENTS_LOST);
	CHECK_EQ(e->lost, 12);
	begin(&buf, PERF_RECORD_SAMPLE, 0, 1, 2);
	CHECK(!read_record(&events, end(&buf, 1)));
	events_stop(&events);
	buf_fini(&buf);
}

TEST(events_of_several_rings_come_in_the_order_of_time)
{
	static const uint64_t times[] = { 30, 10, 40, 20 };
	struct events events = { 0 };
	struct buf buf = { 0 };

	events_begin(&events);
	for (size_t i = 0; i < 4; i++)
		CHECK_EQ(events_add_record(&events, mapped(&buf, times[i], 0x1000, 0x1000)), 0);
	events_sort(&events, 50);
	CHECK_EQ(events.drained_ns, 50);
	CHECK(!events_take(&events, 9));
	CHECK_EQ(events_take(&events, 20)->time_ns, 10);
	CHECK_EQ(events_take(&events, 20)->time_ns, 20);
	CHECK(!events_take(&events, 29));
	/* what comes later and is older than what was left goes before it */
	events_begin(&events);
	CHECK_EQ(events_add_record(&events, mapped(&buf, 25, 0x1000, 0x1000)), 0);
	events_sort(&events, 60);
	CHECK_EQ(events_take(&events, 60)->time_ns, 25);
	CHECK_EQ(events_take(&events, 60)->time_ns, 30);
	CHECK_STR(events_take(&events, 60)->path, "/usr/lib/libx.so");
	CHECK(!events_take(&events, UINT64_MAX));
	events_stop(&events);
	buf_fini(&buf);
}

TEST(a_record_cut_anywhere_is_passed_over_or_read_within_its_bytes)
{
	struct events events = { 0 };
	struct buf buf = { 0 }, part = { 0 };

	mapped_with_id(&buf, 20);
	for (size_t n = 0; n < buf.n; n++) {
		/* in memory of its own, so that a sanitizer sees the end */
		buf_fini(&part);
		buf_add(&part, buf.p, n);
		CHECK_EQ(events_add_record(&events, buf_str(&part)), 0);
	}
	events_stop(&events);
	buf_fini(&buf);
	buf_fini(&part);
}

TEST_MAIN(CASE(a_mapping_tells_where_which_file_is),
	  CASE(a_mapping_may_have_a_build_id_instead_of_an_inode),
	  CASE(a_mapping_around_the_end_of_all_addresses_is_none),
	  CASE(names_forks_and_exits_are_told_apart),
	  CASE(events_of_several_rings_come_in_the_order_of_time),
	  CASE(a_record_cut_anywhere_is_passed_over_or_read_within_its_bytes))
