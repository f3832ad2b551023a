/* SPDX-License-Identifier: Apache-2.0 */
/* cli/expected.h
 *
 * What will name the addresses of a profile, got ready by a thread while the profile is still being read:
 *
 *   expected_kernel()  the running kernel's names         --> taken by namer_open()
 *   expected_file()    a file's symbols and, as far as the addresses known by then need it, its debug information
 *
 * One list for the whole process. What nobody takes stays until the process ends.
 * Threads: any.
 */
#ifndef SONDE_CLI_EXPECTED_H
#define SONDE_CLI_EXPECTED_H

#include <stdint.h>

#include "base/str.h"

struct ksyms;
struct symbol_object;

/* A thread gets it ready: the program that asks the kernel for single names (collect/ksyms.h; a millisecond), or, where
 * that may not be, all names (tens of milliseconds).
 * Where no thread can be had they are read when they are asked for. */
void expected_kernel(void);

/* The one or the other; both NULL: nobody has expected it, or another has taken it. */
void expected_take_kernel(struct ksyms **ret_ksyms, struct symbol_object **ret_object);

/* The file at that path, of that raw build id; n addresses of it, ascending and distinct. */
void expected_file(struct str path, struct str build_id, const uint64_t *vaddrs, uint32_t n);

/* Its object, when it is ready; NULL where it was not expected, or not yet begun. */
struct symbol_object *expected_take_file(struct str path, struct str build_id);

#endif
