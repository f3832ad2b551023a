/* SPDX-License-Identifier: Apache-2.0 */
/* elf/debuginfod.h
 *
 * Debug files, programs and their sources from a debuginfod server, through libdebuginfod where it is
 * installed: it is looked for when it is needed, so that nothing depends on it. It keeps its own cache. A
 * server that does not answer within 5 s (DEBUGINFOD_TIMEOUT) is not asked again by this process.
 */
#ifndef SONDE_ELF_DEBUGINFOD_H
#define SONDE_ELF_DEBUGINFOD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Whether there are servers to be asked: DEBUGINFOD_URLS names some. */
bool debuginfod_has_servers(void);

/* A descriptor of the debug file with this (raw) build id, which the caller closes, and its path;
 * or -errno. -ENOSYS when DEBUGINFOD_URLS is not set or the library is not there. */
int debuginfod_fetch(struct str build_id, char *ret_path, size_t path_size);

/* Likewise the program or library itself, and a file of its source (an absolute path as its debug
 * information has it); the build id in hexadecimal, as profiles have it. */
int debuginfod_executable(struct str hex, char *ret_path, size_t path_size);
int debuginfod_source(struct str hex, struct str source, char *ret_path, size_t path_size);

#endif
