/* SPDX-License-Identifier: Apache-2.0 */
/* Files so large that two threads read their samples. */
#include <errno.h>

#include "base/test.h"
#include "format/format.h"
#include "format/memory_test.h"
#include "format/pprof.h"
#include "format/proto.h"

#define LARGE 300000u	/* samples of 20 bytes: parts of more than PART_MIN */
#define TINY_LIMIT 4500000u	/* more rows than both parts of a round take */

struct file {
	struct buf out, message, inner;
};

/* One value type; locations 1 to 3 of functions a to c; string 5 is "key". */
static void begin(struct file *f)
{
	static const char *const strings[] = { "", "samples", "a", "b", "c", "key" };

	proto_add_uint(&f->message, PPROF_TYPE_TYPE, 1);
	proto_add_bytes(&f->out, PPROF_SAMPLE_TYPE, buf_str(&f->message));
	for (uint32_t i = 1; i <= 3; i++) {
		buf_clear(&f->message);
		proto_add_uint(&f->message, PPROF_FUNCTION_ID, i);
		proto_add_uint(&f->message, PPROF_FUNCTION_NAME, 1 + i);
		proto_add_bytes(&f->out, PPROF_FUNCTION, buf_str(&f->message));
		buf_clear(&f->message);
		buf_clear(&f->inner);
		proto_add_uint(&f->inner, PPROF_LINE_FUNCTION, i);
		proto_add_uint(&f->message, PPROF_LOCATION_ID, i);
		proto_add_bytes(&f->message, PPROF_LOCATION_LINE, buf_str(&f->inner));
		proto_add_bytes(&f->out, PPROF_LOCATION, buf_str(&f->message));
	}
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		proto_add_bytes(&f->out, PPROF_STRING, str_of(strings[i]));
}

static void add_sample(struct file *f, uint32_t location, uint32_t value, uint32_t key, uint32_t number)
{
	buf_clear(&f->message);
	buf_clear(&f->inner);
	proto_add_uint(&f->inner, PPROF_LABEL_KEY, key);
	proto_add_uint(&f->inner, PPROF_LABEL_NUM, number);
	proto_add_uint(&f->message, PPROF_SAMPLE_LOCATION, location);
	proto_add_uint(&f->message, PPROF_SAMPLE_VALUE, value);
	proto_add_bytes(&f->message, PPROF_SAMPLE_LABEL, buf_str(&f->inner));
	proto_add_bytes(&f->out, PPROF_SAMPLE, buf_str(&f->message));
}

static int read_file(struct file *f, struct profile *p, struct err *err)
{
	profile_init(p);
	return format_read_bytes(p, buf_str(&f->out), "x.pb", err);
}

static void file_fini(struct file *f)
{
	buf_fini(&f->out);
	buf_fini(&f->message);
	buf_fini(&f->inner);
}

TEST(rows_and_label_sets_are_numbered_as_the_file_has_them)
{
	struct file f = { 0 };
	struct profile p;
	struct err err = { 0 };

	begin(&f);
	for (uint32_t i = 0; i < LARGE; i++)	/* the second part meets sets of the first, in another order */
		add_sample(&f, 1 + i % 3, 1 + i, 5, 1000000 + (i < LARGE / 2 ? i : (LARGE - 1 - i) * 4 / 3));
	CHECK(f.out.n > (size_t)4 << 20);
	CHECK_EQ(read_file(&f, &p, &err), 0);
	CHECK_EQ(p.labels.n, 1 + LARGE / 2 + LARGE / 8);
	for (uint32_t set = 1; set <= LARGE / 2; set++) {
		uint32_t n;

		CHECK_EQ(labels_get(&p.labels, set, &n)->num, 1000000 + set - 1);
	}
	for (uint32_t i = 0; i < p.n && i < LARGE / 2; i++)
		CHECK_EQ(p.label_set[i], i + 1);
	CHECK_EQ(profile_total(&p, 0), (int64_t)LARGE * (LARGE + 1) / 2);
	CHECK_EQ(p.tree.n, 4);
	profile_fini(&p);
	file_fini(&f);
}

TEST(the_first_fault_in_the_file_is_the_one_that_is_told)
{
	struct file f = { 0 };
	struct profile p;
	struct err err = { 0 };
	char place[64];
	size_t at = 0;

	begin(&f);
	for (uint32_t i = 0; i < LARGE; i++) {
		bool bad = i == LARGE * 3 / 4 || i == LARGE - 1;

		if (bad && !at)
			at = f.out.n + 2;
		add_sample(&f, bad ? 9 : 1, 1, 5, i);
	}
	CHECK_EQ(read_file(&f, &p, &err), -EBADMSG);
	snprintf(place, sizeof(place), "at byte %zu (unpacked), a sample names location 9,", at);
	CHECK(strstr(err.text, place));
	profile_fini(&p);
	file_fini(&f);
}

TEST(a_part_that_is_full_is_gone_on_with)
{
	static const uint8_t sample[] = { PPROF_SAMPLE << 3 | PROTO_BYTES, 4, PPROF_SAMPLE_LOCATION << 3, 0,
					  PPROF_SAMPLE_VALUE << 3, 1 };
	struct file f = { 0 };
	struct profile p;
	struct err err = { 0 };

	begin(&f);
	for (uint32_t i = 0; i < TINY_LIMIT; i++) {
		buf_add(&f.out, sample, sizeof(sample));
		f.out.p[f.out.n - 3] = (char)(1 + i % 3);
	}
	CHECK_EQ(read_file(&f, &p, &err), 0);
	CHECK_EQ(p.n, 3);
	CHECK_EQ(profile_total(&p, 0), TINY_LIMIT);
	profile_fini(&p);
	file_fini(&f);
}

TEST_MAIN(CASE(rows_and_label_sets_are_numbered_as_the_file_has_them),
	  CASE(the_first_fault_in_the_file_is_the_one_that_is_told),
	  CASE(a_part_that_is_full_is_gone_on_with))
