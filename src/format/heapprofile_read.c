/* SPDX-License-Identifier: Apache-2.0 */
#include "format/heapprofile.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/sum.h"
#include "base/vec.h"
#include "format/addressed.h"
#include "format/batch.h"
#include "format/input.h"
#include "model/profile.h"

/* Objects and bytes, in use and allocated. */
struct counts {
	double in_use[2], allocated[2];
};

struct row {
	struct counts counts;
	struct addressed_stack stack;
};

struct reader {
	struct profile *profile;
	struct addressed text;
	bool by_threads;		/* jemalloc's: counts follow the stack */
	int version;			/* how it was sampled: 0 not, 1, 2 */
	double rate;			/* bytes */
	struct row *rows;
	uint32_t n_rows, cap_rows;
};

/* The number before the next `end`, which is passed over with the blanks behind it. */
static bool cut_number(struct str *rest, char end, double *ret)
{
	struct str word;
	uint64_t number;

	if (str_find(*rest, end) < 0)
		return false;
	word = str_trim(str_cut(rest, end));
	if (str_parse_u64(word, 10, &number) < 0)
		return false;
	*ret = (double)number;
	return true;
}

/* "8: 96 [9: 120] rest" */
static bool cut_counts(struct str *rest, struct counts *ret)
{
	return cut_number(rest, ':', &ret->in_use[0]) && cut_number(rest, '[', &ret->in_use[1]) &&
	       cut_number(rest, ':', &ret->allocated[0]) && cut_number(rest, ']', &ret->allocated[1]);
}

/* What stands behind the header's '@': "heapprofile", "growth", "heap/1048576", "heap_v2/524288" */
static bool read_sampling(struct reader *r, struct str word)
{
	struct str type = str_cut(&word, '/');
	uint64_t rate = 0;

	if (!str_starts(type, STR("heap")) || str_eq(type, STR("heapprofile")))
		return true;
	if (word.n && (str_parse_u64(word, 10, &rate) < 0 || !rate))
		return false;
	r->version = str_contains(type, STR("_v2")) ? 2 : 1;
	/* what was called the rate in version 1 is twice of it; where it is not told it was 128 KiB */
	r->rate = !rate ? 128 << 10 : r->version == 2 ? (double)rate : (double)rate / 2;
	return true;
}

static int read_header(struct reader *r, struct err *err)
{
	struct counts all;
	struct str line;

	if (!addressed_line(&r->text, &line))
		return addressed_bad(&r->text, "the header is missing", err);
	if (str_starts(line, STR("heap profile:"))) {
		line = str_skip(line, sizeof("heap profile:") - 1);
		if (!cut_counts(&line, &all))
			return addressed_bad(&r->text, "expected 'heap profile: OBJECTS: BYTES [OBJECTS: BYTES]'", err);
		line = str_trim(line);
		if (str_starts(line, STR("@")) && !read_sampling(r, str_trim(str_skip(line, 1))))
			return addressed_bad(&r->text, "expected a number of bytes behind the '/'", err);
		return 0;
	}
	r->by_threads = true;
	return read_sampling(r, line) ? 0 : addressed_bad(&r->text, "expected a number of bytes behind the '/'", err);
}

static int add_row(struct reader *r, const struct row *row)
{
	if (VEC_RESERVE(&r->rows, &r->cap_rows, (uint64_t)r->n_rows + 1) < 0)
		return -ENOMEM;
	r->rows[r->n_rows++] = *row;
	return 0;
}

/* "8: 96 [9: 120] @ 0x5599860bd19d ..." */
static int read_row(struct reader *r, struct str line, struct err *err)
{
	struct row row = { 0 };
	int rc;

	if (!cut_counts(&line, &row.counts))
		return addressed_bad(&r->text, "expected 'OBJECTS: BYTES [OBJECTS: BYTES] @ ADDRESSES'", err);
	line = str_trim(line);
	if (!str_starts(line, STR("@")))
		return addressed_bad(&r->text, "expected '@ ADDRESSES'", err);
	rc = addressed_read(&r->text, str_skip(line, 1), &row.stack, err);
	return rc < 0 ? rc : add_row(r, &row);
}

