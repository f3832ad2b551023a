/* SPDX-License-Identifier: Apache-2.0 */
#include "format/folded.h"

#include "format/reader_fuzz.h"

static bool detect(struct str head)
{
	return folded_columns_detect(head) || folded_detect(head);
}

static int read_either(struct profile *profile, struct input *input, struct err *err)
{
	return folded_columns_detect(input_head(input)) ? folded_columns_read(profile, input, err) :
							  folded_read(profile, input, err);
}

static void check(const struct profile *p);

static const struct fuzzed format = { detect, read_either, NULL, check };

/* What is written may be nothing (values of 0 are left out), else it is read back to as many rows at most. */
static void check(const struct profile *p)
{
	struct buf bytes = written(p, folded_write);
	struct profile q;

	assert(!bytes.failed);
	if (fuzz_read(&format, &q, buf_str(&bytes)) == 0)
		assert(q.n <= p->n);
	profile_fini(&q);
	buf_fini(&bytes);
	bytes = written(p, folded_columns_write);
	assert(!bytes.failed);
	buf_fini(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	fuzz_reader(&format, str_over(data, n));
	return 0;
}
