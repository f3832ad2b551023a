/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is accepted must be written, and what was written read back to the same total. */
#include <assert.h>

#include "format/folded.h"
#include "format/input.h"
#include "format/memory_test.h"

static int read_folded(struct profile *profile, struct str bytes)
{
	struct input input;
	int rc = input_open_bytes(&input, bytes, "fuzz", NULL);

	profile_init(profile);
	if (rc < 0)
		return rc;
	rc = folded_columns_detect(input_head(&input)) ? folded_columns_read(profile, &input, NULL) :
							 folded_read(profile, &input, NULL);
	input_close(&input);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct profile p, q;
	struct buf bytes;

	if (read_folded(&p, str_over(data, n)) == 0) {
		for (uint32_t i = 1; i < p.tree.n; i++)
			assert(p.tree.parent[i] < i && p.tree.frame[i]);
		bytes = written(&p, folded_write);
		assert(!bytes.failed);
		if (read_folded(&q, buf_str(&bytes)) == 0)
			assert(q.n <= p.n);
		profile_fini(&q);
		buf_fini(&bytes);
		bytes = written(&p, folded_columns_write);
		assert(!bytes.failed);
		buf_fini(&bytes);
	}
	profile_fini(&p);
	return 0;
}
