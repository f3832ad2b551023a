/* SPDX-License-Identifier: Apache-2.0 */
/* The input is what was read of a running process of Node.js (seed_test.h), changed word by word. */
#include "runtime/seed_fuzz.h"
#include "runtime/v8/seed_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seed seed;

	seed_read(&seed, str_over((const char *)data, size));
	(void)v8_seed_replay(&seed, NULL, NULL);
	return 0;
}
