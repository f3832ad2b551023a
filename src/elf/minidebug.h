/* SPDX-License-Identifier: Apache-2.0 */
/* elf/minidebug.h
 *
 * .gnu_debugdata: the symbol table of a stripped program's own functions, as an ELF file in an xz
 * stream in a section of it (Fedora and its kin ship every binary so; GDB manual, "MiniDebugInfo").
 * liblzma is looked for when it is needed, so that nothing depends on it.
 */
#ifndef SONDE_ELF_MINIDEBUG_H
#define SONDE_ELF_MINIDEBUG_H

#include "elf/elf.h"

#define MINIDEBUG_MAX ((size_t)64 << 20)	/* decompressed */

/* The file inside, which owns its bytes. 0; -ENOENT when elf has none, -ENOSYS without liblzma,
 * -EBADMSG, -ENOMEM. */
int minidebug_open(struct elf *ret_mini, struct elf *elf);

#endif