/* jemalloc's "@ 0x5599860bd19d ...", or "t*: 8: 96 [0: 0]" of the stack before it; those of single threads are
 * parts of it. */
static int read_thread_line(struct reader *r, struct str line, struct row *stack, bool *in_stack, struct err *err)
{
	if (str_starts(line, STR("@"))) {
		*in_stack = true;
		return addressed_read(&r->text, str_skip(line, 1), &stack->stack, err);
	}
	if (!str_starts(line, STR("t")))
		return addressed_bad(&r->text, "expected '@ ADDRESSES' or 't*: OBJECTS: BYTES [OBJECTS: BYTES]'", err);
	if (!*in_stack || !str_starts(line, STR("t*:")))
		return 0;
	line = str_skip(line, 3);
	if (!cut_counts(&line, &stack->counts))
		return addressed_bad(&r->text, "expected 't*: OBJECTS: BYTES [OBJECTS: BYTES]'", err);
	return add_row(r, stack);
}

static int read_lines(struct reader *r, struct err *err)
{
	struct row stack = { 0 };
	bool in_stack = false;
	struct str line;
	int rc = read_header(r, err);

	while (rc == 0 && addressed_line(&r->text, &line)) {
		if (addressed_tell(&r->text, line, r->n_rows ? &r->rows[r->n_rows - 1].stack : NULL))
			continue;
		rc = r->by_threads ? read_thread_line(r, line, &stack, &in_stack, err) : read_row(r, line, err);
	}
	if (r->version == 1 && r->text.n_told)
		r->version = 2;	/* Go's: written as version 1 with twice its rate, and sampled as version 2 is */
	return rc == 0 && r->text.mapped.failed ? -ENOMEM : rc;
}

/* What was sampled stands for this many: as pprof counts it. */
static double scale_of(const struct reader *r, const double counts[2])
{
	double ratio = counts[0] > 0 ? counts[1] / counts[0] / r->rate : 0;

	if (!r->version || !(ratio > 0))
		return 1;
	return r->version == 2 ? 1 / -expm1(-ratio) : ratio < 1 ? 1 / ratio : 1;
}

static int add_sample(struct reader *r, struct batch *batch, const struct row *row, bool allocated)
{
	double in_use = scale_of(r, row->counts.in_use), all = scale_of(r, row->counts.allocated);
	int64_t values[4], *v = values;

	for (int i = 0; allocated && i < 2; i++)
		*v++ = sum_round(row->counts.allocated[i] * all);
	for (int i = 0; i < 2; i++)
		*v++ = sum_round(row->counts.in_use[i] * in_use);
	return addressed_add(&r->text, batch, &row->stack, values);
}

static int add_samples(struct reader *r)
{
	struct batch batch = { .profile = r->profile };
	bool allocated = false;
	int rc = 0;

	for (uint32_t i = 0; i < r->n_rows; i++)
		allocated |= r->rows[i].counts.allocated[0] > 0;
	if (allocated) {
		profile_add_type(r->profile, STR("alloc_objects"), STR("count"));
		profile_add_type(r->profile, STR("alloc_space"), STR("bytes"));
	}
	profile_add_type(r->profile, STR("inuse_objects"), STR("count"));
	r->profile->default_type = profile_add_type(r->profile, STR("inuse_space"), STR("bytes"));
	if (r->version) {
		r->profile->period = sum_round(r->rate);
		r->profile->period_type = (struct value_type){ strings_add(&r->profile->strings, STR("space")),
							       strings_add(&r->profile->strings, STR("bytes")) };
	}
	for (uint32_t i = 0; rc == 0 && i < r->n_rows; i++)
		rc = add_sample(r, &batch, &r->rows[i], allocated);
	if (rc == 0)
		rc = batch_flush(&batch);
	batch_fini(&batch);
	return rc;
}

int heapprofile_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile };
	int rc = addressed_open(&r.text, profile, input, err);

	if (rc == 0)
		rc = read_lines(&r, err);
	if (rc == 0)
		rc = add_samples(&r);
	free(r.rows);
	addressed_fini(&r.text);
	return rc;
}

bool heapprofile_detect(struct str head)
{
	return str_starts(head, STR("heap profile:")) || str_starts(head, STR("heap_v2/"));
}
