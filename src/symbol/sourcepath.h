/* SPDX-License-Identifier: Apache-2.0 */
/* symbol/sourcepath.h - a directory and a file name from debug information, as one path. */
#ifndef SONDE_SYMBOL_SOURCEPATH_H
#define SONDE_SYMBOL_SOURCEPATH_H

#include "base/buf.h"
#include "base/str.h"

/* Appends file, behind dir unless it is absolute, without "." and empty parts. ".." stays: what it
 * leaves may have been a symbolic link where the program was compiled. */
void source_path_join(struct str dir, struct str file, struct buf *out);

#endif
