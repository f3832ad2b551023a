/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is accepted must be a sound profile, and one value type's total must survive as folded stacks. */
#include <assert.h>

#include "format/folded.h"
#include "format/input.h"
#include "format/memory_test.h"
#include "format/massif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct profile p;
	struct input input;
	struct buf bytes;

	if (input_open_bytes(&input, str_over(data, n), "fuzz", NULL) < 0)
		return 0;
	massif_detect(input_head(&input));
	profile_init(&p);
	if (massif_read(&p, &input, NULL) == 0) {
		for (uint32_t i = 1; i < p.tree.n; i++)
			assert(p.tree.parent[i] < i && p.tree.frame[i] < p.frames.n_frames);
		assert(profile_total(&p, 0) >= 0);
		bytes = written(&p, folded_write);
		assert(!bytes.failed);
		buf_fini(&bytes);
	}
	profile_fini(&p);
	input_close(&input);
	return 0;
}
