/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/buildcache.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BUILD_ID_MAX 64

bool buildcache_find(struct str build_id, char *ret_path, size_t path_size)
{
	const char *directory = getenv("PERF_BUILDID_DIR"), *home = getenv("HOME");
	char hex[2 * BUILD_ID_MAX + 1] = "";
	int n;

	if (build_id.n < 2 || build_id.n > BUILD_ID_MAX || (!directory && !home))
		return false;
	for (size_t i = 0; i < build_id.n; i++)
		snprintf(hex + 2 * i, 3, "%02x", (uint8_t)build_id.p[i]);
	n = snprintf(ret_path, path_size, "%s%s/.build-id/%.2s/%s/elf", directory ? directory : home,
		     directory ? "" : "/.debug", hex, hex + 2);
	return n > 0 && (size_t)n < path_size && access(ret_path, R_OK) == 0;
}
