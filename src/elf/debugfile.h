/* SPDX-License-Identifier: Apache-2.0 */
/* elf/debugfile.h
 *
 * Where the debug information of a binary is: in it, in /usr/lib/debug/.build-id, beside it (or in
 * /usr/lib/debug, under its path) by .gnu_debuglink, its CRC checked, in a debuginfod cache, and,
 * only when DEBUGINFOD_URLS is set and libdebuginfod is installed, on its server.
 */
#ifndef SONDE_ELF_DEBUGFILE_H
#define SONDE_ELF_DEBUGFILE_H

#include "elf/elf.h"

/* Opens the file that holds `elf`'s .debug_info and .symtab when that is another file than `elf`
 * (one with .debug_info of its own needs none: -ENOENT).
 * `path` is elf's own, `root` a prefix for the target's mount namespace ("" or "/proc/PID/root").
 * 0; -ENOENT when there is none (not an error to report). ret_path (PATH_MAX bytes) is where. A
 * candidate whose build id differs is never taken. */
int debugfile_find(const struct elf *elf, const char *path, const char *root, struct elf *ret_debug,
		   char *ret_path, struct err *err);

#endif
