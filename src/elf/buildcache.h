/* SPDX-License-Identifier: Apache-2.0 */
/* elf/buildcache.h
 *
 * Programs and libraries by their build id, where `perf record` and `perf buildid-cache --add` keep copies of them:
 *
 *   $PERF_BUILDID_DIR or ~/.debug / .build-id / 09 / 1ce61aa6... / elf
 */
#ifndef SONDE_ELF_BUILDCACHE_H
#define SONDE_ELF_BUILDCACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Where the file of that build id (raw) would be, and whether one is there. Whoever opens it checks its build id. */
bool buildcache_find(struct str build_id, char *ret_path, size_t path_size);

#endif
