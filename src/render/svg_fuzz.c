/* SPDX-License-Identifier: Apache-2.0 */
#include "render/svg.h"

#include <stdlib.h>

#include "render/hostile_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(str_over(data, size));
	uint8_t op = cursor_u8(&c);
	struct flame_options options = { .type = -1, .icicle = op & 1,
					 .granularity = (op >> 1) % 3,
					 .min_share = op & 8 ? 0.1 : 0 };
	struct profile profile;
	struct buf out = { 0 };

	hostile_profile(&profile, &c);
	if (svg_write(&out, &profile, &options, NULL) < 0 || !is_well_formed(buf_str(&out)))
		abort();
	buf_fini(&out);
	profile_fini(&profile);
	return 0;
}
