/* SPDX-License-Identifier: Apache-2.0 */
/* cli/unnamed.h
 *
 * Names for the frames that a file left without: it told a module and an address there, and no function
 * (pprof before it was symbolised, heap profiles, gmon.out). The files on this machine are asked, as they
 * are for a recording (docs/symbols.md):
 *
 *   address in a mapping  --start, offset-->  offset in the file  --segments-->  vaddr  --symbol/-->  frames
 *
 * A module without a mapping tells vaddrs already. An address is of the instruction or inside it: readers take 1
 * from return addresses.
 */
#ifndef SONDE_CLI_UNNAMED_H
#define SONDE_CLI_UNNAMED_H

#include <stdbool.h>

struct err;
struct profile;

/* Names them, inlined calls expanded, each file read once. Never by a file of another build: such a frame keeps
 * module and address, and its name says why, in brackets. What has a name is not touched, nor what nobody can be
 * asked for (cli/namer.h). runtime_lines: then a language runtime's own functions, which a recording names by symbol
 * tables only, get their lines and inlined calls; those that nobody can tell more of stay as they are.
 * 0 or -ENOMEM. For any thread. */
int unnamed_resolve(struct profile *profile, bool runtime_lines, struct err *err);

#endif
