/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gmon.h"

#include <errno.h>

#include "base/test.h"
#include "format/gmon_place_test.h"
#include "format/memory_test.h"

static void add_u32(struct buf *b, uint32_t v)
{
	buf_add(b, &v, sizeof(v));
}

static void add_u64(struct buf *b, uint64_t v)
{
	buf_add(b, &v, sizeof(v));
}

static void add_header(struct buf *b)
{
	buf_add(b, "gmon\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
}

/* Bins of 4 bytes from 0x10 on, at 100 Hz. */
static void add_histogram(struct buf *b, const uint16_t *bins, uint32_t n)
{
	buf_add_u8(b, 0);
	add_u64(b, 0x10);
	add_u64(b, 0x10 + 4 * n);
	add_u32(b, n);
	add_u32(b, 100);
	buf_add(b, "seconds\0\0\0\0\0\0\0\0s", 16);
	buf_add(b, bins, n * sizeof(*bins));
}

static void add_arc(struct buf *b, uint64_t from, uint64_t self, uint32_t n)
{
	buf_add_u8(b, 1);
	add_u64(b, from);
	add_u64(b, self);
	add_u32(b, n);
}

/* Reads and frees the bytes; the sentence when that fails. */
static int read_bytes(struct profile *p, struct buf *b, struct err *err)
{
	struct input input;
	int rc = input_open_bytes(&input, buf_str(b), "x", err);

	profile_init(p);
	CHECK(gmon_detect(buf_str(b)));
	if (rc == 0)
		rc = test_read_gmon(p, &input, err);
	input_close(&input);
	buf_fini(b);
	return rc;
}

TEST(time_is_divided_among_callers_by_how_often_they_called)
{
	static const uint16_t bins[12] = { [0] = 1, [5] = 2, [8] = 30, [9] = 10 };
	struct err err = { 0 };
	struct buf b = { 0 }, out;
	struct profile p;

	add_header(&b);
	add_histogram(&b, bins, 12);
	add_arc(&b, 0x18, 0x30, 1);	/* f1 calls f3 once, f2 three times, which calls f3 three times */
	add_arc(&b, 0x1a, 0x20, 3);
	add_arc(&b, 0x28, 0x30, 3);
	if (read_bytes(&p, &b, &err) < 0)
		fail_msg("%s", err.text);
	out = written(&p, folded_write);
	CHECK_STR(buf_str(&out), "f1 10000000\nf1;f3 100000000\nf1;f2 20000000\nf1;f2;f3 300000000\n");
	buf_fini(&out);
	p.default_type = 0;
	out = written(&p, folded_write);
	CHECK_STR(buf_str(&out), "f1 1\nf1;f3 1\nf1;f2 3\nf1;f2;f3 3\n");
	buf_fini(&out);
	CHECK_EQ(p.period, 10000000);
	profile_fini(&p);
}

TEST(counts_of_basic_blocks_are_passed_over)
{
	static const uint16_t bins[1] = { 7 };
	struct err err = { 0 };
	struct buf b = { 0 };
	struct profile p;

	add_header(&b);
	buf_add_u8(&b, 2);
	add_u64(&b, 1);
	add_u64(&b, 0x10);
	add_u64(&b, 9);
	add_histogram(&b, bins, 1);
	CHECK_EQ(read_bytes(&p, &b, &err), 0);
	CHECK_EQ(profile_total(&p, 1), 70000000);
	profile_fini(&p);
}

/* 0 calls 1 and 2, which call each other; 2 calls 3. */
TEST(a_circle_costs_what_it_costs_together_and_passes_it_on)
{
	static const double self[4] = { 1, 10, 20, 70 };
	struct gmon_arc arcs[] = { { 0, 1, 3, 0 }, { 0, 2, 1, 0 }, { 1, 2, 5, 0 }, { 2, 1, 9, 0 },
				   { 2, 3, 2, 0 }, { 1, 1, 100, 0 } };

	CHECK_EQ(gmon_spread(self, 4, arcs, 6), 0);
	CHECK_EQ(arcs[0].cost, 75);
	CHECK_EQ(arcs[1].cost, 25);
	CHECK_EQ(arcs[2].cost, 0.75 * 90);
	CHECK_EQ(arcs[3].cost, 0.25 * 10);
	CHECK_EQ(arcs[4].cost, 70);
	CHECK_EQ(arcs[5].cost, 0);
}

TEST(a_circle_that_nobody_calls_begins_somewhere)
{
	static const double self[2] = { 1, 2 };
	struct gmon_arc arcs[] = { { 0, 1, 3, 0 }, { 1, 0, 1, 0 } };

	CHECK_EQ(gmon_spread(self, 2, arcs, 2), 0);
	CHECK_EQ(arcs[0].cost, 2);
	CHECK_EQ(arcs[1].cost, 0);
}

static void check_refused(struct buf *b, const char *sentence)
{
	struct err err = { 0 };
	struct profile p;

	CHECK_EQ(read_bytes(&p, b, &err), -EBADMSG);
	CHECK_STR(str_of(err.text), sentence);
	profile_fini(&p);
}

TEST(damage_is_named_with_its_byte)
{
	struct buf b = { 0 };

	add_header(&b);
	add_arc(&b, 1, 2, 3);
	buf_add_u8(&b, 9);
	check_refused(&b, "x: byte 41: a record is none of gmon.out's");
	add_header(&b);
	buf_add(&b, "\1abc", 4);
	check_refused(&b, "x: byte 20: an arc is cut short");
	add_header(&b);
	add_histogram(&b, (const uint16_t[]){ 1 }, 1);
	b.n--;
	check_refused(&b, "x: byte 20: the histogram is cut short");
	add_header(&b);
	buf_add_u8(&b, 2);
	add_u64(&b, (uint64_t)1 << 60);
	check_refused(&b, "x: byte 20: the counts of basic blocks are cut short");
	buf_add(&b, "gmon\1\0\0\0\0", 9);
	check_refused(&b, "x: byte 9: its header is cut short");
}

TEST_MAIN(CASE(time_is_divided_among_callers_by_how_often_they_called), CASE(counts_of_basic_blocks_are_passed_over),
	  CASE(a_circle_costs_what_it_costs_together_and_passes_it_on),
	  CASE(a_circle_that_nobody_calls_begins_somewhere), CASE(damage_is_named_with_its_byte))
